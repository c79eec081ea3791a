#include "connectors/file/sink.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "connectors/declared_options.h"
#include "connectors/file/options.h"
#include "engine/sql_text.h"

namespace lakeward::connectors::file {
namespace {

namespace fs = std::filesystem;

// What write() hands to commit(): paths relative to the folder, before and after the move.
struct Moves {
  fs::path staging;  // of this epoch
  std::vector<std::pair<std::string, std::string>> files;
};

Status failure(const std::error_code& error, std::string_view action, const fs::path& path) {
  return error ? errno_status(error.value(), action, path.string()) : ok_status();
}

}  // namespace

std::vector<std::pair<std::string, FileFormat>> option_choices(FileFormat) {
  return {{"parquet", FileFormat::kParquet},
          {"jsonl", FileFormat::kJsonLines},
          {"csv", FileFormat::kCsv}};
}

std::vector<std::pair<std::string, FileCompression>> option_choices(FileCompression) {
  return {{"default", FileCompression::kDefault},
          {"none", FileCompression::kNone},
          {"gzip", FileCompression::kGzip},
          {"zstd", FileCompression::kZstd}};
}

const config::OptionSet<FileSinkOptions>& file_sink_options() {
  static const config::OptionSet<FileSinkOptions> options = {
      {"path", &FileSinkOptions::path, config::required(),
       "The folder to write to, made if missing. Relative paths begin at the project's folder."},
      {"format", &FileSinkOptions::format, config::default_to(FileFormat::kParquet),
       "parquet, jsonl (JSON Lines) or csv (with a header)."},
      {"partition_by", &FileSinkOptions::partition_by, config::optional(),
       "Columns by whose values the files are kept apart, in folders COLUMN=VALUE."},
      {"compression", &FileSinkOptions::compression, config::default_to(FileCompression::kDefault),
       "none, gzip or zstd; by default zstd for parquet and none for others."},
  };
  return options;
}

FileSink::FileSink(FileSinkOptions options, fs::path folder, std::string query_id,
                   std::shared_ptr<io::ObjectStore> store)
    : options_(std::move(options)),
      folder_(std::move(folder)),
      query_id_(std::move(query_id)),
      store_(std::move(store)) {}

fs::path FileSink::staging() const { return folder_ / (".staging-" + query_id_); }

std::string FileSink::state_file(const std::string& kind) const {
  return ".lakeward-" + query_id_ + "." + kind;
}

std::string FileSink::ending() const {
  if (options_.format == FileFormat::kParquet) return ".parquet";
  std::string text = options_.format == FileFormat::kCsv ? ".csv" : ".jsonl";
  if (options_.compression == FileCompression::kGzip) text += ".gz";
  if (options_.compression == FileCompression::kZstd) text += ".zst";
  return text;
}

std::string FileSink::copy_statement(const std::string& select, const std::string& target,
                                     const std::string& stem) const {
  std::string text = "COPY (" + select + "\n) TO " + engine::quote_literal(target) + " (FORMAT ";
  const bool parquet = options_.format == FileFormat::kParquet;
  text += parquet ? "parquet" : options_.format == FileFormat::kCsv ? "csv, HEADER" : "json";
  FileCompression compression = options_.compression;
  if (compression == FileCompression::kDefault) {
    compression = parquet ? FileCompression::kZstd : FileCompression::kNone;
  }
  text += compression == FileCompression::kGzip   ? ", COMPRESSION gzip"
          : compression == FileCompression::kZstd ? ", COMPRESSION zstd"
          : parquet                               ? ", COMPRESSION uncompressed"
                                                  : "";
  if (options_.partition_by.empty()) return text + ")";
  std::string columns;
  for (const std::string& column : options_.partition_by) {
    columns += (columns.empty() ? "" : ", ") + engine::quote_identifier(column);
  }
  return text + ", PARTITION_BY (" + columns + "), FILENAME_PATTERN " +
         engine::quote_literal(stem + "{i}") + ", FILE_EXTENSION " +
         engine::quote_literal(ending().substr(1)) + ")";
}

Status FileSink::check(const engine::Schema& rows) {
  for (const std::string& name : options_.partition_by) {
    const bool found = std::any_of(rows.begin(), rows.end(),
                                   [&](const auto& column) { return column.name == name; });
    if (!found) {
      return invalid_argument("file " + options_.path + ": the partition column '" + name +
                              "' is not a column of the rows");
    }
  }
  if (!options_.partition_by.empty() && options_.partition_by.size() == rows.size()) {
    return invalid_argument("file " + options_.path +
                            ": at least one column must not be in 'partition_by'");
  }
  return ok_status();
}

Result<stream::Committable> FileSink::write(engine::Session& session, const std::string& select,
                                            const stream::Epoch& epoch) {
  const fs::path own = staging() / std::to_string(epoch.id);
  std::error_code error;
  fs::remove_all(std::exchange(begun_, true) ? own : staging(), error);  // of attempts that died
  if (!error) fs::create_directories(own, error);
  RETURN_IF_ERROR(failure(error, "making the folder", own));
  const std::string stem = "part-" + std::to_string(epoch.id) + "-";
  const fs::path target = options_.partition_by.empty() ? own / (stem + "0" + ending()) : own;
  ASSIGN_OR_RETURN(const engine::Rows copied,
                   session.query(copy_statement(select, target.string(), stem)));
  stream::Committable committable;
  committable.rows = static_cast<uint64_t>(copied.integer(0, 0));
  committable.overlaps = true;  // no two epochs share a folder
  Moves moves{.staging = own, .files = {}};
  for (const auto& entry : fs::recursive_directory_iterator(own, error)) {
    if (!entry.is_regular_file() || committable.rows == 0) continue;
    committable.bytes += entry.file_size();
    ++committable.files;
    moves.files.emplace_back(entry.path().lexically_relative(folder_).string(),
                             entry.path().lexically_relative(own).string());
  }
  RETURN_IF_ERROR(failure(error, "listing", own));
  committable.content = std::move(moves);
  return committable;
}

void FileSink::discard(stream::Committable committable) {
  const auto* moves = std::any_cast<Moves>(&committable.content);
  if (moves == nullptr) return;
  std::error_code ignored;
  fs::remove_all(moves->staging, ignored);
}

Result<std::optional<int64_t>> FileSink::last_committed() {
  const Result<std::string> text = store_->get(state_file("epoch"));
  if (text.status().code() == StatusCode::kNotFound) return std::optional<int64_t>();
  RETURN_IF_ERROR(text.status());
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("epoch") || !json["epoch"].is_number_integer()) {
    return corruption((folder_ / state_file("epoch")).string() + " does not name an epoch");
  }
  return std::optional<int64_t>(json["epoch"].get<int64_t>());
}

Status FileSink::undo_unfinished(std::optional<int64_t> last) {
  const Result<std::string> text = store_->get(state_file("pending"));
  if (text.status().code() == StatusCode::kNotFound) return ok_status();
  RETURN_IF_ERROR(text.status());
  const nlohmann::json json = nlohmann::json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("epoch") || !json.contains("files")) {
    return corruption((folder_ / state_file("pending")).string() + " is not a list of files");
  }
  // A commit may have died when it was complete, and only its list was left.
  const bool complete = last && json["epoch"].get<int64_t>() <= *last;
  if (!complete) {
    for (const nlohmann::json& path : json["files"]) {
      RETURN_IF_ERROR(store_->remove(path.get<std::string>()));
    }
  }
  return store_->remove(state_file("pending"));
}

Status FileSink::commit(const stream::Epoch& epoch, stream::Committable committable,
                        const stream::Accounting&) {
  const auto* moves = std::any_cast<Moves>(&committable.content);
  CHECK(moves != nullptr, "commit() follows write()");
  ASSIGN_OR_RETURN(const std::optional<int64_t> last, last_committed());
  if (last && *last >= epoch.id) {
    discard(std::move(committable));
    return ok_status();
  }
  RETURN_IF_ERROR(undo_unfinished(last));
  nlohmann::json pending = {{"epoch", epoch.id}, {"files", nlohmann::json::array()}};
  for (const auto& [from, to] : moves->files) pending["files"].push_back(to);
  RETURN_IF_ERROR(store_->put(state_file("pending"), pending.dump()));
  for (const auto& [from, to] : moves->files) {
    std::error_code error;
    fs::create_directories((folder_ / to).parent_path(), error);
    if (!error) fs::rename(folder_ / from, folder_ / to, error);
    RETURN_IF_ERROR(failure(error, "moving a file to", folder_ / to));
    RETURN_IF_ERROR(store_->publish(to));
  }
  const nlohmann::json done = {{"epoch", epoch.id}};
  RETURN_IF_ERROR(store_->put(state_file("epoch"), done.dump()));
  RETURN_IF_ERROR(store_->remove(state_file("pending")));
  discard(std::move(committable));
  return ok_status();
}

stream::SinkType sink_type() {
  return {.doc = "Files of a folder: Parquet, JSON Lines or CSV, exactly once.",
          .options = file_sink_options().infos(),
          .check = make_check(file_sink_options),
          .make = [](const stream::SinkArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Sink>> {
            ASSIGN_OR_RETURN(FileSinkOptions options,
                             parse_options(file_sink_options(), arguments.options));
            fs::path folder = (environment.project_root / options.path).lexically_normal();
            std::shared_ptr<io::ObjectStore> store = io::make_local_store(folder);
            return std::unique_ptr<stream::Sink>(std::make_unique<FileSink>(
                std::move(options), std::move(folder), arguments.query_id, std::move(store)));
          },
          .destination = [](const config::Value& options) -> std::optional<stream::Destination> {
            const Result<FileSinkOptions> parsed = parse_options(file_sink_options(), options);
            if (!parsed.ok()) return std::nullopt;
            return stream::Destination{
                {kFileSystem}, parsed->path, "the folder '" + parsed->path + "'"};
          }};
}

}  // namespace lakeward::connectors::file
