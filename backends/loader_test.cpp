#include "backends/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string reason_for(const fs::path& file) {
  try {
    LoadedBackend backend(file, {});
  } catch (const LoadError& error) {
    return error.what();
  }
  return "loaded";
}

const fs::path kModules = fs::path(WHYGPU_BINARY_DIR) / "tests/backends";

TEST(Loader, RefusalReasons) {
  const fs::path text = fs::path(testing::TempDir()) / "text.so";
  std::ofstream(text) << "not a module";
  EXPECT_THAT(reason_for(text), HasSubstr("text.so"));
  EXPECT_THAT(reason_for("/nowhere/missing.so"), HasSubstr("missing.so"));
  EXPECT_THAT(reason_for(kModules / "not_a_backend.so"), HasSubstr("is not a whygpu backend"));
  EXPECT_EQ(reason_for(kModules / "no_device.so"), "no such device on this machine");
}

TEST(Loader, OtherInterface) {
  EXPECT_THAT(reason_for(kModules / "old_interface.so"),
              HasSubstr("backend \"old_interface\" was built for interface 00000000; whygpu "));
}

TEST(Loader, OtherStandardLibrary) {
  EXPECT_THAT(reason_for(kModules / "other_library.so"),
              HasSubstr("backend \"other_library\" was built with libc++; this whygpu with libstdc++"));
}

// Otherwise a file could take another backend's place unseen.
TEST(Loader, FileOfAnotherName) {
  const fs::path file = fs::path(testing::TempDir()) / "openblas.so";
  fs::copy_file(kModules / "no_device.so", file, fs::copy_options::overwrite_existing);
  EXPECT_THAT(reason_for(file), HasSubstr("is the backend \"no_device\"; its file must be named no_device.so"));
}

TEST(Loader, BackendPath) {
  setenv("WHYGPU_BACKEND_PATH", kModules.c_str(), 1);
  const auto modules = find_modules();
  unsetenv("WHYGPU_BACKEND_PATH");
  EXPECT_EQ(modules.at("old_interface"), kModules / "old_interface.so");
}

}  // namespace
}  // namespace whygpu
