// Models: any text is a network, with a graph in float32, or a CaseError.
#include "benchmarks/networks/model.h"

#include "benchmarks/cases/case.h"
#include "benchmarks/networks/network_graph.h"
#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  try {
    const networks::Model model("fuzz", text_of(bytes, size));
    networks::training_graph(model.network(model.sizes()), DType::f32);
    networks::inference_graph(model.network(model.check_sizes()), DType::f32);
  } catch (const CaseError&) {
  }
  return 0;
}
