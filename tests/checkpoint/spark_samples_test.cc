// Checkpoints that Apache Spark wrote, taken over.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "checkpoint/checkpoint_log.h"
#include "io/memory_store.h"
#include "support/shared_files.h"

namespace lakeward::checkpoint {
namespace {

class SparkSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    samples_ = test::shared_file("samples/spark-checkpoints");
    if (samples_) return;
    ASSERT_FALSE(test::must_not_skip()) << "shared/samples/spark-checkpoints is not there";
    GTEST_SKIP() << "shared/samples/spark-checkpoints is not there (set LAKEWARD_SHARED)";
  }
  // Copies a sample into the store and opens it.
  std::unique_ptr<CheckpointLog> open(const std::string& sample) {
    const std::filesystem::path root = *samples_ / sample / "checkpoint";
    for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      std::ostringstream bytes;
      bytes << stream.rdbuf();
      const std::string name = std::filesystem::relative(file.path(), root).generic_string();
      EXPECT_TRUE(store_.put("q/" + name, bytes.str()).ok());
    }
    Random random(1);
    return std::move(CheckpointLog::open(store_, "q", random)).value();
  }
  void clear() {
    const auto files = store_.list_recursive("q");
    for (const auto& file : *files) ASSERT_TRUE(store_.remove(file.path).ok());
  }
  std::string get(const std::string& name) { return store_.get("q/" + name).value(); }

  std::optional<std::filesystem::path> samples_;
  io::MemoryStore store_;
};

TEST_F(SparkSamples, EndWhereSparkEnded) {
  struct Case {
    const char* sample;
    int64_t last;
    std::vector<std::optional<std::string>> offsets;
  };
  for (const Case& c : std::vector<Case>{
           {"kafka-handover", 5, {R"({"seq1":{"0":156,"1":131,"2":163}})"}},
           {"file-source", 6, {R"({"logOffset":6})"}},
           {"two-sources", 1, {std::nullopt, R"({"seq1":{"0":156,"1":131,"2":163}})"}},
       }) {
    const auto log = open(c.sample);
    const auto recovered = log->recover();
    ASSERT_TRUE(recovered.ok()) << recovered.status().message();
    EXPECT_EQ((*recovered)->last.id, c.last) << c.sample;
    EXPECT_TRUE((*recovered)->committed) << c.sample;
    EXPECT_EQ((*recovered)->last.offsets.size(), c.offsets.size());
    EXPECT_EQ((*recovered)->last.offsets[0].has_value(), c.offsets[0].has_value());
    if (c.sample != std::string("two-sources")) {
      EXPECT_EQ((*recovered)->last.offsets, c.offsets) << c.sample;
    }
    clear();
  }
}

// The line that Spark wrote is the line that we write, but for the time.
TEST_F(SparkSamples, GoOnWithTheMetadataLineOfSpark) {
  for (const char* sample : {"kafka-handover", "kafka-stateless", "file-source", "two-sources"}) {
    const auto log = open(sample);
    const auto recovered = log->recover();
    ASSERT_TRUE(recovered.ok()) << recovered.status().message();
    PlannedEpoch next = (*recovered)->last;
    const std::string before = get("offsets/" + std::to_string(next.id));
    ++next.id;
    ASSERT_TRUE(log->begin(next).ok());
    EXPECT_EQ(get("offsets/" + std::to_string(next.id)), before) << sample;
    clear();
  }
}

TEST_F(SparkSamples, CompactTheSourceLogWhereSparkWould) {
  const auto log = open("file-source");
  SourceLog& source = log->source_log(0);
  EXPECT_EQ(*source.latest(), 6);
  const auto entries = source.entries();
  ASSERT_TRUE(entries.ok());
  EXPECT_NE(entries->back().find("ev%20120%20ü%25+%23.json"), std::string::npos);
  ASSERT_TRUE(source.append(7, {"{\"path\":\"a\",\"timestamp\":1,\"batchId\":7}"}).ok());
  ASSERT_TRUE(source.append(8, {"{\"path\":\"b\",\"timestamp\":1,\"batchId\":8}"}).ok());
  EXPECT_TRUE(store_.stat("q/sources/0/7").ok());
  EXPECT_TRUE(store_.stat("q/sources/0/8.compact").ok());
  EXPECT_EQ(source.entries()->size(), entries->size() + 2);
}

TEST_F(SparkSamples, GiveAKafkaSourceItsFirstOffsets) {
  const auto log = open("kafka-handover");
  EXPECT_EQ(*log->source_log(0).read_file("0"),
            std::string("\0v1\n{\"seq1\":{\"0\":0,\"1\":0,\"2\":0}}", 32));
}

}  // namespace
}  // namespace lakeward::checkpoint
