// whygpu list: backends × workloads × dtypes on this machine, and the reason for what is missing.
#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/cases/sweep.h"
#include "benchmarks/machine/environment.h"
#include "benchmarks/runner/probe.h"
#include "benchmarks/runner/run_options.h"
#include "benchmarks/workloads/workload.h"
#include "reports/results/codec.h"
#include "tools/commands.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

// What a probe case represents: its dtype, and its kind if the workload has several ("forward", "triad", …).
struct Offer {
  std::string kind, dtype;
};

std::vector<Offer> offers_of(const std::vector<SupportRecord>& support) {
  std::vector<Case> cases;
  for (const auto& entry : support) cases.push_back(parse_case(entry.case_text));
  std::vector<Offer> offers;
  for (const auto& c : cases) {
    auto& offer = offers.emplace_back(Offer{{}, std::string(c["dtype"])});
    for (const auto& [key, value] : c.values) {
      const bool varies =
          std::any_of(cases.begin(), cases.end(), [&](const Case& other) { return other[key] != c[key]; });
      if (varies && key != "dtype") offer.kind += (offer.kind.empty() ? "" : " ") + value;
    }
  }
  return offers;
}

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(word);
}

// "forward, backward_data: f32 bf16; …": kinds with the same dtypes are grouped. Names are omitted if the dtypes apply
// to all `kinds_in_all` kinds.
std::string summary(const std::vector<Offer>& offers, std::size_t kinds_in_all) {
  std::vector<std::pair<std::string, std::vector<std::string>>> dtypes_of_kind;
  for (const auto& offer : offers) {
    auto found = std::find_if(dtypes_of_kind.begin(), dtypes_of_kind.end(),
                              [&](const auto& k) { return k.first == offer.kind; });
    if (found == dtypes_of_kind.end()) found = dtypes_of_kind.insert(found, {offer.kind, {}});
    add_once(found->second, offer.dtype);
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> kinds_of_dtypes;
  for (const auto& [kind, dtypes] : dtypes_of_kind) {
    const std::string list = fmt::format("{}", fmt::join(dtypes, " "));
    auto found =
        std::find_if(kinds_of_dtypes.begin(), kinds_of_dtypes.end(), [&](const auto& k) { return k.first == list; });
    if (found == kinds_of_dtypes.end()) found = kinds_of_dtypes.insert(found, {list, {}});
    found->second.push_back(kind);
  }
  std::string text;
  for (const auto& [dtypes, kinds] : kinds_of_dtypes) {
    text += (text.empty() ? "" : "; ") +
            (kinds.size() == kinds_in_all ? "" : fmt::format("{}: ", fmt::join(kinds, ", "))) + dtypes;
  }
  return text;
}

// What is supported, and below it each reason once with what it stops.
void print_support(const std::vector<SupportRecord>& support, bool colour) {
  const auto offers = offers_of(support);
  std::vector<std::string> kinds;
  for (const auto& offer : offers) add_once(kinds, offer.kind);
  std::vector<Offer> yes;
  std::vector<std::pair<std::string, std::vector<Offer>>> no;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    if (support[i].yes) {
      yes.push_back(offers[i]);
      continue;
    }
    const std::string& reason = support[i].reason;
    auto found = std::find_if(no.begin(), no.end(), [&](const auto& n) { return n.first == reason; });
    if (found == no.end()) found = no.insert(found, {reason, {}});
    found->second.push_back(offers[i]);
  }
  fmt::print("{}\n", yes.empty() ? "nothing" : summary(yes, kinds.size()));
  for (const auto& [reason, stopped] : no) {
    // If everything has the same reason, the reason alone is enough.
    const std::string what =
        stopped.size() == offers.size() ? reason : fmt::format("no {}: {}", summary(stopped, kinds.size()), reason);
    fmt::print("{:18}{}\n", "", styled(what, "2", colour));
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
    fmt::print("  {:16}{}\n  {:16}{}\n", "version", backend.version, "device", backend.device->name);
    for (const auto& [key, value] : backend.facts) fmt::print("  {:16}{}\n", key, value);
    for (const Workload* workload : workloads()) {
      const auto probe =
          workload->name() == first ? backend : probe_backend(settings, backend.name, std::string(workload->name()));
      fmt::print("  {:16}", workload->name());
      print_support(probe.support, colour);
    }
  }
  fmt::print("\n{}\n", styled("sweeps", "1", colour));
  for (const auto& sweep : shipped_sweeps()) fmt::print("  {:16}{} problems\n", sweep, load_sweep(sweep).size());
}

// An array of backends; each has its support by workload.
nlohmann::ordered_json list_json(const std::vector<std::string>& names, int threads) {
  const ProbeSettings settings{program_folder(), threads};
  const std::string first(workloads().front()->name());
  auto list = nlohmann::ordered_json::array();
  for (const auto& backend : probe_backends(names, settings, first)) {
    nlohmann::ordered_json json = encode(static_cast<const BackendRecord&>(backend));
    for (const Workload* workload : workloads()) {
      if (!backend.usable()) break;
      const std::string name(workload->name());
      const auto probe = name == first ? backend : probe_backend(settings, backend.name, name);
      auto& support = json["workloads"][name] = nlohmann::ordered_json::array();
      for (const auto& entry : probe.support) {
        auto& one = support.emplace_back(nlohmann::ordered_json{{"case", entry.case_text}, {"supported", entry.yes}});
        if (!entry.yes) one["reason"] = entry.reason;
      }
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

void add_list_command(CLI::App& app, int& exit_code) {
  struct Options {
    std::vector<std::string> backends;
    int threads = usable_cpus();
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("list", "List backends, workloads and dtypes of this machine, and why others are missing");
  command->footer("Example:\n  whygpu list --backend onednn");
  add_list_option(*command, "--backend", options->backends, "only these backends, comma-separated");
  add_threads_option(*command, options->threads);
  command->add_flag("--json", options->json, "print JSON: backends as in a result file, with what they support");
  command->callback([options, &exit_code] {
    if (options->json) {
      fmt::print("{}\n", list_json(options->backends, options->threads).dump(1));
    } else {
      list(options->backends, options->threads);
    }
    exit_code = 0;
  });
}

}  // namespace whygpu
