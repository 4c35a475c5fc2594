#include "benchmarks/runner/run_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>
#include <random>

#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/launcher.h"

namespace whygpu {
namespace {

std::optional<int> parse_rounds(const std::string& text) {
  if (text == "auto") return std::nullopt;
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0' || value < 1 || value > 1'000'000) {
    throw CaseError(fmt::format("--rounds {}: accepted: auto, or a whole number of at least 1", text));
  }
  return static_cast<int>(value);
}

}  // namespace

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("sweep", options.words, "sweeps by name or file, or cases (default: quick)");
  add_list_option(command, "--models", options.models, "only cases of these networks, comma-separated");
  command.add_flag("--quick", options.quick, "an evenly spaced subset of the cases, about a minute");
  command
      .add_option("--offload", options.offload,
                  "what is timed: kernel (operands on the device), once (with upload and download around --reuse "
                  "operations) or always (around each operation)")
      ->check(CLI::IsMember({"kernel", "once", "always"}));
  command.add_option("--reuse", options.reuse, "operations per upload, with --offload once (default: 10)");
  command
      .add_option(
          "--ranks", options.ranks,
          "numbers of processes that measure a case together, comma-separated: of collectives and training_step")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--launcher", options.settings.launcher,
                  "what starts several ranks: mpirun or srun, and options of theirs in one word")
      ->default_str(kDefaultLauncher);
  command.add_flag("--resume", options.resume, "resume the interrupted run of -o FILE");
  add_measuring_options(command, options);
}

void add_measuring_options(CLI::App& command, RunOptions& options) {
  RunSettings& settings = options.settings;
  settings.threads = usable_cpus();
  settings.seed = std::random_device{}();
  settings.launcher = kDefaultLauncher;
  add_list_option(command, "--backend", options.backends,
                  "comma-separated list of backends (default: all that can run here)");
  command.add_option("-o,--output", options.output, "result file (default: results/DATE.json)");
  command
      .add_option_function<std::string>(
          "--rounds", [&settings](const std::string& text) { settings.rounds = parse_rounds(text); },
          "processes per case: auto (until settled) or a number")
      ->default_str("auto");
  add_duration_option(
      command, "--budget", settings.budget_seconds,
      "time limit of the whole run, checks and ceilings included; what it does not reach is \"not run\" (default: 60s "
      "for quick; else 2s per case, and more until every case is measured)");
  add_percent_option(command, "--precision", options.precision,
                     "a case is settled once the 95% interval of its median is within ± this (default: 1%, 3% or 10%, "
                     "by the noise of this machine)");
  add_threads_option(command, settings.threads, "CPU threads of each process, the same for every backend")
      ->each([&options](const std::string&) { options.threads_given = true; });
  add_device_option(command, settings.device);
  add_sample_seconds_option(command, settings.sample_seconds);
  add_duration_option(command, "--timeout", settings.timeout_seconds, "silence after which a worker is killed")
      ->default_str("60s");
  command.add_option("--seed", settings.seed, "random seed of the inputs and of the order (default: random, recorded)")
      ->check([](const std::string& text) {
        const bool whole =
            !text.empty() && text.size() < 20 && text.find_first_not_of("0123456789") == std::string::npos;
        return whole ? std::string()
                     : fmt::format("\"{}\" is not a seed; accepted: a whole number of at most 19 digits", text);
      });
  command.add_flag("--energy", settings.energy, "also measure energy: about 5 s more per case");
  command.add_flag("--audit", settings.audit,
                   "check the result of every sample against the oracle, with other inputs each: several times slower");
  command.add_flag("--no-ceilings", options.no_ceilings, "do not measure the peaks of this machine");
  command.add_flag("--dry-run", options.dry_run, "print the cases and measure nothing");
  command.add_flag("--force", options.force, "overwrite the result file");
}

CLI::Option* add_threads_option(CLI::App& command, int& threads, const std::string& help) {
  return command.add_option("--threads", threads, help + " (default: all usable CPUs)")->check(CLI::Range(1, 4096));
}

CLI::Option* add_device_option(CLI::App& command, int& device) {
  return command.add_option("--device", device, "index of the accelerator; of OpenCL, over all platforms, GPUs first")
      ->check(CLI::NonNegativeNumber);
}

CLI::Option* add_sample_seconds_option(CLI::App& command, double& seconds) {
  return command.add_option("--sample-seconds", seconds, "sampling time per case and process")
      ->check(CLI::Range(1e-4, 3600.0))
      ->check([](const std::string& text) {
        return std::isnan(std::strtod(text.c_str(), nullptr)) ? std::string("not a number") : std::string();
      })
      ->capture_default_str();
}

CLI::Option* add_list_option(CLI::App& command, const std::string& name, std::vector<std::string>& words,
                             const std::string& help) {
  return command.add_option(name, words, help)->delimiter(',')->allow_extra_args(false);
}

CLI::Option* add_duration_option(CLI::App& command, const std::string& name, double& seconds, const std::string& help) {
  return command.add_option_function<std::string>(
      name, [&seconds](const std::string& text) { seconds = parse_duration(text); }, help);
}

void add_percent_option(CLI::App& command, const std::string& name, double& share, const std::string& help) {
  command
      .add_option_function<std::string>(
          name,
          [&share, name](const std::string& text) {
            char* end = nullptr;
            const double value = std::strtod(text.c_str(), &end);
            const std::string unit = end;
            if (end == text.c_str() || (!unit.empty() && unit != "%") || !(value > 0 && value <= 1000)) {
              throw CLI::ValidationError(name, fmt::format("\"{}\" is not a percentage; accepted: 5% or 0.5%", text));
            }
            share = value / 100;
          },
          help)
      ->default_str(share > 0 ? fmt::format("{:g}%", 100 * share) : "")
      ->type_name("PERCENT");
}

double parse_duration(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const double factor = unit.empty() || unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 0;
  if (end == text.c_str() || factor == 0 || !(value > 0)) {
    throw CaseError(fmt::format("\"{}\" is not a duration; accepted: 90s, 10m, 2h", text));
  }
  return value * factor;
}

}  // namespace whygpu
