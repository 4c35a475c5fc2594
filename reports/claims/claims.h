// Common claims about GPUs for deep learning, compared with the measurements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/render/document.h"
#include "reports/views/crossover.h"

namespace whygpu {

enum class ClaimVerdict : std::uint8_t { confirmed, refuted, not_measured };
std::string_view verdict_name(ClaimVerdict verdict);

struct Claim {
  std::string id;
  std::string words;  // as articles put it
  std::string rule;   // the deciding rule in words

  struct Condition {
    std::string measure;  // one of claim_measures()
    std::optional<double> at_least, at_most;
  };
  std::vector<Condition> conditions;
};

struct JudgedClaim {
  Claim claim;
  ClaimVerdict verdict = ClaimVerdict::not_measured;
  std::vector<std::string> evidence;  // what was measured, or why not, without duplicates
  std::string projected_for;          // the card, where a projection took the place of a measurement
};

// Values given by the user.
struct ClaimSettings {
  DevicePrices prices;
  DevicePrices hourly;                      // per hour of the device in a cloud
  std::vector<CatalogueDevice> cards = {};  // to project where nothing was measured
};

// The claims of reports/claims/claims.json. Throws std::invalid_argument when text is not such a list.
std::vector<Claim> parse_claims(std::string_view json_text);
std::vector<Claim> standard_claims();

// A claim that measurements do not decide is judged for each card of the settings; a projection decides only where its
// whole band is on one side. Projections that decide nothing are left out. An imported file judges no claim.
std::vector<JudgedClaim> judge_claims(const std::vector<Claim>& claims, const ResultFile& file,
                                      const ClaimSettings& settings);

// A claim as all files together judge it. Files or cards that disagree are rulings of their own.
struct ClaimRuling {
  std::string verdict;                // "confirmed", "refuted, projected", "not measured"
  std::vector<std::string> evidence;  // with the file or card before it, where there are several
  bool decided = false;
};
struct RuledClaim {
  Claim claim;
  std::vector<ClaimRuling> rulings;  // at least one; not decided: only one
  bool decided() const { return rulings.front().decided; }
};

// Decided claims first, each in the order of the list. None where every file is imported.
std::vector<RuledClaim> rule_claims(const std::vector<Claim>& claims, const std::vector<ResultFile>& files,
                                    const ClaimSettings& settings);

Document claims_document(const std::vector<ResultFile>& files, const ClaimSettings& settings);

}  // namespace whygpu
