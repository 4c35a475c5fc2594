// Encodes and decodes result records, for result files, worker output and run journals.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/json_node.h"
#include "reports/results/records.h"

namespace whygpu {

// Thrown for an invalid result; what() is one line: the file, the location in it, and what would be accepted.
class ResultFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A record is any struct of records.h; encode() also takes lists of them. Unknown keys are ignored and not kept,
// except in facts, values, variables and details, which hold arbitrary keys.
template <class Record>
nlohmann::json encode(const Record& record);

template <class Record>
nlohmann::json encode(const std::vector<Record>& records) {
  auto list = nlohmann::json::array();
  for (const auto& record : records) list.push_back(encode(record));
  return list;
}

template <class Record>
void decode(const JsonNode& node, Record& record);

template <class Record>
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
  decode(JsonNode(object, "", complain), record);
  return record;
}

}  // namespace whygpu
