#include "stream/transform.h"

#include <utility>

#include "engine/sql_text.h"
#include "stream/dead_letters.h"

namespace lakeward::stream {
namespace {

using engine::quote_identifier;
using engine::quote_literal;

std::string bit(int number) { return std::to_string(uint64_t{1} << number) + "::UBIGINT"; }

}  // namespace

Result<Transform> Transform::bind(engine::Session& session, TransformOptions options) {
  options.sql = engine::strip_statement_end(options.sql);
  Transform transform(session, std::move(options));
  const TransformOptions& given = transform.options_;
  if (given.expectations.size() > kMaxExpectations) {
    return invalid_argument("a pipeline may have at most " + std::to_string(kMaxExpectations) +
                            " expectations; this one has " +
                            std::to_string(given.expectations.size()));
  }
  Result<engine::Schema> as_written = session.describe(given.sql + "\n");
  if (!as_written.ok()) return as_written.status().with_context("transform");
  // What `*` hides is not in the result, so names are taken from the rewritten text.
  RewriteOptions rewrite{.hidden = given.hidden, .with_uncast = given.has_casts};
  ASSIGN_OR_RETURN(transform.text_, rewrite_transform(session, given.sql, {}, rewrite));
  ASSIGN_OR_RETURN(transform.output_, session.describe(transform.text_.plain + "\n"));
  std::vector<std::string> names;
  for (const engine::Column& column : transform.output_) names.push_back(column.name);
  ASSIGN_OR_RETURN(transform.text_, rewrite_transform(session, given.sql, names, rewrite));
  // An aggregate without GROUP BY is known by this: it cannot have a position beside it.
  if (!session.describe(transform.text_.positioned + "\n").ok()) transform.text_.positioned.clear();
  if (transform.text_.positioned.empty() ||
      !session.describe(transform.text_.guarded + "\n").ok()) {
    transform.text_.guarded.clear();
  }
  RETURN_IF_ERROR(transform.check_expectations());
  return transform;
}

Status Transform::check_expectations() {
  for (const Expectation& expectation : options_.expectations) {
    Result<engine::Schema> checked =
        session_->describe("SELECT CAST((" + expectation.check + "\n) AS BOOLEAN) FROM (" +
                           text_.plain + "\n) AS result\n");
    if (!checked.ok()) {
      return checked.status().with_context("expectation '" + expectation.name + "'");
    }
  }
  return ok_status();
}

void Transform::guard(std::string example) {
  CHECK(can_guard());
  guarded_ = true;
  guard_example_ = std::move(example);
}

const std::string& Transform::source_text() const {
  if (guarded_) return text_.guarded;
  return has_positions() ? text_.positioned : text_.plain;
}

GatePolicy Transform::policy() const {
  GatePolicy policy;
  for (size_t i = 0; i < options_.expectations.size(); ++i) {
    const uint64_t mask = uint64_t{1} << i;
    switch (options_.expectations[i].otherwise) {
      case Otherwise::kFail:
        policy.fail |= mask;
        break;
      case Otherwise::kDeadLetter:
        policy.dead_letter |= mask;
        break;
      case Otherwise::kDrop:
        policy.drop |= mask;
        break;
      case Otherwise::kKeep:
        break;
    }
  }
  policy.dead_letter |= uint64_t{1} << kUnsoundBit;
  const uint64_t uncast = uint64_t{1} << kUncastBit;
  (options_.on_malformed == format::OnMalformed::kFail ? policy.fail : policy.dead_letter) |=
      uncast;
  return policy;
}

// A check holds only if it is TRUE. Of a row that could not be made at all, no check is asked.
std::string Transform::mask() const {
  std::string mask;
  std::string all;
  for (size_t i = 0; i < options_.expectations.size(); ++i) {
    const std::string check = "(" + options_.expectations[i].check + "\n)";
    // As a value, not as a filter: DuckDB filters by an OR side by side and sorts what it selected.
    all += (all.empty() ? "" : " AND ") + check + " IS TRUE";
    mask += (mask.empty() ? "" : " | ") + std::string("CASE WHEN ") +
            (guarded_ ? "TRY(" + check + ")" : check) + " THEN 0::UBIGINT ELSE " +
            bit(static_cast<int>(i)) + " END";
  }
  // Most rows break nothing: one conjunction, which narrows as it goes, finds them.
  if (options_.expectations.size() > 1 && !guarded_) {
    mask = "CASE WHEN " + all + " THEN 0::UBIGINT ELSE " + mask + " END";
  }
  if (mask.empty()) mask = "0::UBIGINT";
  std::string broken;
  if (refuses_uncast()) {
    broken += " WHEN " + std::string(kResultUncast) + " IS NOT NULL THEN " + bit(kUncastBit);
  }
  if (guarded_) {
    broken += " WHEN " + std::string(kResultSound) + " IS NOT TRUE THEN " + bit(kUnsoundBit);
  }
  return broken.empty() ? "(" + mask + ")" : "(CASE" + broken + " ELSE " + mask + " END)";
}

std::string Transform::position() const { return has_positions() ? kResultPosition : "0::UBIGINT"; }

std::string Transform::added_columns() const {
  if (!has_positions()) return "";
  std::string columns = kResultPosition;
  if (refuses_uncast()) columns += std::string(", ") + kResultUncast;
  if (guarded_) columns += std::string(", ") + kResultSound;
  return columns;
}

// A column, and only then a filter: DuckDB merges a call in WHERE with the WHERE of the transform
// and evaluates the two in any order, but it does not move a filter past a volatile column.
std::string Transform::gate_call(uint64_t gate) const {
  return "lakeward_gate(" + std::to_string(gate) + "::UBIGINT, " + mask() + ", " + position() +
         ") AS lakeward_pass";
}

std::string Transform::accepted(uint64_t gate) const {
  const std::string added = added_columns();
  return "SELECT * EXCLUDE (lakeward_pass" + (added.empty() ? "" : ", " + added) +
         ") FROM (SELECT *, " + gate_call(gate) + " FROM (" + source_text() +
         "\n) AS result) AS result WHERE lakeward_pass";
}

std::string Transform::refused(uint64_t gate) const {
  std::string row;
  for (const engine::Column& column : output_) {
    row += (row.empty() ? "" : ", ") + quote_literal(column.name) + ": " +
           quote_identifier(column.name);
  }
  std::string reasons;
  std::string names;
  for (size_t i = 0; i < options_.expectations.size(); ++i) {
    const Expectation& expectation = options_.expectations[i];
    const std::string when =
        "CASE WHEN lakeward_mask & " + bit(static_cast<int>(i)) + " <> 0 THEN ";
    reasons += ", " + when +
               quote_literal("breaks " + expectation.name + ": " +
                             engine::strip_statement_end(expectation.check)) +
               " END";
    names += ", " + when + quote_literal(expectation.name) + " END";
  }
  if (guarded_) {
    reasons +=
        ", CASE WHEN lakeward_mask & " + bit(kUnsoundBit) + " <> 0 THEN " +
        quote_literal(std::string(kTransformFails) + "; one failure was: " + guard_example_) +
        " END";
  }
  if (refuses_uncast()) reasons += ", " + std::string(kResultUncast);
  return "SELECT CAST(to_json({" + row + "}) AS VARCHAR) AS \"row\", concat_ws('; '" + reasons +
         ") AS reason, " + (names.empty() ? "NULL" : "nullif(concat_ws(', '" + names + "), '')") +
         "::VARCHAR AS expectation, " +
         (has_positions() ? std::string(kResultPosition) : "NULL::UBIGINT") +
         " AS position FROM (SELECT *, " + mask() + " AS lakeward_mask, " + gate_call(gate) +
         " FROM (" + source_text() + "\n) AS result) AS result WHERE lakeward_pass";
}

std::string Transform::describe_mask(uint64_t mask) const {
  std::string text;
  for (size_t i = 0; i < options_.expectations.size(); ++i) {
    if ((mask >> i & 1) == 0) continue;
    const Expectation& expectation = options_.expectations[i];
    text += (text.empty() ? "" : ", ") + expectation.name + " (" +
            engine::strip_statement_end(expectation.check) + ")";
  }
  if ((mask >> kUncastBit & 1) != 0) text += "the declared types of the columns";
  return text;
}

}  // namespace lakeward::stream
