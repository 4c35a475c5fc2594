// What the tests of tables share.
#pragma once

#include <string>
#include <vector>

#include "reports/results/synthetic_file.h"
#include "reports/views/table.h"

namespace whygpu {

inline std::string table(const std::vector<ResultFile>& files, const std::string& format = "terminal",
                         const std::string& view = "speed", const std::string& baseline = "") {
  TableOptions options;
  options.format = format;
  options.view = view;
  options.baseline = baseline;
  return render_table(files, options);
}

inline SyntheticFile three_backends() {
  SyntheticFile file;
  file.backend("naive").backend("openblas").backend("cuda", "cuda", "Synthetic GPU");
  file.ok(square_gemm(512), "naive", seven_rounds(100), 200);
  file.ok(square_gemm(512), "openblas", seven_rounds(10, 0.02), 200);
  file.ok(square_gemm(512), "cuda", {4, 5}, 200)["settled"] = false;
  file.ok(square_gemm(256), "naive", {50}, 200);
  file.not_ok(square_gemm(256), "openblas", "incorrect", "C[0,1] is 3, 2 expected");
  file.not_ok(square_gemm(256), "cuda", "failed", "out of memory");
  return file;
}

// Two sizes on a CPU and a GPU, with a meter and both ways of offloading.
inline SyntheticFile cpu_and_gpu() {
  SyntheticFile file;
  file.backend("naive").backend("cuda", "cuda", "Synthetic GPU");
  for (int size : {64, 128, 256}) {
    file.ok(square_gemm(size), "naive", seven_rounds(100), 200);
    file.ok(square_gemm(size) + " offload=kernel", "cuda", seven_rounds(10), 200);
    file.ok(square_gemm(size) + " offload=always", "cuda", seven_rounds(400), 200);
  }
  for (auto& record : file.whygpu()["cases"]) {
    for (auto& round : record["rounds"]) round["details"] = {{"energy_joules_per_op", 1e-7}};
  }
  return file;
}

}  // namespace whygpu
