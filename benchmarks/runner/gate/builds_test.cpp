#include "benchmarks/runner/gate/builds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "benchmarks/runner/child_process.h"
#include "benchmarks/runner/gate/fake_build.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A project whose build only copies files, so that no compiler is needed.
constexpr const char* kProject = R"(cmake_minimum_required(VERSION 3.25)
project(fake LANGUAGES NONE)
add_custom_target(all_of_it ALL
  COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/files ${PROJECT_BINARY_DIR}/bin)
)";

class BuildsTest : public testing::Test {
 protected:
  BuildsTest() { setenv("WHYGPU_CACHE", (folder_.path() / "cache").c_str(), 1); }
  ~BuildsTest() override { unsetenv("WHYGPU_CACHE"); }

  Build take(const std::string& name) {
    return take_build(name, folder_.path() / ("copy" + std::to_string(copies_++)), repository_, {},
                      [](const std::string&) {});
  }

  std::string complaint(const std::string& name) {
    try {
      take(name);
    } catch (const BuildError& error) {
      return error.what();
    }
    return "no complaint";
  }

  void git(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"git", "-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"});
    const auto result = run_program(words, repository_);
    ASSERT_EQ(result.status, 0) << result.errors;
  }

  void commit(const std::string& file, const std::string& text) {
    fs::create_directories((repository_ / file).parent_path());
    write_file(repository_ / file, text);
    git({"add", "-A"});
    git({"commit", "-q", "-m", "change " + file});
  }

  void make_repository() {
    fs::create_directories(repository_);
    git({"init", "-q"});
    write_file(repository_ / "CMakeLists.txt", kProject);
    make_fake_build(repository_ / "files", 100);
    commit("README.md", "first");
  }

  static std::string code(const Build& build) {
    return CodeHashes(build).of(parse_case("gemm m=8 n=8 k=8 backend=fake"));
  }

  TemporaryFolder folder_;
  fs::path repository_ = folder_.path() / "repository";
  int copies_ = 0;
};

TEST_F(BuildsTest, DirectoryOrItsBin) {
  make_fake_build(folder_.path() / "build/bin", 100);
  const Build outer = take((folder_.path() / "build").string()), inner = take((folder_.path() / "build/bin").string());
  EXPECT_TRUE(fs::exists(outer.folder / "gemm"));
  EXPECT_THAT(modules_of(inner), ElementsAre("fake"));
  EXPECT_EQ(outer.folder.string().size(), inner.folder.string().size());
  EXPECT_EQ(code(outer), code(inner));
}

// Layers are loaded separately from the backend; only training steps run them.
TEST_F(BuildsTest, LayersHashedForNetworksOnly) {
  const auto codes = [this](const std::string& layers) {
    const fs::path folder = folder_.path() / ("layers" + layers);
    make_fake_build(folder / "bin", 100);
    fs::copy_file(folder / "bin/gemm", folder / "bin/training_step");
    fs::create_directories(folder / "bin/backends/layers");
    std::ofstream(folder / "bin/backends/layers/cpu.so") << layers;
    const CodeHashes hashes(take(folder.string()));
    return std::pair{hashes.of(parse_case("gemm m=8 n=8 k=8 backend=fake")),
                     hashes.of(parse_case("training_step model=mlp backend=fake"))};
  };
  const auto one = codes("1"), other = codes("2");
  EXPECT_EQ(one.first, other.first);
  EXPECT_NE(one.second, other.second);
}

TEST_F(BuildsTest, Bundle) {
  make_fake_build(folder_.path() / "whygpu-1.0/bin", 100);
  const std::string bundle = (folder_.path() / "bundle.tar").string();
  ASSERT_EQ(run_program({"tar", "-C", folder_.path().string(), "-cf", bundle, "whygpu-1.0"}).status, 0);
  EXPECT_TRUE(fs::exists(take(bundle).folder / "backends/fake.so"));
}

TEST_F(BuildsTest, BundleThatIsCutOff) {
  make_fake_build(folder_.path() / "whygpu-1.0/bin", 100);
  const std::string bundle = (folder_.path() / "bundle.tar").string();
  ASSERT_EQ(run_program({"tar", "-C", folder_.path().string(), "--sort=name", "-cf", bundle, "whygpu-1.0"}).status, 0);
  std::ifstream file(bundle, std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>(file), {}};
  fs::resize_file(bundle, contents.find_last_not_of('\0') / 512 * 512 + 512);
  EXPECT_THAT(complaint(bundle), HasSubstr("is cut off"));
}

TEST_F(BuildsTest, RevisionIsBuiltOnce) {
  make_repository();
  commit("README.md", "second");
  commit("files/backends/fake.so", "other code");
  const Build first = take("HEAD~2"), second = take("HEAD~1"), third = take("HEAD");
  EXPECT_EQ(first.revision.size(), 40U);
  EXPECT_NE(first.revision, second.revision);
  EXPECT_EQ(code(first), code(second));
  EXPECT_NE(code(second), code(third));
  // Taken from the cache: the repository may be missing.
  const auto before = fs::last_write_time(build_cache());
  EXPECT_EQ(code(take("HEAD")), code(third));
  EXPECT_EQ(fs::last_write_time(build_cache()), before);
}

TEST_F(BuildsTest, BrokenRevisionNamesItsLog) {
  make_repository();
  commit("CMakeLists.txt",
         "cmake_minimum_required(VERSION 3.25)\nproject(fake LANGUAGES NONE)\nmessage(FATAL_ERROR \"broken\")\n");
  EXPECT_THAT(complaint("HEAD"), HasSubstr("does not build: CMake Error"));
  EXPECT_THAT(complaint("HEAD"), HasSubstr(".log"));
}

TEST_F(BuildsTest, RefusesWhatIsNoBuild) {
  make_repository();
  EXPECT_THAT(complaint("no-such-thing"), HasSubstr("is not a directory, an archive or a git revision"));
  EXPECT_THAT(complaint(folder_.path().string()), HasSubstr("neither bin/backends/ nor backends/"));
  write_file(folder_.path() / "text", "not a tar");
  EXPECT_THAT(complaint((folder_.path() / "text").string()), HasSubstr("nor an archive that tar can read"));
}

TEST_F(BuildsTest, HashesFollowLoadedFiles) {
  const Build base{"base", {}, make_fake_build(folder_.path() / "base", 100, "one")};
  const Build head{"head", {}, make_fake_build(folder_.path() / "head", 999, "one")};
  EXPECT_EQ(code(base), code(head)) << "a file that no worker loads";
  write_file(head.folder / "backends/fake.so", "two");
  EXPECT_NE(code(base), code(head));
  fs::remove(head.folder / "backends/fake.so");
  EXPECT_EQ(code(head), "");
}

}  // namespace
}  // namespace whygpu
