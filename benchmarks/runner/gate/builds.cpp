#include "benchmarks/runner/gate/builds.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/runner/gate/revision_build.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

// The folder of the worker programs in `folder`: itself or its bin/; empty if there is none.
fs::path worker_folder(const fs::path& folder) {
  for (const fs::path& candidate : {folder / "bin", folder}) {
    if (fs::is_directory(candidate / "backends")) return candidate;
  }
  return {};
}

// An uncompressed archive ends with two blocks of zeros; tar itself accepts one that was cut off between two files.
// Decompressors notice the end of a compressed one.
bool is_cut_off(const fs::path& archive) {
  constexpr int kMagicAt = 257, kEndBytes = 1024;
  std::ifstream file(archive, std::ios::binary);
  std::string magic(5, '\0'), end(kEndBytes, '\1');
  file.seekg(kMagicAt);
  if (!file.read(magic.data(), 5) || magic != "ustar") return false;
  file.seekg(-kEndBytes, std::ios::end);
  file.read(end.data(), kEndBytes);
  return end.find_first_not_of('\0') != std::string::npos;
}

fs::path unpack(const fs::path& bundle, const fs::path& into) {
  fs::create_directories(into);
  const auto tar =
      run_program({"tar", "--extract", "--file", fs::absolute(bundle).string(), "--directory", into.string()});
  if (tar.status != 0)
    throw BuildError(fmt::format("{}: neither a directory nor an archive that tar can read", bundle.string()));
  if (is_cut_off(bundle)) throw BuildError(fmt::format("{}: the archive is cut off", bundle.string()));
  if (auto folder = worker_folder(into); !folder.empty()) return folder;
  for (const auto& entry : fs::directory_iterator(into)) {
    if (auto folder = entry.is_directory() ? worker_folder(entry.path()) : fs::path(); !folder.empty()) return folder;
  }
  throw BuildError(fmt::format("{}: not the archive of a build: bin/backends/ is missing", bundle.string()));
}

void copy_build(const fs::path& from, const fs::path& into) {
  const auto how = fs::copy_options::recursive | fs::copy_options::copy_symlinks;
  try {
    fs::create_directories(into);
    fs::copy(from, into / "bin", how);
    // Libraries shipped in a bundle are found from bin/ by a relative path.
    if (const fs::path libraries = from.parent_path() / "lib"; fs::is_directory(libraries))
      fs::copy(libraries, into / "lib", how);
  } catch (const fs::filesystem_error& error) {
    throw BuildError(fmt::format("{}: cannot copy it to {} ({}); free some space there, or set TMPDIR", from.string(),
                                 into.string(), error.code().message()));
  }
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Build take_build(const std::string& name, const fs::path& into, const fs::path& repository,
                 const std::vector<std::string>& cmake_options, const std::function<void(const std::string&)>& say) {
  Build build{name, {}, into / "bin"};
  fs::path found;
  if (fs::is_directory(name)) {
    found = worker_folder(name);
    if (found.empty())
      throw BuildError(fmt::format("{}: not a build: neither bin/backends/ nor backends/ exists", name));
  } else if (fs::is_regular_file(name)) {
    found = unpack(name, into / "unpacked");
  } else {
    build.revision = resolve_revision(name, repository);
    found = build_revision(build.revision, repository, cmake_options, say);
  }
  copy_build(fs::canonical(found), into);
  return build;
}

std::vector<std::string> modules_of(const Build& build) {
  std::vector<std::string> names;
  for (const auto& file : files_in(build.folder / "backends")) {
    if (file.extension() == ".so") names.push_back(file.stem().string());
  }
  return names;
}

CodeHashes::CodeHashes(const Build& build) {
  auto files = files_in(build.folder);
  for (const fs::path& folder :
       {build.folder / "backends", build.folder / "backends/layers", build.folder.parent_path() / "lib"}) {
    const auto more = files_in(folder);
    files.insert(files.end(), more.begin(), more.end());
  }
  std::vector<std::string> words = {"sha256sum", "--"};
  for (const auto& file : files) words.push_back(file.string());
  if (files.empty()) return;
  const auto sums = run_program(words);
  if (sums.status != 0) throw BuildError("sha256sum: " + sums.errors);
  std::istringstream lines(sums.output);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::size_t kDigits = 64, kGap = 2;
    const std::string path = fs::relative(line.substr(kDigits + kGap), build.folder).string();
    hashes_[path] = line.substr(0, kDigits);
    if (path.starts_with("backends/layers/")) layers_ += "+" + line.substr(0, 16);
    if (path.starts_with("../lib/")) libraries_ += "+" + line.substr(0, 16);
  }
}

std::string CodeHashes::of(const Case& c) const {
  const auto worker = hashes_.find(c.workload);
  const auto module = hashes_.find(fmt::format("backends/{}.so", c["backend"]));
  if (worker == hashes_.end() || module == hashes_.end()) return {};
  const std::string layers = find_workload(c.workload).runs_layers() ? layers_ : "";
  return worker->second.substr(0, 16) + "+" + module->second.substr(0, 16) + layers + libraries_;
}

}  // namespace whygpu
