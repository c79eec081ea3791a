// A source and sinks in memory that outlive the runner which uses them, as a topic and tables
// outlive a process; and a fuse that ends that process at any step.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "checkpoint/source_log.h"
#include "engine/result.h"
#include "engine/sql_text.h"
#include "format/record_batch.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace lakeward::test {

// Ends a run at one step, before or after the step took effect, as a kill would: every later step
// fails as well. Not retriable, so that the runner ends. Steps may come from several threads; all
// else is for when none runs.
class Fuse {
 public:
  enum class When { kBefore, kAfter };
  void set(size_t step, When when) {
    step_ = step;
    when_ = when;
    armed_ = true;
    blown_ = false;
    names_.clear();
  }
  void clear() {
    armed_ = blown_ = false;
    names_.clear();
  }
  bool blown() const { return blown_; }
  const std::vector<std::string>& names() const { return names_; }

  // Runs `step` (returning a Status or Result) unless the fuse is blown.
  template <typename Step>
  auto pass(const std::string& name, Step step) -> decltype(step()) {
    const Status killed = internal_error("killed at step " + name);
    bool now = false;
    {
      const std::lock_guard lock(mutex_);
      const size_t number = names_.size();
      names_.push_back(name);
      if (blown_) return killed;
      now = armed_ && number == step_;
      blown_ = now;
    }
    if (now && when_ == When::kBefore) return killed;
    auto outcome = step();
    if (now) return killed;
    return outcome;
  }

 private:
  std::mutex mutex_;  // guards blown_ and names_
  size_t step_ = 0;
  When when_ = When::kBefore;
  bool armed_ = false;
  bool blown_ = false;
  std::vector<std::string> names_;
};

// What a topic would hold: records in the order in which they were sent, in some splits.
struct MemoryTopic {
  std::vector<std::string> records;
  std::vector<std::string> keys;  // one for each record, or none at all
  std::set<size_t> tombstones;    // records without a payload
  std::string headers;            // packed, of each record; empty: the topic knows no headers
  size_t splits = 1;
  bool has_lines = true;
  size_t gaps = 0;  // one place of so many has no record, as in a topic that was compacted; 0: none
  size_t lags_asked = 0;
  size_t fail_plans = 0;  // the next so many
  std::function<void(const stream::ReadRequest&)> on_read;
  size_t rereads = 0;                                            // reads of only some records
  std::vector<std::pair<std::string, std::string>> ranges_read;  // from and to, without rereads
  std::set<std::string> acknowledged;
};

// Offsets are the number of the next record as JSON: {"next":12}.
class MemorySource final : public stream::Source {
 public:
  MemorySource(MemoryTopic& topic, Fuse& fuse) : topic_(topic), fuse_(fuse) {}

  Status attach(checkpoint::SourceLog&) override { return ok_status(); }

  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token) override {
    return fuse_.pass("plan", [&]() -> Result<std::optional<stream::Offset>> {
      if (topic_.fail_plans > 0) {
        --topic_.fail_plans;
        return unavailable("the topic is away");
      }
      const size_t begin = from ? number(*from) : 0;
      size_t end = topic_.records.size();
      if (mode == stream::PlanMode::kDrain) {
        if (!drain_until_) drain_until_ = end;
        end = *drain_until_;
      }
      const size_t all = end;
      if (limits.rows > 0) end = std::min<size_t>(end, begin + limits.rows);
      left_behind_ = end < all;
      if (begin >= end) return {std::nullopt};
      return {offset(end)};
    });
  }

  Result<stream::Input> read(const stream::ReadRequest& request) override {
    const size_t begin = request.range.from ? number(*request.range.from) : 0;
    const size_t end = number(request.range.to);
    {
      std::lock_guard lock(mutex_);
      if (request.only.empty()) {
        topic_.ranges_read.emplace_back(request.range.from.value_or(""), request.range.to);
      } else {
        ++topic_.rereads;
      }
    }
    if (topic_.on_read) topic_.on_read(request);
    return fuse_.pass("read", [&]() -> Result<stream::Input> {
      return stream::Input(std::unique_ptr<stream::RecordReader>(std::make_unique<Reader>(
          topic_, begin, end, std::vector<uint64_t>(request.only.begin(), request.only.end()),
          request.want_lines && topic_.has_lines)));
    });
  }

  Status acknowledge(const stream::Offset& to) override {
    return fuse_.pass("acknowledge", [&]() -> Status {
      topic_.acknowledged.insert(to);
      return ok_status();
    });
  }
  bool left_behind() const override { return left_behind_; }
  Result<std::string> position(const stream::Offset& committed) override { return committed; }
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override {
    ++topic_.lags_asked;
    return stream::SourceLag{.records = {}, .bytes = {}, .position = committed.value_or("")};
  }

  static stream::Offset offset(size_t next) { return "{\"next\":" + std::to_string(next) + "}"; }
  static size_t number(const stream::Offset& offset) { return std::stoull(offset.substr(8)); }

 private:
  class Reader final : public stream::RecordReader {
   public:
    Reader(MemoryTopic& topic, size_t begin, size_t end, std::vector<uint64_t> only, bool lines)
        : topic_(topic), begin_(begin), end_(end), only_(std::move(only)), lines_(lines) {}
    size_t max_threads() const override { return topic_.splits; }
    Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
      return std::unique_ptr<stream::RecordStream>(std::make_unique<Stream>(*this));
    }

   private:
    friend class Stream;
    class Stream;
    MemoryTopic& topic_;
    size_t begin_, end_;
    std::vector<uint64_t> only_;
    bool lines_;
    std::atomic<size_t> next_split_{0};
  };

  // A batch has at most kBatchRecords of one split; its memory is scribbled over when it dies, so
  // that a reader of dead memory is found out.
  struct Owned {
    std::vector<std::string> payloads;
    std::vector<format::Record> records;
    std::vector<std::string> keys_text;
    std::vector<std::optional<std::string_view>> keys;
    std::vector<int64_t> offsets;
    std::vector<Timestamp> timestamps;
    std::vector<uint64_t> lines;
    std::vector<std::string_view> headers;
    ~Owned() {
      for (std::string& payload : payloads) std::fill(payload.begin(), payload.end(), '#');
    }
  };

  class Reader::Stream final : public stream::RecordStream {
   public:
    explicit Stream(Reader& reader) : reader_(reader) {}
    Result<std::optional<format::RecordBatch>> next() override {
      constexpr size_t kBatchRecords = 1000;
      while (true) {
        if (!split_) {
          const size_t split = reader_.next_split_.fetch_add(1);
          if (split >= reader_.topic_.splits) return {std::nullopt};
          split_ = split;
          next_ = reader_.begin_;
        }
        auto owned = std::make_shared<Owned>();
        for (; next_ < reader_.end_ && owned->payloads.size() < kBatchRecords; ++next_) {
          if (next_ % reader_.topic_.splits != *split_) continue;
          if (reader_.topic_.gaps > 0 && next_ % reader_.topic_.gaps == 0) continue;
          const uint64_t position = format::Position::make(*split_, next_);
          if (!reader_.only_.empty() &&
              !std::binary_search(reader_.only_.begin(), reader_.only_.end(), position)) {
            continue;
          }
          add(*owned, next_);
        }
        if (owned->payloads.empty()) {
          split_.reset();
          continue;
        }
        return {finish(std::move(owned))};
      }
    }

   private:
    void add(Owned& owned, size_t place) {
      const std::string& record = reader_.topic_.records[place];
      owned.payloads.push_back(record + std::string(format::kPadding, '\0'));
      owned.records.push_back({{}, place});
      owned.offsets.push_back(static_cast<int64_t>(place * 10));
      owned.timestamps.push_back({static_cast<int64_t>(place) * 1'000'000});
      if (!reader_.topic_.headers.empty()) owned.headers.emplace_back(reader_.topic_.headers);
      if (reader_.lines_) owned.lines.push_back(place + 1);
      if (!reader_.topic_.keys.empty()) owned.keys_text.push_back(reader_.topic_.keys[place]);
    }
    format::RecordBatch finish(std::shared_ptr<Owned> owned) {
      for (size_t i = 0; i < owned->payloads.size(); ++i) {
        owned->records[i].payload = std::string_view(owned->payloads[i])
                                        .substr(0, owned->payloads[i].size() - format::kPadding);
        if (reader_.topic_.tombstones.contains(owned->records[i].place)) {
          owned->records[i].payload = format::kNoPayload;
        }
      }
      for (const std::string& key : owned->keys_text) owned->keys.emplace_back(key);
      auto provenance = std::make_shared<format::Provenance>();
      provenance->split = static_cast<uint32_t>(*split_);
      provenance->topic = "readings";
      provenance->has_headers = !reader_.topic_.headers.empty();
      provenance->has_lines = reader_.topic_.has_lines;
      provenance->partition = static_cast<int32_t>(*split_);
      format::RecordBatch batch;
      batch.provenance = std::move(provenance);
      batch.records = owned->records;
      batch.offsets = owned->offsets;
      batch.timestamps = owned->timestamps;
      batch.keys = owned->keys;
      batch.lines = owned->lines;
      batch.headers = owned->headers;
      batch.owner = std::move(owned);
      return batch;
    }

    Reader& reader_;
    std::optional<size_t> split_;
    size_t next_ = 0;
  };

  MemoryTopic& topic_;
  Fuse& fuse_;
  std::mutex mutex_;
  std::optional<size_t> drain_until_;
  bool left_behind_ = false;
};

// What a table would hold: rows (as JSON text) by the epoch that brought them.
struct MemoryTable {
  std::map<int64_t, std::vector<std::string>> epochs;
  std::vector<std::string> order;  // "epoch 3", as commits came
  size_t discarded = 0;
  bool overwrite = false;
  size_t fail_writes = 0;  // the next ones, with:
  Status failure = unavailable("the table is away");
  bool overlaps = false;   // see stream::Committable
  std::string lake_table;  // see stream::Sink
  // Called at the beginning of each write and commit, on the thread that does it.
  std::function<void(int64_t epoch)> on_write = [](int64_t) {};
  std::function<Status(int64_t epoch)> on_commit = [](int64_t) { return ok_status(); };

  std::vector<std::string> rows() const {
    std::vector<std::string> all;
    for (const auto& [epoch, rows] : epochs) {
      if (overwrite) all.clear();
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }
  std::vector<std::string> sorted_rows() const {
    std::vector<std::string> all = rows();
    std::sort(all.begin(), all.end());
    return all;
  }
};

class MemorySink final : public stream::Sink, public stream::SinkWriter, public stream::Committer {
 public:
  MemorySink(std::string name, MemoryTable& table, Fuse& fuse)
      : name_(std::move(name)), table_(table), fuse_(fuse) {}

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return *this; }
  std::string name() const override { return name_; }
  std::string lake_table() const override { return table_.lake_table; }

  Status check(const engine::Schema& rows) override {
    columns_ = rows;
    return ok_status();
  }
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override {
    table_.on_write(epoch.id);
    return fuse_.pass("write " + name_, [&]() -> Result<stream::Committable> {
      if (table_.fail_writes > 0) {
        --table_.fail_writes;
        return table_.failure;
      }
      std::string row;
      for (const engine::Column& column : columns_) {
        row += (row.empty() ? "" : ", ") + engine::quote_literal(column.name) + ": r." +
               engine::quote_identifier(column.name);
      }
      ASSIGN_OR_RETURN(const engine::Rows rows,
                       session.query("SELECT CAST(to_json({" + row + "}) AS VARCHAR) FROM (" +
                                     select + "\n) r"));
      std::vector<std::string> written;
      for (size_t i = 0; i < rows.size(); ++i) written.push_back(rows.text(i, 0));
      stream::Committable committable;
      committable.rows = written.size();
      committable.overlaps = table_.overlaps;
      committable.content = std::move(written);
      return committable;
    });
  }
  void discard(stream::Committable) override { ++table_.discarded; }

  Result<std::optional<int64_t>> last_committed() override {
    return fuse_.pass("last_committed " + name_, [&]() -> Result<std::optional<int64_t>> {
      if (table_.epochs.empty()) return {std::nullopt};
      return {table_.epochs.rbegin()->first};
    });
  }
  Status commit(const stream::Epoch& epoch, stream::Committable committable,
                const stream::Accounting&) override {
    RETURN_IF_ERROR(table_.on_commit(epoch.id));
    return fuse_.pass("commit " + name_, [&]() -> Status {
      if (!table_.epochs.empty() && table_.epochs.rbegin()->first >= epoch.id) return ok_status();
      table_.epochs[epoch.id] = std::any_cast<std::vector<std::string>>(committable.content);
      table_.order.push_back("epoch " + std::to_string(epoch.id));
      return ok_status();
    });
  }

 private:
  std::string name_;
  MemoryTable& table_;
  Fuse& fuse_;
  engine::Schema columns_;
};

}  // namespace lakeward::test
