// ONNX: any file is a network with its products, or a CaseError. Shapes are inferred by libonnx, in a child process.
#include <sys/mman.h>
#include <unistd.h>

#include "benchmarks/networks/onnx/onnx_nodes.h"
#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  const int file = memfd_create("fuzz.onnx", MFD_CLOEXEC);
  expect(file >= 0 && write(file, bytes, size) == static_cast<ssize_t>(size), "a file in memory can be written");
  try {
    const auto graph = networks::read_onnx("/proc/self/fd/" + std::to_string(file), {});
    for (const bool training : {false, true}) {
      const NetworkRecord network = networks::network_of(graph, training);
      for (const auto& node : network.nodes) {
        for (const auto& work : node.work) expect(work.flops >= 0 && work.bytes >= 0, "work is not negative");
      }
    }
  } catch (const CaseError&) {
  }
  close(file);
  return 0;
}
