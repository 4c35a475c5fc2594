#include "benchmarks/import/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace whygpu {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string error_of(const std::string& text) {
  try {
    CsvTable(text, "a.csv");
  } catch (const CsvError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Csv, QuotedFields) {
  const CsvTable table("name,note\r\n\"a,b\",\"say \"\"x\"\"\"\r\n\r\nplain,\"two\nlines\"\nlast,", "a.csv");
  ASSERT_EQ(table.rows().size(), 3U);
  EXPECT_THAT(table.rows()[0].fields, ElementsAre("a,b", "say \"x\""));
  EXPECT_THAT(table.rows()[1].fields, ElementsAre("plain", "two\nlines"));
  EXPECT_THAT(table.rows()[2].fields, ElementsAre("last", ""));
  EXPECT_EQ(table.rows()[1].line, 4U);
  EXPECT_EQ(table.rows()[2].line, 6U) << "a quoted line break counts";
}

TEST(Csv, ColumnsByName) {
  const CsvTable table("m,n\n1,2\n", "a.csv");
  EXPECT_EQ(table(table.rows()[0], "n"), "2");
  EXPECT_TRUE(table.has("m"));
  EXPECT_EQ(table.optional(table.rows()[0], "k"), "");
  try {
    table(table.rows()[0], "k");
    FAIL();
  } catch (const CsvError& error) {
    EXPECT_STREQ(error.what(), "a.csv:1: no column \"k\", which is needed");
  }
}

TEST(Csv, BrokenRows) {
  EXPECT_EQ(error_of("m,n\n1,2\n1,2,3\n"), "a.csv:3: 3 fields; expected 2, as line 1 names");
  EXPECT_THAT(error_of("m,n\n\"1,2\n"), AllOf(StartsWith("a.csv:2: "), HasSubstr("does not end")));
  EXPECT_THAT(error_of("m,n\n\"1\"x,2\n"), HasSubstr("text after a closing"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("empty"));
}

}  // namespace
}  // namespace whygpu
