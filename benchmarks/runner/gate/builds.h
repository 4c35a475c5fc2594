// The two builds of a comparison: found by name, copied to paths of equal length, identified by hashes of their code.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"

namespace whygpu {

// A build that cannot be found or made; what() is one line.
class BuildError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Build {
  std::string name;              // as given by the caller
  std::string revision;          // full hash; empty if unknown
  std::filesystem::path folder;  // this process's copy: worker programs and backends/
};

// Finds `name` and copies it to `into`/bin, so that the paths of both builds have the same length, and rebuilding it
// meanwhile has no effect. A name is
//   a directory: a build directory, or its bin/;
//   a bundle: a tar archive of such a directory;
//   a revision of the git repository that contains `repository`, built once and kept in build_cache();
//   `cmake_options` are passed to its configuration, and `say` gets a line about its progress every second.
// Throws BuildError.
Build take_build(const std::string& name, const std::filesystem::path& into, const std::filesystem::path& repository,
                 const std::vector<std::string>& cmake_options, const std::function<void(const std::string&)>& say);

// WHYGPU_CACHE, or whygpu/ in the user's cache folder.
std::filesystem::path build_cache();

// Names of the modules in a build.
std::vector<std::string> modules_of(const Build& build);

// SHA-256 of every file of a build that a worker may load, keyed by its path relative to the build's folder.
class CodeHashes {
 public:
  explicit CodeHashes(const Build& build);

  // Equal for cases that run the same code: worker, backend module, layer modules if the workload uses them, and the
  // libraries of a bundle. Empty if the build lacks the worker or the backend module.
  std::string of(const Case& c) const;

 private:
  std::map<std::string, std::string> hashes_;
  std::string layers_, libraries_;
};

}  // namespace whygpu
