// Encodes and decodes result records, for result files, worker output and run journals.
#pragma once

#include <concepts>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/json_node.h"
#include "reports/results/records.h"

namespace whygpu {

struct NetworkWorkRecord;
struct NetworkNodeRecord;
struct NetworkRecord;

// Thrown for an invalid result; what() is one line: the file, the location in it, and what would be accepted.
class ResultFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class T, class... Records>
concept IsOneOf = (std::same_as<T, Records> || ...);

template <class T>
concept ResultRecord = IsOneOf<T, RoundRecord, RankRecord, CaseRecord, DeviceRecord, BackendRecord, FindingRecord,
                               CeilingRecord, MeterRecord, CacheRecord, EnvironmentRecord, ContextRecord, ImportRecord,
                               RunSettings, RunRecord, NetworkWorkRecord, NetworkNodeRecord, NetworkRecord>;

// Both functions also take lists of records. Unknown keys are ignored and not kept, except in facts, values, variables
// and details, which hold arbitrary keys.
template <ResultRecord Record>
nlohmann::json encode(const Record& record);

template <ResultRecord Record>
nlohmann::json encode(const std::vector<Record>& records) {
  auto list = nlohmann::json::array();
  for (const auto& record : records) list.push_back(encode(record));
  return list;
}

template <ResultRecord Record>
void decode(const JsonNode& node, Record& record);

template <ResultRecord Record>
void decode(const JsonNode& node, std::vector<Record>& records) {
  node.each([&](const JsonNode& item) { decode(item, records.emplace_back()); });
}

// `source` prefixes error messages. Throws ResultFileError.
template <class Record>
Record decode(const nlohmann::json& object, std::string_view source) {
  const JsonNode::Complain complain = [&](const std::string& complaint) {
    throw ResultFileError(std::string(source) + ": " + complaint);
  };
  Record record;
  decode(JsonNode(object, complain), record);
  return record;
}

}  // namespace whygpu
