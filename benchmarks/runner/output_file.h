// Whether a file can be written in the end, asked before minutes of measuring.
#pragma once

#include <filesystem>
#include <string>

namespace whygpu {

// Throws CaseError naming the `option` when `file` is a folder, or lies where nothing can be written. Makes the folders
// that lead to it.
void refuse_unwritable(const std::string& option, const std::filesystem::path& file);

}  // namespace whygpu
