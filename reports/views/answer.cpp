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

bool ran_on_gpu(const ResultFile& file) {
  return std::ranges::any_of(file.backends, [](const BackendRecord& backend) { return backend.on_accelerator(); });
}

// A measured file, and the words before a sentence about it.
struct Source {
  const ResultFile& file;
  std::string prefix;
};

// The fastest case of a workload, by FLOP/s, or by bytes per second where no FLOPs are counted.
struct BestCase {
  const Source* source = nullptr;
  const CaseRecord* record = nullptr;
  std::optional<Estimate> rate;
  std::string_view unit;
};

BestCase best_case(const std::vector<Source>& sources, const std::string& workload) {
  BestCase best;
  for (const auto rate_of : {gflops, gigabytes_per_second}) {
    for (const auto& source : sources) {
      for (const auto& record : source.file.cases) {
        if (record.workload != workload || record.status != Status::ok) continue;
        if (source.file.ran_on_cpu_opencl(record)) continue;
        const auto rate = rate_of(record);
        if (!rate || (best.rate && rate->value <= best.rate->value)) continue;
        best = {&source, &record, rate, rate_of == gflops ? "GFLOP/s" : "GB/s"};
      }
    }
    if (best.record) break;
  }
  return best;
}

// Without a GPU: the best CPU result of each workload, which a GPU would have to beat.
Answer without_gpu(const std::vector<Source>& sources, const std::vector<std::string>& workloads) {
  Answer result;
  for (const auto& workload : workloads) {
    const auto [source, fastest, rate, unit] = best_case(sources, workload);
    if (!fastest) continue;
    double slowest = 0;
    for (const auto& record : source->file.cases) {
      const auto other = unit == "GB/s" ? gigabytes_per_second(record) : gflops(record);
      if (!other || record.status != Status::ok || problem_key(record) != problem_key(*fastest)) continue;
      if (source->file.ran_on_cpu_opencl(record)) continue;
      if (other->relative_half_width().value_or(0) > kUnusable) continue;
      slowest = slowest == 0 ? other->value : std::min(slowest, other->value);
    }
    std::string text =
        fmt::format("{}{}: {} reaches {} {} at {}", source->prefix, workload, contender_name(source->file, *fastest),
                    format_number(rate->value), unit, fastest->problem);
    const double gain = slowest == 0 ? 0 : rate->value / slowest;
    if (gain > 1) text += fmt::format(", {}× the slowest backend there", format_number(gain));
    result.details.push_back(text + ".");
  }
  const bool has_gpu = std::ranges::any_of(sources, [](const Source& source) { return ran_on_gpu(source.file); });
  result.headline = has_gpu
                        ? "Not answered: no problem was solved both by the GPU and by a CPU backend."
                        : "Not answered: no GPU was measured; the CPU results below are what a GPU would have to beat.";
  return result;
}

// Projections come first: they answer the question, and what was measured says what they are compared with.
Answer projected(Answer measured, const std::vector<Source>& sources, std::span<const CatalogueDevice> cards) {
  const Catalogue catalogue = Catalogue::standard();
  std::vector<std::string> sentences;
  std::size_t projected_cards = 0;
  for (const auto& card : cards) {
    const auto before = sentences.size();
    for (const auto& source : sources) {
      if (was_measured(source.file, card)) continue;
      if (const auto sentence = projected_answer(source.file, card, catalogue); !sentence.empty()) {
        sentences.push_back(source.prefix + sentence);
      }
    }
    if (sentences.size() > before) ++projected_cards;
  }
  if (sentences.empty()) return measured;
  Answer result;
  result.headline =
      fmt::format("No GPU was measured; projected for {}, each with a 90% band of how far the model is off.",
                  count_of(projected_cards, "card"));
  result.details = std::move(sentences);
  result.details.insert(result.details.end(), measured.details.begin(), measured.details.end());
  return result;
}

}  // namespace

Answer answer(const std::vector<ResultFile>& files, const PriceList& prices, std::span<const CatalogueDevice> cards) {
  const auto names = file_names(files);
  std::vector<Source> sources;
  for (std::size_t f = 0; f < files.size(); ++f) {
    if (!files[f].imported) sources.push_back({files[f], files.size() > 1 ? names[f] + ": " : std::string()});
  }
  if (sources.empty()) {
    if (files.size() == 1) return {"Not answered: the figures are " + describe_import(files.front()) + ".", {}};
    return {"Not answered: published figures of others answer nothing about this machine.", {}};
  }
  std::vector<std::vector<Contest>> contests_of;
  std::vector<const Contest*> all_mains;
  for (const auto& source : sources) contests_of.push_back(contests(source.file, prices));
  for (const auto& all : contests_of) {
    for (const auto* main : main_contests(all)) all_mains.push_back(main);
  }
  if (all_mains.empty()) return projected(without_gpu(sources, workloads_of(files)), sources, cards);
  Answer result{headline(all_mains), {}};
  for (std::size_t s = 0; s < sources.size(); ++s) {
    for (const auto* main : main_contests(contests_of[s])) {
      result.details.push_back(sources[s].prefix + sentence(contests_of[s], *main));
    }
  }
  return result;
}

Answer answer(const ResultFile& file, const PriceList& prices, std::span<const CatalogueDevice> cards) {
  return answer(std::vector{file}, prices, cards);
}

}  // namespace whygpu
