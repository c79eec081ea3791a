#include "connectors/file/source.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <utility>

#include "base/units.h"
#include "checkpoint/source_log.h"
#include "connectors/declared_options.h"
#include "connectors/file/picked_lines.h"
#include "stream/utf8.h"

namespace lakeward::connectors::file {
namespace {

// In the source's folder in the checkpoint: what was there at the first start with `start: latest`.
constexpr const char* kBeforeStart = "before_start";
// A compressed file counts for this many times its size against `limits.bytes`.
constexpr uint64_t kCompressionRatio = 4;
// So that plans stay small and an epoch's files fit format::Position.
constexpr size_t kMaxFiles = 20'000;
// Batches kept in memory when a checkpoint is opened: what may be unfinished.
constexpr int64_t kRecentBatches = 8;

uint64_t weight_of(const Candidate& candidate) {
  return compression_of(candidate.file.path) == Compression::kNone
             ? candidate.file.size - candidate.from
             : candidate.file.size * kCompressionRatio;
}

}  // namespace

FileSource::FileSource(FileSourceOptions options, Content content,
                       const stream::Environment& environment)
    : options_(std::move(options)),
      content_(content),
      clock_(environment.clock),
      database_(environment.database),
      glob_(options_.path, environment.project_root),
      backlog_(options_.settle) {}

Status FileSource::attach(checkpoint::SourceLog& log) {
  log_ = &log;
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, log.entries());
  ASSIGN_OR_RETURN(const std::optional<int64_t> latest, log.latest());
  log_was_empty_ = lines.empty();
  for (const std::string& line : lines) {
    ASSIGN_OR_RETURN(Entry entry, Entry::parse(line));
    backlog_.take(entry);
    last_path_ = entry.path;
    if (entry.batch > latest.value_or(0) - kRecentBatches) {
      batches_[entry.batch].push_back(std::move(entry));
    }
  }
  RETURN_IF_ERROR(load_before_start());
  return glob_.find().status().with_context("file source");
}

Status FileSource::load_before_start() {
  const Result<std::string> text = log_->read_file(kBeforeStart);
  if (text.status().code() == StatusCode::kNotFound) return ok_status();
  RETURN_IF_ERROR(text.status());
  log_was_empty_ = false;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    ASSIGN_OR_RETURN(const Entry entry, Entry::parse(line));
    backlog_.take(entry);
  }
  return ok_status();
}

Status FileSource::skip_present() {
  ASSIGN_OR_RETURN(const std::vector<FoundFile> present, glob_.find());
  std::string text;
  for (const FoundFile& file : present) {
    const Entry entry{
        .path = file.path, .timestamp_ms = file.modified.millis(), .batch = -1, .size = file.size};
    text += entry.to_json() + "\n";
    backlog_.take(entry);
  }
  return log_->write_file(kBeforeStart, text);
}

Status FileSource::forget_after(int64_t last) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> latest, log_->latest());
  if (latest.value_or(-1) < last) {
    return corruption("the checkpoint's source log ends at batch " +
                      std::to_string(latest.value_or(-1)) + ", but its offsets are at " +
                      std::to_string(last) + "; restore the folder 'sources' of the checkpoint");
  }
  for (int64_t number = latest.value_or(-1); number > last; --number) {
    ASSIGN_OR_RETURN(std::vector<Entry> entries, entries_between(number - 1, number));
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) backlog_.forget(*entry);
    RETURN_IF_ERROR(log_->remove(number));
    batches_.erase(number);
  }
  return ok_status();
}

Result<std::optional<stream::Offset>> FileSource::plan(const std::optional<stream::Offset>& from,
                                                       const stream::Limits& limits,
                                                       stream::PlanMode mode,
                                                       std::stop_token stop) {
  int64_t last = -1;
  if (from) {
    ASSIGN_OR_RETURN(last, parse_offset(*from));
  }
  RETURN_IF_ERROR(forget_after(last));
  if (!from && log_was_empty_ && options_.start == Start::kLatest) RETURN_IF_ERROR(skip_present());
  log_was_empty_ = false;

  ASSIGN_OR_RETURN(const std::vector<Candidate> ready, wait_for_files(mode, stop));
  const int64_t batch = last + 1;
  ASSIGN_OR_RETURN(std::vector<Entry> entries, choose(ready, limits, batch));
  if (entries.empty()) return std::optional<stream::Offset>();
  std::vector<std::string> lines;
  for (const Entry& entry : entries) lines.push_back(entry.to_json());
  RETURN_IF_ERROR(log_->append(batch, lines, [&](std::vector<std::string> older) {
    return fold_parts(std::move(older), batch - kRecentBatches);
  }));
  for (const Entry& entry : entries) {
    backlog_.take(entry);
    waiting_bytes_ -= std::min(waiting_bytes_, entry.to.value_or(*entry.size) - entry.from);
  }
  last_path_ = entries.back().path;
  batches_[batch] = std::move(entries);
  return std::optional(make_offset(batch));
}

Result<std::vector<Candidate>> FileSource::wait_for_files(stream::PlanMode mode,
                                                          std::stop_token stop) {
  const bool drain = mode == stream::PlanMode::kDrain;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<FoundFile> found, glob_.find());
    if (drain && !drained_) {
      if (found.empty() && !glob_.has_wildcard() && backlog_.files_taken() == 0) {
        return not_found("file source: there is no file at " + glob_.base() +
                         "; put it there, or correct 'path'");
      }
      drained_.emplace();
      for (const FoundFile& file : found) drained_->insert(file.path);
    }
    Backlog::Look look =
        backlog_.look(std::move(found), clock_.now(), drain ? &*drained_ : nullptr);
    waiting_bytes_ = look.waiting_bytes;
    for (const std::string& path : look.changed) {
      spdlog::warn(
          "file source: {} was changed after it was read; what was added is not read. Write new "
          "data into new files",
          path);
    }
    if (!drain || !look.ready.empty() || look.wait.count() == 0) return std::move(look.ready);
    if (!clock_.wait(look.wait, stop)) return cancelled("stopped while files were still growing");
  }
}

Result<std::vector<Entry>> FileSource::choose(const std::vector<Candidate>& ready,
                                              const stream::Limits& limits, int64_t batch) {
  uint64_t bytes_left = limits.bytes == 0 ? UINT64_MAX : limits.bytes;
  uint64_t rows_left = limits.rows;
  std::vector<Entry> entries;
  for (const Candidate& candidate : ready) {
    if (entries.size() == kMaxFiles) break;
    ASSIGN_OR_RETURN(Fit taken, fit(candidate, rows_left, bytes_left, entries.empty()));
    if (!taken.entry) break;
    taken.entry->batch = batch;
    const bool final = taken.entry->final();
    entries.push_back(std::move(*taken.entry));
    bytes_left -= std::min(bytes_left, weight_of(candidate));
    rows_left -= std::min(rows_left, taken.rows);
    if (!final || bytes_left == 0 || (limits.rows > 0 && rows_left == 0)) break;
  }
  return entries;
}

Result<FileSource::Fit> FileSource::fit(const Candidate& candidate, uint64_t rows_left,
                                        uint64_t bytes_left, bool is_first) {
  const FoundFile& file = candidate.file;
  if (content_.parquet && !stream::is_utf8(file.path)) {
    return invalid_argument("file source: the name of " + stream::escape_bytes(file.path) +
                            " is not UTF-8, which reading Parquet needs; rename the file");
  }
  const Compression compression = compression_of(file.path);
  const bool lines = !content_.parquet && content_.framing == format::Framing::kLines;
  const bool divisible = lines && compression == Compression::kNone;
  uint64_t end = file.size;
  uint64_t rows = 0;
  if (weight_of(candidate) > bytes_left) {
    if (!is_first) return Fit{};
    if (divisible) {
      ASSIGN_OR_RETURN(end, line_end_after(file.path, candidate.from, bytes_left, file.size));
    }
  }
  if (rows_left > 0 && lines) {
    const uint64_t limit = divisible ? end : UINT64_MAX;
    ASSIGN_OR_RETURN(const Measure measure,
                     measure_lines(file.path, compression, candidate.from, limit, rows_left));
    rows = measure.records;
    if (measure.to < limit) {
      if (!divisible && !is_first) return Fit{};
      if (divisible) end = measure.to;
    }
  }
  if (rows_left > 0 && !lines) {
    ASSIGN_OR_RETURN(rows, content_.parquet ? count_parquet_rows(file.path)
                                            : count_records(file.path, compression, file.size));
    if (rows > rows_left && !is_first) return Fit{};
  }
  Entry entry{.path = file.path, .timestamp_ms = file.modified.millis(), .size = file.size};
  if (candidate.from > 0 || end < file.size) {
    entry.from = candidate.from;
    entry.to = end;
  }
  return Fit{std::move(entry), rows};
}

Result<std::vector<Entry>> FileSource::entries_between(int64_t after, int64_t to) {
  std::vector<Entry> entries;
  bool known = true;
  for (int64_t number = after + 1; number <= to && known; ++number) {
    const auto batch = batches_.find(number);
    known = batch != batches_.end();
    if (known) entries.insert(entries.end(), batch->second.begin(), batch->second.end());
  }
  if (known) return entries;
  entries.clear();
  ASSIGN_OR_RETURN(const std::vector<std::string> lines, log_->entries(to));
  for (const std::string& line : lines) {
    ASSIGN_OR_RETURN(Entry entry, Entry::parse(line));
    if (entry.batch > after && entry.batch <= to) entries.push_back(std::move(entry));
  }
  return entries;
}

Result<stream::Input> FileSource::read(const stream::ReadRequest& request) {
  int64_t after = -1;
  if (request.range.from) {
    ASSIGN_OR_RETURN(after, parse_offset(*request.range.from));
  }
  ASSIGN_OR_RETURN(const int64_t to, parse_offset(request.range.to));
  ASSIGN_OR_RETURN(std::vector<Entry> entries, entries_between(after, to));
  std::vector<FileSplit> splits;
  for (Entry& entry : entries) {
    FileSplit split{.path = std::move(entry.path), .from = entry.from, .to = entry.to};
    split.compression = compression_of(split.path);
    if (split.compression == Compression::kNone) {
      ASSIGN_OR_RETURN(const FileHandle file, FileHandle::open(split.path));
      ASSIGN_OR_RETURN(const uint64_t size, file.size());
      if (!split.to) split.to = entry.size.value_or(size);
      if (size < *split.to) {
        return corruption(split.path + " has " + format_count(size) + " bytes now, but had " +
                          format_count(*split.to) +
                          " when it was taken into this epoch; put the file back as it was and "
                          "run again");
      }
    }
    splits.push_back(std::move(split));
  }
  if (content_.parquet) return read_parquet(splits);
  ReadOptions options{
      .framing = content_.framing, .count_lines = request.want_lines, .csv = content_.csv};
  options.only.assign(request.only.begin(), request.only.end());
  return stream::Input(make_record_reader(std::move(splits), std::move(options)));
}

Status FileSource::acknowledge(const stream::Offset& to) {
  ASSIGN_OR_RETURN(const int64_t last, parse_offset(to));
  // The newest acknowledged batch stays: a repeated epoch asks for it again.
  batches_.erase(batches_.begin(), batches_.lower_bound(last));
  return ok_status();
}

Result<stream::SourceLag> FileSource::lag(const std::optional<stream::Offset>&) {
  stream::SourceLag lag;
  lag.bytes = waiting_bytes_;
  lag.position = format_count(backlog_.files_taken()) + " files";
  if (!last_path_.empty()) lag.position += ", the last " + last_path_;
  return lag;
}

stream::SourceType source_type() {
  return {.doc =
              "New files of a folder, each read once: JSON, CSV, Parquet or raw lines, plain or "
              "compressed.",
          .options = file_source_options().infos(),
          .check = make_check(file_source_options),
          .make = [](const stream::SourceArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
            ASSIGN_OR_RETURN(FileSourceOptions options,
                             parse_options(file_source_options(), arguments.options));
            Content content{.parquet = arguments.decode == "parquet"};
            if (arguments.format != nullptr) {
              content.framing = arguments.format->framing();
              content.csv = arguments.format->csv();
            }
            return std::unique_ptr<stream::Source>(
                std::make_unique<FileSource>(std::move(options), content, environment));
          },
          .reads =
              [](const config::Value& options, const stream::Destination& destination) {
                const Result<FileSourceOptions> parsed =
                    parse_options(file_source_options(), options);
                return parsed.ok() && destination.hosts == std::vector<std::string>{kFileSystem} &&
                       looks_into(parsed->path, destination.name);
              }};
}

}  // namespace lakeward::connectors::file
