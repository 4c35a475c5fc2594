// Checks before measuring that an output file can be written.
#pragma once

#include <filesystem>
#include <string>

namespace whygpu {

// Throws CaseError naming `option` if `file` is a folder or its folder is not writable. Creates missing
// parent folders.
void refuse_unwritable(const std::string& option, const std::filesystem::path& file);

}  // namespace whygpu
