#include "project/plan.h"

#include <algorithm>
#include <utility>

#include "base/suggest.h"
#include "config/options.h"
#include "delta/schema.h"
#include "engine/sql_text.h"
#include "format/raw_format.h"
#include "project/load.h"
#include "project/type_check.h"

namespace lakeward::project {
namespace {

using engine::Schema;

// What is known of a lake table.
struct TableColumns {
  bool exists = false;            // in the lake, or a pipeline of the project makes it
  std::optional<Schema> columns;  // nullopt: not known
};

class Planner {
 public:
  Planner(const Project& project, const stream::Registry& registry, engine::Database& database,
          stream::TableCatalog* lake)
      : project_(project), registry_(registry), database_(database), lake_(lake) {}

  Result<Plan> make() && {
    ASSIGN_OR_RETURN(const auto session, database_.make_session());
    RETURN_IF_ERROR(check_time_zone(*session));
    ASSIGN_OR_RETURN(plan_.lineage, resolve_lineage(project_, registry_, *session, plan_.problems));
    plan_.types.resize(project_.pipelines.size());
    for (const size_t place : plan_.lineage.order) RETURN_IF_ERROR(resolve(place));
    sort_problems(plan_.problems);
    return std::move(plan_);
  }

 private:
  void report(const config::Location& location, std::string message) {
    plan_.problems.push_back({location, std::move(message)});
  }

  Status check_time_zone(engine::Session& session) {
    ASSIGN_OR_RETURN(const engine::Rows rows,
                     session.query("SELECT count(*) FROM pg_timezone_names() WHERE name = " +
                                   engine::quote_literal(project_.time_zone)));
    if (rows.integer(0, 0) == 0) {
      report(project_.time_zone_location, "'time_zone': there is no time zone '" +
                                              project_.time_zone +
                                              "'; write for example UTC or Europe/Berlin");
    }
    return ok_status();
  }

  Status resolve(size_t place) {
    const Pipeline& pipeline = project_.pipelines[place];
    const PipelineLinks& links = plan_.lineage.links[place];
    PipelineTypes& types = plan_.types[place];
    ASSIGN_OR_RETURN(const auto session, database_.make_session());
    TypeChecker checker(pipeline, *session, plan_.problems);
    bool known = links.sql_is_sound;
    if (!pipeline.is_view()) {
      ASSIGN_OR_RETURN(types.input, input_of(pipeline, links, *session));
      known = known && types.input.has_value();
      if (types.input) {
        const bool relation = !registry_.source(pipeline.from->connector)->reads_records ||
                              (pipeline.decode && pipeline.decode->format == "parquet");
        RETURN_IF_ERROR(checker.define_input(
            *types.input, relation ? relation_metadata_columns() : record_metadata_columns()));
      }
    }
    for (const std::string& table : links.sql_tables) {
      ASSIGN_OR_RETURN(const TableColumns columns, columns_of(table, *session));
      if (!columns.exists) {
        report(place_of_name(pipeline.sql, table), missing_table(table));
      }
      known = known && columns.columns.has_value();
      if (columns.columns) RETURN_IF_ERROR(checker.define_table(table, *columns.columns));
    }
    if (!known) return ok_status();
    ASSIGN_OR_RETURN(types.output, checker.check_sql());
    if (!types.output) return ok_status();
    check_partitions(pipeline, *types.output);
    check_delta_columns(pipeline, *types.output);
    for (const ConnectorBlock& sink : pipeline.sinks) {
      const stream::SinkType* type = registry_.sink(sink.connector);
      if (type == nullptr || !type->check_rows) continue;
      ASSIGN_OR_RETURN(const auto rows, engine::resolve_types(*session, *types.output));
      type->check_rows(sink.options, rows, plan_.problems);
    }
    return checker.check_expectations(*types.output);
  }

  // The columns by which a sink keeps its files apart are columns of the result.
  void check_partitions(const Pipeline& pipeline, const Schema& output) {
    std::vector<std::string> names;
    for (const engine::Column& column : output) names.push_back(column.name);
    for (const ConnectorBlock& sink : pipeline.sinks) {
      const config::Value* value = sink.options.find("partition_by");
      std::vector<std::string> columns;
      if (value == nullptr || config::convert(*value, columns)) continue;
      for (const std::string& column : columns) {
        if (has_column(output, column)) continue;
        report(value->location(), "'partition_by' names a column '" + column +
                                      "' that the result does not have" +
                                      suggestion(column, names));
      }
    }
  }

  // What a Delta table cannot hold is known before anything runs.
  void check_delta_columns(const Pipeline& pipeline, const Schema& output) {
    const bool to_delta =
        std::any_of(pipeline.sinks.begin(), pipeline.sinks.end(),
                    [](const ConnectorBlock& sink) { return sink.connector == "delta"; });
    if (!to_delta) return;
    const auto schema = delta::delta_schema(output);
    const Status fits = schema.ok() ? delta::check_column_names(*schema) : schema.status();
    if (!fits.ok()) report(pipeline.sql.location(), fits.message());
  }

  Result<std::optional<Schema>> input_of(const Pipeline& pipeline, const PipelineLinks& links,
                                         engine::Session& session) {
    if (!pipeline.from) return std::optional<Schema>();
    if (links.source_table) {
      ASSIGN_OR_RETURN(TableColumns columns, columns_of(*links.source_table, session));
      if (!columns.exists) {
        report(pipeline.from->options.find("table")->location(),
               missing_table(*links.source_table));
      }
      return std::move(columns.columns);
    }
    if (!registry_.source(pipeline.from->connector)->reads_records) return std::optional<Schema>();
    if (!pipeline.decode || pipeline.decode->format == "raw") {
      return std::optional<Schema>(
          format::raw_schema(pipeline.decode && pipeline.decode->raw_bytes));
    }
    if (pipeline.decode->format == "parquet") return std::optional<Schema>();
    if (!pipeline.decode->avro.unresolved.empty()) return std::optional<Schema>();
    return std::optional<Schema>(pipeline.decode->columns);
  }

  // The columns of the table as the project's pipelines make it, followed by those that it has in
  // the lake besides.
  Result<TableColumns> columns_of(const std::string& table, engine::Session& session) {
    TableColumns found;
    if (const auto writer = plan_.lineage.writer_of(table)) {
      found.exists = true;
      const std::vector<std::string>& writes = plan_.lineage.links[*writer].writes;
      const bool is_dead_letters =
          writes.back() == table && table == dead_letter_table(project_.pipelines[*writer]);
      if (!is_dead_letters) found.columns = plan_.types[*writer].output;
    }
    if (lake_ == nullptr) {
      found.exists = true;  // who knows
      return found;
    }
    ASSIGN_OR_RETURN(const std::optional<int64_t> version, lake_->version(table));
    if (!version) return found;
    ASSIGN_OR_RETURN(const std::string select, lake_->scan_select(table, *version));
    ASSIGN_OR_RETURN(Schema stored, session.describe(select));
    if (!found.columns) {
      // A pipeline that writes it and is wrong says nothing of its columns; the lake does.
      found.columns = std::move(stored);
    } else {
      for (engine::Column& column : stored) {
        if (!has_column(*found.columns, column.name)) found.columns->push_back(std::move(column));
      }
    }
    found.exists = true;
    return found;
  }

  std::string missing_table(const std::string& table) const {
    std::vector<std::string> names;
    for (const PipelineLinks& links : plan_.lineage.links) {
      names.insert(names.end(), links.writes.begin(), links.writes.end());
    }
    return missing_table_message(table, names);
  }

  const Project& project_;
  const stream::Registry& registry_;
  engine::Database& database_;
  stream::TableCatalog* lake_;
  Plan plan_;
};

}  // namespace

const Schema& record_metadata_columns() {
  static const Schema columns = {
      {"_raw", "VARCHAR"},
      {"_raw_bytes", "BLOB"},
      {"_key", "VARCHAR"},
      {"_key_bytes", "BLOB"},
      {"_topic", "VARCHAR"},
      {"_partition", "INTEGER"},
      {"_offset", "BIGINT"},
      {"_timestamp", "TIMESTAMP WITH TIME ZONE"},
      {"_timestamp_ms", "BIGINT"},
      {"_headers", "VARCHAR"},
      {"_file", "VARCHAR"},
      {"_line", "BIGINT"},
      {"_ingest_time", "TIMESTAMP WITH TIME ZONE"},
      {"_epoch", "BIGINT"},
  };
  return columns;
}

const Schema& relation_metadata_columns() {
  static const Schema columns = {{"_ingest_time", "TIMESTAMP WITH TIME ZONE"},
                                 {"_epoch", "BIGINT"}};
  return columns;
}

Result<Plan> make_plan(const Project& project, const stream::Registry& registry,
                       engine::Database& database, stream::TableCatalog* lake) {
  return Planner(project, registry, database, lake).make();
}

}  // namespace lakeward::project
