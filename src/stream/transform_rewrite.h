// The user's SELECT with the columns that Lakeward adds, by way of DuckDB's syntax tree.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/session.h"

namespace lakeward::stream {

// Columns that a rewritten transform has at its end; they never reach a sink.
inline constexpr const char* kResultPosition = "_lakeward_position";
inline constexpr const char* kResultUncast = "_lakeward_uncast";
inline constexpr const char* kResultSound = "_lakeward_sound";

struct RewriteOptions {
  std::vector<std::string> hidden;  // columns of `input` that `*` leaves out
  bool with_uncast = false;         // `input` has kUncastColumn: rows that have it pass any WHERE
};

struct RewrittenTransform {
  // One row of input makes at most one of the result, whatever the other rows are.
  bool row_wise = false;
  bool has_where = false;  // on the outermost SELECT
  // The text, `*` of input without the hidden columns.
  std::string plain;
  // `plain` with kResultPosition and, with_uncast, kResultUncast. Empty if the result's rows do not
  // come each from one row of input. Aggregates are not recognised here: this text does not bind
  // then.
  std::string positioned;
  // `positioned` (of a row-wise transform) that never fails on a row: it has NULLs for it instead,
  // and kResultSound is not TRUE. Empty if there is none. `names` are the result's columns.
  std::string guarded;
};

// Errors: InvalidArgument if `sql` is not one SELECT. `names`: the columns of the result as the
// user's own text has them.
Result<RewrittenTransform> rewrite_transform(engine::Session& session, const std::string& sql,
                                             const std::vector<std::string>& names,
                                             const RewriteOptions& options);

}  // namespace lakeward::stream
