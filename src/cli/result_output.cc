#include "cli/result_output.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "cli/json_output.h"
#include "engine/sql_text.h"

namespace lakeward::cli {
namespace {

bool is_number(const std::string& type) {
  static const std::vector<std::string> kNumbers = {
      "TINYINT",  "SMALLINT", "INTEGER",  "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
      "UINTEGER", "UBIGINT",  "UHUGEINT", "FLOAT",  "DOUBLE",  "BIGNUM"};
  return type.starts_with("DECIMAL") ||
         std::find(kNumbers.begin(), kNumbers.end(), type) != kNumbers.end();
}

// Names that a JSON object can have: the second of two equal ones gets a number.
std::vector<std::string> unique_names(const engine::Schema& schema) {
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const engine::Column& column : schema) {
    std::string name = column.name;
    for (int i = 1; !taken.insert(name).second; ++i) name = column.name + "_" + std::to_string(i);
    names.push_back(name);
  }
  return names;
}

// The engine turns values into text: each column one VARCHAR, or a row one JSON object.
std::string as_text(const std::string& select, const engine::Schema& schema, RowFormat format) {
  const std::vector<std::string> names = unique_names(schema);
  std::string aliases;
  std::string columns;
  for (size_t i = 0; i < schema.size(); ++i) {
    const std::string comma = i == 0 ? "" : ", ";
    const std::string alias = "c" + std::to_string(i);
    aliases += comma + alias;
    columns += comma;
    if (format == RowFormat::kJson) {
      columns += engine::quote_identifier(names[i]) + " := " + alias;
    } else if (schema[i].type == "BLOB") {
      columns += "hex(" + alias + ")";
    } else {
      columns += "CAST(" + alias + " AS VARCHAR)";
    }
  }
  if (format == RowFormat::kJson)
    columns = "CAST(to_json(struct_pack(" + columns + ")) AS VARCHAR)";
  return "SELECT " + columns + " FROM (" + select + "\n) AS result(" + aliases + ")";
}

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void write(const engine::Chunk& chunk, std::string& out) = 0;
  // What stands there even if there is no row.
  virtual void finish(std::string& /*out*/) {}
};

class TableWriter final : public RowWriter {
 public:
  TableWriter(const engine::Schema& schema, Screen screen)
      : columns_(schema.size()), layout_(table_columns(schema), screen) {}

  void write(const engine::Chunk& chunk, std::string& out) override {
    std::vector<std::vector<std::string>> rows(chunk.rows(), std::vector<std::string>(columns_));
    for (size_t c = 0; c < columns_; ++c) {
      const engine::VectorView column = chunk.column(c);
      for (size_t r = 0; r < rows.size(); ++r) {
        rows[r][c] = column.is_null(r) ? "NULL" : one_line(column.string(r));
      }
    }
    if (!begun_) {
      for (const auto& row : rows) layout_.fit(row);
    }
    begin(out);
    for (const auto& row : rows) out += layout_.row(row);
  }
  void finish(std::string& out) override { begin(out); }

 private:
  static std::vector<TableColumn> table_columns(const engine::Schema& schema) {
    std::vector<TableColumn> columns;
    for (const engine::Column& column : schema) {
      columns.push_back({column.name, is_number(column.type)});
    }
    return columns;
  }
  void begin(std::string& out) {
    if (!begun_) out += layout_.header();
    begun_ = true;
  }

  size_t columns_;
  TableLayout layout_;
  bool begun_ = false;
};

void append_csv(std::string_view cell, std::string& out) {
  if (!cell.empty() && cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

class CsvWriter final : public RowWriter {
 public:
  explicit CsvWriter(const engine::Schema& schema) : columns_(schema.size()) {
    for (const engine::Column& column : schema) {
      if (&column != &schema.front()) header_ += ',';
      append_csv(column.name, header_);
    }
    header_ += '\n';
  }

  void write(const engine::Chunk& chunk, std::string& out) override {
    finish(out);
    std::vector<engine::VectorView> columns;
    for (size_t c = 0; c < columns_; ++c) columns.push_back(chunk.column(c));
    for (size_t r = 0; r < chunk.rows(); ++r) {
      for (size_t c = 0; c < columns_; ++c) {
        if (c > 0) out += ',';
        if (!columns[c].is_null(r)) append_csv(columns[c].string(r), out);
      }
      out += '\n';
    }
  }
  void finish(std::string& out) override {
    out += header_;
    header_.clear();
  }

 private:
  size_t columns_;
  std::string header_;
};

class JsonWriter final : public RowWriter {
 public:
  void write(const engine::Chunk& chunk, std::string& out) override {
    const engine::VectorView column = chunk.column(0);
    for (size_t r = 0; r < chunk.rows(); ++r) {
      out += column.string(r);
      out += '\n';
    }
  }
};

std::unique_ptr<RowWriter> make_writer(const engine::Schema& schema, const OutputOptions& options) {
  switch (options.format) {
    case RowFormat::kTable:
      return std::make_unique<TableWriter>(schema, options.screen);
    case RowFormat::kCsv:
      return std::make_unique<CsvWriter>(schema);
    case RowFormat::kJson:
      return std::make_unique<JsonWriter>();
  }
  CHECK(false, "unknown format");
}

}  // namespace

RowFormat row_format(const std::string& name) {
  if (name == "csv") return RowFormat::kCsv;
  if (name == "json" || name == "jsonl") return RowFormat::kJson;
  return RowFormat::kTable;
}

Result<uint64_t> write_rows(engine::Session& session, const std::string& select,
                            const OutputOptions& options, std::ostream& out, std::stop_token stop) {
  ASSIGN_OR_RETURN(const engine::Schema schema, session.describe(select));
  const std::stop_callback interrupt(stop, [&session] { session.interrupt(); });
  ASSIGN_OR_RETURN(const auto stream, session.stream(as_text(select, schema, options.format)));
  const std::unique_ptr<RowWriter> writer = make_writer(schema, options);
  uint64_t rows = 0;
  std::string buffer;
  while (true) {
    Result<std::optional<engine::Chunk>> chunk = stream->next();
    if (!chunk.ok()) return chunk.status();
    if (stop.stop_requested()) return cancelled("interrupted");
    buffer.clear();
    if (!chunk->has_value()) {
      writer->finish(buffer);
      out << buffer << std::flush;
      if (!out) return io_error("cannot write the rows: the output was closed or is full");
      return rows;
    }
    writer->write(**chunk, buffer);
    rows += (*chunk)->rows();
    out << buffer << std::flush;
    if (!out) return io_error("cannot write the rows: the output was closed or is full");
  }
}

Status write_held_rows(const engine::Schema& schema, const engine::Rows& rows,
                       const OutputOptions& options, std::ostream& out) {
  std::vector<TableColumn> columns;
  std::string csv;
  for (const engine::Column& column : schema) {
    columns.push_back({column.name, is_number(column.type)});
    csv += csv.empty() ? "" : ",";
    append_csv(column.name, csv);
  }
  csv += "\n";
  std::string json;
  std::vector<std::vector<std::string>> cells;
  for (size_t r = 0; r < rows.size(); ++r) {
    nlohmann::ordered_json object;
    cells.emplace_back();
    for (size_t c = 0; c < schema.size(); ++c) {
      const bool null = rows.is_null(r, c);
      const std::string text = rows.text(r, c);
      cells.back().push_back(null ? "NULL" : text);
      if (c > 0) csv += ',';
      if (!null) append_csv(text, csv);
      const auto number = nlohmann::ordered_json::parse(text, nullptr, false);
      const bool plain =
          (is_number(schema[c].type) || schema[c].type == "BOOLEAN") && !number.is_discarded();
      object[schema[c].name] =
          null ? nlohmann::ordered_json() : (plain ? number : nlohmann::ordered_json(text));
    }
    csv += "\n";
    json += json_line(object);
  }
  out << (options.format == RowFormat::kTable ? format_table(columns, cells, options.screen)
          : options.format == RowFormat::kCsv ? csv
                                              : json)
      << std::flush;
  return out ? ok_status() : io_error("cannot write the rows: the output was closed or is full");
}

}  // namespace lakeward::cli
