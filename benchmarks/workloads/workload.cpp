#include "benchmarks/workloads/workload.h"

#include <fmt/format.h>

#include "benchmarks/cases/nearest.h"

namespace whygpu {

DType parse_dtype(std::string_view name) {
  for (const DType dtype :
       {DType::f64, DType::f32, DType::tf32, DType::f16, DType::bf16, DType::f8e4m3, DType::s8, DType::s32}) {
    if (dtype_name(dtype) == name) return dtype;
  }
  throw CaseError(fmt::format("unknown dtype {}", name));
}

const Workload& find_workload(std::string_view name) {
  std::vector<std::string> names;
  for (const Workload* workload : workloads()) {
    if (workload->name() == name) return *workload;
    names.emplace_back(workload->name());
  }
  throw CaseError(fmt::format("no workload \"{}\"; {}", name, suggest(name, names)));
}

}  // namespace whygpu
