// The operations of the host backend, one file each.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backends/devices/thread_team.h"
#include "whygpu/probes.h"

namespace whygpu::host {

// STREAM on all threads, with ordinary or non-temporal stores. The default is non-temporal for data that would not stay
// in the caches: vectors of more than `cache_bytes` together, and one pass only.
std::vector<std::string> variants(const Stream& stream, std::size_t cache_bytes);
Support supports(const Stream& stream, std::string_view variant);
std::unique_ptr<Operation> prepare(const Stream& stream, std::string_view variant, std::size_t cache_bytes,
                                   ThreadTeam& team);

// Arithmetic in registers on all threads. Variants are instruction sets.
std::vector<std::string> variants(const Peak& peak);
Support supports(const Peak& peak, std::string_view variant);
std::unique_ptr<Operation> prepare(const Peak& peak, std::string_view variant, ThreadTeam& team);

std::unique_ptr<Operation> prepare(const CycleChain& clock, ThreadTeam& team);
std::unique_ptr<Operation> prepare(const Launch& launch, ThreadTeam& team);

}  // namespace whygpu::host
