// Builds of git revisions, each built once.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace whygpu {

// The full hash of `name` in the repository that contains `folder`. Throws BuildError.
std::string resolve_revision(const std::string& name, const std::filesystem::path& folder);

// The bin/ of that revision. All revisions of a repository are built in one work tree at one path, one after another,
// so that equal code gives equal files. `say` gets a line about its progress every second. Throws BuildError naming the
// log if the build fails.
std::filesystem::path build_revision(const std::string& revision, const std::filesystem::path& repository,
                                     const std::vector<std::string>& cmake_options,
                                     const std::function<void(const std::string&)>& say);

}  // namespace whygpu
