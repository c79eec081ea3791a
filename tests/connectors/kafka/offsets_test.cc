#include "connectors/kafka/offsets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/shared_files.h"

namespace lakeward::connectors::kafka {
namespace {

TEST(KafkaOffsets, AreWrittenAsSparkWritesThem) {
  const Offsets offsets = {{{"seq1", 10}, 7}, {{"seq1", 2}, 90}, {{"seq1", 0}, 86}, {{"a", 1}, 0}};
  EXPECT_EQ(format_offsets(offsets), "{\"a\":{\"1\":0},\"seq1\":{\"0\":86,\"2\":90,\"10\":7}}");
  EXPECT_EQ(parse_offsets(format_offsets(offsets)).value(), offsets);
  EXPECT_EQ(format_offsets({}), "{}");
}

TEST(KafkaOffsets, BeginWithTheBytesThatSparkBeginsWith) {
  const std::string bytes = format_initial_offsets({{{"seq1", 0}, 0}, {{"seq1", 1}, 0}});
  EXPECT_EQ(bytes, std::string("\0v1\n", 4) + "{\"seq1\":{\"0\":0,\"1\":0}}");
  EXPECT_EQ(parse_initial_offsets(bytes).value().size(), 2u);
}

TEST(KafkaOffsets, OfSparksOwnCheckpointKeepTheirBytes) {
  const auto folder = test::shared_file("samples/spark-checkpoints/kafka-handover/checkpoint");
  if (!folder && test::must_not_skip())
    FAIL() << "Spark's checkpoints are not in the shared folder";
  if (!folder) GTEST_SKIP() << "Spark's checkpoints are not in the shared folder";
  std::ifstream begin(*folder / "sources/0/0", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(begin), {});
  EXPECT_EQ(format_initial_offsets(parse_initial_offsets(bytes).value()), bytes);
  std::ifstream epoch(*folder / "offsets/0");
  std::string line;
  for (int i = 0; i < 3; ++i) std::getline(epoch, line);
  EXPECT_EQ(format_offsets(parse_offsets(line).value()), line);
}

TEST(KafkaOffsets, OfAnotherSourceAreRefused) {
  for (const char* text :
       {"{\"logOffset\":4}", "", "5", "{\"a\":{\"x\":1}}", "{\"a\":{\"0\":-1}}"}) {
    EXPECT_EQ(parse_offsets(text).status().code(), StatusCode::kCorruption) << text;
  }
  EXPECT_EQ(parse_initial_offsets("v1\n{}").status().code(), StatusCode::kCorruption);
}

struct Sharing {
  std::vector<uint64_t> available;
  uint64_t limit;
  std::vector<uint64_t> shares;
};
class Shares : public ::testing::TestWithParam<Sharing> {};

TEST_P(Shares, AreFair) {
  EXPECT_EQ(share_fairly(GetParam().available, GetParam().limit), GetParam().shares);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Shares,
    ::testing::Values(Sharing{{}, 10, {}}, Sharing{{5, 5}, 100, {5, 5}},
                      Sharing{{1'000, 10, 1'000}, 100, {45, 10, 45}},
                      Sharing{{9, 9, 9}, 2, {1, 1, 0}}, Sharing{{0, 7}, 3, {0, 3}},
                      Sharing{{UINT64_MAX, 1}, UINT64_MAX, {UINT64_MAX - 1, 1}}));

}  // namespace
}  // namespace lakeward::connectors::kafka
