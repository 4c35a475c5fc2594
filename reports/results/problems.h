// The cases of result files as a grid: problems as rows, contenders as columns.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// A unique name for each file: its own, with the host or a number added where names clash.
std::vector<std::string> file_names(const std::vector<ResultFile>& files);

// A backend in one file, by "name", "name:variant" or, on an accelerator, "name:variant offload".
struct Contender {
  std::size_t file = 0;
  std::string name;

  bool operator==(const Contender&) const = default;
};
std::string contender_name(const ResultFile& file, const CaseRecord& record);

// The problem without the leading workload name, for views of one workload.
std::string problem_alone(const CaseRecord& record);

// How data is transferred to the device and back.
struct DataPath {
  std::string text;                // "kernel", "once reuse=32", "always"; empty when not given
  std::optional<Offload> offload;  // empty when not given, or unknown to this build

  bool operator==(const DataPath&) const = default;
};
DataPath data_path_of(const CaseRecord& record);

// All cases of one workload as a grid. The offload mode belongs to the contender, not to the problem.
class Grid {
 public:
  Grid(const std::vector<ResultFile>& files, const std::string& workload);

  // Grids in which every file of a column has every problem: one for each set of files, in order of appearance.
  static std::vector<Grid> split_by_files(const std::vector<ResultFile>& files, const std::string& workload);
  std::set<std::size_t> files() const;  // of its columns

  const std::string& workload() const { return workload_; }
  const std::vector<std::string>& problems() const { return problems_; }    // in the order of the files
  const std::vector<Contender>& contenders() const { return contenders_; }  // by file, then in order of appearance
  const CaseRecord* at(std::size_t problem, std::size_t contender) const;   // null when not in the file

  // Values shared by all problems, such as "dtype=f32 layout=nhwc", and the parameters that vary. Parameters that
  // are equal to each other in every problem are merged: "m=n=k".
  std::string shared_values() const;
  const std::vector<std::string>& varying() const { return varying_; }
  std::string value(std::size_t problem, std::size_t varying_index) const;
  bool is_numeric(std::size_t varying_index) const;  // every value is an integer

 private:
  // Of these problems only; null: of all.
  Grid(const std::vector<ResultFile>& files, const std::string& workload, const std::set<std::string>* only);
  void find_varying();

  std::string workload_;
  std::vector<std::string> problems_;
  std::vector<const TextFacts*> values_;
  std::vector<Contender> contenders_;
  std::map<std::pair<std::size_t, std::size_t>, const CaseRecord*> cells_;
  std::vector<std::string> keys_, varying_, varying_key_, shared_;
};

// All parameters of cases but backend and variant, in alphabetical order.
std::vector<std::string> parameters_of(const std::vector<ResultFile>& files);

// The workloads of the files, in order of appearance.
std::vector<std::string> workloads_of(const std::vector<ResultFile>& files);

}  // namespace whygpu
