#include "reports/views/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/results/problems.h"
#include "reports/views/projected.h"
#include "reports/views/provenance.h"

namespace whygpu {
namespace {

std::string subject(const Family& family) {
  std::vector<std::string> words{family.workload};
  for (const auto* part : {&family.dtype, &family.settings}) {
    if (!part->empty()) words.push_back(*part);
  }
  return join(words, " ");
}

std::string sizes(const Family& family) {
  return family.fixed.empty() ? family.size_name : family.size_name + " with " + family.fixed;
}

bool same_family(const Family& a, const Family& b) {
  return subject(a) == subject(b) && a.size_name == b.size_name && a.fixed == b.fixed;
}

bool data_moves(const Contest& contest) { return contest.data_path.offload == Offload::always; }

double factor_at_largest(const Contest& contest) { return contest.points.back().factor.value; }

// The contest of the family, resource and offload kind with the largest factor at its largest size; null if there is
// none.
const Contest* best(const std::vector<Contest>& all, const Family& family, Resource resource, bool moves) {
  const Contest* found = nullptr;
  for (const auto& contest : all) {
    if (contest.resource != resource || data_moves(contest) != moves || !same_family(contest.family, family)) continue;
    if (!found || factor_at_largest(contest) > factor_at_largest(*found)) found = &contest;
  }
  return found;
}

std::string verdict(const Contest& contest) {
  const auto& crossover = contest.crossover;
  const auto first = format_size(contest.points.front().size), last = format_size(contest.points.back().size);
  switch (crossover.kind) {
    case CrossoverKind::always: return fmt::format("stays ahead at every size measured ({} to {})", first, last);
    case CrossoverKind::never: return fmt::format("is behind up to {}, the largest size measured", last);
    case CrossoverKind::undecided: return fmt::format("is not clearly ahead at {}, the largest size measured", last);
    case CrossoverKind::between: break;
  }
  const auto from = format_size(*crossover.from);
  if (!crossover.last_behind) return fmt::format("stays ahead from {} on, level below", from);
  return fmt::format("stays ahead from {} on (behind at {})", from, format_size(*crossover.last_behind));
}

std::string sentence(const std::vector<Contest>& all, const Contest& main) {
  const auto& last = main.points.back();
  std::string text = fmt::format("{}, {}: {} on {} {}, {}× the best CPU backend ({}) at {}", subject(main.family),
                                 sizes(main.family), main.candidate, main.device, verdict(main),
                                 format_number(last.factor.value), last.best_cpu, format_size(last.size));
  const auto add = [&](Resource resource, const char* words) {
    const auto* contest = best(all, main.family, resource, data_moves(main));
    if (contest) text += fmt::format("; {} {}×", words, format_number(factor_at_largest(*contest)));
  };
  add(Resource::energy, "per joule");
  add(Resource::money, "per dollar");
  if (const auto* alone = best(all, main.family, Resource::latency, data_moves(main))) {
    text +=
        fmt::format("; one operation at a time it {}, {}×", verdict(*alone), format_number(factor_at_largest(*alone)));
  }
  const auto* moved = best(all, main.family, Resource::time, true);
  if (moved && !data_moves(main)) {
    text += fmt::format("; when the data is moved each time it {}, {}×", verdict(*moved),
                        format_number(factor_at_largest(*moved)));
  }
  return text + ".";
}

// The main contest of every family: with resident data where measured, else with data moved each time.
std::vector<const Contest*> main_contests(const std::vector<Contest>& all) {
  std::vector<const Contest*> mains;
  for (const auto& contest : all) {
    const bool seen = std::any_of(mains.begin(), mains.end(),
                                  [&](const Contest* main) { return same_family(main->family, contest.family); });
    if (seen) continue;
    const auto* main = best(all, contest.family, Resource::time, false);
    if (!main) main = best(all, contest.family, Resource::time, true);
    if (main) mains.push_back(main);
  }
  return mains;
}

std::string headline(const std::vector<const Contest*>& mains) {
  std::size_t ahead = 0;
  for (const auto* main : mains) ahead += main->crossover.from ? 1 : 0;
  if (ahead == 0) return "No: the GPU does not stay ahead of the best CPU backend at any measured size.";
  const auto* first = *std::max_element(mains.begin(), mains.end(), [](const Contest* a, const Contest* b) {
    return a->family.problems.size() < b->family.problems.size() ||
           (a->family.problems.size() == b->family.problems.size() && !a->crossover.from && b->crossover.from);
  });
  std::string text;
  if (first->crossover.from) {
    text = fmt::format("Yes for {} from {} = {} on: there {} stays ahead of the best CPU backend, {}× at {}",
                       subject(first->family), first->family.size_name, format_size(*first->crossover.from),
                       first->device, format_number(factor_at_largest(*first)), format_size(first->points.back().size));
  } else {
    text = fmt::format("Not for {} up to {}", subject(first->family), format_size(first->points.back().size));
  }
  if (mains.size() > 1) text += fmt::format("; the GPU wins in {} of {} measured kinds of work", ahead, mains.size());
  return text + ".";
}

// Without a GPU: the best CPU result, which a GPU would have to beat.
Answer without_gpu(const ResultFile& file) {
  Answer result;
  for (const auto& workload : workloads_of({file})) {
    const CaseRecord* fastest = nullptr;
    double slowest = 0;
    for (const auto& record : file.cases) {
      const auto rate = gflops(record);
      if (record.workload != workload || record.status != Status::ok || !rate) continue;
      if (!fastest || rate->value > gflops(*fastest)->value) fastest = &record;
    }
    if (!fastest) continue;
    for (const auto& record : file.cases) {
      const auto rate = gflops(record);
      if (!rate || record.status != Status::ok || problem_key(record) != problem_key(*fastest)) continue;
      if (rate->relative_half_width().value_or(0) > kUnusable) continue;
      slowest = slowest == 0 ? rate->value : std::min(slowest, rate->value);
    }
    std::string text = fmt::format("{}: {} reaches {} GFLOP/s at {}", workload, contender_name(file, *fastest),
                                   format_number(gflops(*fastest)->value), fastest->problem);
    const double gain = slowest == 0 ? 0 : gflops(*fastest)->value / slowest;
    if (gain > 1) text += fmt::format(", {}× the slowest backend there", format_number(gain));
    result.details.push_back(text + ".");
  }
  const bool has_gpu = std::any_of(file.backends.begin(), file.backends.end(),
                                   [](const BackendRecord& backend) { return backend.on_accelerator(); });
  result.headline = has_gpu
                        ? "Not answered: no problem was solved both by the GPU and by a CPU backend."
                        : "Not answered: no GPU was measured; the CPU results below are what a GPU would have to beat.";
  return result;
}

// Projections come first: they answer the question, and what was measured says what they are compared with.
Answer projected(Answer measured, const ResultFile& file, std::span<const CatalogueDevice> cards) {
  const Catalogue catalogue = Catalogue::standard();
  std::vector<std::string> sentences;
  for (const auto& card : cards) {
    if (was_measured(file, card)) continue;
    if (auto sentence = projected_answer(file, card, catalogue); !sentence.empty()) {
      sentences.push_back(std::move(sentence));
    }
  }
  if (sentences.empty()) return measured;
  Answer result;
  result.headline =
      fmt::format("No GPU was measured; projected for {}, each with a 90% band of how far the model is off.",
                  count_of(sentences.size(), "card"));
  result.details = std::move(sentences);
  result.details.insert(result.details.end(), measured.details.begin(), measured.details.end());
  return result;
}

}  // namespace

Answer answer(const ResultFile& file, const PriceList& prices, std::span<const CatalogueDevice> cards) {
  if (file.imported) return {"Not answered: the figures are " + describe_import(file) + ".", {}};
  const auto all = contests(file, prices);
  const auto mains = main_contests(all);
  if (mains.empty()) return projected(without_gpu(file), file, cards);
  Answer result{headline(mains), {}};
  for (const auto* main : mains) result.details.push_back(sentence(all, *main));
  return result;
}

}  // namespace whygpu
