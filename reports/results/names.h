// Enumerations with names in files and on command lines. An enumeration opts in with a function
// enum_names(Enum) that returns the names in the order of the enumerators.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace whygpu {

template <class Enum>
std::string_view name_of(Enum value) {
  return enum_names(Enum{})[static_cast<std::size_t>(value)];
}

template <class Enum>
std::optional<Enum> value_named(std::string_view name) {
  const auto names = enum_names(Enum{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// A value of Enum, or a name unknown to this build: Enum::other with the original text.
template <class Enum>
class OpenEnum {
 public:
  OpenEnum(Enum value = {}) : value_(value), text_(name_of(value)) {}  // NOLINT(google-explicit-constructor)
  explicit OpenEnum(std::string text) : value_(value_named<Enum>(text).value_or(Enum::other)), text_(std::move(text)) {}

  operator Enum() const { return value_; }  // NOLINT(google-explicit-constructor)
  const std::string& text() const { return text_; }

  bool operator==(const OpenEnum&) const = default;
  bool operator==(Enum value) const { return value_ == value; }

 private:
  Enum value_;
  std::string text_;
};

}  // namespace whygpu
