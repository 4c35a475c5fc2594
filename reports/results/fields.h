// Reads and writes the fields of a record from one list, so that both directions use the same keys:
//
//   template <class Fields>
//   void list_fields(Fields& f, typename Fields::template Ref<FindingRecord> finding) {
//     f.required("what", finding.what);
//     f.if_set("remedy", finding.remedy);
//   }
//
// required: must be present; always written. optional: may be missing or null; always written, as null when unknown.
// if_set: may be missing; written only when set.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "reports/results/codec.h"

namespace whygpu {

// Range of a number, or of each element of a list.
enum class Range : std::uint8_t { any, not_negative, positive };

class FieldReader {
 public:
  static constexpr bool kReads = true;
  template <class Record>
  using Ref = Record&;

  explicit FieldReader(const JsonNode& node) : node_(node) {}

  template <class T>
  void required(const char* key, T& value, Range range = Range::any) {
    read(node_[key], value, range);
  }
  template <class T>
  void optional(const char* key, T& value, Range range = Range::any) {
    if (const auto child = node_.find(key)) read(*child, value, range);
  }
  template <class T>
  void if_set(const char* key, T& value, Range range = Range::any) {
    optional(key, value, range);
  }
  void text_or_null(const char* key, std::string& value) { optional(key, value); }

  // A group of fields in a nested object.
  template <class List>
  void inside(const char* key, List&& list) {
    FieldReader group(node_[key]);
    list(group);
  }

  const JsonNode& node() const { return node_; }

 private:
  template <class T>
  static void read(const JsonNode& node, T& value, Range range) {
    if constexpr (std::same_as<T, bool>) {
      value = node.flag();
    } else if constexpr (std::same_as<T, std::string>) {
      value = node.text();
    } else if constexpr (std::integral<T>) {
      value = node.whole<T>(range == Range::any ? std::numeric_limits<T>::min() : range == Range::positive ? 1 : 0);
    } else if constexpr (std::floating_point<T>) {
      value = range == Range::positive       ? node.positive()
              : range == Range::not_negative ? node.number_from(0)
                                             : node.number();
    } else if constexpr (std::is_enum_v<T>) {
      value = node.one_of<T>();
    } else {
      read_composite(node, value, range);
    }
  }
  template <class Enum>
  static void read_composite(const JsonNode& node, OpenEnum<Enum>& value, Range) {
    value = OpenEnum<Enum>(node.text());
  }
  template <class T>
  static void read_composite(const JsonNode& node, std::optional<T>& value, Range range) {
    read(node, value.emplace(), range);
  }
  template <class T>
  static void read_composite(const JsonNode& node, std::vector<T>& values, Range range) {
    node.each([&](const JsonNode& item) { read(item, values.emplace_back(), range); });
  }
  template <class T>
  static void read_composite(const JsonNode& node, std::map<std::string, T>& values, Range range) {
    node.each_member([&](const std::string& key, const JsonNode& item) { read(item, values[key], range); });
  }
  template <class Record>
  static void read_composite(const JsonNode& node, Record& record, Range) {
    decode(node, record);
  }

  JsonNode node_;
};

class FieldWriter {
 public:
  static constexpr bool kReads = false;
  template <class Record>
  using Ref = const Record&;

  template <class T>
  void required(const char* key, const T& value, Range = Range::any) {
    object_[key] = json_of(value);
  }
  template <class T>
  void optional(const char* key, const T& value, Range = Range::any) {
    required(key, value);
  }
  template <class T>
  void if_set(const char* key, const T& value, Range = Range::any) {
    if (is_set(value)) required(key, value);
  }
  void text_or_null(const char* key, const std::string& value) {
    object_[key] = value.empty() ? nlohmann::json(nullptr) : nlohmann::json(value);
  }

  template <class List>
  void inside(const char* key, List&& list) {
    FieldWriter group;
    list(group);
    object_[key] = group.take();
  }

  nlohmann::json take() { return std::move(object_); }

 private:
  template <class T>
  static bool is_set(const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return value != T{};
    } else if constexpr (requires { value.has_value(); }) {
      return value.has_value();
    } else {
      return !value.empty();
    }
  }

  template <class T>
  static nlohmann::json json_of(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return name_of(value);
    } else if constexpr (requires { nlohmann::json(value); }) {
      return value;
    } else {
      return composite(value);
    }
  }
  template <class Enum>
  static nlohmann::json composite(const OpenEnum<Enum>& value) {
    return value.text();
  }
  template <class T>
  static nlohmann::json composite(const std::optional<T>& value) {
    return value ? json_of(*value) : nlohmann::json(nullptr);
  }
  template <class T>
  static nlohmann::json composite(const std::vector<T>& values) {
    auto list = nlohmann::json::array();
    for (const auto& value : values) list.push_back(json_of(value));
    return list;
  }
  template <class Record>
  static nlohmann::json composite(const Record& record) {
    return encode(record);
  }

  nlohmann::json object_ = nlohmann::json::object();
};

}  // namespace whygpu
