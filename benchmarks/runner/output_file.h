// Files that commands write: checked before measuring, and replaced in one step.
#pragma once

#include <filesystem>
#include <string>

namespace whygpu {

// Throws CaseError naming `option` if `file` is a folder or its folder is not writable. Creates missing
// parent folders.
void refuse_unwritable(const std::string& option, const std::filesystem::path& file);

// Replaces `file` in one step, or throws std::runtime_error and leaves it as it was.
void write_atomically(const std::filesystem::path& file, const std::string& text);

}  // namespace whygpu
