// The columns of `input` beside the decoded ones.
#pragma once

#include <array>
#include <string_view>

namespace lakeward::stream {

// A column that a RecordTable can produce from a record's provenance.
struct MetadataColumn {
  std::string_view name;
  std::string_view type;
};

// `_timestamp_ms`, milliseconds since 1970, is what the record says, be it no time at all.
// `_raw` and `_key` are text: bytes that are not UTF-8 appear in DuckDB's notation of a BLOB, \xFF;
// `_raw_bytes` and `_key_bytes` are what they are.
inline constexpr std::array kRecordColumns = {
    MetadataColumn{"_raw", "VARCHAR"},
    MetadataColumn{"_key", "VARCHAR"},
    MetadataColumn{"_topic", "VARCHAR"},
    MetadataColumn{"_partition", "INTEGER"},
    MetadataColumn{"_offset", "BIGINT"},
    MetadataColumn{"_timestamp", "TIMESTAMP WITH TIME ZONE"},
    MetadataColumn{"_headers", "VARCHAR"},
    MetadataColumn{"_file", "VARCHAR"},
    MetadataColumn{"_line", "BIGINT"},
    MetadataColumn{"_raw_bytes", "BLOB"},
    MetadataColumn{"_key_bytes", "BLOB"},
    MetadataColumn{"_timestamp_ms", "BIGINT"},
    MetadataColumn{"_position", "UBIGINT"},
};
enum class RecordColumn {
  kRaw,
  kKey,
  kTopic,
  kPartition,
  kOffset,
  kTimestamp,
  kHeaders,
  kFile,
  kLine,
  kRawBytes,
  kKeyBytes,
  kTimestampMs,
  kPosition
};

// The record's name within its epoch (format::Position).
inline constexpr std::string_view kPositionColumn = "_position";
// Constants of an epoch.
inline constexpr std::string_view kIngestTimeColumn = "_ingest_time";
inline constexpr std::string_view kEpochColumn = "_epoch";
// NULL, or why a declared type could not be made of a decoded text.
inline constexpr std::string_view kUncastColumn = "_uncast";

}  // namespace lakeward::stream
