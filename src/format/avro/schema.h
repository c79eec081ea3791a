// Avro schemas (Apache Avro specification 1.12, Schema Declaration), parsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/schema_source.h"

namespace lakeward::format::avro {

enum class Type : uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion,
};
std::string_view to_string(Type type);  // "int", "record", …

// What a value means. As the specification asks, a logical type that is unknown or does not fit its
// type is none at all.
enum class Logical : uint8_t {
  kNone,
  kDate,
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kTimestampNanos,
  kLocalTimestampMillis,
  kLocalTimestampMicros,
  kLocalTimestampNanos,
  kDecimal,
  kUuid,
  kDuration,
};

using NodeId = uint32_t;

struct Field {
  std::string name;
  std::vector<std::string> aliases;
  NodeId type = 0;
  std::optional<std::string> default_json;
};

struct Node {
  Type type = Type::kNull;
  Logical logical = Logical::kNone;
  int precision = 0;  // of kDecimal
  int scale = 0;
  uint32_t size = 0;                        // of kFixed, in bytes
  std::string name;                         // of kRecord, kEnum, kFixed: the full name
  std::vector<std::string> aliases;         // full names
  std::vector<Field> fields;                // of kRecord
  std::vector<std::string> symbols;         // of kEnum
  std::optional<std::string> enum_default;  // of kEnum
  std::vector<NodeId> branches;             // of kUnion; of kArray and kMap the one of their values
};

// A graph: a named type may be used inside of itself.
class Schema {
 public:
  // `references` are the texts of schemas whose named types `text` uses, each after those that it
  // uses itself. Errors: InvalidArgument, with the place in the schema.
  static Result<Schema> parse(std::string_view text,
                              const std::vector<std::string>& references = {});

  NodeId root() const { return root_; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  // The schema of one of its types.
  Schema at(NodeId root) const {
    Schema schema = *this;
    schema.root_ = root;
    return schema;
  }

 private:
  friend class SchemaParser;
  std::vector<Node> nodes_;
  NodeId root_ = 0;
};

// The name without its namespace.
std::string_view unqualified(std::string_view name);

// A field's default as the specification's binary encoding of a value of `type`. Errors:
// InvalidArgument.
Result<std::string> encode_default(const Schema& schema, NodeId type, std::string_view json);

// The schema that a registry gave. Errors: InvalidArgument, as parse(), also if it is of another
// type; the message goes on from "schema 7 ".
Result<Schema> parse_registered(const RegisteredSchema& registered);

}  // namespace lakeward::format::avro
