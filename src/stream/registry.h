// The connectors that a project can name, with their declared options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "config/options.h"
#include "engine/column_type.h"
#include "engine/database.h"
#include "format/decoder.h"
#include "format/schema_source.h"
#include "io/object_store.h"
#include "stream/sink.h"
#include "stream/source.h"

namespace lakeward::stream {

// What the process lends to connectors. All of it outlives them.
struct Environment {
  Clock& clock;
  engine::Database& database;
  io::ObjectStore& lake;               // table a.b is the folder a/b
  std::filesystem::path project_root;  // relative paths of options begin here
  // What the process may use in all: what connectors hold beside the engine is a part of it.
  uint64_t memory_bytes = 1ULL << 30;
  // The schema registry with these options, which are checked. Empty where there is none: then a
  // sink that needs one is refused.
  std::function<Result<std::shared_ptr<format::SchemaRegistrar>>(const config::Value& options)>
      schema_registrar = nullptr;
  // Requested when the process is to end: what only waits for a server that does not answer may
  // give up, with Cancelled.
  std::stop_token stop = {};
};

// Where a sink puts rows and a source may find them: `name` at the service with these hosts.
struct Destination {
  std::vector<std::string> hosts;
  std::string name;
  std::string text;  // for people: "the topic 'orders'"
};

struct SourceArguments {
  std::string pipeline;
  config::Value options;  // the block's own, already checked against the declaration
  // How the pipeline decodes; nullptr for a source that yields an InputRelation. kParquet in `from:
  // file` has no Format either.
  const format::Format* format = nullptr;
  std::string decode;  // "json", "csv", "parquet", "raw", or "" if the pipeline has no `decode:`
};

struct SinkArguments {
  std::string pipeline;
  std::string query_id;  // of the checkpoint; the Delta txn.appId
  config::Value options;
  // It writes what `dlq replay` feeds back, with a checkpoint of its own, while the pipeline may
  // run: nothing that it keeps in the target may be the pipeline's.
  bool replay = false;
};

struct SourceType {
  std::string doc;  // one sentence
  std::vector<config::OptionInfo> options;
  std::function<void(const config::Value&, config::Problems&)> check;
  std::function<Result<std::unique_ptr<Source>>(const SourceArguments&, Environment&)> make;
  bool reads_records = true;  // needs a `decode:` (or its default)
  // Whether a source with these options, which are checked, reads what a sink puts there. May be
  // empty.
  std::function<bool(const config::Value& options, const Destination& destination)> reads = nullptr;
  // What a source with these options, which are checked, reads, in a few words ("sensor_data"). May
  // be empty.
  std::function<std::string(const config::Value& options)> describe = nullptr;
};

struct SinkType {
  std::string doc;
  std::vector<config::OptionInfo> options;
  // The options of blocks within these, by what stands before them ("encode: avro"), for the
  // reference.
  std::map<std::string, std::vector<config::OptionInfo>> blocks = {};
  std::function<void(const config::Value&, config::Problems&)> check;
  // What of the options does not fit the rows that the transform makes; may be empty.
  std::function<void(const config::Value&, const std::vector<engine::TypedColumn>& rows,
                     config::Problems&)>
      check_rows = nullptr;
  std::function<Result<std::unique_ptr<Sink>>(const SinkArguments&, Environment&)> make;
  // What only one sink with these options, which are checked, can hold at a time, for people
  // ("the transactional id 'x' at broker:9092"); "" for none. May be empty.
  std::function<std::string(const std::string& pipeline, const config::Value& options)> holds =
      nullptr;
  // Where a sink with these options, which are checked, puts its rows. May be empty.
  std::function<std::optional<Destination>(const config::Value& options)> destination = nullptr;
  // Where and how such a sink writes, in a few words ("alerts (exactly_once)"). May be empty.
  std::function<std::string(const config::Value& options)> describe = nullptr;
};

class Registry {
 public:
  void add_source(std::string name, SourceType type) {
    sources_[std::move(name)] = std::move(type);
  }
  void add_sink(std::string name, SinkType type) { sinks_[std::move(name)] = std::move(type); }
  // nullptr if there is none of this name.
  const SourceType* source(const std::string& name) const {
    const auto found = sources_.find(name);
    return found == sources_.end() ? nullptr : &found->second;
  }
  const SinkType* sink(const std::string& name) const {
    const auto found = sinks_.find(name);
    return found == sinks_.end() ? nullptr : &found->second;
  }
  const std::map<std::string, SourceType>& sources() const { return sources_; }
  const std::map<std::string, SinkType>& sinks() const { return sinks_; }

 private:
  std::map<std::string, SourceType> sources_;
  std::map<std::string, SinkType> sinks_;
};

}  // namespace lakeward::stream
