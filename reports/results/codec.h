// The one codec of results: what a result file holds, and what workers and journals say in between.
#pragma once

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/json_node.h"
#include "reports/results/records.h"

namespace whygpu {

// A result that cannot be taken; what() is one line: the file, where in it, and what would be accepted.
class ResultFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A record is each struct of records.h; encode() takes lists of them too. Keys that this build does not know are no
// error and are not kept; those of facts, values, variables and details are free and are.
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

// `source` stands in front of complaints. Throws ResultFileError.
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
