// How bytes that one schema wrote are read as another: a (writer, reader) pair, resolved once.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "format/avro/schema.h"
#include "format/avro/type_shape.h"

namespace lakeward::format::avro {

using PlanId = uint32_t;

// A field of the writer's record, in the writer's order.
struct PlanMember {
  PlanId plan = 0;
  bool wanted = false;  // else it is skipped
  std::string name;     // the reader's
  std::string key;      // the name as a member of a JSON object, with its colon
};

// A field that only the reader's record has.
struct PlanDefault {
  PlanId plan = 0;    // of the reader's type
  std::string bytes;  // its default, encoded, and kPadding bytes behind it
  size_t size = 0;    // of the default
  std::string name;
  std::string key;
};

struct PlanSymbol {
  std::string text;    // the reader's
  bool known = false;  // else the reader's enum has neither the symbol nor a default
};

// One type of the writer, and what it is for the reader.
struct PlanNode {
  Type type = Type::kNull;           // the writer's: how the bytes are read
  Type shown = Type::kNull;          // the reader's: an int may be read as a double
  Logical logical = Logical::kNone;  // the reader's, in the writer's unit
  int precision = 0;                 // of kDecimal
  int scale = 0;
  uint32_t size = 0;                  // of kFixed
  std::vector<PlanMember> members;    // of kRecord
  std::vector<PlanDefault> defaults;  // of kRecord
  std::vector<PlanSymbol> symbols;    // of kEnum
  std::vector<PlanId> children;       // of kUnion, kArray, kMap
  std::string mismatch;               // not empty: no such value can be read, and why
};

// Resolution by the Apache Avro specification 1.12, Schema Resolution and Aliases. What does not
// match is a node that says so: it matters only if a record has such a value. Beyond the
// specification: times in another unit and decimals of another scale keep their value, not their
// number; and of a reader's union, a branch of the writer's very type goes before one that it could
// be promoted to.
class Plan {
 public:
  // `reader` may be null: everything is read as it was written.
  Plan(const Schema& writer, const Schema* reader);

  // A node like `id` of which only what `shape` asks for is wanted. Fields that it asks for and the
  // record does not have are null.
  PlanId shaped(PlanId id, const TypeShape& shape);

  PlanId root() const { return root_; }
  const PlanNode& node(PlanId id) const { return nodes_[id]; }

 private:
  // A type of one schema, to be read as one of another, or as it is.
  struct Pair {
    const Schema* writer = nullptr;
    NodeId from = 0;
    const Schema* reader = nullptr;
    NodeId to = 0;
    auto operator<=>(const Pair&) const = default;

    const Node& source() const { return writer->node(from); }
    const Node& target() const { return reader->node(to); }
  };

  PlanId resolve(Pair pair);
  void fill(PlanId id, const Pair& pair);
  void fill_union(PlanId id, const Pair& pair);
  void fill_record(PlanId id, const Pair& pair);
  void fill_enum(PlanId id, const Pair& pair);
  void shape_record(PlanNode& node, const TypeShape& shape);

  std::map<Pair, PlanId> known_;
  std::vector<PlanNode> nodes_;
  PlanId root_ = 0;
};

}  // namespace lakeward::format::avro
