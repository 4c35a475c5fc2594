// A series of measured steps as one curve of levels, and the points where the level changed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/regression/history/history.h"

namespace whygpu {

struct Level {
  std::string revision;
  std::string base;       // the revision measured against
  double value = 0;       // ln of its time over that of the first revision
  double step = 0;        // ln of its time over that of its base
  double step_error = 0;  // standard error of `step`; 0 for identical code
  std::size_t pairs = 0;
  bool after_gap = false;  // its base was not measured; assumed as fast as the level before
};

// The first link's base, then every head once, in link order.
std::vector<Level> chain(const Series& series);

struct LevelChange {
  SeriesKey key;
  std::string last_before;  // revision
  std::string first_after;  // revision: the first of the new level
  double size = 0;          // log-ratio of the levels where they meet; above 0 is slower
  double p = 1;
  bool simulated = false;
  std::optional<Acceptance> accepted;
};

// A slowdown without an acceptance.
inline bool needs_attention(const LevelChange& change) { return change.size > 0 && !change.accepted; }

// Whether one is equal to, or a prefix of, the other.
bool same_revision(std::string_view a, std::string_view b);

// Level changes of at least `smallest` in either direction, by series and in order. An acceptance covers a change
// when its revision is a prefix of the first revision after, or the other way round, and its pattern matches the case.
std::vector<LevelChange> find_changes(std::span<const Series> all, std::span<const Acceptance> acceptances,
                                      double smallest);

// Glob match: * matches any run of characters.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace whygpu
