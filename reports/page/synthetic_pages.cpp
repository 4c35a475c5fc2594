#include "reports/page/synthetic_pages.h"

namespace whygpu {
namespace {

const std::string kThin = "gemm m=1024 n=16 k=1024 dtype=f32";

void add_details(nlohmann::json& record, const nlohmann::json& details) {
  for (auto& round : record["rounds"]) round["details"].update(details);
}

// Samples in two groups: every third takes half as long again.
void make_bimodal(nlohmann::json& record) {
  int number = 0;
  for (auto& round : record["rounds"]) {
    const double ns = round["samples_ns"][0];
    auto& samples = round["samples_ns"] = nlohmann::json::array();
    for (int i = 0; i < 24; ++i, ++number)
      samples.push_back(ns * (1 + 0.002 * (number % 7)) * (number % 3 == 0 ? 1.5 : 1));
  }
}

nlohmann::json ceiling(const std::string& device, const std::string& kind, const std::string& what, double value,
                       const std::string& how) {
  return {{"device", device}, {"kind", kind}, {kind == "flops" ? "dtype" : "level", what},
          {"value", value},   {"how", how},   {"unit", kind == "flops" ? "FLOP/s" : "B/s"}};
}

}  // namespace

SyntheticFile cpu_only_file() {
  SyntheticFile file("synthetic-cpu-box");
  file.backend("naive").backend("openblas").backend("onednn");
  for (const char* dtype : {"f32", "bf16"}) {
    for (int size = 64; size <= 2048; size *= 2) {
      const double flops = gemm_flops(size), filled = size / (size + 200.0);
      file.ok(square_gemm(size, dtype), "naive", seven_rounds(flops / 2, 0.003), flops);
      if (*dtype == 'f') {
        file.ok(square_gemm(size, dtype), "openblas", seven_rounds(flops / 170 / filled, 0.08), flops)["settled"] =
            size != 512;
      } else {
        file.not_ok(square_gemm(size, dtype), "openblas", "unsupported", "this OpenBLAS has no bf16 product");
      }
      file.ok(square_gemm(size, dtype), "onednn", seven_rounds(flops / 210 / filled, 0.02), flops);
    }
  }
  const double thin_flops = 2.0 * 1024 * 1024 * 16;
  file.ok(kThin, "naive", seven_rounds(thin_flops / 2), thin_flops);
  make_bimodal(file.ok(kThin, "openblas", seven_rounds(2e5), thin_flops));
  file.ok(kThin, "onednn", seven_rounds(1.5e5), thin_flops);
  file.whygpu()["findings"] = {{{"severity", "serious"},
                                {"what", "OPENBLAS_CORETYPE=Haswell pins OpenBLAS to an older core"},
                                {"do", "unset OPENBLAS_CORETYPE"}}};
  return file;
}

SyntheticFile cpu_and_gpu_file() {
  SyntheticFile file("synthetic-gpu-box");
  file.backend("naive").backend("onednn").backend("cuda", "cuda", "Synthetic GPU");
  for (const char* dtype : {"f32", "bf16"}) {
    for (int size = 64; size <= 4096; size *= 2) {
      const double flops = gemm_flops(size), bytes = 12.0 * size * size;
      const double cpu_ns = flops / 210 * (size + 200) / size, gpu_ns = 15000 + flops / 6000;
      const auto problem = square_gemm(size, dtype);
      file.ok(problem, "naive", seven_rounds(flops / 2, 0.003), flops, bytes);
      add_details(file.ok(problem, "onednn", seven_rounds(cpu_ns, 0.02), flops, bytes),
                  {{"energy_joules_per_op", cpu_ns * 60e-9}});
      if (size == 4096) {
        file.not_ok(problem + " offload=kernel", "cuda", "failed", "out of device memory: 99 GB needed, 16 GB there");
        continue;
      }
      add_details(file.ok(problem + " offload=kernel", "cuda", seven_rounds(gpu_ns, 0.02), flops, bytes),
                  {{"energy_joules_per_op", gpu_ns * 300e-9}, {"synchronised_ns", gpu_ns + 6000}});
      file.ok(problem + " offload=always", "cuda", seven_rounds(gpu_ns + 20000 + bytes / 20, 0.03), flops, bytes);
    }
  }
  const double thin_flops = 2.0 * 1024 * 1024 * 16, thin_bytes = 4.0 * (1024 * 1024 + 2 * 1024 * 16);
  file.ok(kThin, "naive", seven_rounds(thin_flops / 2), thin_flops, thin_bytes);
  file.ok(kThin, "onednn", seven_rounds(3e5), thin_flops, thin_bytes);
  file.ok(kThin + " offload=kernel", "cuda", seven_rounds(2e4), thin_flops, thin_bytes);
  file.ok(kThin + " offload=always", "cuda", seven_rounds(4e5), thin_flops, thin_bytes);
  for (int batch : {1, 16, 128}) {
    for (const char* backend : {"onednn", "cuda"}) {
      const double ns = batch * (*backend == 'c' ? 1e5 : 1e6);
      add_details(
          file.ok("training_step model=mlp batch=" + std::to_string(batch), backend, seven_rounds(ns), 1e8 * batch),
          {{"forward_ns", ns * 0.3},
           {"backward_ns", ns * 0.6},
           {"update_ns", ns * 0.1},
           {"samples", batch},
           {"parameters", 5e6}});
    }
  }
  for (double bytes = 16e3; bytes < 1e9; bytes *= 4) {
    file.ok("memory op=triad bytes=" + std::to_string(static_cast<long>(bytes)), "naive",
            seven_rounds(bytes / (bytes < 1e6   ? 200
                                  : bytes < 3e7 ? 60
                                                : 20)),
            0, bytes);
  }
  file.whygpu()["ceilings"] = {ceiling("Synthetic cpu", "flops", "bf16", 520e9, "dot products, 8 threads"),
                               ceiling("Synthetic cpu", "flops", "f32", 260e9, "FMA chains, 8 threads"),
                               ceiling("Synthetic cpu", "bandwidth", "memory", 20e9, "triad, 8 threads")};
  return file;
}

SyntheticFile memory_file() {
  SyntheticFile file("synthetic-cpu-box");
  file.backend("naive").backend("openblas");
  const auto add = [&](const std::string& problem, double set_bytes, double moved) {
    for (const char* backend : {"naive", "openblas"}) {
      const double rate = set_bytes < 3e5 ? 900 : set_bytes < 4e6 ? 400 : set_bytes < 6e7 ? 150 : 45;
      const double flops = problem.find("triad") == std::string::npos ? 0 : moved / 12;
      file.ok(problem, backend, seven_rounds(moved / rate * (*backend == 'n' ? 1 : 1.2)), flops, moved)["set_bytes"] =
          set_bytes;
    }
  };
  for (const char* kernel : {"copy", "triad"}) {
    for (int passes = 4096; passes >= 1; passes /= 8) {
      const int bytes = 134'217'728 / passes;
      add("memory kernel=" + std::string(kernel) + " bytes=" + std::to_string(bytes) +
              " passes=" + std::to_string(passes),
          bytes, 134'217'728);
    }
  }
  const auto cache = [](const char* type, int level, int bytes, int sharing) {
    return nlohmann::json{{"type", type}, {"level", level}, {"size", bytes}, {"num_sharing", sharing}};
  };
  file.whygpu()["environment"]["caches"] = {cache("Data", 1, 48 << 10, 1), cache("Instruction", 1, 32 << 10, 1),
                                            cache("Unified", 2, 1 << 20, 1), cache("Unified", 3, 32 << 20, 8)};
  file.whygpu()["ceilings"] = {ceiling("Synthetic cpu", "flops", "f32", 300e9, "FMA chains, 8 threads"),
                               ceiling("Synthetic cpu", "bandwidth", "L1", 1000e9, "triad, 8 threads"),
                               ceiling("Synthetic cpu", "bandwidth", "L2", 450e9, "sum, 8 threads"),
                               ceiling("Synthetic cpu", "bandwidth", "L3", 160e9, "triad, 8 threads"),
                               ceiling("Synthetic cpu", "bandwidth", "memory", 50e9, "triad, 8 threads")};
  return file;
}

SyntheticFile failures_file() {
  SyntheticFile file("synthetic-broken-box");
  file.backend("naive").backend("cuda", "cuda", "Synthetic GPU");
  file.whygpu()["complete"] = false;
  for (int size = 64; size <= 4096; size *= 2) {
    file.not_ok(square_gemm(size), "naive", "failed", "signal 11 (Segmentation fault)");
    file.not_ok(square_gemm(size), "cuda", size < 512 ? "incorrect" : "unsupported",
                size < 512 ? "C[" + std::to_string(size) + ",0] is nan, 0.25 expected"
                           : "the driver is older than the library");
  }
  return file;
}

SyntheticFile hostile_file() {
  const std::string hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`\033[31m";
  SyntheticFile file(hostile);
  file.backend(hostile, "cuda", hostile).backend("naive");
  file.whygpu()["environment"]["cpu"]["model"] = hostile;
  file.whygpu()["environment"]["variables"][hostile] = hostile;
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", seven_rounds(100), 1000)["implementation"] = hostile;
    file.ok(square_gemm(size), hostile, seven_rounds(50), 1000)["implementation"] = hostile;
  }
  file.not_ok(square_gemm(512), "naive", "failed", hostile);
  return file;
}

SyntheticFile large_file() {
  SyntheticFile file("synthetic-large-sweep");
  file.backend("naive").backend("openblas").backend("onednn").backend("cuda", "cuda", "Synthetic GPU");
  for (int m = 1; m <= 10; ++m) {
    for (int n = 1; n <= 10; ++n) {
      for (int k = 1; k <= 5; ++k) {
        const auto problem = "gemm m=" + std::to_string(64 * m) + " n=" + std::to_string(64 * n) +
                             " k=" + std::to_string(256 * k) + " dtype=f32";
        const double flops = 2.0 * 64 * m * 64 * n * 256 * k;
        double rate = 2;
        for (const char* backend : {"naive", "openblas", "onednn", "cuda"}) {
          file.ok(problem, backend, seven_rounds(3000 + flops / rate), flops, 4096.0 * (m * n + 4 * k * (m + n)));
          rate *= 9;
        }
      }
    }
  }
  return file;
}

}  // namespace whygpu
