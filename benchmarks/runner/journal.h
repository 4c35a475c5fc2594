// The run as it happens, one record a line beside the result file. A run that is killed loses only the case in flight.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace whygpu {

class Journal {
 public:
  // Opens FILE.journal for appending and locks it. Throws std::runtime_error when another run holds it.
  explicit Journal(const std::filesystem::path& result_file);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Throws std::runtime_error when the record cannot be written whole (a full disk).
  void append(const nlohmann::json& record);

  // All whole records so far; a last line that was cut off is dropped, from the file too.
  std::vector<nlohmann::json> replay();

  void clear();
  void remove();  // once the result file is safe

  static std::filesystem::path path_for(const std::filesystem::path& result_file);

 private:
  std::filesystem::path path_;
  int fd_;
};

}  // namespace whygpu
