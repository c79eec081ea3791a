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

std::string part(const std::string& path, int64_t batch, uint64_t from, uint64_t to) {
  return Entry{.path = path, .timestamp_ms = 7, .batch = batch, .size = 90, .from = from, .to = to}
      .to_json();
}
std::string whole(const std::string& path, int64_t batch) {
  return Entry{.path = path, .timestamp_ms = 7, .batch = batch, .size = 90}.to_json();
}

struct FoldCase {
  const char* what;
  std::vector<std::string> lines, folded;
};

TEST(FileEntry, FoldsThePartsOfAFileThatFollowEachOther) {
  const std::string of_spark = R"({"path":"file:///s","timestamp":7,"batchId":1})";
  const std::string named_like_a_part = whole(R"(/a,"to":5)", 3);
  for (const FoldCase& c : std::vector<FoldCase>{
           {"nothing", {}, {}},
           {"whole files", {whole("/a", 1), of_spark}, {whole("/a", 1), of_spark}},
           {"a name", {named_like_a_part, whole("/b", 3)}, {named_like_a_part, whole("/b", 3)}},
           {"a file begun", {part("/a", 1, 0, 10), part("/a", 2, 10, 30)}, {part("/a", 2, 0, 30)}},
           {"a file ended",
            {part("/a", 1, 0, 10), part("/a", 2, 10, 30), part("/a", 3, 30, 90), whole("/b", 3)},
            {whole("/a", 3), whole("/b", 3)}},
           {"another file",
            {part("/a", 1, 0, 10), part("/b", 1, 10, 20)},
            {part("/a", 1, 0, 10), part("/b", 1, 10, 20)}},
           {"not next to it",
            {part("/a", 1, 0, 10), part("/a", 2, 20, 30)},
            {part("/a", 1, 0, 10), part("/a", 2, 20, 30)}},
           {"late batches stay",
            {part("/a", 4, 0, 10), part("/a", 5, 10, 20), part("/a", 6, 20, 90)},
            {part("/a", 5, 0, 20), part("/a", 6, 20, 90)}},
       }) {
    EXPECT_EQ(fold_parts(c.lines, 5).value(), c.folded) << c.what;
  }
  EXPECT_EQ(fold_parts({R"({"rows":1,"to":3})"}, 5).status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace lakeward::connectors::file
