// A JSON value that knows its path in the document, so that error messages name the location. A node refers to its
// parent, and must not outlive it.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "reports/results/names.h"

namespace whygpu {

class JsonNode {
 public:
  // Called with "PATH: what is wrong, what would be accepted"; must throw.
  using Complain = std::function<void(const std::string&)>;

  // A document.
  JsonNode(const nlohmann::json& value, const Complain& complain) : value_(&value), complain_(&complain) {}

  JsonNode operator[](std::string_view key) const& {  // an error when missing
    if (auto child = find(key)) return *child;
    return fail("the key \"" + std::string(key) + "\" is missing"), *this;
  }
  JsonNode operator[](std::string_view key) const&& = delete;

  // nullopt when the key is missing or null. `key` must outlive the node.
  std::optional<JsonNode> find(std::string_view key) const& {
    need(value_->is_object(), "an object");
    const auto found = value_->find(key);
    if (found == value_->end() || found->is_null()) return std::nullopt;
    return JsonNode(*found, *this, key);
  }
  std::optional<JsonNode> find(std::string_view key) const&& = delete;

  template <class F>
  void each(F&& visit) const {
    need(value_->is_array(), "a list");
    for (std::size_t i = 0; i < value_->size(); ++i) {
      visit(JsonNode((*value_)[i], *this, i));
    }
  }

  template <class F>
  void each_member(F&& visit) const {
    need(value_->is_object(), "an object");
    for (const auto& [key, member] : value_->items()) visit(key, JsonNode(member, *this, key));
  }

  std::string text() const {
    need(value_->is_string(), "a string");
    return value_->get<std::string>();
  }
  // The text of a string; a number, true or false as JSON writes it.
  std::string scalar() const {
    if (value_->is_number() || value_->is_boolean()) return value_->dump();
    return text();
  }
  bool flag() const {
    need(value_->is_boolean(), "true or false");
    return value_->get<bool>();
  }
  double number() const {
    need(value_->is_number(), "a number");
    return value_->get<double>();
  }
  double number_from(double least) const {
    const double result = number();
    if (result < least) fail("must be at least " + nlohmann::json(least).dump());
    return result;
  }
  double positive() const {
    const double result = number();
    if (!(result > 0)) fail("must be above 0");
    return result;
  }
  std::int64_t integer_from(std::int64_t least) const { return whole<std::int64_t>(least); }

  // An integer.
  template <class Integer>
  Integer whole(Integer least) const {
    const bool fits = value_->is_number_unsigned()  ? std::in_range<Integer>(value_->get<std::uint64_t>())
                      : value_->is_number_integer() ? std::in_range<Integer>(value_->get<std::int64_t>())
                      : value_->is_number()         ? is_whole<Integer>(value_->get<double>())
                                                    : false;
    const Integer result = fits ? value_->get<Integer>() : Integer{};
    if (!fits || result < least) fail("must be an integer of at least " + std::to_string(least));
    return result;
  }

  // A value of a named enumeration (names.h).
  template <class Enum>
  Enum one_of() const {
    const auto found = value_named<Enum>(text());
    if (!found) {
      constexpr auto names = enum_names(Enum{});
      const char* separator = names.size() == 2 ? " or " : ", ";
      std::string list = names.size() == 2 ? "" : "one of ";
      for (std::size_t i = 0; i < names.size(); ++i) list += (i == 0 ? "" : separator) + std::string(names[i]);
      fail("must be " + list);
    }
    return *found;
  }

  std::string text_or_empty(std::string_view key) const {
    const auto child = find(key);
    return child ? child->text() : std::string();
  }

  void fail(const std::string& complaint) const { (*complain_)(parent_ ? path() + ": " + complaint : complaint); }

 private:
  JsonNode(const nlohmann::json& value, const JsonNode& parent, std::string_view key)
      : value_(&value), complain_(parent.complain_), parent_(&parent), key_(key) {}
  JsonNode(const nlohmann::json& value, const JsonNode& parent, std::size_t index)
      : value_(&value), complain_(parent.complain_), parent_(&parent), index_(index) {}

  // Such as "whygpu.cases[3].rounds".
  std::string path() const {
    if (!parent_) return {};
    std::string path = parent_->path();
    if (index_) return path + "[" + std::to_string(*index_) + "]";
    if (!path.empty()) path += '.';
    return path += key_;
  }

  template <class Integer>
  static bool is_whole(double number) {
    constexpr double kExact = 9007199254740992;  // 2^53: integers up to it are exact
    return std::trunc(number) == number && std::fabs(number) <= kExact &&
           std::in_range<Integer>(static_cast<std::int64_t>(number));
  }

  void need(bool fits, const char* what) const {
    if (!fits) fail("must be " + std::string(what) + ", found " + value_->type_name());
  }

  const nlohmann::json* value_;
  const Complain* complain_;
  const JsonNode* parent_ = nullptr;
  std::string_view key_;              // in the parent, an object
  std::optional<std::size_t> index_;  // in the parent, a list
};

}  // namespace whygpu
