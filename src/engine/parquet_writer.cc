#include "engine/parquet_writer.h"

#include <charconv>
#include <system_error>

#include "base/check.h"
#include "base/random.h"
#include "engine/parquet/sink.h"
#include "engine/sql_text.h"

namespace lakeward::engine {
namespace {

// "s"."b"."element" as its names; inner quotes are doubled.
std::vector<std::string> split_quoted_path(std::string_view text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      names.back() += c;
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '.' && !quoted) {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

std::optional<uint64_t> parse_count(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The entries of a MAP(VARCHAR, …) cell: key, and the row of the value in the value vector.
template <typename Visit>
void for_each_entry(const VectorView& map, size_t row, Visit visit) {
  if (map.is_null(row)) return;
  const duckdb_list_entry entry = map.list_entry(row);
  const VectorView pairs = map.list_child();
  const VectorView keys = pairs.struct_child(0);
  const VectorView values = pairs.struct_child(1);
  for (uint64_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    visit(keys.string(i), values, i);
  }
}

ColumnStatistics read_statistics(const VectorView& values, size_t row) {
  ColumnStatistics statistics;
  for_each_entry(values, row, [&](std::string_view key, const VectorView& texts, size_t place) {
    if (texts.is_null(place)) return;
    const std::string text(texts.string(place));
    if (key == "min") statistics.min = text;
    if (key == "max") statistics.max = text;
    if (key == "null_count") statistics.null_count = parse_count(text);
    if (key == "has_nan") statistics.has_nan = text == "true";
  });
  return statistics;
}

// One row of what COPY … RETURN_STATS returns: filename, count, file_size_bytes,
// footer_size_bytes, column_statistics, partition_keys.
WrittenFile read_file(const Chunk& chunk, size_t row) {
  WrittenFile file;
  file.path = std::string(chunk.column(0).string(row));
  file.rows = chunk.column(1).get<uint64_t>(row);
  file.bytes = chunk.column(2).get<uint64_t>(row);
  for_each_entry(chunk.column(4), row,
                 [&](std::string_view name, const VectorView& values, size_t place) {
                   file.columns[split_quoted_path(name)] = read_statistics(values, place);
                 });
  for_each_entry(chunk.column(5), row,
                 [&](std::string_view name, const VectorView& values, size_t place) {
                   std::optional<std::string> value;
                   if (!values.is_null(place)) value = std::string(values.string(place));
                   file.partition.emplace_back(std::string(name), std::move(value));
                 });
  return file;
}

std::string copy_options(const ParquetOptions& options) {
  std::string text = "FORMAT parquet, RETURN_STATS, COMPRESSION " +
                     quote_literal(options.compression) + ", ROW_GROUP_SIZE " +
                     std::to_string(options.row_group_rows);
  if (options.partition_by.empty()) return text;
  text += ", PARTITION_BY (";
  for (size_t i = 0; i < options.partition_by.size(); ++i) {
    text += (i == 0 ? "" : ", ") + quote_identifier(options.partition_by[i]);
  }
  return text + "), APPEND, FILENAME_PATTERN " + quote_literal(options.file_stem + "-{uuid}");
}

// A sink that SQL can name.
class NamedSink {
 public:
  NamedSink(Session& session, parquet::Sink& sink)
      : session_(session), id_(session.add_sink(sink)) {}
  ~NamedSink() { session_.remove_sink(id_); }
  NamedSink(const NamedSink&) = delete;
  NamedSink& operator=(const NamedSink&) = delete;
  uint64_t id() const { return id_; }

 private:
  Session& session_;
  uint64_t id_;
};

// nullopt if some type is not for our encoders; nothing was run then.
Result<std::optional<WrittenFile>> encode(Session& session, const std::string& select,
                                          const std::filesystem::path& target,
                                          const ParquetOptions& options) {
  parquet::Sink sink(target, options.columns, options.row_group_rows);
  const NamedSink named(session, sink);
  const Result<Rows> counted =
      session.query("SELECT sum(lakeward_parquet(" + std::to_string(named.id()) +
                    "::UBIGINT, *COLUMNS(*)))::BIGINT FROM (" + select + "\n)");
  if (!counted.ok()) {
    RETURN_IF_ERROR(sink.failure());
    if (!sink.is_bound()) return std::optional<WrittenFile>();
    return counted.status();
  }
  ASSIGN_OR_RETURN(WrittenFile file, sink.finish());
  const int64_t rows = counted->is_null(0, 0) ? 0 : counted->integer(0, 0);
  CHECK(static_cast<uint64_t>(rows) == file.rows, "each row of the query is written");
  return std::optional(std::move(file));
}

}  // namespace

Result<std::vector<WrittenFile>> write_parquet(Session& session, const std::string& select,
                                               const std::filesystem::path& folder,
                                               const ParquetOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return errno_status(error.value(), "making the folder", folder.string());

  std::filesystem::path target = folder;
  if (options.partition_by.empty()) {
    Random random = Random::from_entropy();
    target /= options.file_stem + "-" + make_uuid(random) + ".parquet";
    if (!options.columns.empty() && options.compression == "zstd") {
      ASSIGN_OR_RETURN(std::optional<WrittenFile> file, encode(session, select, target, options));
      if (file && file->rows == 0) return std::vector<WrittenFile>();
      if (file) return std::vector<WrittenFile>{*std::move(file)};
    }
  }
  // Not streamed: a thread that waits for a stream spins beside the ones that work.
  ASSIGN_OR_RETURN(const Rows written,
                   session.query("COPY (" + select + "\n) TO " + quote_literal(target.string()) +
                                 " (" + copy_options(options) + ")"));
  std::vector<WrittenFile> files;
  for (const Chunk& chunk : written.chunks()) {
    for (size_t row = 0; row < chunk.rows(); ++row) files.push_back(read_file(chunk, row));
  }
  // COPY makes a file also for no rows; a table has no use for it.
  std::erase_if(files, [](const WrittenFile& file) {
    if (file.rows > 0) return false;
    std::error_code ignored;
    std::filesystem::remove(file.path, ignored);
    return true;
  });
  return files;
}

}  // namespace lakeward::engine
