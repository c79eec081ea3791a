#include "connectors/kafka/fetch/record_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "connectors/kafka/fetch/wire.h"
#include "format/record_batch.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int16_t kTransactional = 0x10;
constexpr int16_t kControl = 0x20;
constexpr int16_t kAppendTime = 0x08;

std::string varint(int64_t value) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  std::string text;
  for (; bits >= 0x80; bits >>= 7) text += static_cast<char>(bits | 0x80);
  return text + static_cast<char>(bits);
}

std::string field(const std::optional<std::string>& bytes) {
  return bytes ? varint(static_cast<int64_t>(bytes->size())) + *bytes : varint(-1);
}

struct TestRecord {
  int64_t offset_delta = 0;
  std::optional<std::string> value;
  std::optional<std::string> key = std::nullopt;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

std::string encode(const TestRecord& record) {
  std::string text = std::string(1, '\0') + varint(record.offset_delta * 10) +
                     varint(record.offset_delta) + field(record.key) + field(record.value) +
                     varint(static_cast<int64_t>(record.headers.size()));
  for (const auto& [name, value] : record.headers) text += field(name) + field(value);
  return varint(static_cast<int64_t>(text.size())) + text;
}

struct TestBatch {
  int64_t base = 0;
  int32_t last_delta = 0;
  std::vector<TestRecord> records;
  int16_t attributes = 0;
  int64_t producer = -1;
};

constexpr size_t kChecksumAt = 17;

// CRC-32C bit by bit, as RFC 3720, B.4 describes it.
uint32_t checksum(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0);
  }
  return ~crc;
}

// A batch around what stands behind its checksum.
std::string seal(int64_t base, const std::string& rest) {
  WireWriter prefix;
  prefix.number(base);
  prefix.number(static_cast<int32_t>(rest.size() + 9));
  prefix.number(int32_t{0});  // the leader's epoch
  prefix.number(int8_t{2});
  prefix.number(checksum(rest));
  return prefix.str() + rest;
}

std::string encode(const TestBatch& batch) {
  WireWriter body;
  body.number(batch.attributes);
  body.number(batch.last_delta);
  body.number(int64_t{1'000});  // the first timestamp
  body.number(int64_t{9'000});  // the last
  body.number(batch.producer);
  body.number(int16_t{0});
  body.number(int32_t{0});
  body.number(static_cast<int32_t>(batch.records.size()));
  std::string text = body.str();
  for (const TestRecord& record : batch.records) text += encode(record);
  return seal(batch.base, text);
}

// A commit or abort of a transaction.
TestBatch marker(int64_t offset, int64_t producer, bool commit) {
  return {offset,
          0,
          {{0, "x", std::string(commit ? "\0\0\0\1" : "\0\0\0\0", 4)}},
          static_cast<int16_t>(kTransactional | kControl),
          producer};
}

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
  EXPECT_THAT(found.offsets, ElementsAre(100, 102, 104));
  EXPECT_THAT(found.keys, ElementsAre("k", "", std::nullopt));
  EXPECT_EQ(found.timestamps[1].millis(), 1'020);
  EXPECT_THAT(found.headers, ElementsAre(R"({"h":["1",null]})", "{}", "{}"));
}

TEST(RecordSet, GivesTheBrokersTimeIfTheTopicAsksForIt) {
  RecordSetReader reader = reader_of(encode(TestBatch{0, 1, {{0, "a"}, {1, "b"}}, kAppendTime}));
  MessageBlock block;
  ASSERT_TRUE(reader.next(0, {.timestamps = true}, block).ok());
  for (const Timestamp time : block.batch(0, 2).timestamps) EXPECT_EQ(time.millis(), 9'000);
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
