// Files that commands write: checked before measuring, and replaced in one step.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace whygpu {

// Throws CaseError naming `option` if `file` is a folder or its folder is not writable. Creates missing
// parent folders.
void refuse_unwritable(const std::string& option, const std::filesystem::path& file);

// Replaces `file` in one step, or throws std::runtime_error and leaves it as it was.
void write_atomically(const std::filesystem::path& file, const std::string& text);

// Where runs go that name no file, and the link there to the newest result file.
inline constexpr std::string_view kResultFolder = "results", kLatestLink = "latest.json";

// Points the link at a file in the result folder; does nothing for files elsewhere, and where links cannot be made or a
// file of the user has that name.
void link_latest(const std::filesystem::path& file);

}  // namespace whygpu
