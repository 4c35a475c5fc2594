#include "benchmarks/runner/ceilings/run_ceilings.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "benchmarks/runner/ceilings/ceilings.h"

namespace whygpu {
namespace {

constexpr double kShareOfRun = 0.03;
constexpr int kMostAtFirst = 2, kMostAgain = 5;

double clock_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::vector<std::string> dtypes_with_ceilings(const std::vector<Case>& cases) {
  std::vector<std::string> dtypes;
  for (const auto& dtype : ceiling_dtypes()) {
    const auto is_dtype = [&](const auto& value) { return value.second == dtype; };
    if (std::ranges::any_of(cases, [&](const Case& c) { return std::ranges::any_of(c.values, is_dtype); })) {
      dtypes.push_back(dtype);
    }
  }
  // The processor widens dtypes without instructions of their own to f32.
  const auto has = [&](const char* dtype) { return std::ranges::find(dtypes, dtype) != dtypes.end(); };
  if ((has("f16") || has("bf16")) && !has("f32")) dtypes.emplace_back("f32");
  return dtypes;
}

}  // namespace

RunCeilings::RunCeilings(const std::vector<Case>& cases, const RunSettings& settings)
    : visits_(visits_to_this_machine(dtypes_with_ceilings(cases), settings.threads, settings.device)),
      began_(clock_seconds()) {}

void RunCeilings::take(std::vector<CeilingRecord> ceilings) {
  for (auto& ceiling : ceilings) ceiling.undisturbed = ceiling.undisturbed.value_or(1);
  visits_.add({std::move(ceilings), {}});
}

void RunCeilings::before_rounds() {
  const int visits = visits_.measure(1, kMostAtFirst);
  seconds_per_visit_ = visits_.seconds() / visits;
  visits_.sustain("cuda");
  began_ = clock_seconds();
  spent_before_ = visits_.seconds();
}

void RunCeilings::between_rounds() {
  if (visits_.seconds() - spent_before_ < kShareOfRun * (clock_seconds() - began_)) visits_.visit("peak");
}

void RunCeilings::after_rounds(const std::function<bool(const std::vector<CeilingRecord>&)>& some_case_is_above) {
  visits_.visit();
  for (int count = 0; count < kMostAgain && some_case_is_above(best()); ++count) visits_.visit();
}

}  // namespace whygpu
