// Drives a source as a pipeline's loop does, without a pipeline.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "checkpoint/source_log.h"
#include "config/value.h"
#include "connectors/registry.h"
#include "engine/database.h"
#include "format/raw_format.h"
#include "io/object_store.h"
#include "stream/registry.h"
#include "support/temp_folder.h"

namespace lakeward::test {

inline config::Value scalar(const std::string& text) {
  return config::Value(config::Value::Scalar{text}, {});
}

// A map of options, as a project file would give it.
using OptionList = std::vector<std::pair<std::string, config::Value>>;
inline config::Value options(const OptionList& pairs) {
  config::Value::Map map;
  for (const auto& [key, value] : pairs) {
    map.push_back(config::Value::Entry{key, config::Location(), value});
  }
  return config::Value(std::move(map), {});
}

struct ReadRecord {
  std::string text;
  uint64_t position = 0;
  std::string file;
  uint64_t line = 0;
  bool operator==(const ReadRecord&) const = default;
};

inline engine::DatabaseOptions small_database() {
  engine::DatabaseOptions options;
  options.memory_bytes = 256 << 20;
  options.threads = 2;
  return options;
}

// All that a process lends to connectors, in a folder of its own.
struct World {
  TempFolder folder;
  ManualClock clock{Timestamp{1'767'225'600'000'000}};  // 2026-01-01T00:00:00Z
  std::unique_ptr<engine::Database> database = engine::Database::open(small_database()).value();
  std::unique_ptr<io::ObjectStore> lake = io::make_local_store(folder.path() / "lake");
  std::unique_ptr<io::ObjectStore> checkpoints =
      io::make_local_store(folder.path() / "checkpoints");
  stream::Environment environment{clock, *database, *lake, folder.path()};
  stream::Registry registry;

  World() { connectors::register_connectors(registry); }

  Result<std::unique_ptr<stream::Source>> make_source(const std::string& type,
                                                      const config::Value& options,
                                                      const format::Format* format = nullptr,
                                                      const std::string& decode = "") {
    return registry.source(type)->make(
        {.pipeline = "p", .options = options, .format = format, .decode = decode}, environment);
  }
};

// One source with its checkpoint, from the beginning of one process to its end.
class SourceRun {
 public:
  SourceRun(World& world, const std::string& type, const config::Value& options,
            const format::Format* format = nullptr, const std::string& decode = "")
      : log_(*world.checkpoints, "p/sources/0") {
    Result<std::unique_ptr<stream::Source>> made = world.make_source(type, options, format, decode);
    EXPECT_TRUE(made.ok()) << made.status().message();
    source_ = std::move(made).value();
  }

  Status attach() { return source_->attach(log_); }
  stream::Source& source() { return *source_; }
  checkpoint::SourceLog& log() { return log_; }

  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             stream::Limits limits = {},
                                             stream::PlanMode mode = stream::PlanMode::kFollow) {
    return source_->plan(from, limits, mode, {});
  }

  Result<std::vector<ReadRecord>> read(const stream::OffsetRange& range,
                                       const std::vector<uint64_t>& only = {},
                                       bool want_lines = false, size_t threads = 1) {
    ASSIGN_OR_RETURN(stream::Input input,
                     source_->read({.range = range, .only = only, .want_lines = want_lines}));
    auto& reader = std::get<std::unique_ptr<stream::RecordReader>>(input);
    std::vector<std::unique_ptr<stream::RecordStream>> streams;
    for (size_t i = 0; i < std::min(threads, reader->max_threads()); ++i) {
      ASSIGN_OR_RETURN(auto stream, reader->make_stream());
      streams.push_back(std::move(stream));
    }
    std::vector<ReadRecord> records;
    // In turn, as if by several threads.
    while (!streams.empty()) {
      for (size_t i = 0; i < streams.size();) {
        ASSIGN_OR_RETURN(const std::optional<format::RecordBatch> batch, streams[i]->next());
        if (!batch) {
          streams.erase(streams.begin() + static_cast<ptrdiff_t>(i));
          continue;
        }
        EXPECT_FALSE(batch->records.empty());
        for (size_t r = 0; r < batch->records.size(); ++r) {
          const format::Record& record = batch->records[r];
          records.push_back({std::string(record.payload),
                             format::Position::make(batch->provenance->split, record.place),
                             batch->provenance->file, batch->lines.empty() ? 0 : batch->lines[r]});
        }
        ++i;
      }
    }
    std::sort(records.begin(), records.end(),
              [](const ReadRecord& a, const ReadRecord& b) { return a.position < b.position; });
    return records;
  }

  // Plans and reads until nothing is left, from `from` on; the texts in order, epoch by epoch.
  std::vector<std::vector<std::string>> drain(std::optional<stream::Offset> from = std::nullopt,
                                              stream::Limits limits = {}) {
    std::vector<std::vector<std::string>> epochs;
    while (true) {
      const auto to = plan(from, limits, stream::PlanMode::kDrain);
      EXPECT_TRUE(to.ok()) << to.status().message();
      if (!to.ok() || !*to) return epochs;
      const auto records = read({from, **to});
      EXPECT_TRUE(records.ok()) << records.status().message();
      if (!records.ok()) return epochs;
      epochs.emplace_back();
      for (const ReadRecord& record : *records) epochs.back().push_back(record.text);
      EXPECT_TRUE(source_->acknowledge(**to).ok());
      from = **to;
    }
  }

 private:
  checkpoint::SourceLog log_;
  std::unique_ptr<stream::Source> source_;
};

}  // namespace lakeward::test
