// whygpu history: stores gate results and finds changes across revisions.
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <memory>

#include "benchmarks/worker/records.h"
#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/history/chain.h"
#include "reports/regression/history/history.h"
#include "reports/regression/history/render_history.h"
#include "reports/render/text.h"
#include "tools/commands.h"
#include "tools/comparison_output.h"
#include "tools/terminal.h"

namespace whygpu {
namespace {

struct HistoryRequest {
  std::string file = "history.db";
  std::string database;  // takes the place of the file
  std::vector<std::string> comparisons;
  std::string pattern = "*", revision, reason;
  double smallest = 0.01;
  bool json = false;
  bool across_machines = false;
};

History open(const HistoryRequest& options, History::Access access) {
  if (!options.database.empty()) return open_database(options.database, access);
  if (is_database(options.file)) throw HistoryError("--file takes an SQLite file; --db takes a database");
  return {options.file, access};
}

void add(const HistoryRequest& options) {
  // Read all files before storing any, so that an invalid one changes nothing.
  std::vector<Comparison> comparisons;
  for (const auto& path : options.comparisons) {
    for (auto& comparison : load_comparisons(path)) comparisons.push_back(std::move(comparison));
  }
  for (const auto& comparison : comparisons) History::check_addable(comparison);
  History history = open(options, History::Access::create);
  std::size_t added = 0;
  for (const auto& comparison : comparisons) added += history.add(comparison) ? 1 : 0;
  fmt::print("{}: {} added, {} already present, {} in total\n", history.name(), added, comparisons.size() - added,
             history.comparisons());
}

std::vector<Series> matching_series(const History& history, const HistoryRequest& options) {
  auto all = history.series(options.across_machines ? Grouping::kind : Grouping::machine);
  std::erase_if(all, [&](const Series& series) { return !matches(options.pattern, series.key.text); });
  return all;
}

bool terminal_has_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string text = value;
    return text.find("UTF-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

void check(const HistoryRequest& options) {
  const History history = open(options, History::Access::existing);
  const auto all = matching_series(history, options);
  const auto changes = find_changes(all, history.acceptances(), std::log1p(options.smallest));
  fmt::print("{}", options.json ? history_check_json(all, changes).dump(1) + "\n" : render_history_check(all, changes));
}

void log(const HistoryRequest& options) {
  const History history = open(options, History::Access::existing);
  const auto all = matching_series(history, options);
  const TerminalStyle style{static_cast<std::size_t>(terminal_columns(stdout, 80)), terminal_has_utf8(),
                            use_colour(stdout)};
  const auto changes = find_changes(all, history.acceptances(), std::log1p(options.smallest));
  fmt::print("{}",
             options.json ? history_log_json(all, changes).dump(1) + "\n" : render_history_log(all, changes, style));
}

void show(const HistoryRequest& options) {
  const History history = open(options, History::Access::existing);
  fmt::print("{}", render_history_show(matching_series(history, options), options.revision));
}

void accept(const HistoryRequest& options) {
  History history = open(options, History::Access::existing);
  if (matching_series(history, options).empty()) {
    throw HistoryError(fmt::format("{}: no case matches \"{}\"; `whygpu history log` shows them", history.name(),
                                   printable(options.pattern)));
  }
  history.accept({options.revision, options.pattern, options.reason, utc_now()});
  fmt::print("accepted: {} for {}: {}\n", options.revision, options.pattern, options.reason);
}

void write_lines(const HistoryRequest& options) {
  const History history = open(options, History::Access::existing);
  export_history(history, options.pattern, [](const std::string& line) { fmt::print("{}\n", line); });
}

}  // namespace

void add_history_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<HistoryRequest>();
  auto* command = app.add_subcommand("history", "Store gate results and find the revision where a case became slower");
  command->require_subcommand(1);
  auto* file = command->add_option("--file", options->file, "SQLite database of the history")->capture_default_str();
  command->add_option("--db", options->database, "PostgreSQL database of the history: postgresql://USER@HOST/DATABASE")
      ->excludes(file);
  command->fallthrough();
  command->footer(
      "Examples:\n"
      "  whygpu gate --base HEAD~1 --head HEAD --json gate.json\n"
      "  whygpu history add gate.json && whygpu history check\n"
      "  whygpu history --db postgresql://ci@db.example/fleet add gate.json\n"
      "What --db leaves open is taken from PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD and ~/.pgpass,\n"
      "and all of it with `--db postgresql://`. Other users of a machine can read its command lines: keep\n"
      "passwords out of them.\n"
      "--across-machines joins the series of machines of a kind: the same CPU model and instruction sets,\n"
      "and for cases on a GPU the same GPU. A step is then the mean of the estimates of the hosts that\n"
      "measured it, weighted by their pairs and by how far hosts differ, which also widens its error.\n"
      "Exit codes: 0 done, 2 bad arguments or input. A slowdown that `check` finds is a reason to measure, not to "
      "fail.");

  const auto add_verb = [&](const char* name, const char* help, void (*action)(const HistoryRequest&)) {
    auto* verb = command->add_subcommand(name, help);
    verb->callback([options, action, &exit_code] {
      action(*options);
      exit_code = 0;
    });
    return verb;
  };
  auto* adding = add_verb("add", "store comparisons", add);
  adding->add_option("comparisons", options->comparisons, "files written by `whygpu gate --json`")
      ->required()
      ->check(CLI::ExistingFile);
  auto* checking = add_verb("check", "find changes of level and suggest what to do", check);
  auto* logging = add_verb("log", "plot the series", log);
  for (auto* verb : {checking, logging}) {
    verb->add_flag("--json", options->json, "print JSON");
    verb->add_flag("--across-machines", options->across_machines,
                   "one series for all machines with the same CPU model and, for cases on a GPU, the same GPU");
    add_percent_option(*verb, "--smallest", options->smallest, "smallest change of level that counts");
  }
  auto* showing = add_verb("show", "show all steps to or from a revision", show);
  showing->add_option("revision", options->revision, "a revision, or a prefix of its hash")->required();
  auto* accepting = add_verb("accept", "accept a known slowdown, with a reason", accept);
  accepting->add_option("revision", options->revision, "the first slower revision, or a prefix of its hash")
      ->required();
  accepting->add_option("--reason", options->reason, "reason for accepting it")->required();
  auto* exporting = add_verb("export", "write every pair as a line of JSON, for DuckDB, pandas and jq", write_lines);
  for (auto* verb : {checking, logging, showing, accepting, exporting}) {
    verb->add_option("--case", options->pattern, "only cases that match this pattern; * matches anything")
        ->capture_default_str();
  }
}

}  // namespace whygpu
