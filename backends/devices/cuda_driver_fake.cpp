// A fake libcuda.so.1 on a machine without a GPU. FAKE_CUDA_DRIVER is the CUDA version that it reports (11040 is 11.4).
#include <cstdlib>
#include <cstring>

#define DRIVER_FAKE extern "C" __attribute__((visibility("default")))

namespace {

constexpr int kSuccess = 0;
constexpr int kNoDevice = 100;
constexpr int kNotSupported = 801;

int unsupported() { return kNotSupported; }

}  // namespace

DRIVER_FAKE int cuInit(unsigned) { return kNoDevice; }

DRIVER_FAKE int cuDriverGetVersion(int* version) {
  const char* wish = std::getenv("FAKE_CUDA_DRIVER");
  *version = wish != nullptr ? std::atoi(wish) : 0;
  return kSuccess;
}

// The runtime looks up every function by name and calls few of them before cuInit().
DRIVER_FAKE int cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long, int* status) {
  if (std::strcmp(name, "cuInit") == 0) {
    *function = reinterpret_cast<void*>(&cuInit);
  } else if (std::strcmp(name, "cuDriverGetVersion") == 0) {
    *function = reinterpret_cast<void*>(&cuDriverGetVersion);
  } else if (std::strcmp(name, "cuGetProcAddress") == 0) {
    *function = reinterpret_cast<void*>(&cuGetProcAddress_v2);
  } else {
    *function = reinterpret_cast<void*>(&unsupported);
  }
  if (status != nullptr) *status = 0;
  return kSuccess;
}
DRIVER_FAKE int cuGetProcAddress(const char* name, void** function, int version, unsigned long long flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
DRIVER_FAKE int cuGetExportTable(const void** table, const void*) {
  *table = nullptr;
  return kNotSupported;
}
