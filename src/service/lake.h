// The lake's tables by name: listing, opening, and SQL over them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "delta/skipping.h"
#include "delta/table.h"
#include "engine/database.h"
#include "engine/session.h"
#include "engine/sql_inspect.h"
#include "io/object_store.h"
#include "stream/table_catalog.h"

namespace lakeward::service {

// Which version of each table a query reads: the newest, one by number, or the last that is not
// younger than a time.
using AsOf = std::variant<std::monostate, delta::Version, Timestamp>;

// A table that a query was bound to.
struct BoundTable {
  std::string name;
  delta::Version version = 0;
  size_t files = 0;    // that the query reads
  size_t skipped = 0;  // that cannot hold a row it wants
};

// Thread-safe. The store and the database outlive it.
class Lake final : public stream::TableCatalog {
 public:
  Lake(io::ObjectStore& store, engine::Database& database) : store_(store), database_(database) {}

  // The names of all tables, ascending: each folder that has a `_delta_log`. Folders whose names
  // begin with '_' or '.' are not searched.
  Result<std::vector<std::string>> tables();

  // The table's name as the lake writes it, for a name in any case. Errors: NotFound, with the
  // nearest name there is; InvalidArgument for what cannot be a name.
  Result<std::string> resolve(const std::string& name);

  // Opens an existing table. Errors: as resolve().
  Result<delta::Table> open(const std::string& name);

  // Makes each table that `sql` names a view of this session, at the version that `as_of` says,
  // without the files that cannot hold a row that the query wants. Errors: InvalidArgument (not one
  // SELECT, or a syntax error), NotFound, and those of reading a table.
  Result<std::vector<BoundTable>> bind(engine::Session& session, const std::string& sql,
                                       const AsOf& as_of);

  Result<std::optional<int64_t>> version(const std::string& table) override;
  Result<std::string> scan_select(const std::string& table, int64_t version) override;

 private:
  Status find_tables(const std::string& folder, int depth, std::vector<std::string>& found);
  // The table of that exact name, kept open. The caller holds mutex_.
  Result<delta::Table*> kept_open(const std::string& name);
  Result<BoundTable> bind_table(engine::Session& session, const std::string& as_named,
                                const std::vector<engine::ColumnPredicate>& predicates,
                                const AsOf& as_of);

  io::ObjectStore& store_;
  engine::Database& database_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<delta::Table>> open_tables_;
};

// The predicates that statistics can be judged by with the same result as the engine's comparison:
// those whose literal the engine compares without casting the column.
std::vector<delta::Predicate> pushed_predicates(
    const std::string& table, const std::vector<engine::ColumnPredicate>& predicates,
    const delta::TableSchema& schema);

}  // namespace lakeward::service
