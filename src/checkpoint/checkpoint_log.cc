#include "checkpoint/checkpoint_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "checkpoint/log_file.h"

namespace lakeward::checkpoint {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kOffsets = "offsets";
constexpr const char* kCommits = "commits";
constexpr const char* kExtraKey = "lakeward";
constexpr const char* kTimeKey = "batchTimestampMs";

// What Spark 4.1.3 writes for a query that has just begun (docs/checkpoint.md).
constexpr const char* kNewMetadata =
    R"({"batchWatermarkMs":0,"batchTimestampMs":0,"conf":{)"
    R"("spark.sql.streaming.stateStore.providerClass":)"
    R"("org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider",)"
    R"("spark.sql.streaming.stateStore.rocksdb.formatVersion":"5",)"
    R"("spark.sql.streaming.stateStore.encodingFormat":"unsaferow",)"
    R"("spark.sql.streaming.statefulOperator.useStrictDistribution":"true",)"
    R"("spark.sql.streaming.flatMapGroupsWithState.stateFormatVersion":"2",)"
    R"("spark.sql.streaming.multipleWatermarkPolicy":"min",)"
    R"("spark.sql.streaming.aggregation.stateFormatVersion":"2",)"
    R"("spark.sql.shuffle.partitions":"200",)"
    R"("spark.sql.streaming.join.stateFormatVersion":"2",)"
    R"("spark.sql.streaming.stateStore.compression.codec":"lz4",)"
    R"("spark.sql.optimizer.pruneFiltersCanPruneStreamingSubplan":"false"}})";

Json parse_object(const std::string& text) {
  return Json::parse(text, /*cb=*/nullptr, /*allow_exceptions=*/false);
}

bool is_object(const Json& json) { return !json.is_discarded() && json.is_object(); }

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The last metadata line with another time and our own extra; all else stays as it was.
std::string next_metadata(const std::string& last, Timestamp time, const std::string& extra) {
  Json metadata = parse_object(last.empty() ? kNewMetadata : last);
  CHECK(is_object(metadata), "the metadata line was checked when it was read");
  metadata[kTimeKey] = time.millis();
  metadata.erase(kExtraKey);
  if (!extra.empty()) {
    Json ours = parse_object(extra);
    CHECK(is_object(ours), "the extra of an epoch is a JSON object");
    metadata[kExtraKey] = std::move(ours);
  }
  return dump(metadata);
}

Result<std::pair<PlannedEpoch, std::string>> parse_offsets(const std::string& path, int64_t epoch,
                                                           const std::string& bytes) {
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, parse_log_file(path, bytes));
  const std::string place = "checkpoint file " + path;
  if (lines.size() < 2) {
    return corruption(place + " ends before the first source's offset");
  }
  const Json metadata = parse_object(lines[0]);
  if (!is_object(metadata)) return corruption(place + ": its second line is not a JSON object");
  PlannedEpoch planned;
  planned.id = epoch;
  // Spark reads a line without the time as 0.
  const Json time = metadata.value(kTimeKey, Json(0));
  if (!time.is_number_integer()) {
    return corruption(place + ": batchTimestampMs is not a whole number");
  }
  planned.time = Timestamp::from_millis(time.get<int64_t>());
  if (metadata.contains(kExtraKey)) planned.extra = dump(metadata[kExtraKey]);
  for (size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].empty()) return corruption(place + " has an empty line");
    planned.offsets.push_back(lines[i] == "-" ? std::nullopt : std::optional(lines[i]));
  }
  return std::pair(std::move(planned), lines[0]);
}

}  // namespace

Result<std::unique_ptr<CheckpointLog>> CheckpointLog::open(io::ObjectStore& store,
                                                           std::string folder, Random& random) {
  std::unique_ptr<CheckpointLog> log(new CheckpointLog(store, std::move(folder)));
  const std::string metadata_path = log->folder_ + "/metadata";
  Result<std::string> metadata = store.get(metadata_path);
  if (metadata.status().code() == StatusCode::kNotFound) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> epochs, log->epochs_in(kOffsets));
    if (!epochs.empty()) {
      return corruption("checkpoint " + log->folder_ + " has epochs but no file 'metadata'");
    }
    const std::string bytes = R"({"id":")" + make_uuid(random) + R"("})";
    const Status written = store.put_if_absent(metadata_path, bytes);
    if (!written.ok() && written.code() != StatusCode::kAlreadyExists) return written;
    metadata = store.get(metadata_path);  // of whoever was first
  }
  if (!metadata.ok()) return metadata.status();
  const Json json = parse_object(*metadata);
  if (!is_object(json) || !json.contains("id") || !json["id"].is_string() ||
      json["id"].get<std::string>().empty()) {
    return corruption("checkpoint file " + metadata_path +
                      R"( is not of the form {"id":"<uuid>"})");
  }
  log->query_id_ = json["id"].get<std::string>();
  return log;
}

Status CheckpointLog::lock() {
  if (lock_ != nullptr) return ok_status();
  ASSIGN_OR_RETURN(const std::filesystem::path file, store_.stage(folder_ + "/_lakeward/lock"));
  ASSIGN_OR_RETURN(lock_, PipelineLock::acquire(file));
  return ok_status();
}

SourceLog& CheckpointLog::source_log(size_t index) {
  while (source_logs_.size() <= index) {
    const std::string folder = folder_ + "/sources/" + std::to_string(source_logs_.size());
    source_logs_.push_back(std::make_unique<SourceLog>(store_, folder));
  }
  return *source_logs_[index];
}

std::string CheckpointLog::path(const char* folder, int64_t epoch) const {
  return folder_ + "/" + folder + "/" + std::to_string(epoch);
}

Result<std::vector<int64_t>> CheckpointLog::epochs_in(const char* folder) {
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects, store_.list(folder_ + "/" + folder));
  std::vector<int64_t> epochs;
  for (const io::ObjectInfo& object : objects) {
    if (const auto number = parse_number(file_name(object.path))) epochs.push_back(*number);
  }
  std::sort(epochs.begin(), epochs.end());
  return epochs;
}

Result<std::optional<Recovered>> CheckpointLog::recover() {
  ASSIGN_OR_RETURN(const std::vector<int64_t> planned, epochs_in(kOffsets));
  ASSIGN_OR_RETURN(const std::vector<int64_t> committed, epochs_in(kCommits));
  if (planned.empty()) {
    if (committed.empty()) {
      last_known_ = last_known_.value_or(-1);
      return {std::nullopt};
    }
    return corruption("checkpoint " + folder_ + " has commits/" + std::to_string(committed.back()) +
                      " but no offsets at all");
  }
  Recovered recovered;
  const int64_t last = planned.back();
  const int64_t done = committed.empty() ? -1 : committed.back();
  if (done != last && done != last - 1) {
    return corruption("checkpoint " + folder_ + ": the last planned epoch is " +
                      std::to_string(last) + ", but the last committed one is " +
                      (done < 0 ? "none" : std::to_string(done)) +
                      "; files of it are missing or belong to another checkpoint");
  }
  // Whoever has looked away for a while must not go on beside another process.
  if (last_known_ && last > *last_known_) return planned_elsewhere(last);
  last_known_ = last;
  const std::string last_path = path(kOffsets, last);
  ASSIGN_OR_RETURN(const std::string bytes, store_.get(last_path));
  ASSIGN_OR_RETURN(auto parsed, parse_offsets(last_path, last, bytes));
  recovered.last = std::move(parsed.first);
  metadata_line_ = std::move(parsed.second);
  recovered.committed = done == last;
  if (!recovered.committed && last > 0) {
    Result<PlannedEpoch> previous = read(last - 1);
    if (previous.status().code() == StatusCode::kNotFound) {
      return corruption("checkpoint " + folder_ + ": epoch " + std::to_string(last) +
                        " is unfinished, and " + path(kOffsets, last - 1) +
                        ", where it begins, is missing");
    }
    if (!previous.ok()) return previous.status();
    recovered.previous = std::move(previous).value();
  }
  if (lock_ == nullptr) return {std::move(recovered)};  // only looked at
  for (const int64_t epoch : planned) {                 // what a crash in finish() left behind
    if (epoch <= last - kKeptEpochs - 1) RETURN_IF_ERROR(forget_old(epoch + kKeptEpochs));
  }
  return {std::move(recovered)};
}

Status CheckpointLog::begin(const PlannedEpoch& epoch) {
  CHECK(!epoch.offsets.empty(), "an epoch has a source");
  CHECK(epoch.time.micros % 1000 == 0, "an epoch's time is whole milliseconds");
  std::string metadata = next_metadata(metadata_line_, epoch.time, epoch.extra);
  std::vector<std::string> lines{metadata};
  for (const std::optional<std::string>& offset : epoch.offsets) {
    CHECK(!offset || offset->find('\n') == std::string::npos, "an offset is one line");
    lines.push_back(offset.value_or("-"));
  }
  last_known_ = epoch.id;  // it may be there even if this fails
  const std::string file = path(kOffsets, epoch.id);
  const std::string bytes = format_log_file(lines);
  const Status written = store_.put_if_absent(file, bytes);
  if (written.code() == StatusCode::kAlreadyExists) return planned_elsewhere(epoch.id);
  RETURN_IF_ERROR(written);
  metadata_line_ = std::move(metadata);
  return ok_status();
}

Status CheckpointLog::planned_elsewhere(int64_t epoch) const {
  return conflict("checkpoint " + folder_ + ": epoch " + std::to_string(epoch) +
                  " has been planned by another process, which runs the same pipeline"
                  "\n  To go on here: stop the other process and start again.");
}

Status CheckpointLog::finish(int64_t epoch, const std::string& extra) {
  Json commit = {{"nextBatchWatermarkMs", 0}};
  if (!extra.empty()) {
    commit[kExtraKey] = parse_object(extra);
    CHECK(is_object(commit[kExtraKey]), "the extra of a commit is a JSON object");
  }
  const Status written =
      store_.put_if_absent(path(kCommits, epoch), format_log_file({dump(commit)}));
  if (!written.ok() && written.code() != StatusCode::kAlreadyExists) return written;
  return forget_old(epoch);
}

Status CheckpointLog::forget_old(int64_t last) {
  const int64_t old = last - kKeptEpochs;
  if (old < 0) return ok_status();
  RETURN_IF_ERROR(store_.remove(path(kCommits, old)));
  return store_.remove(path(kOffsets, old));
}

Result<PlannedEpoch> CheckpointLog::read(int64_t epoch) {
  const std::string file = path(kOffsets, epoch);
  ASSIGN_OR_RETURN(const std::string bytes, store_.get(file));
  ASSIGN_OR_RETURN(auto parsed, parse_offsets(file, epoch, bytes));
  return std::move(parsed.first);
}

Result<std::string> CheckpointLog::read_commit(int64_t epoch) {
  const std::string file = path(kCommits, epoch);
  ASSIGN_OR_RETURN(const std::string bytes, store_.get(file));
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, parse_log_file(file, bytes));
  const Json commit = lines.empty() ? Json::object() : parse_object(lines[0]);
  if (!is_object(commit)) {
    return corruption("checkpoint file " + file + ": its second line is not a JSON object");
  }
  return commit.contains(kExtraKey) ? dump(commit[kExtraKey]) : std::string();
}

}  // namespace lakeward::checkpoint
