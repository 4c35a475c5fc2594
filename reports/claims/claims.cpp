#include "reports/claims/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "reports/claims/claim_measures.h"
#include "reports/claims/projected_measures.h"
#include "reports/page/embedded.h"
#include "reports/render/text.h"
#include "reports/results/json_node.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"
#include "reports/views/provenance.h"

namespace whygpu {
namespace {

std::optional<double> number_in(const JsonNode& node, std::string_view key) {
  const auto child = node.find(key);
  if (!child) return std::nullopt;
  return child->number();
}

bool holds(const Claim::Condition& condition, double value) {
  return value >= condition.at_least.value_or(value) && value <= condition.at_most.value_or(value);
}

void add_evidence(JudgedClaim& judged, const std::string& evidence) {
  if (std::ranges::find(judged.evidence, evidence) == judged.evidence.end()) judged.evidence.push_back(evidence);
}

// `card`: projected where nothing was measured; may be null.
JudgedClaim judge(const Claim& claim, const ClaimFile& file, const ClaimSettings& settings,
                  const CatalogueDevice* card) {
  JudgedClaim judged{claim, ClaimVerdict::confirmed, {}, {}};
  for (const auto& condition : claim.conditions) {
    const auto measured = measure_for_claim(condition.measure, file, settings);
    const auto projected =
        measured.value || !card ? std::nullopt : projected_measure(condition.measure, file, *card, settings);
    add_evidence(judged, projected ? projected->evidence : measured.evidence);
    std::optional<bool> decided;
    if (measured.value) decided = holds(condition, *measured.value);
    if (projected) {
      judged.projected_for = card->name;
      const bool low = holds(condition, projected->low), high = holds(condition, projected->high);
      if (low == high) decided = low;
    }
    if (!decided && judged.verdict == ClaimVerdict::confirmed) judged.verdict = ClaimVerdict::not_measured;
    if (decided && !*decided) judged.verdict = ClaimVerdict::refuted;
  }
  return judged;
}

// As measured, or once for each card for which the projection decides.
std::vector<JudgedClaim> judge_with_cards(const Claim& claim, const ClaimFile& file, const ClaimSettings& settings) {
  std::vector<JudgedClaim> projected;
  auto measured = judge(claim, file, settings, nullptr);
  for (const auto& card : settings.cards) {
    if (measured.verdict != ClaimVerdict::not_measured || was_measured(file, card)) continue;
    auto for_card = judge(claim, file, settings, &card);
    const bool decided = for_card.verdict != ClaimVerdict::not_measured;
    if (decided && !for_card.projected_for.empty()) projected.push_back(std::move(for_card));
  }
  if (projected.empty()) projected.push_back(std::move(measured));
  return projected;
}

}  // namespace

std::string_view verdict_name(ClaimVerdict verdict) {
  constexpr std::string_view names[] = {"confirmed", "refuted", "not measured"};
  return names[static_cast<std::size_t>(verdict)];
}

std::vector<Claim> parse_claims(std::string_view json_text) {
  const JsonNode::Complain complain = [](const std::string& what) {
    throw std::invalid_argument("claims.json: " + what);
  };
  const auto document = nlohmann::json::parse(json_text, nullptr, false);
  if (document.is_discarded()) complain("not JSON");
  std::vector<Claim> claims;
  const JsonNode root(document, complain);
  root["claims"].each([&](const JsonNode& node) {
    Claim claim{node["id"].text(), node["words"].text(), node["rule"].text(), {}};
    node["conditions"].each([&](const JsonNode& part) {
      Claim::Condition condition{part["measure"].text(), number_in(part, "at_least"), number_in(part, "at_most")};
      if (!condition.at_least && !condition.at_most) part.fail("needs at_least or at_most");
      claim.conditions.push_back(std::move(condition));
    });
    if (claim.conditions.empty()) node.fail("needs at least one condition");
    claims.push_back(std::move(claim));
  });
  return claims;
}

std::vector<Claim> standard_claims() { return parse_claims(page_file("claims.json")); }

std::vector<JudgedClaim> judge_claims(const std::vector<Claim>& claims, const ResultFile& file,
                                      const ClaimSettings& settings) {
  std::vector<JudgedClaim> judged;
  if (file.imported) return judged;
  const ClaimFile judged_by(file);
  for (const auto& claim : claims)
    std::ranges::move(judge_with_cards(claim, judged_by, settings), std::back_inserter(judged));
  return judged;
}

std::vector<RuledClaim> rule_claims(const std::vector<Claim>& claims, const std::vector<ResultFile>& files,
                                    const ClaimSettings& settings) {
  const auto names = file_names(files);
  const auto measured = std::ranges::count_if(files, [](const ResultFile& file) { return !file.imported; });
  const std::vector<ClaimFile> judged_by(files.begin(), files.end());
  std::vector<RuledClaim> ruled;
  for (const auto& claim : claims) {
    RuledClaim one{claim, {}};
    ClaimRuling undecided{std::string(verdict_name(ClaimVerdict::not_measured)), {}, false};
    for (std::size_t f = 0; f < files.size(); ++f) {
      if (files[f].imported) continue;
      for (const auto& judged : judge_with_cards(claim, judged_by[f], settings)) {
        const bool decided = judged.verdict != ClaimVerdict::not_measured;
        std::string verdict(verdict_name(judged.verdict)), source = measured > 1 && decided ? names[f] + ": " : "";
        if (!judged.projected_for.empty()) verdict += ", projected";  // the evidence names the card
        auto* ruling = &undecided;
        if (decided) {
          auto found = std::ranges::find(one.rulings, verdict, &ClaimRuling::verdict);
          if (found == one.rulings.end()) found = one.rulings.insert(found, {verdict, {}, true});
          ruling = &*found;
        }
        const auto evidence = source + join(judged.evidence, "; ");
        if (std::ranges::find(ruling->evidence, evidence) == ruling->evidence.end()) {
          ruling->evidence.push_back(evidence);
        }
      }
    }
    if (one.rulings.empty() && !undecided.evidence.empty()) one.rulings.push_back(std::move(undecided));
    if (!one.rulings.empty()) ruled.push_back(std::move(one));
  }
  std::ranges::stable_partition(ruled, &RuledClaim::decided);
  return ruled;
}

Document claims_document(const std::vector<ResultFile>& files, const ClaimSettings& settings) {
  Document document{"claims", {}, {}, {}, {{"file", "claim", "words", "verdict", "rule", "evidence"}, {}}};
  const auto claims = standard_claims();
  const auto names = file_names(files);
  document.heading = describe_files(files, names);
  for (std::size_t f = 0; f < files.size(); ++f) {
    if (files[f].imported) document.notes.push_back(names[f] + ": published by others: no claim is judged by it");
    for (const auto& judged : judge_claims(claims, files[f], settings)) {
      std::string verdict(verdict_name(judged.verdict));
      if (!judged.projected_for.empty()) verdict += ", projected for " + judged.projected_for;
      document.records.rows.push_back(
          {names[f], judged.claim.id, judged.claim.words, verdict, judged.claim.rule, join(judged.evidence, "; ")});
    }
  }
  for (const auto& [claim, rulings] : rule_claims(claims, files, settings)) {
    for (const auto& ruling : rulings) {
      document.notes.push_back(fmt::format("{}: {} Here: {}. Rule: {}.", ruling.verdict, claim.words,
                                           join(ruling.evidence, "; "), claim.rule));
    }
  }
  return document;
}

}  // namespace whygpu
