#include "project/sink_conflicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace lakeward::project {
namespace {

using config::Location;
using config::Problems;
using config::Value;

class ConflictFinder {
 public:
  ConflictFinder(const stream::Registry& registry, Problems& problems)
      : registry_(registry), problems_(problems) {}

  void examine(const Pipeline& pipeline, const ConnectorBlock& sink) {
    check_held(pipeline, sink);
    check_circle(pipeline, sink);
  }
  void examine_table(const Pipeline& pipeline, const ConnectorBlock& sink) {
    const std::string table = lake_table(sink);
    if (table.empty()) return;
    const Value* mode = sink.options.find("mode");
    const bool overwrites =
        pipeline.is_view() || (mode != nullptr && mode->is_scalar() && mode->text() == "overwrite");
    for (const Writer& other : writers_) {
      if (other.table == table) check_two(other, {&pipeline, &sink, table, overwrites});
    }
    writers_.push_back({&pipeline, &sink, table, overwrites});
  }

 private:
  struct Writer {
    const Pipeline* pipeline;
    const ConnectorBlock* sink;
    std::string table;
    bool overwrites;
  };

  void report(const Location& location, std::string message) {
    problems_.push_back({location, std::move(message)});
  }

  // Two writers of a table are right only if both append.
  void check_two(const Writer& first, const Writer& second) {
    const Location& place = second.sink->options.find("table")->location();
    if (first.pipeline == second.pipeline) {
      report(place, fmt::format("the pipeline '{}' has two sinks for the table '{}'",
                                first.pipeline->name, first.table));
    } else if (first.overwrites || second.overwrites) {
      const Writer& overwriter = first.overwrites ? first : second;
      const Writer& other = first.overwrites ? second : first;
      report(place, fmt::format("the table '{}' is overwritten by the pipeline '{}' and written by "
                                "'{}' too ({}): one of them would lose its rows",
                                first.table, overwriter.pipeline->name, other.pipeline->name,
                                first.pipeline->location.to_string()));
    }
  }

  // Of two sinks that hold the same, each would throw the other out.
  void check_held(const Pipeline& pipeline, const ConnectorBlock& sink) {
    const stream::SinkType* type = registry_.sink(sink.connector);
    if (type == nullptr || type->holds == nullptr) return;
    const std::string what = type->holds(pipeline.name, sink.options);
    if (what.empty()) return;
    const auto [other, is_first] = held_.emplace(what, &pipeline);
    if (is_first) return;
    report(sink.location,
           fmt::format("this sink and one of the pipeline '{}' ({}) both have {}: each would end "
                       "the other",
                       other->second->name, other->second->location.to_string(), what));
  }

  // A pipeline that reads its own rows never comes to an end.
  void check_circle(const Pipeline& pipeline, const ConnectorBlock& sink) {
    if (!pipeline.from) return;
    const stream::SourceType* source = registry_.source(pipeline.from->connector);
    const stream::SinkType* type = registry_.sink(sink.connector);
    if (source == nullptr || source->reads == nullptr) return;
    if (type == nullptr || type->destination == nullptr) return;
    const auto destination = type->destination(sink.options);
    if (!destination || !source->reads(pipeline.from->options, *destination)) return;
    report(sink.location,
           fmt::format("the pipeline reads {} itself ({}): it would read for ever what it writes "
                       "here; write to another",
                       destination->text, pipeline.from->location.to_string()));
  }

  const stream::Registry& registry_;
  Problems& problems_;
  std::vector<Writer> writers_;
  std::map<std::string, const Pipeline*> held_;
};

}  // namespace

void find_sink_conflicts(const stream::Registry& registry, const Project& project,
                         Problems& problems) {
  ConflictFinder finder(registry, problems);
  for (const Pipeline& pipeline : project.pipelines) {
    for (const ConnectorBlock& sink : pipeline.sinks) {
      finder.examine_table(pipeline, sink);
      finder.examine(pipeline, sink);
    }
    if (pipeline.dead_letters) finder.examine(pipeline, *pipeline.dead_letters);
  }
}

}  // namespace lakeward::project
