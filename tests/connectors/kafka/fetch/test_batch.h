// Batches of records as producers write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/kafka/fetch/wire.h"

namespace lakeward::connectors::kafka::fetch {

inline constexpr int16_t kTransactional = 0x10;
inline constexpr int16_t kControl = 0x20;
inline constexpr int16_t kAppendTime = 0x08;

inline std::string varint(int64_t value) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  std::string text;
  for (; bits >= 0x80; bits >>= 7) text += static_cast<char>(bits | 0x80);
  return text + static_cast<char>(bits);
}

inline std::string field(const std::optional<std::string>& bytes) {
  return bytes ? varint(static_cast<int64_t>(bytes->size())) + *bytes : varint(-1);
}

struct TestRecord {
  int64_t offset_delta = 0;
  std::optional<std::string> value;
  std::optional<std::string> key = std::nullopt;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

inline std::string encode(const TestRecord& record) {
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
  int32_t leader_epoch = 0;
};

inline constexpr size_t kChecksumAt = 17;

// CRC-32C bit by bit, as RFC 3720, B.4 describes it.
inline uint32_t checksum(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0);
  }
  return ~crc;
}

// A batch around what stands behind its checksum.
inline std::string seal(int64_t base, const std::string& rest, int32_t leader_epoch = 0) {
  WireWriter prefix;
  prefix.number(base);
  prefix.number(static_cast<int32_t>(rest.size() + 9));
  prefix.number(leader_epoch);
  prefix.number(int8_t{2});
  prefix.number(checksum(rest));
  return prefix.str() + rest;
}

inline std::string encode(const TestBatch& batch) {
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
  return seal(batch.base, text, batch.leader_epoch);
}

// A commit or abort of a transaction.
inline TestBatch marker(int64_t offset, int64_t producer, bool commit) {
  return {offset,
          0,
          {{0, "x", std::string(commit ? "\0\0\0\1" : "\0\0\0\0", 4)}},
          static_cast<int16_t>(kTransactional | kControl),
          producer};
}

}  // namespace lakeward::connectors::kafka::fetch
