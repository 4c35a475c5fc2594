#include "benchmarks/networks/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "benchmarks/cases/case.h"

namespace whygpu::networks {
namespace {

// The first word of a line, and its options.
struct Word {
  std::string_view name;
  std::vector<Option> options;
};

const std::vector<Word>& known_words() {
  static const std::vector<Word> all = [] {
    std::vector<Word> words = {
        {"vector", {{"features"}}},
        {"image", {{"height"}, {"width"}, {"channels"}}},
        {"sequence", {{"length"}, {"features"}, {"order", OptionKind::word, "batch", {"batch", "time"}}}},
        {"tokens", {{"length"}, {"vocabulary"}}},
    };
    for (const LayerKind& layer : kinds().layers) words.push_back({layer.name, layer.options});
    for (const LossKind& loss : kinds().losses) words.push_back({loss.name, {}});
    Option optimiser{"optimiser", OptionKind::word};
    for (const OptimiserKind& kind : kinds().optimisers) optimiser.choices.push_back(kind.name);
    words.push_back({"train", {optimiser, {"learning_rate", OptionKind::decimal}}});
    return words;
  }();
  return all;
}

bool is_input(std::string_view kind) {
  return kind == "vector" || kind == "image" || kind == "sequence" || kind == "tokens";
}
bool is_loss(std::string_view kind) {
  return std::ranges::find(kinds().losses, kind, &LossKind::name) != kinds().losses.end();
}

template <class Range>
std::string join(const Range& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

template <class Kind>
std::vector<std::string_view> names_of(const std::vector<Kind>& kinds) {
  std::vector<std::string_view> names;
  for (const Kind& kind : kinds) names.push_back(kind.name);
  return names;
}

constexpr std::int64_t kLargestNumber = std::int64_t{1} << 40;
constexpr std::size_t kMostLayers = 4096;

// A positive number such as 0.01 or 1e-3; nothing otherwise.
std::optional<double> parse_decimal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(number) && number > 0 ? std::optional(number) : std::nullopt;
}

bool parse_number(std::string_view text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 1;
}

}  // namespace

Model::Model(std::string name, std::string_view text) : name_(std::move(name)) {
  std::istringstream stream{std::string(text)};
  std::vector<Line> checks;
  int number = 0;
  for (std::string raw; std::getline(stream, raw);) {
    Line line{++number, {}};
    std::istringstream words(raw.substr(0, raw.find('#')));
    for (std::string word; words >> word;) line.words.push_back(word);
    if (line.words.empty()) continue;
    if (line.words[0] == "size") {
      std::int64_t value = 0;
      if (line.words.size() != 3 || !parse_number(line.words[2], value)) fail(line, "expected: size NAME NUMBER");
      if (!sizes_.emplace(line.words[1], value).second) fail(line, "the size " + line.words[1] + " is given twice");
    } else if (line.words[0] == "check") {
      checks.push_back(line);
    } else {
      lines_.push_back(std::move(line));
    }
  }
  if (!sizes_.contains("batch")) throw CaseError(name_ + ".model: the size batch is missing");
  check_ = sizes_;
  for (const Line& line : checks) {
    for (std::size_t i = 1; i < line.words.size(); ++i) {
      const std::string& word = line.words[i];
      const auto equals = std::min(word.find('='), word.size());
      const auto size = check_.find(word.substr(0, equals));
      if (size == check_.end()) fail(line, "no such size: " + word.substr(0, equals));
      if (!parse_number(std::string_view(word).substr(std::min(equals + 1, word.size())), size->second)) {
        fail(line, "expected " + word.substr(0, equals) + "=NUMBER");
      }
    }
  }
  network({});
  network(check_);
}

void Model::fail(const Line& line, const std::string& what) const {
  throw CaseError(name_ + ".model:" + std::to_string(line.number) + ": " + what);
}

std::int64_t Model::evaluate(const Line& line, std::string_view expression, const Sizes& sizes) const {
  std::int64_t value = 1;
  char operation = '*';
  for (std::string_view rest = expression;;) {
    const auto end = std::min(rest.find_first_of("*/"), rest.size());
    const std::string_view factor = rest.substr(0, end);
    std::int64_t number = 0;
    if (const auto size = sizes.find(factor); size != sizes.end()) {
      number = size->second;
    } else if (!parse_number(factor, number)) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : sizes) names.push_back(name);
      fail(line, "'" + std::string(factor) + "' is neither a positive number nor a size (" + join(names) + ")");
    }
    if (operation == '/' && value % number != 0) {
      fail(line, std::string(expression) + " is not a whole number (" + std::to_string(value) + "/" +
                     std::to_string(number) + ")");
    }
    if (operation == '*' && value > kLargestNumber / number) {
      fail(line, std::string(expression) + " is above " + std::to_string(kLargestNumber));
    }
    value = operation == '*' ? value * number : value / number;
    if (end == rest.size()) return value;
    operation = rest[end];
    rest.remove_prefix(end + 1);
  }
}

LayerLine Model::layer(const Line& line, const Sizes& sizes) const {
  const auto kind = std::ranges::find(known_words(), std::string_view(line.words[0]), &Word::name);
  if (kind == known_words().end()) {
    std::vector<std::string_view> names = {"size", "check", "mark", "repeat"};
    for (const Word& known : known_words()) names.push_back(known.name);
    fail(line, "unknown layer '" + line.words[0] + "'; accepted: " + join(names));
  }
  std::map<std::string, std::string, std::less<>> given;
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    const auto equals = line.words[i].find('=');
    if (equals == std::string::npos) fail(line, "expected option=value, not '" + line.words[i] + "'");
    given[line.words[i].substr(0, equals)] = line.words[i].substr(equals + 1);
  }
  LayerLine layer;
  layer.kind = kind->name;
  for (const Option& option : kind->options) {
    std::string value(option.fallback);
    if (const auto found = given.find(option.name); found != given.end()) {
      value = found->second;
      given.erase(found);
    } else if (value.empty() && !option.optional) {
      fail(line, layer.kind + " needs " + std::string(option.name) + "=…");
    }
    if (!option.choices.empty() && std::ranges::find(option.choices, value) == option.choices.end()) {
      fail(line, std::string(option.name) + " is one of " + join(option.choices) + ", not '" + value + "'");
    }
    if (option.kind == OptionKind::decimal && !parse_decimal(value)) {
      fail(line, std::string(option.name) + " is a positive number such as 0.01, not '" + value + "'");
    }
    if (option.kind == OptionKind::number) {
      layer.numbers[std::string(option.name)] = evaluate(line, value, sizes);
    } else {
      layer.words[std::string(option.name)] = value;
    }
  }
  if (!given.empty()) {
    std::vector<std::string_view> names;
    for (const Option& option : kind->options) names.push_back(option.name);
    fail(line, layer.kind + " has no option '" + given.begin()->first + "'" +
                   (names.empty() ? "" : "; options: " + join(names)));
  }
  return layer;
}

std::size_t Model::end_of_repeat(std::size_t begin) const {
  int depth = 1;
  for (std::size_t i = begin + 1; i < lines_.size(); ++i) {
    if (lines_[i].words[0] == "repeat") ++depth;
    if (lines_[i].words[0] == "end" && --depth == 0) return i;
  }
  fail(lines_[begin], "repeat without end");
}

void Model::expand(std::size_t begin, std::size_t end, const Sizes& sizes, std::vector<LayerLine>& into) const {
  for (std::size_t i = begin; i < end; ++i) {
    const Line& line = lines_[i];
    if (into.size() > kMostLayers) fail(line, "more than " + std::to_string(kMostLayers) + " layers");
    if (line.words[0] == "repeat") {
      if (line.words.size() != 2) fail(line, "expected: repeat COUNT");
      const std::size_t last = end_of_repeat(i);
      for (auto count = evaluate(line, line.words[1], sizes); count > 0; --count) {
        const std::size_t before = into.size();
        expand(i + 1, last, sizes, into);
        if (into.size() == before) break;  // nothing to repeat
      }
      i = last;
    } else if (line.words[0] == "mark") {
      if (line.words.size() != 2) fail(line, "expected: mark NAME");
      into.push_back({"mark", {}, {}, {{"name", line.words[1]}}});
    } else if (line.words[0] == "end") {
      fail(line, "end without repeat");
    } else {
      into.push_back(layer(line, sizes));
      const bool first = into.size() == 1;
      if (is_input(into.back().kind) != first)
        fail(line, "the input (vector, image, sequence, tokens) must be the first layer and occur once");
      for (const char* option : {"add", "from"}) {
        const auto name = into.back().words.find(option);
        if (name == into.back().words.end() || name->second.empty()) continue;
        const bool marked = std::ranges::any_of(
            into, [&](const LayerLine& l) { return l.kind == "mark" && l.word("name") == name->second; });
        if (!marked) fail(line, "no mark above this line is named '" + name->second + "'");
      }
    }
  }
}

Network Model::network(const Sizes& overrides) const {
  Sizes sizes = sizes_;
  for (const auto& [name, value] : overrides) {
    const auto size = sizes.find(name);
    if (size == sizes.end()) {
      std::vector<std::string> names;
      for (const auto& [known, unused] : sizes_) names.push_back(known);
      throw CaseError("the model " + name_ + " has no size '" + name + "'; it has " + join(names));
    }
    size->second = value;
  }
  std::vector<LayerLine> all;
  expand(0, lines_.size(), sizes, all);
  Network network;
  network.batch = sizes.at("batch");
  std::map<std::string, int> counts;
  for (LayerLine& layer : all) {
    layer.name = layer.kind + " " + std::to_string(++counts[layer.kind]);
    if (is_input(layer.kind)) {
      network.input = layer;
    } else if (is_loss(layer.kind)) {
      network.loss = layer.kind;
    } else if (layer.kind == "train") {
      network.training = {layer.word("optimiser"), parse_decimal(layer.word("learning_rate")).value()};
    } else {
      network.layers.push_back(layer);
    }
  }
  if (network.input.kind.empty())
    throw CaseError(name_ + ".model: no input; begin with vector, image, sequence or tokens");
  if (network.loss.empty()) throw CaseError(name_ + ".model: no loss; add " + join(names_of(kinds().losses)));
  if (network.training.optimiser.empty()) throw CaseError(name_ + ".model: no line train optimiser=…");
  return network;
}

const Model& find_model(std::string_view name) {
  std::vector<std::string> names;
  for (const Model& model : models()) {
    if (model.name() == name) return model;
    names.push_back(model.name());
  }
  throw CaseError("no model '" + std::string(name) + "'; accepted: " + join(names));
}

}  // namespace whygpu::networks
