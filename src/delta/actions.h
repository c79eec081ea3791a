// The actions of a Delta log, and the text of a commit.
//
// Delta protocol, "Actions". Fields and actions that the protocol lets a client ignore are ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lakeward::delta {

// A table's version: 0 is the commit that made it.
using Version = int64_t;
using TextMap = std::map<std::string, std::string>;
// By column; nullopt is NULL. Text form: Delta protocol, "Partition Value Serialization".
using PartitionValues = std::map<std::string, std::optional<std::string>>;

struct Protocol {
  int32_t min_reader_version = 1;
  int32_t min_writer_version = 2;
  // Present from reader version 3 and writer version 7 on.
  std::optional<std::vector<std::string>> reader_features;
  std::optional<std::vector<std::string>> writer_features;
  bool operator==(const Protocol&) const = default;
};

struct Metadata {
  std::string id;  // a UUID
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::string format = "parquet";
  std::string schema_string;  // JSON; see delta/schema.h
  std::vector<std::string> partition_columns;
  std::optional<int64_t> created_ms;
  TextMap configuration;  // the table's properties
  bool operator==(const Metadata&) const = default;

  // A property's value, or `otherwise` if it is not set.
  std::string property(const std::string& key, std::string_view otherwise = "") const;
};

struct AddFile {
  std::string
      path;  // a URI: percent-encoded, relative to the table's folder unless it has a scheme
  PartitionValues partition_values;
  int64_t size = 0;  // bytes
  int64_t modified_ms = 0;
  bool data_change = true;
  std::string stats;  // JSON, or "" if there are none
  TextMap tags;
  bool has_deletion_vector = false;
  bool operator==(const AddFile&) const = default;
};

struct RemoveFile {
  std::string path;  // the very bytes of the add's path
  std::optional<int64_t> deleted_ms;
  bool data_change = true;
  std::optional<PartitionValues> partition_values;
  std::optional<int64_t> size;
  bool has_deletion_vector = false;
  bool operator==(const RemoveFile&) const = default;
};

// How far an application has come in writing to the table.
struct Txn {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> updated_ms;
  bool operator==(const Txn&) const = default;
};

struct CommitInfo {
  std::optional<int64_t> timestamp_ms;
  std::optional<int64_t> in_commit_timestamp_ms;
  std::string operation;
  TextMap operation_parameters;
  TextMap operation_metrics;
  std::optional<bool> is_blind_append;
  std::string engine_info;
  std::optional<std::string> user_metadata;
  std::string txn_id;  // a random UUID by which a writer knows its own commit again
  bool operator==(const CommitInfo&) const = default;
};

// What one commit says.
struct CommitActions {
  std::optional<CommitInfo> info;
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::vector<Txn> txns;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
};

// Parses a commit (one JSON object a line). `place` names the file in messages. Errors: Corruption,
// naming the file and the line.
Result<CommitActions> parse_actions(std::string_view ndjson, std::string_view place);

// The text of a commit: commitInfo, protocol, metaData, txn, remove, add; one a line.
std::string print_actions(const CommitActions& actions);

// The number of rows that a file's statistics state, if they do.
std::optional<uint64_t> record_count(const AddFile& file);

// The percent-encoding of a file's relative path as an add's path needs it (RFC 2396; '/' is kept),
// and back. decode leaves what is not an escape as it is.
std::string encode_path(std::string_view path);
std::string decode_path(std::string_view uri);

}  // namespace lakeward::delta
