// Which files cannot hold a row that a query wants.
#pragma once

#include <string>
#include <vector>

#include "delta/snapshot.h"

namespace lakeward::delta {

// column OP literal. A row matches if it is true; NULL never matches a comparison.
struct Predicate {
  enum class Op {
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIsNull,
    kIsNotNull
  };
  std::string column;  // a top-level column
  Op op = Op::kEqual;
  std::string
      literal;  // text: numbers, "true", dates and timestamps in ISO form, strings as they are
};

// Whether the file may hold a row that matches all predicates. Never wrongly false: what cannot be
// judged (no statistics, an unknown column, a literal that is not of the column's type) may match.
bool may_match(const AddFile& file, const TableState& state,
               const std::vector<Predicate>& predicates);

}  // namespace lakeward::delta
