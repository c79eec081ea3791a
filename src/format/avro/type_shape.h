// Which parts of a nested value a column's declared type asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lakeward::format::avro {

struct TypeShape {
  enum class Kind { kAny, kList, kMap, kStruct };
  Kind kind = Kind::kAny;           // a scalar, or JSON: whatever there is
  std::vector<std::string> names;   // of a struct's fields
  std::vector<TypeShape> children;  // of its fields; of a list's or map's values, the one
};

// Of a type as normalize_type() writes it: STRUCT("a" INTEGER, "b" VARCHAR[]).
TypeShape shape_of(std::string_view type);

}  // namespace lakeward::format::avro
