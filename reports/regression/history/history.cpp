#include "reports/regression/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/history/chain.h"
#include "reports/regression/history/hosts.h"
#include "reports/regression/history/store.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

using nlohmann::json;

std::string revision_of(const BuildRecord& build) { return build.revision.empty() ? build.name : build.revision; }

// Refuses a revision that is not in `known` or is a prefix of several, naming some that would be accepted.
void check_known(const std::string& name, const std::vector<std::string>& known, const std::string& revision) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> meant;
  for (const auto& other : known) {
    if (same_revision(other, revision)) meant.push_back(other);
  }
  if (meant.size() == 1 || std::ranges::find(meant, revision) != meant.end()) return;
  if (known.empty())
    throw HistoryError(fmt::format("{}: no comparisons yet; add one with: whygpu history add FILE", name));
  const auto& named = meant.empty() ? known : meant;
  std::vector<std::string> last(named.end() - static_cast<std::ptrdiff_t>(std::min(kNamed, named.size())), named.end());
  throw HistoryError(fmt::format(
      "{}: {} revision{}; {} {}; all: whygpu history log --json", name,
      meant.empty() ? fmt::format("no \"{}\" among its {}", printable(revision), known.size())
                    : fmt::format("\"{}\" is a prefix of {}", printable(revision), meant.size()),
      named.size() == 1 ? "" : "s", meant.empty() ? "the last are" : "such as", printable(join(last, ", "))));
}

// Runs `f`, naming the store in errors about what it holds.
template <class F>
auto reading(const std::string& name, F&& f) {
  try {
    return f();
  } catch (const json::exception&) {
    throw HistoryError(fmt::format("{}: damaged history: a comparison cannot be read", name));
  } catch (const std::invalid_argument& error) {
    throw HistoryError(fmt::format("{}: damaged history: {}", name, error.what()));
  }
}

std::vector<double> log_ratios(const std::string& pairs) {
  std::vector<double> ratios;
  for (const auto& pair : json::parse(pairs)) {
    ratios.push_back(Pair{{}, false, pair.at("base_ns"), pair.at("head_ns")}.log_ratio());
  }
  return ratios;
}

// A repeated measurement adds pairs to the same step.
void add_link(std::vector<Link>& links, Link link) {
  const auto again = std::ranges::find_if(
      links, [&](const Link& other) { return other.base == link.base && other.head == link.head; });
  if (again == links.end()) {
    links.push_back(std::move(link));
  } else {
    again->log_ratios.insert(again->log_ratios.end(), link.log_ratios.begin(), link.log_ratios.end());
    again->ruling = link.ruling;
  }
}

// The comparison that the store keeps as `facts`, without cases.
Comparison parse_facts(const std::string& name, const std::string& facts) {
  json document = json::parse(facts);
  document["cases"] = json::array();
  return comparison_from_json({{"whygpu_comparison", std::move(document)}}, name);
}

}  // namespace

History::History(const std::filesystem::path& file, Access access) : store_(open_sqlite(file, access)) {}
History::History(std::unique_ptr<HistoryStore> store) : store_(std::move(store)) {}
History::~History() = default;

bool is_database(std::string_view location) {
  return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

History open_database(const std::string& connection, History::Access access) {
  return History(open_postgres(connection, access));
}

History open_history(const std::string& location, History::Access access) {
  return is_database(location) ? open_database(location, access) : History(location, access);
}

std::string History::name() const { return store_->name(); }

void History::check_addable(const Comparison& comparison) {
  if (revision_of(comparison.base).empty() || revision_of(comparison.head).empty()) {
    throw HistoryError("a comparison without revisions or names cannot be added");
  }
}

bool History::add(const Comparison& comparison) {
  check_addable(comparison);
  return store_->add(to_json(comparison).at("whygpu_comparison"), revision_of(comparison.base),
                     revision_of(comparison.head));
}

std::string identity(const nlohmann::json& document) {
  nlohmann::json measured = document;
  measured.erase("summary");
  measured.erase("exit_code");
  return measured.dump();
}

std::vector<Series> History::series(Grouping grouping) const {
  return reading(name(), [&] {
    struct Added {
      StoredComparison row;
      std::optional<Comparison> comparison;  // for the kind of its machine
    };
    std::map<std::int64_t, Added> added;
    store_->each_comparison(grouping == Grouping::kind, [&](StoredComparison row) {
      Added& entry = added[row.id];
      if (grouping == Grouping::kind) entry.comparison = parse_facts(name(), row.facts);
      row.facts.clear();
      entry.row = std::move(row);
    });

    std::map<SeriesKey, std::map<std::string, Series>> all;  // by host
    store_->each_case([&](const StoredCase& c) {
      const auto found = added.find(c.comparison);
      if (found == added.end()) return;  // added meanwhile
      const Ruling ruling = parse_ruling(c.verdict);
      if (ruling == Ruling::missing || ruling == Ruling::incorrect) return;
      const auto& [row, comparison] = found->second;
      const SeriesKey key{comparison ? machine_kind(*comparison, c.text) : row.machine, row.threads, c.text};
      Series& series = all[key][comparison ? host_of(*comparison) : ""];
      series.key = key;
      add_link(series.links, {.base = row.base,
                              .head = row.head,
                              .started = row.started,
                              .base_code = c.base_code,
                              .head_code = c.head_code,
                              .ruling = ruling,
                              .log_ratios = log_ratios(c.pairs),
                              .simulated = row.simulated,
                              .added = c.comparison});
    });
    std::vector<Series> result;
    for (auto& [key, by_host] : all) {
      std::vector<Series> hosts;
      for (auto& [host, series] : by_host) hosts.push_back(std::move(series));
      result.push_back(join_hosts(std::move(hosts)));
    }
    return result;
  });
}

std::size_t History::comparisons() const { return store_->comparisons(); }

void History::each_case(const std::function<void(const Comparison&, const StoredCase&)>& visit) const {
  reading(name(), [&] {
    std::map<std::int64_t, Comparison> comparisons;
    store_->each_comparison(
        true, [&](const StoredComparison& row) { comparisons.emplace(row.id, parse_facts(name(), row.facts)); });
    store_->each_case([&](const StoredCase& c) {
      const auto found = comparisons.find(c.comparison);
      if (found != comparisons.end()) visit(found->second, c);
    });
  });
}

std::vector<std::string> History::revisions() const {
  std::vector<std::string> all;
  store_->each_comparison(false, [&](const StoredComparison& row) {
    for (const auto& revision : {row.base, row.head}) {
      if (std::ranges::find(all, revision) == all.end()) all.push_back(revision);
    }
  });
  return all;
}

void History::accept(const Acceptance& acceptance) {
  check_known(name(), revisions(), acceptance.revision);
  store_->accept(acceptance);
}

std::vector<Acceptance> History::acceptances() const { return store_->acceptances(); }

}  // namespace whygpu
