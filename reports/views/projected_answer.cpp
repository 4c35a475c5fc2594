// The answer for a card that nobody here has.
#include <fmt/format.h>

#include <algorithm>

#include "reports/render/text.h"
#include "reports/views/projected.h"

namespace whygpu {
namespace {

// The contest to speak of: that of most sizes, f32 before others.
const Contest* main_of(const std::vector<Contest>& contests, std::string_view workload) {
  const Contest* main = nullptr;
  const auto rank = [](const Contest& contest) {
    return std::pair(contest.points.size(), contest.family.dtype == "f32" && contest.family.settings.empty());
  };
  for (const auto& contest : contests) {
    if (contest.family.workload != workload) continue;
    if (!main || rank(contest) > rank(*main)) main = &contest;
  }
  return main;
}

const Contest* same_family(const std::vector<Contest>& contests, const Contest& like) {
  const auto found = std::ranges::find_if(contests, [&](const Contest& contest) {
    const Family &a = contest.family, &b = like.family;
    return a.workload == b.workload && a.dtype == b.dtype && a.settings == b.settings && a.size_name == b.size_name &&
           a.fixed == b.fixed;
  });
  return found == contests.end() ? nullptr : &*found;
}

std::string times(const Estimate& factor) {
  return fmt::format("{}× [{} to {}]", format_number(factor.value), format_number(factor.low()),
                     format_number(factor.high()));
}

// "from m=n=k = 512 on, 12× [8.1 to 17] at 2048".
std::string projected_verdict(const Contest& contest) {
  const auto& last = contest.points.back();
  const auto& crossover = contest.crossover;
  const std::string at =
      fmt::format("{} at {} = {}", times(last.factor), contest.family.size_name, format_size(last.size));
  switch (crossover.kind) {
    case CrossoverKind::always:
      return fmt::format("at every size from {} on, {}", format_size(contest.points.front().size), at);
    case CrossoverKind::between: return fmt::format("from {} on, {}", format_size(*crossover.from), at);
    case CrossoverKind::never:
      return fmt::format("at no size up to {} ({}): a CPU is enough", format_size(last.size), at);
    default:
      return fmt::format("not surely at any size up to {} ({}): a CPU may be enough", format_size(last.size), at);
  }
}

std::string_view plural(std::string_view workload) {
  return workload == kConvolution ? "convolutions" : "matrix products";
}

// The factor at the largest size, over a ratio of two nominal values.
std::string over(const Estimate& factor, const std::optional<double>& of_card, const std::optional<double>& of_cpu,
                 std::string_view words) {
  if (!of_card || !of_cpu) return {};
  return fmt::format(", {} {}×", words, format_number(factor.value * *of_cpu / *of_card));
}

}  // namespace

std::string projected_answer(const ResultFile& file, const CatalogueDevice& card, const Catalogue& catalogue) {
  const auto resident = projected_contests(file, card, Offload::kernel);
  const auto moved = projected_contests(file, card, Offload::always);
  std::string text, unknown_cpu;
  for (const std::string_view workload : {std::string_view("gemm"), kConvolution}) {
    const Contest* main = main_of(resident, workload);
    if (!main) continue;
    const Estimate& factor = main->points.back().factor;
    text += fmt::format("{}{}{} faster {}", text.empty() ? "" : "; ",
                        main->family.dtype.empty() ? "" : main->family.dtype + " ", plural(workload),
                        projected_verdict(*main));
    if (const Contest* travelling = same_family(moved, *main)) {
      text += fmt::format("; with the data moved each time {}", projected_verdict(*travelling));
    }
    const auto* cpu_backend = file.backend(main->points.back().best_cpu);
    const auto* cpu = cpu_backend && cpu_backend->device ? catalogue.find(cpu_backend->device->name) : nullptr;
    if (!cpu && cpu_backend && cpu_backend->device) unknown_cpu = cpu_backend->device->name;
    if (cpu) {
      text += over(factor, card.power_watts, cpu->power_watts, "per watt at both limits");
      std::optional<double> both;  // the card needs a computer
      if (card.launch_price_usd && cpu->launch_price_usd) both = *card.launch_price_usd + *cpu->launch_price_usd;
      text += over(factor, both, cpu->launch_price_usd, "per dollar of CPU and card");
    }
  }
  if (text.empty()) return {};
  if (!unknown_cpu.empty()) {
    text += fmt::format("; per watt and per dollar are not said: the catalogue has no {}", unknown_cpu);
  }
  std::string head = card.name;
  std::vector<std::string> facts{"projected"};
  if (card.launch_price_usd) facts.push_back(fmt::format("${}", format_number(*card.launch_price_usd)));
  if (card.power_watts) facts.push_back(fmt::format("{} W", format_number(*card.power_watts)));
  return fmt::format("{} ({}): {}.", head, join(facts, ", "), text);
}

}  // namespace whygpu
