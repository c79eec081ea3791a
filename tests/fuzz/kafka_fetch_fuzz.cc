// Anything at all as a broker's answer to Fetch, and as the batches in it. See README.md.
//
// The first byte says what the rest is: an answer; the batches of one partition, whose checksums
// are made right; or one batch from its attributes on, around which a right frame is put, so that
// what stands behind lengths and checksums is reached.
#include <isa-l/crc.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "connectors/kafka/fetch/fetch_api.h"
#include "connectors/kafka/fetch/record_set.h"
#include "connectors/kafka/fetch/wire.h"
#include "format/record_headers.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

enum class Kind : uint8_t { kAnswer, kBatches, kBatch };
constexpr Wanted kEverything{.keys = true, .timestamps = true, .headers = true};

constexpr size_t kLengthEnd = 12;  // base offset and length
constexpr size_t kChecksumAt = 17;
constexpr size_t kAttributesAt = 21;

void seal(std::string& batches, size_t at, size_t size) {
  if (size < kAttributesAt) return;
  auto* sealed = reinterpret_cast<unsigned char*>(batches.data() + at + kAttributesAt);
  WireWriter checksum;
  checksum.number(~crc32_iscsi(sealed, static_cast<int>(size - kAttributesAt), ~0U));
  batches.replace(at + kChecksumAt, sizeof(uint32_t), checksum.str());
}

std::string seal_all(std::string batches) {
  for (size_t at = 0; batches.size() - at >= kLengthEnd;) {
    const auto length = load_big_endian<int32_t>(batches.data() + at + 8);
    if (length < 0 || static_cast<size_t>(length) > batches.size() - at - kLengthEnd) break;
    const size_t size = kLengthEnd + static_cast<size_t>(length);
    seal(batches, at, size);
    at += size;
  }
  return batches;
}

std::string frame(std::string_view from_attributes) {
  WireWriter batch;
  batch.number(int64_t{1'000});
  batch.number(static_cast<int32_t>(from_attributes.size() + kAttributesAt - kLengthEnd));
  batch.number(int32_t{0});  // the leader's epoch
  batch.number(int8_t{2});   // the format
  batch.number(uint32_t{0});
  batch.bytes(from_attributes);
  std::string text = batch.str();
  seal(text, 0, text.size());
  return text;
}

// A byte beyond what may be read is one that the address sanitizer sees.
size_t touch(std::string_view bytes, size_t padding) {
  size_t sum = 0;
  for (size_t i = 0; i < bytes.size() + padding; ++i) {
    sum += static_cast<unsigned char>(bytes.data()[i]);
  }
  return sum;
}

size_t touch_all(const format::RecordBatch& batch) {
  size_t sum = 0;
  for (const format::Record& record : batch.records) sum += touch(record.payload, format::kPadding);
  for (const auto& key : batch.keys) sum += touch(key.value_or(""), 0);
  for (const std::string_view packed : batch.headers) {
    CHECK(packed.empty() || format::unpack_headers(packed), "headers were taken for sound");
    sum += format::headers_json(packed).size();
  }
  return sum;
}

void check_next(RecordSetReader& reader, int64_t from, bool& ended) {
  RecordSetReader plain = reader;  // reads only payloads
  MessageBlock block;
  MessageBlock payloads;
  const Result<int64_t> behind = reader.next(from, kEverything, block);
  const Result<int64_t> again = plain.next(from, {}, payloads);
  ended = !behind.ok();
  if (ended) {
    CHECK(!behind.status().retriable(), "what is damaged stays so");
    return;
  }
  CHECK(again.ok() && *again == *behind && payloads.size() == block.size(),
        "what is sound depends on what is wanted");
  for (size_t i = 0; i < block.size(); ++i) {
    CHECK(block.offset(i) >= from && block.offset(i) < *behind, "an offset of another batch");
    CHECK(block.batch(i, 1).records[0].payload == payloads.batch(i, 1).records[0].payload);
  }
  static volatile size_t touched = 0;
  touched = touched + touch_all(block.batch(0, block.size()));
}

void check_batches(std::string_view bytes, const std::vector<AbortedTransaction>& aborted) {
  const int64_t from = bytes.size() % 7;
  const WholeBatches whole = whole_batches(bytes, from);
  CHECK(whole.next_offset >= from && bytes.starts_with(whole.bytes));
  // Exactly as many readable bytes as promised.
  const std::shared_ptr<char[]> memory(new char[whole.bytes.size() + format::kPadding]());
  if (!whole.bytes.empty()) std::memcpy(memory.get(), whole.bytes.data(), whole.bytes.size());
  RecordSetReader reader(memory, {memory.get(), whole.bytes.size()}, aborted);
  for (bool ended = false; !reader.done() && !ended;) check_next(reader, from, ended);
}

void check_answer(std::string_view input, const TopicIds* ids) {
  const int32_t number = input.size() < 4 ? 0 : load_big_endian<int32_t>(input.data());
  const auto partitions = parse_fetch_response(input, number, ids);
  if (!partitions.ok()) return;
  for (const FetchedPartition& fetched : *partitions) {
    CHECK(fetched.records.empty() ||
          (fetched.records.data() >= input.data() &&
           fetched.records.data() + fetched.records.size() <= input.data() + input.size()));
    check_batches(seal_all(std::string(fetched.records)), fetched.aborted);
  }
}

void check(std::string_view input) {
  if (input.empty()) return;
  const auto kind = static_cast<Kind>(static_cast<unsigned char>(input[0]) % 3);
  input.remove_prefix(1);
  if (kind == Kind::kBatches) return check_batches(seal_all(std::string(input)), {});
  if (kind == Kind::kBatch) return check_batches(frame(input), {{7, 1'000}});
  TopicIds ids;
  ids.add("t", std::string(kTopicIdBytes, 'i'));
  check_answer(input, nullptr);
  check_answer(input, &ids);
}

}  // namespace
}  // namespace lakeward::connectors::kafka::fetch

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  lakeward::connectors::kafka::fetch::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
