#include "delta/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unordered_map>

#include "base/random.h"
#include "base/units.h"
#include "delta/log.h"
#include "engine/sql_text.h"

namespace lakeward::delta {
namespace {

constexpr Version kDefaultInterval = 10;
constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kCleanUpInterval = std::chrono::hours(1);

// "interval 30 days", "interval 1 week", "7 days". Spark's form of durations in table properties.
Result<Duration> retention(const Metadata& metadata, const std::string& key, Duration otherwise) {
  std::string text = lower_name(metadata.property(key));
  if (text.empty()) return otherwise;
  if (text.starts_with("interval ")) text.erase(0, 9);
  int64_t weeks = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), weeks);
  const std::string_view unit(rest, text.data() + text.size());
  if (error == std::errc() && (unit == " week" || unit == " weeks")) return weeks * 7 * kDay;
  const auto duration = parse_duration(text);
  if (!duration.ok()) return duration.status().with_context("the table property " + key);
  return *duration;
}

// Files that are needed until the checkpoint is in place.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  Status make() {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) return errno_status(error.value(), "making the folder", path_.string());
    return ok_status();
  }
  std::filesystem::path file(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

Result<std::string> read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::string bytes(file ? static_cast<size_t>(file.tellg()) : 0, '\0');
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!file || bytes.empty()) return io_error("reading " + path.string() + " failed");
  return bytes;
}

Status write_whole(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (!file) return errno_status(errno == 0 ? EIO : errno, "writing", path.string());
  return ok_status();
}

// What the commits after the last checkpoint come to, as text of actions.
Result<std::string> fresh_actions(const Table& table, const LogSegment& segment,
                                  const TableState& state, int64_t oldest_tombstone_ms) {
  std::unordered_map<std::string, AddFile> adds;
  std::unordered_map<std::string, RemoveFile> removes;
  for (const Version version : segment.commits) {
    ASSIGN_OR_RETURN(CommitActions commit, table.read_commit(version));
    for (RemoveFile& remove : commit.removes) {
      const std::string key = canonical_path(remove.path);
      adds.erase(key);
      removes.insert_or_assign(key, std::move(remove));
    }
    for (AddFile& add : commit.adds) {
      const std::string key = canonical_path(add.path);
      removes.erase(key);
      // A checkpoint's adds state what is there: they change nothing.
      add.data_change = false;
      adds.insert_or_assign(key, std::move(add));
    }
  }
  CommitActions actions;
  actions.protocol = state.protocol;
  actions.metadata = state.metadata;
  for (const auto& [app_id, txn] : state.txns) actions.txns.push_back(txn);
  for (auto& [path, add] : adds) actions.adds.push_back(std::move(add));
  for (auto& [path, remove] : removes) {
    // Expired ones too: they must take the add out of the previous checkpoint. See the query.
    remove.data_change = false;
    if (!remove.deleted_ms) remove.deleted_ms = oldest_tombstone_ms - 1;
    actions.removes.push_back(std::move(remove));
  }
  return print_actions(actions);
}

// The SQL of canonical_path(); most paths are it already.
std::string key_of(const std::string& path) {
  return "CASE WHEN contains(" + path + ", '%') OR starts_with(" + path +
         ", 'file:') THEN regexp_replace(url_decode(" + path + "), '^file:/+', '/') ELSE " + path +
         " END";
}

const std::vector<std::string>& columns() {
  static const std::vector<std::string> kNames = {"protocol", "metaData", "txn", "remove", "add"};
  return kNames;
}

// Room for the longest line; the engine's buffers grow with it.
size_t longest_line(std::string_view text) {
  size_t longest = 1 << 20;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    longest = std::max(longest, end + 1);
    text.remove_prefix(end + 1);
  }
  return longest;
}

std::string fresh_relation(const std::filesystem::path& file, size_t line_bytes) {
  std::string types;
  for (const std::string& column : columns()) {
    types += (types.empty() ? "" : ", ") + engine::quote_literal(column) + ": " +
             engine::quote_literal(checkpoint_column_type(column));
  }
  return "read_json(" + engine::quote_literal(file.string()) +
         ", format = 'newline_delimited', maximum_object_size = " + std::to_string(line_bytes) +
         ", columns = {" + types + "})";
}

Result<std::string> checkpoint_query(const Table& table, const LogSegment& segment,
                                     const std::string& fresh, int64_t oldest_tombstone_ms) {
  std::string list;
  for (const std::string& column : columns()) {
    list += (list.empty() ? "" : ", ") + engine::quote_identifier(column);
  }
  const std::string kept_tombstone =
      "\"remove\".\"deletionTimestamp\" >= " + std::to_string(oldest_tombstone_ms);
  std::string query = "WITH fresh AS MATERIALIZED (SELECT * FROM " + fresh + ") SELECT " + list +
                      " FROM fresh WHERE \"remove\" IS NULL OR " + kept_tombstone;
  if (!segment.checkpoint) return query;
  ASSIGN_OR_RETURN(const std::string previous,
                   checkpoint_relation(table, segment.checkpoint_parts, {"add", "remove"}));
  const std::string path = "coalesce(\"add\".path, \"remove\".path)";
  query += " UNION ALL SELECT NULL, NULL, NULL, \"remove\", \"add\" FROM " + previous +
           " AS old WHERE (\"add\" IS NOT NULL OR (\"remove\" IS NOT NULL AND " + kept_tombstone +
           ")) AND " + key_of(path) + " NOT IN (SELECT " + key_of(path) + " FROM fresh WHERE " +
           path + " IS NOT NULL)";
  return query;
}

std::string classic_checkpoint_path(const Table& table, Version version) {
  return table.log_path() + "/" + version_digits(version) + ".checkpoint.parquet";
}

// What state.version is made of. A writer knows its last checkpoint, so the log, which has as many
// files as the table has versions, is listed only if that one is not there as a single file.
Result<LogSegment> segment_of(const Table& table, const TableState& state) {
  if (!state.checkpoint) return find_segment(table, state.version);
  const std::string path = classic_checkpoint_path(table, *state.checkpoint);
  const Result<io::ObjectInfo> known = table.store().stat(path);
  if (!known.ok() || known->size == 0) return find_segment(table, state.version);
  LogSegment segment;
  segment.checkpoint = state.checkpoint;
  segment.checkpoint_parts = {path};
  for (Version v = *state.checkpoint + 1; v <= state.version; ++v) segment.commits.push_back(v);
  segment.version = state.version;
  return segment;
}

struct Counts {
  int64_t actions = 0;
  int64_t adds = 0;
};

// Also shows that what was written can be read.
Result<Counts> count_actions(const Table& table, const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(
      const engine::Rows rows,
      table.session().query("SELECT count(*), count(\"add\"), count(protocol), count(\"metaData\") "
                            "FROM read_parquet(" +
                            engine::quote_literal(file.string()) + ")"));
  if (rows.integer(0, 2) != 1 || rows.integer(0, 3) != 1) {
    return internal_error("the checkpoint does not hold exactly one protocol and one metaData");
  }
  return Counts{rows.integer(0, 0), rows.integer(0, 1)};
}

}  // namespace

Result<Duration> deleted_file_retention(const Metadata& metadata) {
  return retention(metadata, "delta.deletedFileRetentionDuration", 7 * kDay);
}

bool checkpoint_due(const Metadata& metadata, Version version) {
  const std::string text = metadata.property("delta.checkpointInterval");
  Version interval = kDefaultInterval;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), interval);
  if (error != std::errc() || end != text.data() + text.size() || interval < 1) {
    interval = kDefaultInterval;
  }
  return version > 0 && version % interval == 0;
}

Status write_checkpoint(const Table& table, const TableState& state, Timestamp now) {
  const Metadata& metadata = state.metadata;
  if (lower_name(metadata.property("delta.checkpoint.writeStatsAsStruct")) == "true" ||
      lower_name(metadata.property("delta.checkpoint.writeStatsAsJson")) == "false") {
    return unsupported(
        "the table wants its statistics as columns (delta.checkpoint.writeStatsAsStruct or "
        "writeStatsAsJson), which Lakeward cannot write yet");
  }
  ASSIGN_OR_RETURN(const Duration kept, deleted_file_retention(metadata));
  const int64_t oldest_tombstone_ms = Timestamp{(now.micros - kept.count())}.millis();
  const std::string path = classic_checkpoint_path(table, state.version);
  const Result<io::ObjectInfo> there = table.store().stat(path);
  if (there.ok() && there->size > 0) return ok_status();  // another writer was first
  ASSIGN_OR_RETURN(const LogSegment segment, segment_of(table, state));
  if (segment.checkpoint == state.version) return ok_status();

  Random random = Random::from_entropy();
  ASSIGN_OR_RETURN(const std::filesystem::path scratch_path,
                   table.store().stage(table.log_path() + "/.checkpoint-" + make_uuid(random)));
  ScratchFolder scratch(scratch_path);
  RETURN_IF_ERROR(scratch.make());
  ASSIGN_OR_RETURN(const std::string fresh,
                   fresh_actions(table, segment, state, oldest_tombstone_ms));
  RETURN_IF_ERROR(write_whole(scratch.file("fresh.json"), fresh));
  ASSIGN_OR_RETURN(const std::string query,
                   checkpoint_query(table, segment,
                                    fresh_relation(scratch.file("fresh.json"), longest_line(fresh)),
                                    oldest_tombstone_ms));
  const std::filesystem::path file = scratch.file("checkpoint.parquet");
  RETURN_IF_ERROR(table.session().execute("COPY (" + query + ") TO " +
                                          engine::quote_literal(file.string()) +
                                          " (FORMAT parquet, COMPRESSION snappy)"));
  ASSIGN_OR_RETURN(const Counts counts, count_actions(table, file));
  // put() is atomic: no reader ever sees half a checkpoint.
  ASSIGN_OR_RETURN(const std::string bytes, read_whole(file));
  RETURN_IF_ERROR(table.store().put(path, bytes));
  const nlohmann::ordered_json hint = {{"version", state.version},
                                       {"size", counts.actions},
                                       {"sizeInBytes", bytes.size()},
                                       {"numOfAddFiles", counts.adds}};
  return table.store().put(table.log_path() + "/_last_checkpoint", hint.dump());
}

Status clean_up_log(const Table& table, const TableState& state, Timestamp now) {
  if (lower_name(state.metadata.property("delta.enableExpiredLogCleanup", "true")) == "false") {
    return ok_status();
  }
  ASSIGN_OR_RETURN(const Duration kept,
                   retention(state.metadata, "delta.logRetentionDuration", 30 * kDay));
  int64_t cutoff = now.micros - kept.count();
  cutoff -= cutoff % kDay.count();  // midnight UTC
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects, table.store().list(table.log_path()));
  Version newest_old_commit = -1;
  for (const io::ObjectInfo& object : objects) {
    const LogFile file = parse_log_name(base_name(object.path));
    if (file.kind == LogFile::Kind::kCommit && object.modified.micros <= cutoff) {
      newest_old_commit = std::max(newest_old_commit, file.version);
    }
  }
  // The checkpoint that stays. A multi-part one may lack parts: only whole files count here.
  Version kept_checkpoint = -1;
  for (const io::ObjectInfo& object : objects) {
    const LogFile file = parse_log_name(base_name(object.path));
    if (file.kind == LogFile::Kind::kClassicCheckpoint && object.size > 0 &&
        file.version <= newest_old_commit) {
      kept_checkpoint = std::max(kept_checkpoint, file.version);
    }
  }
  // By name, so by version: what is left after a crash is still a log without gaps.
  for (const io::ObjectInfo& object : objects) {
    const LogFile file = parse_log_name(base_name(object.path));
    if (file.kind == LogFile::Kind::kOther || file.version >= kept_checkpoint) continue;
    RETURN_IF_ERROR(table.store().remove(object.path));
  }
  return ok_status();
}

Status LogUpkeep::run(const Table& table, TableState state, Timestamp now) {
  if (checkpoint_) state.checkpoint = std::max(state.checkpoint.value_or(-1), *checkpoint_);
  const Status written = write_checkpoint(table, state, now);
  if (!written.ok()) return written.with_context("the checkpoint of table " + table.name());
  checkpoint_ = state.version;
  if (last_clean_up_ && now - *last_clean_up_ < kCleanUpInterval) return ok_status();
  last_clean_up_ = now;
  return clean_up_log(table, state, now)
      .with_context("the clean-up of the log of table " + table.name());
}

}  // namespace lakeward::delta
