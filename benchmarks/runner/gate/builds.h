// The two builds of a comparison: found by name, copied to places of equal length, known by the code that they hold.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/cases/case.h"

namespace whygpu {

// A build that cannot be had; what() is one line.
class BuildError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Build {
  std::string name;              // as the caller named it
  std::string revision;          // full hash; empty when it is not known
  std::filesystem::path folder;  // this process's copy: worker programs and backends/
};

// Finds `name` and copies it to `into`/bin, so that paths of two builds are as long as their `into`, and a rebuild
// meanwhile changes nothing. A name is
//   a directory: a build directory, or its bin/;
//   a bundle: a tar archive with such a directory in it;
//   a revision of the git repository that `repository` lies in, built once and kept under build_cache().
//   `cmake_options` are handed to its configuration.
// Throws BuildError.
Build take_build(const std::string& name, const std::filesystem::path& into, const std::filesystem::path& repository,
                 const std::vector<std::string>& cmake_options);

// WHYGPU_CACHE, else whygpu/ in the user's cache folder.
std::filesystem::path build_cache();

// Names of the modules in a build.
std::vector<std::string> modules_of(const Build& build);

// SHA-256 of every file of a build that a worker may load, by path relative to the build's folder.
class CodeHashes {
 public:
  explicit CodeHashes(const Build& build);

  // Equal for cases that run the same code: the worker, the backend's module, the layers' where the workload runs them,
  // and the libraries that a bundle brings along. Empty when the build lacks one of the first two.
  std::string of(const Case& c) const;

 private:
  std::map<std::string, std::string> hashes_;
  std::string layers_, libraries_;
};

}  // namespace whygpu
