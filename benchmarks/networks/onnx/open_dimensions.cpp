#include "benchmarks/networks/onnx/open_dimensions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>

namespace whygpu::networks {
namespace {

constexpr std::int64_t kLargestDimension = 1 << 30;

std::string name_of(const OnnxInput& input, std::size_t index) {
  const std::string& name = input.dimensions[index].name;
  return name.empty() ? fmt::format("{}.{}", input.name, index) : name;
}

bool sounds_like_batch(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name.find("batch") != std::string::npos || name == "n" || name == "b" || name == "bs";
}

// `visit(name, input, index)` for every open dimension.
template <class Visit>
void each_open(const std::vector<OnnxInput>& inputs, const Visit& visit) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t d = 0; d < inputs[i].dimensions.size(); ++d) {
      if (!inputs[i].dimensions[d].value) visit(name_of(inputs[i], d), i, d);
    }
  }
}

std::set<std::string> batch_names(const std::vector<OnnxInput>& inputs, const OnnxSizes& sizes) {
  std::set<std::string> named, first;
  each_open(inputs, [&](const std::string& name, std::size_t i, std::size_t d) {
    if (sizes.dims.contains(name)) return;
    if (sounds_like_batch(inputs[i].dimensions[d].name)) named.insert(name);
    if (d == 0) first.insert(name);
  });
  return named.empty() ? first : named;
}

}  // namespace

std::int64_t whole_number(const std::string& option, const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > kLargestDimension) {
    throw CaseError(fmt::format("{} {}: accepted: whole numbers from 1 to {}", option, text, kLargestDimension));
  }
  return value;
}

std::map<std::string, std::int64_t> parse_dimensions(const std::vector<std::string>& words) {
  std::map<std::string, std::int64_t> dimensions;
  for (const auto& word : words) {
    const auto equals = word.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      throw CaseError(fmt::format("--dim {}: accepted: NAME=N, such as --dim height=640", word));
    }
    const std::string name = word.substr(0, equals);
    dimensions[name] = whole_number("--dim " + name, word.substr(equals + 1));
  }
  return dimensions;
}

std::int64_t fix_dimensions(const std::filesystem::path& path, std::vector<OnnxInput>& inputs, const OnnxSizes& sizes) {
  const auto fail = [&path](const std::string& what) { throw CaseError(fmt::format("{}: {}", path.string(), what)); };
  const std::set<std::string> batches = batch_names(inputs, sizes);
  std::optional<std::int64_t> batch;
  if (batches.empty() && !inputs.empty() && !inputs[0].dimensions.empty()) batch = inputs[0].dimensions[0].value;
  std::set<std::string> open, missing;
  each_open(inputs, [&](const std::string& name, std::size_t i, std::size_t d) {
    open.insert(name);
    auto& value = inputs[i].dimensions[d].value;
    if (const auto given = sizes.dims.find(name); given != sizes.dims.end()) {
      value = given->second;
    } else if (batches.contains(name)) {
      value = batch = sizes.batch.value_or(1);
    } else {
      missing.insert(name);
    }
    if (d == 0 && batches.empty() && !batch) batch = value;
  });
  for (const auto& [name, value] : sizes.dims) {
    if (open.contains(name)) continue;
    fail(fmt::format("--dim {}: its inputs have no such open dimension; accepted: {}", name,
                     open.empty() ? "none, all are fixed" : fmt::format("{}", fmt::join(open, ", "))));
  }
  if (!missing.empty()) {
    fail(fmt::format("dimensions of its inputs are open: add --dim {}=N", fmt::join(missing, "=N --dim ")));
  }
  if (sizes.batch && batches.empty() && batch != sizes.batch) {
    fail(fmt::format("--batch {}: the batch size of this model is fixed{}; export it with an open one", *sizes.batch,
                     batch ? fmt::format(" at {}", *batch) : ""));
  }
  return std::max<std::int64_t>(batch.value_or(1), 1);
}

}  // namespace whygpu::networks
