#include "backends/host/stream_kernels.h"

namespace whygpu::host {
namespace {

namespace portable {
constexpr std::string_view kIsa = "16-byte vectors";
constexpr int kWidth = 16;
#define WHYGPU_TARGET
#define WHYGPU_HAS_NONTEMPORAL false
#define WHYGPU_NONTEMPORAL_STORE(pointer, value) *reinterpret_cast<Vector*>(pointer) = value
#include "backends/host/stream_loops.inc"
}  // namespace portable

}  // namespace

template <class T>
const StreamLoops<T>& stream_loops() {
  static const StreamLoops<T> chosen = native_stream_loops<T>().value_or(portable::loops<T>());
  return chosen;
}
template const StreamLoops<float>& stream_loops();
template const StreamLoops<double>& stream_loops();

}  // namespace whygpu::host
