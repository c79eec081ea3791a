#include "connectors/kafka/fetch/record_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "connectors/kafka/fetch/test_batch.h"
#include "format/record_batch.h"
#include "format/record_headers.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RecordSetReader reader_of(const std::string& bytes, std::vector<AbortedTransaction> aborted = {}) {
  const auto memory = std::shared_ptr<char[]>(new char[bytes.size() + format::kPadding]());
  std::memcpy(memory.get(), bytes.data(), bytes.size());
  return {memory, std::string_view(memory.get(), bytes.size()), std::move(aborted)};
}

std::vector<std::string> texts(const MessageBlock& block) {
  std::vector<std::string> all;
  for (const format::Record& record : block.batch(0, block.size()).records) {
    all.emplace_back(record.payload);
  }
  return all;
}

std::vector<std::string> read_all(RecordSetReader reader, int64_t from = 0) {
  MessageBlock block;
  while (!reader.done()) EXPECT_TRUE(reader.next(from, {}, block).ok());
  return texts(block);
}

TEST(RecordSet, GivesEachRecordWithItsOffsetKeyTimeAndHeaders) {
  const TestBatch batch{
      100,
      4,
      {{0, "a", "k", {{"h", "1"}, {"h", std::nullopt}}}, {2, "", "", {}}, {4, std::nullopt}}};
  RecordSetReader reader = reader_of(encode(batch));
  MessageBlock block;
  EXPECT_EQ(reader.next(0, {.keys = true, .timestamps = true, .headers = true}, block).value(),
            105);
  EXPECT_TRUE(reader.done());
  const format::RecordBatch found = block.batch(0, block.size());
  EXPECT_THAT(texts(block), ElementsAre("a", "", ""));
  EXPECT_FALSE(format::is_no_payload(found.records[1].payload));
  EXPECT_TRUE(format::is_no_payload(found.records[2].payload));
  EXPECT_THAT(found.offsets, ElementsAre(100, 102, 104));
  EXPECT_THAT(found.keys, ElementsAre("k", "", std::nullopt));
  EXPECT_EQ(found.timestamps[1].millis(), 1'020);
  ASSERT_EQ(found.headers.size(), 3u);
  EXPECT_EQ(format::headers_json(found.headers[0]), R"({"h":["1",null]})");
  EXPECT_EQ(found.headers[1], "");
}

TEST(RecordSet, KeepsNoHeadersOfRecordsThatHaveNone) {
  const TestBatch batch{0, 3, {{0, "a"}, {1, "b"}, {2, "c", "k", {{"h", "\xff"}}}, {3, "d"}}};
  MessageBlock block;
  RecordSetReader without = reader_of(encode(TestBatch{0, 1, {{0, "a"}, {1, "b"}}}));
  ASSERT_TRUE(without.next(0, {.headers = true}, block).ok());
  EXPECT_TRUE(block.batch(0, 2).headers.empty());
  block.clear();
  RecordSetReader reader = reader_of(encode(batch));
  ASSERT_TRUE(reader.next(0, {.headers = true}, block).ok());
  const format::RecordBatch found = block.batch(1, 3);
  ASSERT_EQ(found.headers.size(), 3u);
  EXPECT_EQ(found.headers[0], "");
  EXPECT_EQ(format::headers_json(found.headers[1]), R"({"h":{"base64":"/w=="}})");
  EXPECT_EQ(found.headers[2], "");
}

TEST(RecordSet, GivesTheBrokersTimeIfTheTopicAsksForIt) {
  RecordSetReader reader = reader_of(encode(TestBatch{0, 1, {{0, "a"}, {1, "b"}}, kAppendTime}));
  MessageBlock block;
  ASSERT_TRUE(reader.next(0, {.timestamps = true}, block).ok());
  for (const Timestamp time : block.batch(0, 2).timestamps) EXPECT_EQ(time.millis(), 9'000);
}

// Whatever a producer took for milliseconds.
TEST(RecordSet, KeepsATimeThatCannotBeAsANumber) {
  MessageBlock block;
  const int64_t times[] = {1'764'153'033'000, 1'764'153'033'000'000'000, -1,
                           std::numeric_limits<int64_t>::min()};
  for (size_t i = 0; i < std::size(times); ++i) {
    block.add("v", static_cast<int64_t>(i));
    block.add_timestamp(times[i]);
    EXPECT_EQ(block.batch(0, 1).timestamps_ms.empty(), i == 0);
  }
  EXPECT_THAT(block.batch(0, 4).timestamps_ms, testing::ElementsAreArray(times));
  EXPECT_EQ(block.batch(0, 1).timestamps[0].millis(), times[0]);
  EXPECT_EQ(block.batch(1, 1).timestamps[0].millis(), kFarthestMillis);
  EXPECT_EQ(block.batch(3, 1).timestamps[0].millis(), -kFarthestMillis);
  block.clear();
  EXPECT_TRUE(block.batch(0, 0).timestamps_ms.empty());
}

TEST(RecordSet, BeginsInTheMiddleOfABatch) {
  const std::string bytes =
      encode(TestBatch{0, 2, {{0, "a"}, {1, "b"}, {2, "c"}}}) + encode(TestBatch{3, 0, {{0, "d"}}});
  EXPECT_THAT(read_all(reader_of(bytes), 2), ElementsAre("c", "d"));
  EXPECT_THAT(read_all(reader_of(bytes), 4), IsEmpty());
}

TEST(RecordSet, LeavesOutWhatWasAborted) {
  const std::string bytes = encode(TestBatch{0, 0, {{0, "7 aborted"}}, kTransactional, 7}) +
                            encode(TestBatch{1, 0, {{0, "8"}}, kTransactional, 8}) +
                            encode(TestBatch{2, 0, {{0, "plain"}}}) + encode(marker(3, 7, false)) +
                            encode(TestBatch{4, 0, {{0, "7 again"}}, kTransactional, 7}) +
                            encode(marker(5, 8, true)) + encode(marker(6, 7, true));
  EXPECT_THAT(read_all(reader_of(bytes, {{7, 0}})), ElementsAre("8", "plain", "7 again"));
}

TEST(RecordSet, EndsBeforeABatchThatIsCutOff) {
  const std::string first = encode(TestBatch{10, 3, {{0, "a"}}});
  const std::string both = first + encode(TestBatch{14, 0, {{0, "b"}}});
  for (size_t size = 0; size < both.size(); ++size) {
    const WholeBatches whole = whole_batches(std::string_view(both).substr(0, size), 10);
    EXPECT_EQ(whole.bytes.size(), size < first.size() ? 0 : first.size());
    EXPECT_EQ(whole.next_offset, size < first.size() ? 10 : 14);
  }
  EXPECT_EQ(whole_batches(both, 10).next_offset, 15);
}

TEST(RecordSet, EndsBeforeABatchOfAnotherLeader) {
  const auto batch = [](int64_t base, int32_t epoch) {
    return encode(TestBatch{base, 0, {{0, "a"}}, 0, -1, epoch});
  };
  const std::string old = batch(9, 3);  // what is known already
  const std::string same = batch(10, 4) + batch(11, -1) + batch(12, 4);
  const std::string bytes = old + same + batch(13, 5) + batch(14, 4);
  const WholeBatches whole = whole_batches(bytes, 10, 4);
  EXPECT_EQ(whole.bytes, old + same);
  EXPECT_EQ(whole.next_offset, 13);
  EXPECT_EQ(whole.other_epoch, 5);
  EXPECT_EQ(whole_batches(bytes, 10).bytes, bytes);
  EXPECT_EQ(whole_batches(bytes, 10, 7).other_epoch, 4);
}

TEST(RecordSet, LeavesOldFormatsToOthers) {
  std::string bytes = encode(TestBatch{0, 0, {{0, "a"}}});
  bytes[16] = 1;
  RecordSetReader reader = reader_of(bytes);
  MessageBlock block;
  EXPECT_EQ(reader.next(0, {}, block).status().code(), StatusCode::kUnsupported);
}

TEST(RecordSet, RefusesABatchWithAnotherChecksum) {
  EXPECT_EQ(checksum("123456789"), 0xE3069283U);  // as catalogues of checksums give it
  const std::string sound = encode(TestBatch{0, 0, {{0, "a payload"}}});
  EXPECT_THAT(read_all(reader_of(sound)), ElementsAre("a payload"));
  for (size_t at = kChecksumAt; at < sound.size(); ++at) {
    std::string bytes = sound;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    RecordSetReader reader = reader_of(bytes);
    MessageBlock block;
    EXPECT_EQ(reader.next(0, {}, block).status().code(), StatusCode::kCorruption) << at;
  }
}

// Sums of what a broker sends must not overflow; the undefined-behaviour sanitizer sees it.
TEST(RecordSet, RefusesOffsetsAndTimesThatCannotBe) {
  constexpr int64_t kFarthest = std::numeric_limits<int64_t>::max();
  TestRecord far{1, "a"};
  far.offset_delta = kFarthest / 10;
  TestRecord behind{-1, "a"};
  for (const TestBatch& batch : std::vector<TestBatch>{
           {kFarthest, 0, {{0, "a"}}},
           {kFarthest - 5, 1'000, {{0, "a"}}},
           {-1, 0, {{0, "a"}}},
           {5, 0, {far}},
           {5, 0, {behind}},
           {5, 0, {{1, "a"}}},
       }) {
    const std::string bytes = encode(batch);
    const WholeBatches whole = whole_batches(bytes, 5);
    EXPECT_EQ(whole.bytes.size(), bytes.size());
    EXPECT_LE(whole.next_offset, 6) << "the next Fetch would leave out what is there";
    RecordSetReader reader = reader_of(bytes);
    MessageBlock block;
    EXPECT_EQ(reader.next(0, {.timestamps = true}, block).status().code(), StatusCode::kCorruption);
  }
}

// A record's length, attributes, times and offset, neither key nor value; then its headers.
TEST(RecordSet, RefusesHeadersThatCannotBe) {
  const std::string before = std::string(3, '\0') + field(std::nullopt) + field(std::nullopt);
  for (const std::string& headers :
       {varint(-1), varint(1), varint(2) + field("a") + field("b"),
        varint(1) + field(std::nullopt) + field("a name is missing"),
        varint(int64_t{1} << 62) + field("a") + field("b"), varint(INT64_MAX)}) {
    const std::string record = before + headers;
    const std::string sound = encode(TestBatch{0, 0, {{0, std::nullopt}}});
    const std::string bytes = seal(0, sound.substr(kChecksumAt + 4, 40) +
                                          varint(static_cast<int64_t>(record.size())) + record);
    RecordSetReader reader = reader_of(bytes);
    MessageBlock block;
    EXPECT_EQ(reader.next(0, {.headers = true}, block).status().code(), StatusCode::kCorruption);
  }
}

// A hostile broker's checksums are right. With the address sanitizer, this would also see a byte
// that is read beyond the end.
TEST(RecordSet, RefusesDamagedBatchesInsteadOfReadingBeyondThem) {
  const std::string sound =
      encode(TestBatch{0, 2, {{0, "a", "k", {{"h", "v"}}}, {1, "bb"}, {2, "c"}}});
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = sound;
    for (int flips = 0; flips < 3; ++flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    }
    if (i % 2 == 0) bytes = seal(0, bytes.substr(kChecksumAt + sizeof(uint32_t)));
    const WholeBatches whole = whole_batches(bytes, 0);
    // Of the very size: the reader has only the padding behind it.
    RecordSetReader reader = reader_of(std::string(whole.bytes));
    while (!reader.done()) {
      MessageBlock block;
      if (!reader.next(0, {.keys = true, .timestamps = true, .headers = true}, block).ok()) break;
      for (const std::string& text : texts(block)) EXPECT_LE(text.size(), sound.size());
    }
  }
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch
