// Binds the SQL of one pipeline against typed, empty tables. Internal to project/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/schema.h"
#include "engine/session.h"
#include "engine/sql_inspect.h"
#include "project/project.h"

namespace lakeward::project {

// Whether SQL would find a column of this name (case does not matter).
bool has_column(const engine::Schema& schema, const std::string& name);

std::string missing_table_message(const std::string& table, const std::vector<std::string>& known);

// For one pipeline, with a session of its own.
class TypeChecker {
 public:
  TypeChecker(const Pipeline& pipeline, engine::Session& session, config::Problems& problems)
      : pipeline_(pipeline), session_(session), problems_(problems) {}

  // The table `input` has `columns`, and `metadata` (but for names that `columns` has) that
  // `SELECT *` does not mean.
  Status define_input(const engine::Schema& columns, const engine::Schema& metadata);
  Status define_table(const std::string& name, const engine::Schema& columns);

  // The columns of the SQL's result; nullopt, with problems, if it does not bind.
  Result<std::optional<engine::Schema>> check_sql();
  // Replaces `input` by the result.
  Status check_expectations(const engine::Schema& result);

 private:
  Status define_view(const std::string& name, const engine::Schema& columns);
  void report(const SourceText& sql, const engine::SqlError& error, int shift,
              const std::string& what, const std::string& table, const engine::Schema* columns);

  const Pipeline& pipeline_;
  engine::Session& session_;
  config::Problems& problems_;
  engine::Schema input_;  // without metadata
};

}  // namespace lakeward::project
