#include "reports/page/synthetic_pages.h"

namespace whygpu {
namespace {

void add_details(nlohmann::json& record, const nlohmann::json& details) {
  for (auto& round : record["rounds"]) round["details"].update(details);
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
  file.whygpu()["ceilings"] = {{{"device", "Synthetic cpu"},
                                {"kind", "flops"},
                                {"dtype", "f32"},
                                {"value", 260e9},
                                {"unit", "FLOP/s"},
                                {"how", "FMA chains"}},
                               {{"device", "Synthetic cpu"},
                                {"kind", "bandwidth"},
                                {"level", "memory"},
                                {"value", 20e9},
                                {"unit", "B/s"},
                                {"how", "triad"}}};
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
