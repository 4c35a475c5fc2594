// A place in a JSON document that knows its own path, so that every complaint about it names the place.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace whygpu {

class JsonNode {
 public:
  // Called with "PATH: what is wrong, what would be accepted"; must throw.
  using Complain = std::function<void(const std::string&)>;

  JsonNode(const nlohmann::json& value, std::string path, const Complain& complain)
      : value_(&value), path_(std::move(path)), complain_(&complain) {}

  JsonNode operator[](std::string_view key) const {  // complains when missing
    if (auto child = find(key)) return *child;
    return fail("the key \"" + std::string(key) + "\" is missing"), *this;
  }

  // Nothing when the key is missing or null.
  std::optional<JsonNode> find(std::string_view key) const {
    need(value_->is_object(), "an object");
    const auto found = value_->find(key);
    if (found == value_->end() || found->is_null()) return std::nullopt;
    return JsonNode(*found, path_.empty() ? std::string(key) : path_ + "." + std::string(key), *complain_);
  }

  template <class F>
  void each(F&& visit) const {
    need(value_->is_array(), "a list");
    for (std::size_t i = 0; i < value_->size(); ++i) {
      visit(JsonNode((*value_)[i], path_ + "[" + std::to_string(i) + "]", *complain_));
    }
  }

  template <class F>
  void each_member(F&& visit) const {
    need(value_->is_object(), "an object");
    for (const auto& [key, member] : value_->items()) visit(key, JsonNode(member, path_ + "." + key, *complain_));
  }

  std::string text() const {
    need(value_->is_string(), "a text");
    return value_->get<std::string>();
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
    if (result < least) fail("a number of at least " + nlohmann::json(least).dump() + " is needed");
    return result;
  }
  double positive() const {
    const double result = number();
    if (!(result > 0)) fail("a number above 0 is needed");
    return result;
  }
  std::int64_t integer_from(std::int64_t least) const {
    if (!value_->is_number_integer() || value_->get<std::int64_t>() < least) {
      fail("a whole number of at least " + std::to_string(least) + " is needed");
    }
    return value_->get<std::int64_t>();
  }

  std::string text_or_empty(std::string_view key) const {
    const auto child = find(key);
    return child ? child->text() : std::string();
  }

  void fail(const std::string& complaint) const { (*complain_)(path_.empty() ? complaint : path_ + ": " + complaint); }

 private:
  void need(bool fits, const char* what) const {
    if (!fits) fail(std::string(what) + " is needed, found " + value_->type_name());
  }

  const nlohmann::json* value_;
  std::string path_;
  const Complain* complain_;
};

}  // namespace whygpu
