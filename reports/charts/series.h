// What the charts share: named series, points, and the files that they come from.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/results/measures.h"
#include "reports/results/result_file.h"
#include "reports/views/families.h"

namespace whygpu {

// The files of a page. A series is named after its backend, with the file before it where several files have the
// workload.
class ChartFiles {
 public:
  explicit ChartFiles(const std::vector<ResultFile>& files);

  struct Entry {
    const ResultFile& file;
    std::string name;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  std::string prefix(const Entry& entry, const std::string& workload) const;

 private:
  std::vector<Entry> entries_;
  std::map<std::string, int> with_workload_;
};

// The numbers of all series of a page; a name has the same number in every chart. The remainder of a division by 8 is
// the colour: it is that of the backend, whichever file it is from.
class SeriesNumbers {
 public:
  explicit SeriesNumbers(const ChartFiles& files) : files_(files) {}
  std::size_t number(const std::string& name);

 private:
  const ChartFiles& files_;
  std::vector<std::string> backends_;
  std::map<std::string, std::size_t> numbers_;
};

// The series of one pick.
class ChartSeries {
 public:
  explicit ChartSeries(SeriesNumbers& numbers) : numbers_(numbers) {}

  std::size_t index(const std::string& name);
  nlohmann::ordered_json legend() const;  // [[number, name], …]

 private:
  SeriesNumbers& numbers_;
  std::map<std::size_t, std::string> used_;
};

// "onednn", "cublas kernel", "quick openblas", "theirs (published)".
std::string series_name(const ChartFiles& files, const ChartFiles::Entry& entry, const CaseRecord& record);

// The measured ceilings of the devices that have points in a pick.
class Ceilings {
 public:
  void add_device(const ChartFiles::Entry& entry, const CaseRecord& record);

  // [{"y": in giga, "level", "label"}, …] of those for which `wanted` holds.
  template <class Wanted>
  nlohmann::ordered_json rules(const Wanted& wanted) const {
    auto rules = nlohmann::ordered_json::array();
    for (const auto& device : devices_) {
      for (const auto& ceiling : device.entry->file.ceilings) {
        if (ceiling.device == device.name && wanted(ceiling)) rules.push_back(rule(device, ceiling));
      }
    }
    return rules;
  }

 private:
  struct Device {
    const ChartFiles::Entry* entry;
    std::string name;
  };
  nlohmann::ordered_json rule(const Device& device, const CeilingRecord& ceiling) const;

  std::vector<Device> devices_;
};

double rounded(double value);  // five significant digits

std::string label_of(const Family& family);

// `at` names the problem; it is shown where problems are rows.
nlohmann::ordered_json point(std::size_t series, double x, const Estimate& y, bool settled, const std::string& tip,
                             const std::string& at);

// "cublas: 512 GFLOP/s ±1.2%", followed by what ran and how to repeat it.
std::string tip_of(const std::string& series, const Estimate& value, const std::string& unit, const CaseRecord& record);

double giga(const CeilingRecord& ceiling);

// "f32 peak, 2 threads" or "L2, 2 threads"; the number of threads is that of the ceiling.
std::string ceiling_label(const CeilingRecord& ceiling);

}  // namespace whygpu
