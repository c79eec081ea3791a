#include "connectors/file/entry.h"

#include <gtest/gtest.h>

namespace lakeward::connectors::file {
namespace {

TEST(FileEntry, ReadsEverySpellingOfTheSameEntry) {
  const std::string_view spellings[] = {
      // As it is written, here and by Spark.
      R"({"path":"file:///in/a%20b.jsonl","timestamp":7,"batchId":3,"size":90,"from":10,"to":20})",
      R"({"batchId":3, "timestamp":7, "path":"file:\/in\/a b.jsonl", "to":20, "from":10, "size":90})",
  };
  for (const std::string_view spelling : spellings) {
    const Entry entry = Entry::parse(spelling).value();
    EXPECT_EQ(entry.to_json(), spellings[0]) << spelling;
    EXPECT_EQ(entry.path, "/in/a b.jsonl");
  }
}

TEST(FileEntry, RefusesLinesThatAreNoEntries) {
  for (const std::string_view line :
       {R"({"path":"file:///a","timestamp":7})", R"({"path":"file:///a","timestamp":7,"batchId":})",
        R"({"path":"file:///a","timestamp":7,"batchId":3)",
        R"({"path":"http://a","timestamp":7,"batchId":3})",
        R"({"path":"file:///a","timestamp":7,"batchId":99999999999999999999})"}) {
    EXPECT_EQ(Entry::parse(line).status().code(), StatusCode::kCorruption) << line;
  }
}

}  // namespace
}  // namespace lakeward::connectors::file
