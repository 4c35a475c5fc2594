// whygpu list: backends × workloads × dtypes on this machine, with reasons for what is missing.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "benchmarks/environment.h"
#include "benchmarks/sweep.h"
#include "benchmarks/workload.h"
#include "tools/backend_choice.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

// The dtypes of some cases, gathered by the passes that they come with: "f32, bf16 forward backward_data; s8 forward".
class Labels {
 public:
  void add(const Case& c) {
    const std::string dtype(c["dtype"]);
    auto found = std::ranges::find(dtypes_, dtype, [](const auto& entry) { return entry.first; });
    if (found == dtypes_.end()) found = dtypes_.insert(found, {dtype, ""});
    for (const auto& [key, value] : c.values) {
      if (key == "pass") found->second += " " + value;
    }
  }

  std::string text() const {
    std::string text, passes;
    for (const auto& [dtype, own] : dtypes_) {
      if (!text.empty()) text += own == passes ? ", " : passes + "; ";
      text += dtype;
      passes = own;
    }
    return text + passes;
  }

 private:
  std::vector<std::pair<std::string, std::string>> dtypes_;  // with their passes
};

// What is supported, and below it each reason once with the cases that it stops.
void print_support(const nlohmann::json& support, bool colour) {
  Labels yes;
  std::map<std::string, Labels> no;
  for (const auto& entry : support) {
    Labels& labels = entry.at("yes").get<bool>() ? yes : no[entry.at("reason")];
    labels.add(parse_case(entry.at("case").get<std::string>()));
  }
  fmt::print("{}\n", yes.text().empty() ? "nothing" : yes.text());
  for (const auto& [reason, labels] : no) {
    fmt::print("{:18}{}\n", "", styled("no " + labels.text() + ": " + reason, "2", colour));
  }
}

void list(const std::vector<std::string>& names, int threads) {
  const bool colour = use_colour(stdout);
  const ProbeSettings settings{program_folder(), threads};
  const std::string first(workloads().front()->name());
  for (const auto& backend : probe_backends(names, settings, first)) {
    fmt::print("{}\n", styled(backend.name, "1", colour));
    if (!backend.usable()) {
      fmt::print("  {:16}{}\n", "missing", backend.reason);
      continue;
    }
    fmt::print("  {:16}{}\n  {:16}{}\n", "version", backend.facts.at("version").get<std::string>(), "device",
               backend.facts.at("device").at("name").get<std::string>());
    for (const auto& [key, value] : backend.facts.at("facts").items()) fmt::print("  {:16}{}\n", key, value.get<std::string>());
    for (const Workload* workload : workloads()) {
      const auto probe = workload->name() == first
                             ? backend
                             : probe_backend(settings, backend.name, std::string(workload->name()));
      fmt::print("  {:16}", workload->name());
      print_support(probe.support, colour);
    }
  }
  fmt::print("\n{}\n", styled("sweeps", "1", colour));
  for (const auto& sweep : shipped_sweeps()) fmt::print("  {:16}{} cases\n", sweep, load_sweep(sweep).size());
}

}  // namespace

void add_list_command(CLI::App& app, int& exit_code) {
  struct Options {
    std::vector<std::string> backends;
    int threads = usable_cpus();
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("list", "Backends, workloads and dtypes of this machine, and why others are missing");
  command->footer("Example:\n  whygpu list --backend onednn");
  command->add_option("--backend", options->backends, "only these, separated by commas")->delimiter(',');
  command->add_option("--threads", options->threads, "CPU threads")->check(CLI::Range(1, 4096))->capture_default_str();
  command->callback([options, &exit_code] {
    list(options->backends, options->threads);
    exit_code = 0;
  });
}

}  // namespace whygpu
