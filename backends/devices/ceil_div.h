// Division rounded up, for host code of every backend.
#pragma once

#include <cstdint>

namespace whygpu {

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace whygpu
