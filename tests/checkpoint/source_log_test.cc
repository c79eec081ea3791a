#include "checkpoint/source_log.h"

#include <gtest/gtest.h>

#include "io/memory_store.h"
#include "support/faulty_store.h"

namespace lakeward::checkpoint {
namespace {

using Lines = std::vector<std::string>;

std::string entry(int64_t batch) { return "{\"batchId\":" + std::to_string(batch) + "}"; }

std::vector<std::string> names(io::ObjectStore& store) {
  std::vector<std::string> names;
  const auto objects = store.list("sources/0", "");
  for (const auto& object : *objects) {
    names.push_back(object.path.substr(std::string("sources/0/").size()));
  }
  return names;
}

TEST(SourceLog, CompactsEveryIntervalAndKeepsAllEntries) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0", 3);
  Lines all;
  for (int64_t batch = 0; batch < 20; ++batch) {
    ASSERT_TRUE(log.append(batch, {entry(batch)}).ok());
    all.push_back(entry(batch));
    EXPECT_EQ(*log.entries(), all);
    EXPECT_EQ(*log.latest(), batch);
  }
  EXPECT_EQ(names(store), (Lines{"14.compact", "15", "16", "17.compact", "18", "19"}));
  EXPECT_EQ(*log.entries(15), Lines(all.begin(), all.begin() + 16));
  EXPECT_EQ(log.append(19, {}).code(), StatusCode::kAlreadyExists);
}

TEST(SourceLog, FoldsWhatIsOlderWhereItCompacts) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0", 3);
  const auto newest = [](Lines lines) -> Result<Lines> { return Lines{lines.back()}; };
  for (int64_t batch = 0; batch < 6; ++batch) {
    ASSERT_TRUE(log.append(batch, {entry(batch)}, newest).ok());
  }
  EXPECT_EQ(*log.entries(2), (Lines{entry(1), entry(2)}));
  EXPECT_EQ(*log.entries(4), (Lines{entry(1), entry(2), entry(3), entry(4)}));
  EXPECT_EQ(*log.entries(5), (Lines{entry(4), entry(5)}));
}

TEST(SourceLog, WritesNothingWhereAFoldFails) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0", 2);
  const auto failing = [](const Lines&) -> Result<Lines> { return corruption("not an entry"); };
  ASSERT_TRUE(log.append(0, {entry(0)}, failing).ok());
  EXPECT_EQ(log.append(1, {entry(1)}, failing).code(), StatusCode::kCorruption);
  EXPECT_EQ(names(store), (Lines{"0"}));
}

struct IntervalCase {
  Lines files;
  int64_t next;
  const char* name;
};

// Seen with Spark 4.1.3: the interval comes from the files, else from the setting (10 here).
TEST(SourceLog, DerivesTheIntervalFromTheFilesThatItFinds) {
  for (const IntervalCase& c : std::vector<IntervalCase>{
           {{"2.compact", "3", "4", "5.compact", "6", "7"}, 8, "8.compact"},
           {{"2.compact", "3", "4", "5.compact"}, 6, "6"},
           {{"2.compact", "3", "4"}, 5, "5.compact"},
           {{"5.compact", "6", "7"}, 8, "8"},
           {{"5.compact", "6", "7", "8", "9", "10"}, 11, "11.compact"},
           {{"29.compact", "30", "31", "32", "33", "34", "35", "36", "37", "38"}, 39, "39.compact"},
           {{"0", "1", "2", "3", "4", "5", "6", "7", "8"}, 9, "9.compact"},
       }) {
    io::MemoryStore store;
    for (const std::string& name : c.files) {
      ASSERT_TRUE(store.put("sources/0/" + name, "v1\n{}").ok());
    }
    SourceLog log(store, "sources/0");
    const Status added = log.append(c.next, {entry(c.next)});
    ASSERT_TRUE(added.ok()) << added.message();
    EXPECT_TRUE(store.stat(std::string("sources/0/") + c.name).ok()) << c.name;
  }
}

TEST(SourceLog, WritesTheBytesThatSparkWrites) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0");
  ASSERT_TRUE(log.append(0, {"{\"a\":1}", "{\"b\":2}"}).ok());
  EXPECT_EQ(*store.get("sources/0/0"), "v1\n{\"a\":1}\n{\"b\":2}");
}

TEST(SourceLog, ForgetsABatchThatNobodyClaimed) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0", 2);
  ASSERT_TRUE(log.append(0, {entry(0)}).ok());
  ASSERT_TRUE(log.append(1, {entry(1)}).ok());
  ASSERT_TRUE(log.remove(1).ok());
  EXPECT_EQ(*log.latest(), 0);
  ASSERT_TRUE(log.append(1, {entry(7)}).ok());
  EXPECT_EQ(*log.entries(), (Lines{entry(0), entry(7)}));
}

// While an epoch is being committed, the next one is planned; both may have to be planned again.
TEST(SourceLog, KeepsItsEntriesWhenTwoBatchesAreTakenBack) {
  for (const uint64_t interval : {1, 2, 3, 10}) {
    for (int64_t last = 2; last < 25; ++last) {
      io::MemoryStore store;
      SourceLog log(store, "sources/0", interval);
      Lines kept;
      for (int64_t batch = 0; batch <= last; ++batch) {
        ASSERT_TRUE(log.append(batch, {entry(batch)}).ok());
        if (batch <= last - 2) kept.push_back(entry(batch));
      }
      ASSERT_TRUE(log.remove(last).ok());
      ASSERT_TRUE(log.remove(last - 1).ok());
      EXPECT_EQ(log.latest().value(), last - 2) << interval;
      EXPECT_EQ(log.entries().value(), kept) << interval << ", " << last;
    }
  }
}

TEST(SourceLog, NamesTheFileThatIsMissing) {
  io::MemoryStore store;
  ASSERT_TRUE(store.put("sources/0/2.compact", "v1\n{}").ok());
  ASSERT_TRUE(store.put("sources/0/4", "v1\n{}").ok());
  SourceLog log(store, "sources/0");
  EXPECT_EQ(log.entries().status().code(), StatusCode::kCorruption);
  EXPECT_NE(log.entries().status().message().find("sources/0/3 is missing"), std::string::npos);
}

TEST(SourceLog, LosesNoEntryWhereverTheProcessDies) {
  for (const auto when : {test::Fault::kBefore, test::Fault::kAfter}) {
    for (size_t call = 0;; ++call) {
      io::MemoryStore store;
      test::FaultyStore faulty(store);
      SourceLog log(faulty, "sources/0", 2);
      faulty.inject({.call = call, .when = when, .crash = true});
      int64_t batch = 0;
      while (batch < 9 && log.append(batch, {entry(batch)}).ok()) ++batch;
      if (!faulty.happened()) break;
      faulty.heal();
      if (*log.latest() == batch) ++batch;  // it took effect before the process died
      for (; batch < 9; ++batch) ASSERT_TRUE(log.append(batch, {entry(batch)}).ok());
      Lines expected;
      for (int64_t i = 0; i < 9; ++i) expected.push_back(entry(i));
      EXPECT_EQ(*log.entries(), expected);
    }
  }
}

TEST(SourceLog, KeepsFilesOfTheSourcesOwn) {
  io::MemoryStore store;
  SourceLog log(store, "sources/0");
  ASSERT_TRUE(log.write_file("body-1", std::string("\0v1", 3)).ok());
  EXPECT_EQ(log.write_file("body-1", "").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(*log.read_file("body-1"), std::string("\0v1", 3));
  ASSERT_TRUE(log.remove_file("body-1").ok());
  EXPECT_EQ(log.read_file("body-1").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace lakeward::checkpoint
