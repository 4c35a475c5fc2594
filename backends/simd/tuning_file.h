// What was found fastest on this machine, kept between processes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace whygpu::simd {

// A text file that people can read, and delete to have everything measured again: in each line a machine, what was
// chosen, and how, with tabs between them. Processes of several machines may share it.
class TuningFile {
 public:
  // The path may be empty: nothing is kept.
  TuningFile(std::string path, std::string machine) : path_(std::move(path)), machine_(std::move(machine)) {}

  const std::string& path() const { return path_; }
  std::optional<std::string> find(std::string_view choice) const;

  // Without effect where the file cannot be written: the next process measures again.
  void keep(std::string_view choice, std::string_view value) const;

 private:
  std::string path_, machine_;
};

// In WHYGPU_CACHE, by default the user's cache folder, for this processor and version. Tests of single parts have none.
const TuningFile& tuning_file();
void use_tuning_file(TuningFile file);
TuningFile users_tuning_file();

}  // namespace whygpu::simd
