// The rows and columns that result files span: problems down, and what solved them across.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

// A name for each file: its own; with the host, or else a number, where files share one.
std::vector<std::string> file_names(const std::vector<ResultFile>& files);

// A backend in one file, by "name", "name:variant" or, on a device that is no CPU, "name:variant offload".
struct Contender {
  std::size_t file = 0;
  std::string name;

  bool operator==(const Contender&) const = default;
};
std::string contender_name(const ResultFile& file, const CaseRecord& record);

// The problem without the workload's name in front, for views of one workload.
std::string problem_alone(const CaseRecord& record);

// How data gets to the device and back.
struct DataPath {
  std::string text;                // "kernel", "once reuse=32", "always"; empty when the case does not say
  std::optional<Offload> offload;  // nothing when the case does not say, or says what this build does not know

  bool operator==(const DataPath&) const = default;
};
DataPath data_path_of(const CaseRecord& record);

// All cases of one workload as a grid. How data travels is a matter of the contender, not of the problem.
class Grid {
 public:
  Grid(const std::vector<ResultFile>& files, const std::string& workload);

  const std::string& workload() const { return workload_; }
  const std::vector<std::string>& problems() const { return problems_; }    // in the order of the files
  const std::vector<Contender>& contenders() const { return contenders_; }  // by file, then in order of appearance
  const CaseRecord* at(std::size_t problem, std::size_t contender) const;   // null when not in the file

  // Values that all problems share, as "dtype=f32 layout=nhwc", and the parameters in which they differ. Parameters
  // that are equal to each other in every problem make one: "m=n=k".
  std::string shared_values() const;
  const std::vector<std::string>& varying() const { return varying_; }
  std::string value(std::size_t problem, std::size_t varying_index) const;
  bool is_numeric(std::size_t varying_index) const;  // every value a whole number

 private:
  void find_varying();

  std::string workload_;
  std::vector<std::string> problems_;
  std::vector<const TextFacts*> values_;
  std::vector<Contender> contenders_;
  std::map<std::pair<std::size_t, std::size_t>, const CaseRecord*> cells_;
  std::vector<std::string> keys_, varying_, varying_key_, shared_;
};

// The workloads of the files, in order of appearance.
std::vector<std::string> workloads_of(const std::vector<ResultFile>& files);

}  // namespace whygpu
