#include "connectors/console/sink.h"

#include <algorithm>
#include <iostream>

#include "base/units.h"
#include "connectors/declared_options.h"
#include "engine/sql_text.h"

namespace lakeward::connectors::console {
namespace {

// A table needs its rows at once to align them; an epoch of JSON lines is not held for ever either.
constexpr uint64_t kTableRows = 1000;
constexpr size_t kLongestCell = 80;

// What write() hands to commit().
struct Text {
  std::string text;
};

using Row = std::vector<std::string>;

// The number of characters, not bytes.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string make_table(const std::vector<Row>& rows) {
  std::vector<size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (size_t number = 0; number < rows.size(); ++number) {
    for (size_t i = 0; i < widths.size(); ++i) {
      const bool last = i + 1 == widths.size();
      text += rows[number][i];
      if (!last) text += std::string(widths[i] - width(rows[number][i]) + 2, ' ');
    }
    text += "\n";
    if (number > 0) continue;
    for (size_t i = 0; i < widths.size(); ++i) {
      text += std::string(widths[i], '-') + (i + 1 == widths.size() ? "" : "  ");
    }
    text += "\n";
  }
  return text;
}

}  // namespace

Status ConsoleSink::check(const engine::Schema&) { return ok_status(); }

Result<stream::Committable> ConsoleSink::write(engine::Session& session, const std::string& select,
                                               const stream::Epoch&) {
  const bool table = options_.format == Form::kTable;
  uint64_t limit = options_.limit == 0 ? UINT64_MAX : options_.limit;
  if (table) limit = std::min(limit, kTableRows);
  std::vector<Row> rows;
  std::string columns = "CAST(to_json(row_of_epoch) AS VARCHAR)";
  if (table) {
    ASSIGN_OR_RETURN(const engine::Schema schema, session.describe(select));
    columns.clear();
    rows.emplace_back();
    for (const engine::Column& column : schema) {
      rows[0].push_back(column.name);
      columns += (columns.empty() ? "" : ", ") + ("CAST(" + engine::quote_identifier(column.name)) +
                 " AS VARCHAR)";
    }
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<engine::ResultStream> result,
      session.stream("SELECT " + columns + " FROM (" + select + "\n) AS row_of_epoch"));
  stream::Committable committable;
  Text text;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, result->next());
    if (!chunk) break;
    for (size_t row = 0; row < chunk->rows(); ++row) {
      if (committable.rows++ >= limit) continue;
      if (!table) {
        text.text.append(chunk->column(0).string(row)).append("\n");
        continue;
      }
      rows.emplace_back();
      for (size_t i = 0; i < rows[0].size(); ++i) {
        const engine::VectorView cells = chunk->column(i);
        std::string cell = cells.is_null(row) ? "NULL" : std::string(cells.string(row));
        if (cell.size() > kLongestCell) cell = cell.substr(0, kLongestCell) + "…";
        std::replace(cell.begin(), cell.end(), '\n', ' ');
        rows.back().push_back(std::move(cell));
      }
    }
  }
  if (table && committable.rows > 0) text.text = make_table(rows);
  if (table && committable.rows > limit) {
    text.text += "… and " + format_count(committable.rows - limit, "more row") + "\n";
  }
  committable.bytes = text.text.size();
  committable.content = std::move(text);
  return committable;
}

void ConsoleSink::discard(stream::Committable) {}

Result<std::optional<int64_t>> ConsoleSink::last_committed() { return {std::nullopt}; }

Status ConsoleSink::commit(const stream::Epoch&, stream::Committable committable,
                           const stream::Accounting&) {
  const auto* text = std::any_cast<Text>(&committable.content);
  CHECK(text != nullptr, "commit() follows write()");
  out_ << text->text << std::flush;
  if (out_.good()) return ok_status();
  return io_error("writing to the standard output failed (was it closed?)");
}

stream::SinkType sink_type() {
  return {.doc = "The standard output: rows as JSON lines or a table, at least once.",
          .options = console_options().infos(),
          .check = make_check(console_options),
          .make = [](const stream::SinkArguments& arguments,
                     stream::Environment&) -> Result<std::unique_ptr<stream::Sink>> {
            ASSIGN_OR_RETURN(const ConsoleOptions options,
                             parse_options(console_options(), arguments.options));
            return std::unique_ptr<stream::Sink>(std::make_unique<ConsoleSink>(options, std::cout));
          }};
}

}  // namespace lakeward::connectors::console
