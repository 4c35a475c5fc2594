// The program that ci/fit-projection runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "ci/projection/leave_out.h"

namespace {

void run(const std::string& cards, const std::vector<std::string>& folders, const std::string& file, int evaluations) {
  using namespace whygpu::projection;
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(file + ": cannot be opened");
  const auto start = Constants::parse(std::string{std::istreambuf_iterator<char>(stream), {}}, file);
  const auto published = read_published(cards, {folders.begin(), folders.end()});
  fmt::print("{} times of {} cards; {} rows of other devices or precisions are not used.\n\n", published.samples.size(),
             published.cards.size(), published.left_out);
  const std::string fitted = validate_and_fit(published, start, evaluations).json();
  std::ofstream(file) << fitted;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Fits the projection model, with one card left out each time and then on all.", "fit_projection");
  std::string cards, constants;
  std::vector<std::string> folders;
  int evaluations = 300;
  app.add_option("folders", folders, "with *-gemm.csv and *-convolution.csv")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--cards", cards, "their cards")->required()->check(CLI::ExistingFile);
  app.add_option("--constants", constants, "where the fit starts, and is written to")->required();
  app.add_option("--evaluations", evaluations, "for each fit")->capture_default_str()->check(CLI::Range(30, 100'000));
  try {
    app.parse(argc, argv);
    run(cards, folders, constants, evaluations);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "fit_projection: {}\n", error.what());
    return 2;
  }
  return 0;
}
