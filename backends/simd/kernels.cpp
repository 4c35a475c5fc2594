#include "backends/simd/kernels.h"

#include <algorithm>

#include "backends/simd/instruction_sets.h"

namespace whygpu::simd {

std::span<const Kernels* const> all_kernels() {
#if defined(__x86_64__)
  static constexpr const Kernels* kAll[] = {&kAvx512F64, &kAvx2F64,         &kAvx512F32,  &kAvx2F32,
                                            &kAmxBf16,   &kAvx512Bf16Pairs, &kAvx512Bf16, &kAvx2Bf16,
                                            &kAmxS8,     &kAvx512S8Quads,   &kAvx512S8,   &kAvx2S8};
#elif defined(__aarch64__)
  static constexpr const Kernels* kAll[] = {&kNeonF64, &kNeonF32, &kNeonBf16Pairs, &kNeonBf16, &kNeonS8Quads, &kNeonS8};
#else
  static constexpr std::span<const Kernels* const> kAll;
#endif
  return kAll;
}

const Kernels* find_kernels(DType dtype, std::string_view isa) {
  const auto all = all_kernels();
  const auto found = std::ranges::find_if(all, [&](const Kernels* k) {
    return k->dtype == dtype && (isa.empty() || k->isa == isa) && k->available(whygpu::isa());
  });
  return found == all.end() ? nullptr : *found;
}

std::vector<std::string_view> instruction_sets(DType dtype) {
  std::vector<std::string_view> names;
  for (const Kernels* kernels : all_kernels()) {
    if (kernels->dtype == dtype && kernels->available(whygpu::isa())) names.push_back(kernels->isa);
  }
  return names;
}

std::string missing_kernels(DType dtype, std::string_view isa) {
  const std::string name(dtype_name(dtype));
  std::string others;
  bool exists = false;
  for (const Kernels* kernels : all_kernels()) {
    if (kernels->dtype != dtype) continue;
    exists = exists || isa.empty() || kernels->isa == isa;
    others += (others.empty() ? "" : ", ") + std::string(kernels->isa);
  }
  if (others.empty()) return "the simd backend has no " + name + " kernels";
  if (!exists)
    return "there is no variant \"" + std::string(isa) + "\" for " + name + "; instruction sets are " + others;
  return "this processor has no " +
         (isa.empty() ? "instruction set of the " + name + " kernels: " + others : std::string(isa));
}

}  // namespace whygpu::simd
