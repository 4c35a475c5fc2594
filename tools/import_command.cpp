// whygpu import: published results of others as result files.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "benchmarks/import/import.h"
#include "benchmarks/runner/output_file.h"
#include "reports/render/text.h"
#include "tools/commands.h"
#include "tools/run_execution.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;

struct ImportRequest {
  std::vector<std::string> paths;
  std::string format, kind, output;
  bool force = false;
  ImportOptions import;
};

template <class Enum>
std::vector<std::string> names_of() {
  const auto names = enum_names(Enum{});
  return {names.begin(), names.end()};
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) {
    throw ImportError(fmt::format("{}: cannot be read: {}", path, file ? "is a directory" : std::strerror(errno)));
  }
  std::string text;
  for (char block[1 << 16]; file.read(block, sizeof block), file.gcount() > 0;) {
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (text.size() > kLargestImportBytes) {
      throw ImportError(fmt::format("{}: larger than {} bytes, the most that is accepted", path, kLargestImportBytes));
    }
  }
  return text;
}

struct Written {
  fs::path path;
  std::string from;
  ImportedDevice device;
};

// -o FILE.json for the only device, or -o FOLDER, which gets a file for each.
std::vector<Written> named_files(std::vector<Written> files, const ImportRequest& options) {
  const fs::path output = options.output.empty() ? "results" : options.output;
  const bool one_file = output.extension() == ".json" && !fs::is_directory(output);
  if (one_file && files.size() != 1) {
    throw ImportError(fmt::format("-o {}: holds one device, and {} were found; accepted: a folder, or --device NAME",
                                  output.string(), files.size()));
  }
  std::set<fs::path> taken;
  for (auto& file : files) {
    file.path = one_file ? output : output / (file.device.file.name + ".json");
    if (!taken.insert(file.path).second) {
      throw ImportError(fmt::format("two files would be {}: import them one by one, with -o FILE", file.path.string()));
    }
    if (!options.force && fs::exists(file.path)) {
      throw ImportError(fmt::format("{} exists: choose another name or add --force", file.path.string()));
    }
    refuse_unwritable("-o", file.path);
  }
  return files;
}

std::string describe(const Written& written) {
  const auto& [path, from, device] = written;
  std::string line =
      fmt::format("{}: {} of {}", path.string(), count_of(device.file.cases.size(), "case"), device.device);
  for (const auto& [reason, rows, example] : device.left_out) {
    line += fmt::format("; left out {}: {} ({})", count_of(rows, "row"), reason, example);
  }
  return line;
}

// Everything is read before anything is written or printed.
void run(ImportRequest& options) {
  check_import(options.import);
  std::vector<Written> files;
  std::string formats;
  for (const auto& path : options.paths) {
    auto imported = import_published(contents_of(path), path, options.import);
    formats += fmt::format("{}: {}{}, {}\n", printable(path), name_of(imported.format),
                           options.import.format ? "" : ", recognised by its contents",
                           count_of(imported.devices.size(), "device"));
    for (auto& device : imported.devices) files.push_back({{}, path, std::move(device)});
  }
  files = named_files(std::move(files), options);
  fmt::print("{}", formats);
  for (const auto& written : files) {
    write_atomically(written.path, text_of(written.device.file));
    fmt::print("{}\n", printable(describe(written)));
  }
}

}  // namespace

void add_import_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ImportRequest>();
  auto* command = app.add_subcommand(
      "import", "Turn published results of others into result files, which are shown beside ours and judge nothing");
  command->footer(
      "Examples:\n"
      "  whygpu import deepbench-gemm.csv --source https://github.com/baidu-research/DeepBench --date 2017-06-28\n"
      "  whygpu import gemm.csv --source 'A blog' --date 2024-05-01 --device 'NVIDIA A100' -o results/a100.json\n"
      "  whygpu import theirs.json --source 'A paper' --date 2023-11-13 --device 'AMD EPYC 9654' \\\n"
      "    --match 'BM_sgemm/(\\d+)/(\\d+)/(\\d+)' --case 'gemm m=$1 n=$2 k=$3 dtype=f32'\n"
      "A folder after -o gets a file for each device; existing files are kept.");
  auto& import = options->import;
  command->add_option("FILE", options->paths, "files to import")->required();
  command->add_option("--format", options->format, "format of the files (default: recognised by their contents)")
      ->check(CLI::IsMember(names_of<ImportFormat>()));
  command->add_option("--source", import.source, "where the figures were published: a URL, or words")->required();
  command->add_option("--date", import.date, "when they were published, YYYY-MM-DD")->required();
  command->add_option("--device", import.device,
                      "the only device to import, or its name where the format has none (cutlass, rocblas-bench, "
                      "google-benchmark)");
  command->add_option("--kind", options->kind, "of the device (default: what the format implies)")
      ->check(CLI::IsMember(names_of<RecordedDevice>()));
  command->add_option("--dtype", import.dtype, "of operands, where the file does not say it");
  auto* match = command->add_option("--match", import.match,
                                    "regular expression for benchmark names; nvbench: name and axes, 'name m=1 T=F32'");
  auto* line = command->add_option("--case", import.case_line, "the case of such a name: 'gemm m=$1 n=$2 k=$3'");
  match->needs(line);
  line->needs(match);
  command->add_option("-o,--output", options->output, "result file of one device, or folder (default: results)");
  command->add_flag("--force", options->force, "overwrite result files");
  command->callback([options, command, &exit_code] {
    options->import.format = value_named<ImportFormat>(options->format);
    options->import.kind = value_named<RecordedDevice>(options->kind);
    options->import.command = command_line(*command, options->paths);
    run(*options);
    exit_code = 0;
  });
}

}  // namespace whygpu
