#include "benchmarks/import/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/import/import_samples.h"

namespace whygpu {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kOneProduct = "device,precision,m,n,k,a_transposed,b_transposed,ms\nNV_X,f32,2,3,4,N,N,0.5\n";

TEST(Import, MarkedWithSourceAndDate) {
  auto options = import_options();
  options.command = {"whygpu", "import", "a.csv"};
  const auto written = text_of(imported_device(kOneProduct, options).file);
  const auto file = parse_result_file(written, "a.json");
  ASSERT_TRUE(file.imported);
  EXPECT_EQ(file.imported->format, "deepbench");
  EXPECT_EQ(file.imported->source, "https://example.org/results");
  EXPECT_EQ(file.imported->date, "2020-02-29");
  EXPECT_EQ(file.imported->file, "theirs.txt");
  EXPECT_EQ(file.run.command, options.command);
  EXPECT_TRUE(file.complete);
  EXPECT_TRUE(file.cases.at(0).settled);
  EXPECT_EQ(text_of(file), written);
}

TEST(Import, SourceAndDateAreNeeded) {
  auto options = import_options();
  for (const char* date : {"", "2019-02-29", "2020-13-01", "2020-2-9", "20200229", "29-02-2020", "2020-02-29T00"}) {
    options.date = date;
    EXPECT_THAT(import_error(kOneProduct, options),
                AllOf(StartsWith(std::string("--date ") + date), HasSubstr("YYYY-MM-DD")));
  }
  options = import_options();
  options.source = " ";
  EXPECT_THAT(import_error(kOneProduct, options), StartsWith("--source is empty"));
}

TEST(Import, KindAndDtype) {
  auto options = import_options();
  options.kind = RecordedDevice::opencl;
  EXPECT_EQ(imported_device(kOneProduct, options).file.backends.at(0).device->kind, RecordedDevice::opencl);
  options.dtype = "f33";
  EXPECT_THAT(import_error(kOneProduct, options), AllOf(StartsWith("--dtype=f33: "), HasSubstr("f32")));
}

TEST(Import, UnknownContents) {
  const auto options = import_options();
  EXPECT_THAT(import_error("hello\n", options),
              HasSubstr("theirs.txt: not recognised by its contents; accepted: deepbench, cutlass, "));
  EXPECT_THAT(import_error("{\"a\": 1}", options), HasSubstr("not recognised"));
  EXPECT_THAT(import_error("\n \n", options), HasSubstr("empty"));
  EXPECT_THAT(import_error(std::string(100, '\0'), options), HasSubstr("not recognised"));
  auto forced = options;
  forced.format = ImportFormat::nvbench;
  EXPECT_THAT(import_error("hello\n", forced), HasSubstr("theirs.txt: not JSON at byte 1; expected nvbench JSON"));
  forced.format = ImportFormat::cutlass;
  EXPECT_THAT(import_error("hello\n", forced), HasSubstr("expected CSV of cutlass_profiler"));
}

TEST(Import, ByteOrderMark) {
  EXPECT_EQ(imported_device("\xEF\xBB\xBF" + std::string(kOneProduct), import_options()).device, "NV_X");
}

// A name from the file must not lead out of the folder of the results.
TEST(Import, FileNames) {
  std::string text = kOneProduct;
  text.replace(text.find("NV_X"), 4, "../../a b/\xC3\xA9");
  EXPECT_EQ(import_published(text, "/folder/x y.csv", import_options()).devices.at(0).file.name, "x_y-.._.._a_b___");
}

TEST(Import, TooManyDevices) {
  std::string text = "device,precision,m,n,k,a_transposed,b_transposed,ms\n";
  for (int device = 0; device < 101; ++device) text += "NV_" + std::to_string(device) + ",f32,2,3,4,N,N,1\n";
  EXPECT_THAT(import_error(text, import_options()), HasSubstr("names 101 devices; accepted: at most 100"));
}

}  // namespace
}  // namespace whygpu
