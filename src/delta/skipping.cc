#include "delta/skipping.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "delta/values.h"

namespace lakeward::delta {
namespace {

using nlohmann::json;

// How a bound stands to a literal: -1 below, 0 equal, 1 above; nullopt if that is not certain.
using Order = std::optional<int>;

template <typename T>
int order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

enum class Side {
  kMin,    // at or below every value
  kMax,    // at or above every value, but perhaps cut: see the comparisons
  kExact,  // the value itself
};

Order order_integers(const json& bound, const std::string& literal) {
  int64_t right = 0;
  const char* end = literal.data() + literal.size();
  const auto [stop, error] = std::from_chars(literal.data(), end, right);
  if (error != std::errc() || stop != end || !bound.is_number_integer()) return std::nullopt;
  if (bound.is_number_unsigned() && bound.get<uint64_t>() > INT64_MAX) return 1;
  return order(bound.get<int64_t>(), right);
}

// Decimals and floats pass through a double here: certain only if they are clearly apart.
Order order_reals(const json& bound, const std::string& literal) {
  char* end = nullptr;
  const double right = std::strtod(literal.c_str(), &end);
  if (!bound.is_number() || literal.empty() || *end != '\0' || !std::isfinite(right)) {
    return std::nullopt;
  }
  const auto left = bound.get<double>();
  const double room = 1e-6 * (std::abs(left) + std::abs(right));
  if (left < right - room) return -1;
  if (left > right + room) return 1;
  return std::nullopt;
}

// Writers cut timestamps to milliseconds, some of them the maximum too: it may stand for any
// microsecond of its millisecond.
Order order_instants(const json& bound, const std::string& literal, Side side) {
  if (!bound.is_string()) return std::nullopt;
  const auto left = parse_instant(bound.get_ref<const std::string&>());
  const auto right = parse_instant(literal);
  if (!left || !right) return std::nullopt;
  const int64_t room = side == Side::kMax ? 999 : 0;
  return order(left->micros + room, right->micros);
}

// A maximum may be a prefix of the greatest value: it is below the literal only if it is so within
// its own length, and never certainly equal.
Order order_strings(const json& bound, const std::string& literal, Side side) {
  if (!bound.is_string()) return std::nullopt;
  const auto& left = bound.get_ref<const std::string&>();
  if (side != Side::kMax) return order(left.compare(literal), 0);
  const int within =
      left.compare(0, left.size(), literal, 0, std::min(left.size(), literal.size()));
  if (within == 0) return std::nullopt;
  return order(within, 0);
}

Order compare(const json& bound, const std::string& literal, const std::string& type, Side side) {
  if (type == "string") return order_strings(bound, literal, side);
  if (type == "date" || type == "timestamp" || type == "timestamp_ntz") {
    return order_instants(bound, literal, side);
  }
  if (type == "long" || type == "integer" || type == "short" || type == "byte") {
    return order_integers(bound, literal);
  }
  if (type == "float" || type == "double" || type.starts_with("decimal(")) {
    return order_reals(bound, literal);
  }
  return std::nullopt;
}

bool is_float(const std::string& type) { return type == "float" || type == "double"; }

// Whether statistics rule out that a non-null value between the bounds matches.
bool ruled_out(const Predicate& predicate, const std::string& type, const Order& min,
               const Order& max) {
  const bool min_above = min == 1;
  const bool max_below = max == -1;
  switch (predicate.op) {
    case Predicate::Op::kEqual:
      return min_above || max_below;
    case Predicate::Op::kLess:
      return min_above || min == 0;
    case Predicate::Op::kLessOrEqual:
      return min_above;
    // NaN is above every number and in no maximum.
    case Predicate::Op::kGreater:
      return !is_float(type) && (max_below || max == 0);
    case Predicate::Op::kGreaterOrEqual:
      return !is_float(type) && max_below;
    case Predicate::Op::kNotEqual:
      return !is_float(type) && min == 0 && max == 0;
    case Predicate::Op::kIsNull:
    case Predicate::Op::kIsNotNull:
      return false;
  }
  return false;
}

bool is_null_test(const Predicate& predicate) {
  return predicate.op == Predicate::Op::kIsNull || predicate.op == Predicate::Op::kIsNotNull;
}

// A partition value is the column's value in every row of the file.
bool partition_may_match(const Predicate& predicate, const DataType& type,
                         const std::optional<std::string>& value) {
  const auto literal = partition_literal(type, value);
  if (!literal.ok()) return true;
  if (*literal == "NULL") return predicate.op == Predicate::Op::kIsNull;
  if (is_null_test(predicate)) return predicate.op == Predicate::Op::kIsNotNull;
  json bound = *value;
  const bool is_text = type.primitive == "string" || type.primitive == "date" ||
                       type.primitive.starts_with("timestamp");
  if (!is_text) {
    bound = json::parse(*value, nullptr, false);
    if (bound.is_discarded()) return true;
  }
  const Order exact = compare(bound, predicate.literal, type.primitive, Side::kExact);
  return !ruled_out(predicate, type.primitive, exact, exact);
}

const json* member(const json& object, const std::string& key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json* of_column(const json& stats, const char* part, const std::string& column) {
  const json* object = member(stats, part);
  return object == nullptr ? nullptr : member(*object, column);
}

bool statistics_may_match(const Predicate& predicate, const Field& field, const json& stats) {
  const json* rows = member(stats, "numRecords");
  const json* nulls = of_column(stats, "nullCount", field.name);
  if (nulls != nullptr && nulls->is_number_integer()) {
    const bool none_null = *nulls == 0;
    const bool all_null = rows != nullptr && rows->is_number_integer() && *rows == *nulls;
    if (predicate.op == Predicate::Op::kIsNull) return !none_null;
    if (all_null) return false;
  }
  if (is_null_test(predicate)) return true;
  const std::string& type = field.type.primitive;
  const json* low = of_column(stats, "minValues", field.name);
  const json* high = of_column(stats, "maxValues", field.name);
  const Order min = low == nullptr ? Order() : compare(*low, predicate.literal, type, Side::kMin);
  const Order max = high == nullptr ? Order() : compare(*high, predicate.literal, type, Side::kMax);
  return !ruled_out(predicate, type, min, max);
}

}  // namespace

bool may_match(const AddFile& file, const TableState& state,
               const std::vector<Predicate>& predicates) {
  std::optional<json> stats;
  for (const Predicate& predicate : predicates) {
    const Field* field = find_field(state.schema, predicate.column);
    if (field == nullptr || field->type.kind != DataType::Kind::kPrimitive) continue;
    const auto partition = file.partition_values.find(field->name);
    if (partition != file.partition_values.end()) {
      if (!partition_may_match(predicate, field->type, partition->second)) return false;
      continue;
    }
    if (file.stats.empty()) continue;
    if (!stats) stats = json::parse(file.stats, nullptr, false);
    if (stats->is_discarded()) continue;
    if (!statistics_may_match(predicate, *field, *stats)) return false;
  }
  return true;
}

}  // namespace lakeward::delta
