// Log of a run, one record per line, beside the result file. A run that is killed loses only the current case.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace whygpu {

class Journal {
 public:
  // Opens FILE.journal for appending and locks it. Throws std::runtime_error if another run holds the lock.
  explicit Journal(const std::filesystem::path& result_file);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Throws std::runtime_error if the record cannot be written completely (disk full).
  void append(const nlohmann::json& record);

  // All complete records so far. Drops an incomplete last line, from the file too.
  std::vector<nlohmann::json> replay();

  void clear();
  void remove();  // called once the result file is written

  static std::filesystem::path path_for(const std::filesystem::path& result_file);

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace whygpu
