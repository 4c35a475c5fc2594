// Formats that are column-major, or may be: products with three different extents, whose transposes show an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/import/import_samples.h"

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> cases_of(const ResultFile& file) {
  std::vector<std::string> cases;
  for (const auto& record : file.cases) cases.push_back(record.text);
  return cases;
}

std::vector<std::string> reasons_of(const ImportedDevice& device) {
  std::vector<std::string> reasons;
  for (const auto& [reason, rows, example] : device.left_out) reasons.push_back(std::to_string(rows) + " " + reason);
  return reasons;
}

constexpr const char* kDeepBenchGemm = "device,precision,m,n,k,a_transposed,b_transposed,ms\n";

// Column-major C (3×5) = A (3×7) · Bᵀ, B stored 5×7. In row-major order: Cᵀ (5×3) = B · Aᵀ. In memory B lies as a
// row-major 7×5 matrix, so that the first operand is transposed; A lies as a row-major 7×3 one, which is Aᵀ as it is.
TEST(DeepBench, ColumnMajorProducts) {
  const auto device = imported_device(std::string(kDeepBenchGemm) +
                                          "NV_X,f32,3,5,7,N,N,0.5\n"
                                          "NV_X,f32,3,5,7,N,T,1\n"
                                          "NV_X,f32,3,5,7,T,N,2\n"
                                          "NV_X,f16_f32,3,5,7,T,T,4\n",
                                      import_options());
  EXPECT_THAT(cases_of(device.file),
              ElementsAre("gemm m=5 n=3 k=7 backend=published", "gemm m=5 n=3 k=7 trans=tn backend=published",
                          "gemm m=5 n=3 k=7 trans=nt backend=published",
                          "gemm m=5 n=3 k=7 trans=tt dtype=f16 backend=published"));
  EXPECT_EQ(device.file.cases[0].flops, 2 * 3 * 5 * 7);
  EXPECT_EQ(device.file.cases[0].bytes, 4 * (3 * 5 + 5 * 7 + 7 * 3));
  EXPECT_EQ(device.file.cases[3].bytes, 2 * (5 * 7 + 7 * 3) + 4 * 3 * 5);
  EXPECT_EQ(only_sample(device.file.cases[1]), 1e6);
  EXPECT_EQ(device.file.backends.at(0).device->kind, RecordedDevice::cuda);
}

TEST(DeepBench, OneFilePerDevice) {
  std::string text = kDeepBenchGemm;
  for (int number = 1; number <= 8; ++number) text += "NV_X" + std::to_string(number) + ",f32,2,3,4,N,N,0.25\n";
  auto options = import_options();
  const auto all = import_published(text, "folder/deep bench.csv", options);
  EXPECT_EQ(all.format, ImportFormat::deepbench);
  ASSERT_THAT(all.devices, SizeIs(8));
  EXPECT_EQ(all.devices[7].file.name, "deep_bench-NV_X8");
  EXPECT_EQ(all.devices[7].file.imported->file, "deep bench.csv");
  options.device = "NV_X3";
  EXPECT_EQ(imported_device(text, options).device, "NV_X3");
  options.device = "NV_X9";
  EXPECT_THAT(import_error(text, options), HasSubstr("no device \"NV_X9\"; did you mean \"NV_X1\"? accepted: NV_X1, "));
}

TEST(DeepBench, Convolution) {
  const auto device = imported_device(
      "device,precision,w,h,c,n,k,s,r,pad_w,pad_h,stride_w,stride_h,forward_ms,backward_data_ms,backward_weights_ms,"
      "forward_algorithm\n"
      "AMD_X,f32,20,10,3,2,4,5,3,2,1,2,1,0.5,,0,WINOGRAD\n"
      "AMD_X,f16,20,10,3,2,4,5,3,2,1,2,1,0.5,1,1,WINOGRAD\n",
      import_options());
  EXPECT_THAT(cases_of(device.file),
              ElementsAre("convolution n=2 c=3 h=10 w=20 k=4 r=3 s=5 stride_w=2 pad_h=1 pad_w=2 backend=published"));
  const auto& record = device.file.cases[0];
  EXPECT_EQ(record.flops, 2.0 * 2 * 4 * (10 * 10) * 3 * 3 * 5) << "10 rows and 10 columns of outputs";
  EXPECT_EQ(record.implementation, "WINOGRAD");
  EXPECT_THAT(reasons_of(device),
              ElementsAre("2 no time above 0", "1 pseudo f16: stored in 16 bits, not calculated in them"));
  EXPECT_EQ(device.file.backends.at(0).device->kind, RecordedDevice::other);
}

TEST(DeepBench, ValuesThatAreNoTimes) {
  std::string text = kDeepBenchGemm;
  for (const char* ms : {"-1", "0", "nan", "inf", "1e400", "", "1 ms", "0.5"}) {
    text += std::string("NV_X,f32,2,3,4,N,N,") + ms + "\n";
  }
  text += "NV_X,f32,0,3,4,N,N,1\nNV_X,f32,2,3,x,N,N,1\nNV_X,f32,2,3,4 batch=2,N,N,1\n";
  const auto device = imported_device(text, import_options());
  EXPECT_THAT(device.file.cases, SizeIs(1));
  EXPECT_THAT(reasons_of(device), ElementsAre("7 no time above 0", "3 no case of ours"));
  EXPECT_THAT(device.left_out[1].example, HasSubstr("line 10: n=0"));
}

TEST(DeepBench, MissingColumn) {
  EXPECT_EQ(import_error("device,precision,m,n,k,a_transposed,ms\nX,f32,1,1,1,N,1\n", import_options()),
            "theirs.txt:1: no column \"b_transposed\", which is needed");
}

constexpr const char* kCutlass =
    "Problem,Provider,OperationKind,Operation,Disposition,Status,gemm_kind,m,n,k,A,B,C,D,alpha,beta,split_k_mode,"
    "split_k_slices,batch_count,op_class,accum,Bytes,Flops,Flops/Byte,Runtime,GB/s,GFLOPs\n";

std::string cutlass_row(const std::string& kernel, const std::string& layouts, const std::string& ms,
                        const std::string& disposition = "passed", const std::string& accum = "f32",
                        const std::string& beta = "0") {
  return "1,CUTLASS,gemm," + kernel + "," + disposition + ",success,universal,3,5,7," + layouts + ",1," + beta +
         ",serial,1,1,tensorop," + accum + ",1,2,3," + ms + ",4,5\n";
}

TEST(Cutlass, Layouts) {
  const auto device = imported_device(kCutlass + cutlass_row("a", "f16:row,f16:column,f32:row,f32:row", "0.5") +
                                          cutlass_row("b", "f16:row,f16:column,f32:column,f32:column", "0.5") +
                                          cutlass_row("c", "f16:column,f16:column,void:column,f32:column", "0.5") +
                                          cutlass_row("d", "f16:column,f16:row,f32:row,f32:row", "0.5"),
                                      import_options("NVIDIA X"));
  // Result in rows: an operand in columns is transposed. Result in columns: its transpose is computed in rows.
  EXPECT_THAT(cases_of(device.file), ElementsAre("gemm m=3 n=5 k=7 trans=nt dtype=f16 backend=cutlass",
                                                 "gemm m=5 n=3 k=7 trans=nt dtype=f16 backend=cutlass",
                                                 "gemm m=5 n=3 k=7 dtype=f16 backend=cutlass",
                                                 "gemm m=3 n=5 k=7 trans=tn dtype=f16 backend=cutlass"));
  EXPECT_EQ(device.file.cases[0].flops, 2 * 3 * 5 * 7);
  EXPECT_EQ(device.file.cases[0].implementation, "a");
}

TEST(Cutlass, FastestCorrectKernel) {
  const std::string rows = "f32:row,f32:row,f32:row,f32:row";
  const auto device = imported_device("CSV Results:\n\n" + std::string(kCutlass) + cutlass_row("slow", rows, "0.5") +
                                          cutlass_row("fast", rows, "0.25") + cutlass_row("middle", rows, "0.375") +
                                          cutlass_row("wrong", rows, "0.125", "incorrect") +
                                          cutlass_row("crashed", rows, "0", "failed"),
                                      import_options("NVIDIA X"));
  ASSERT_THAT(device.file.cases, SizeIs(1));
  EXPECT_EQ(device.file.cases[0].implementation, "fast");
  EXPECT_EQ(only_sample(device.file.cases[0]), 0.25e6);
  EXPECT_THAT(reasons_of(device),
              ElementsAre("2 slower kernel of the same problem", "1 disposition incorrect", "1 disposition failed"));
}

TEST(Cutlass, OtherArithmetic) {
  const std::string f32 = "f32:row,f32:row,f32:row,f32:row", f16 = "f16:row,f16:row,f16:row,f16:row";
  const auto device = imported_device(
      kCutlass + cutlass_row("s1688tf32gemm_128", f32, "1") + cutlass_row("s1688bf16gemm_128", f32, "1") +
          cutlass_row("h16816gemm", f16, "1", "passed", "f16") + cutlass_row("sgemm", f32, "1", "passed", "f32", "1") +
          cutlass_row("cgemm", "cf32:row,cf32:row,cf32:row,cf32:row", "1"),
      import_options("NVIDIA X"));
  EXPECT_THAT(cases_of(device.file), ElementsAre("gemm m=3 n=5 k=7 dtype=tf32 backend=cutlass"));
  EXPECT_THAT(device.left_out, SizeIs(4));
  EXPECT_THAT(reasons_of(device), testing::Contains("1 f16 accumulated in f16, ours in f32"));
}

TEST(Cutlass, BetaThatIsNotZero) {
  const std::string rows = "f32:row,f32:row,f32:row,f32:row";
  const auto device = imported_device(kCutlass + cutlass_row("a", rows, "0.5", "passed", "f32", "0.0") +
                                          cutlass_row("b", rows, "0.1", "passed", "f32", "-1") +
                                          cutlass_row("c", rows, "0.1", "passed", "f32", " 1"),
                                      import_options("NVIDIA X"));
  EXPECT_EQ(only_sample(device.file.cases.at(0)), 0.5e6);
  EXPECT_THAT(reasons_of(device), ElementsAre("2 beta is not 0: C is read too"));
}

TEST(Cutlass, OtherProvidersAreNoKernelsOfCutlass) {
  const std::string rows = "f32:row,f32:row,f32:row,f32:row";
  std::string theirs = cutlass_row("cublas_gemm", rows, "0.1");
  theirs.replace(theirs.find("CUTLASS"), 7, "cuBLAS");
  const auto device = imported_device(kCutlass + cutlass_row("a", rows, "0.5") + theirs, import_options("NVIDIA X"));
  EXPECT_EQ(only_sample(device.file.cases.at(0)), 0.5e6);
  EXPECT_THAT(reasons_of(device), ElementsAre("1 provider cuBLAS, not CUTLASS"));
}

TEST(Cutlass, NeedsDevice) {
  EXPECT_EQ(import_error(kCutlass + cutlass_row("a", "f32:row,f32:row,f32:row,f32:row", "1"), import_options()),
            "theirs.txt: cutlass names no device; --device NAME is needed");
}

TEST(RocblasBench, ColumnMajorProducts) {
  const auto device = imported_device(
      "./rocblas-bench -f gemm -r f32_r --transposeA N --transposeB T -m 3 -n 5 -k 7\n"
      "transA,transB,M,N,K,alpha,lda,ldb,beta,ldc,rocblas-Gflops,us\n"
      "N,T,3,5,7,1,3,5,0,3,11941.5,11.5\n"
      "./rocblas-bench -f gemm_strided_batched_ex --a_type f16_r --compute_type f32_r -m 3\n"
      "transA,transB,M,N,K,alpha,lda,stride_a,beta,ldb,stride_b,ldc,stride_c,batch_count,rocblas-Gflops,us\n\n"
      " T,N, 3,5,7,1,3,1,0,5,1,3,1,6, 97.5, 12.5\n",
      import_options("AMD X"));
  EXPECT_THAT(cases_of(device.file), ElementsAre("gemm m=5 n=3 k=7 trans=tn backend=rocblas",
                                                 "gemm m=5 n=3 k=7 batch=6 trans=nt dtype=f16 backend=rocblas"));
  EXPECT_EQ(device.file.cases[1].flops, 2 * 3 * 5 * 7 * 6);
  EXPECT_EQ(only_sample(device.file.cases[0]), 11500);
}

TEST(RocblasBench, Precision) {
  const std::string values =
      "transA,transB,M,N,K,alpha,lda,ldb,beta,ldc,rocblas-Gflops,us\nN,N,3,5,7,1,3,5,0,3,1,2\n"
      "N,N,3,5,7,1,3,5,0,3,1,3\n";
  auto options = import_options("AMD X");
  EXPECT_THAT(import_error(values, options), HasSubstr("--dtype is needed"));
  options.dtype = "f64";
  const auto device = imported_device(values, options);
  EXPECT_THAT(cases_of(device.file), ElementsAre("gemm m=5 n=3 k=7 dtype=f64 backend=rocblas"));
  EXPECT_THAT(device.file.cases[0].rounds.at(0).samples_ns, ElementsAre(2000, 3000)) << "the same call again";
  EXPECT_THAT(import_error("rocblas-bench -f gemm -r f16_r\n" + values, options),
              HasSubstr("f16 computed in f16, ours in f32"));
}

TEST(RocblasBench, TwoTypesOrBeta) {
  const std::string header = "transA,transB,M,N,K,alpha,lda,ldb,beta,ldc,rocblas-Gflops,us\n";
  EXPECT_THAT(import_error("rocblas-bench -f gemm_ex --a_type f16_r --b_type f32_r --compute_type f32_r\n" + header +
                               "N,N,3,5,7,1,3,5,0,3,1,2\n",
                           import_options("AMD X")),
              HasSubstr("operands of two types"));
  EXPECT_THAT(import_error("rocblas-bench -r f32_r\n" + header + "N,N,3,5,7,1,3,5,-1,3,1,2\n", import_options("AMD X")),
              HasSubstr("beta is not 0"));
}

TEST(RocblasBench, CutOff) {
  const std::string header = "transA,transB,M,N,K,alpha,lda,ldb,beta,ldc,rocblas-Gflops,us\n";
  EXPECT_THAT(import_error(header, import_options("X")), HasSubstr("no line of values"));
  EXPECT_EQ(import_error(header + "N,N,3,5\n", import_options("X")),
            "theirs.txt:2: 4 values; expected 12, as the line above them names");
}

}  // namespace
}  // namespace whygpu
