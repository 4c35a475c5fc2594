#include "benchmarks/runner/launcher.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "benchmarks/cases/case.h"
#include "benchmarks/runner/child_process.h"

namespace whygpu {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

// What a launcher says of itself. Throws if it is not there.
std::string version_of(const std::string& program, std::string_view package) {
  const ProgramResult version = run_program({program, "--version"});
  if (version.status == 0) return version.output + version.errors;
  const auto lines = lines_of(version.errors);
  throw CaseError(fmt::format("--launcher {}: it does not start here{}", program,
                              version.status == 127 ? fmt::format(" (Debian: apt-get install {})", package)
                              : lines.empty()       ? ""
                                                    : ": " + lines.back()));
}

// Of Open MPI, where srun has not told it the addresses of the ranks.
constexpr std::string_view kNoPmi = "not built with SLURM's PMI support";

}  // namespace

std::vector<std::string> launcher_words(const std::string& launcher, int ranks, int threads) {
  std::vector<std::string> words = words_of(launcher);
  const std::string name = words.empty() ? "" : std::filesystem::path(words[0]).filename().string();
  const std::string count = std::to_string(ranks);
  std::vector<std::string> more;
  if (name == "srun") {
    version_of(words[0], "slurm-client");
    words.insert(words.begin() + 1, "--kill-on-bad-exit=1");  // else the other ranks wait for one that died
    more = {"-n", count, "-c", std::to_string(threads)};
  } else if (name == "mpirun" || name == "mpiexec") {
    more = {"-np", count};
    if (version_of(words[0], "openmpi-bin").find("Open MPI") != std::string::npos) {
      more.emplace_back("--oversubscribe");  // more ranks than cores are said above the table
      if (threads > 1) more.insert(more.end(), {"--bind-to", "none"});  // else all threads of a rank share a core
      if (geteuid() == 0) more.emplace_back("--allow-run-as-root");
    }
  } else {
    throw CaseError(fmt::format("--launcher \"{}\": accepted: mpirun or srun, and options of theirs", launcher));
  }
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A rank names itself; else the launcher names the one that ended first.
std::string cause_of_end(std::string_view errors) {
  const auto lines = lines_of(errors);
  const auto first = [&](auto&& holds) -> const std::string* {
    const auto found = std::ranges::find_if(lines, holds);
    return found == lines.end() ? nullptr : &*found;
  };
  const auto has = [](std::string_view words) {
    return [words](const std::string& line) { return line.find(words) != std::string::npos; };
  };
  if (first(has(kNoPmi)) != nullptr) {
    return "MPI does not find the other ranks: try --launcher \"srun --mpi=pmix\" (srun --mpi=list), or mpirun";
  }
  if (const auto* line = first([](const std::string& l) { return l.starts_with("rank "); })) return *line;
  for (const std::string_view words : {"noticed that process rank", ": task "}) {
    if (const auto* line = first(has(words))) return *line;
  }
  return lines.empty() ? "" : lines.back();
}

std::string silent_ranks(std::string_view errors, int ranks) {
  const auto lines = lines_of(errors);
  std::vector<int> silent;
  for (int rank = 0; rank < ranks; ++rank) {
    if (std::ranges::find(lines, fmt::format("rank {} waits for others", rank)) == lines.end()) silent.push_back(rank);
  }
  if (silent.empty() || static_cast<int>(silent.size()) == ranks) return "";
  return fmt::format("rank{} {} {} not answer", silent.size() == 1 ? "" : "s", fmt::join(silent, ", "),
                     silent.size() == 1 ? "does" : "do");
}

}  // namespace whygpu
