#include "project/lineage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "engine/sql_inspect.h"

namespace lakeward::project {
namespace {

using config::Problems;

bool is_input(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name == "input";
}

void add_once(std::vector<size_t>& places, size_t place) {
  if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
}

// Notes what the SQL of a pipeline reads.
Status inspect_sql(const Pipeline& pipeline, engine::Session& session, PipelineLinks& links,
                   Problems& problems) {
  const char* const what = pipeline.is_view() ? "query" : "transform";
  if (pipeline.sql.empty()) return ok_status();
  ASSIGN_OR_RETURN(const engine::SqlInspection found,
                   engine::inspect(session, pipeline.sql.text()));
  if (found.error) {
    problems.push_back({pipeline.sql.locate(found.error->line, found.error->column),
                        fmt::format("the {} is not SQL: {}", what, found.error->message)});
    return ok_status();
  }
  if (!found.is_select) {
    problems.push_back(
        {pipeline.sql.location(), fmt::format("the {} must be exactly one SELECT", what)});
    return ok_status();
  }
  bool reads_input = false;
  links.sql_is_sound = true;
  for (const std::string& table : found.tables) {
    if (is_input(table)) {
      reads_input = true;
    } else if (std::count(table.begin(), table.end(), '.') != 1) {
      links.sql_is_sound = false;
      problems.push_back({place_of_name(pipeline.sql, table),
                          fmt::format("the {} names a table '{}'; a lake table is named "
                                      "schema.table",
                                      what, table)});
    } else {
      links.sql_tables.push_back(table);
    }
  }
  links.row_wise = found.is_row_wise && !pipeline.is_view();
  if (reads_input == pipeline.is_view()) {
    links.sql_is_sound = false;
    problems.push_back(
        {pipeline.sql.location(), pipeline.is_view()
                                      ? "the query of a view reads lake tables; it has no 'input'"
                                      : "the transform does not read 'input'"});
  } else if (pipeline.is_view() && links.sql_tables.empty()) {
    problems.push_back({pipeline.sql.location(), "the query of a view must read a lake table"});
  }
  return ok_status();
}

// Whether pipeline `from` comes after `to` by what is known of their order.
bool comes_after(const std::vector<PipelineLinks>& links, size_t from, size_t to) {
  std::vector<bool> seen(links.size());
  std::vector<size_t> open = {from};
  while (!open.empty()) {
    const size_t at = open.back();
    open.pop_back();
    if (at == to) return true;
    if (seen[at]) continue;
    seen[at] = true;
    open.insert(open.end(), links[at].upstream.begin(), links[at].upstream.end());
    open.insert(open.end(), links[at].fed_by.begin(), links[at].fed_by.end());
  }
  return false;
}

// Where the pipeline puts rows outside of the lake.
std::vector<stream::Destination> destinations_of(const Pipeline& pipeline,
                                                 const stream::Registry& registry) {
  std::vector<stream::Destination> destinations;
  const auto note = [&](const ConnectorBlock& sink) {
    const stream::SinkType* type = registry.sink(sink.connector);
    if (type == nullptr || type->destination == nullptr) return;
    if (auto destination = type->destination(sink.options)) {
      destinations.push_back(std::move(*destination));
    }
  };
  for (const ConnectorBlock& sink : pipeline.sinks) note(sink);
  if (pipeline.dead_letters) note(*pipeline.dead_letters);
  return destinations;
}

void link_services(const Project& project, const stream::Registry& registry,
                   std::vector<PipelineLinks>& links) {
  for (size_t writer = 0; writer < links.size(); ++writer) {
    const auto destinations = destinations_of(project.pipelines[writer], registry);
    if (destinations.empty()) continue;
    for (size_t reader = 0; reader < links.size(); ++reader) {
      const std::optional<ConnectorBlock>& from = project.pipelines[reader].from;
      const stream::SourceType* type = from ? registry.source(from->connector) : nullptr;
      if (type == nullptr || type->reads == nullptr) continue;
      const bool reads = std::any_of(
          destinations.begin(), destinations.end(),
          [&](const auto& destination) { return type->reads(from->options, destination); });
      const std::vector<size_t>& upstream = links[reader].upstream;
      if (!reads || std::find(upstream.begin(), upstream.end(), writer) != upstream.end()) continue;
      if (!comes_after(links, writer, reader)) links[reader].fed_by.push_back(writer);
    }
  }
}

// Depth-first search for cycles; what is finished goes to `order`.
class Sorter {
 public:
  Sorter(const Project& project, const std::vector<PipelineLinks>& links, Problems& problems)
      : project_(project), links_(links), problems_(problems), states_(links.size()) {}

  std::vector<size_t> sort() {
    for (size_t i = 0; i < links_.size(); ++i) visit(i);
    return std::move(order_);
  }

 private:
  enum class State { kNew, kOpen, kSound, kBroken };

  // Whether the pipeline can be ordered.
  bool visit(size_t pipeline) {
    State& state = states_[pipeline];
    if (state == State::kOpen) {
      report(pipeline);
      return false;
    }
    if (state != State::kNew) return state == State::kSound;
    state = State::kOpen;
    path_.push_back(pipeline);
    bool sound = true;
    for (const size_t upstream : links_[pipeline].upstream) sound = visit(upstream) && sound;
    for (const size_t feeding : links_[pipeline].fed_by) visit(feeding);
    path_.pop_back();
    states_[pipeline] = sound ? State::kSound : State::kBroken;
    if (sound) order_.push_back(pipeline);
    return sound;
  }

  // The path from `first` to the end of `path_` is a cycle; a pipeline needs the one behind it.
  void report(size_t first) {
    const auto begin = std::find(path_.begin(), path_.end(), first);
    std::string text;
    for (auto it = begin; it != path_.end(); ++it) text += project_.pipelines[*it].name + " needs ";
    text += project_.pipelines[first].name;
    const bool alone = begin + 1 == path_.end();
    problems_.push_back({project_.pipelines[first].location,
                         alone ? fmt::format("the pipeline '{}' reads what it writes or runs after "
                                             "itself",
                                             project_.pipelines[first].name)
                               : "pipelines need each other in a circle: " + text});
  }

  const Project& project_;
  const std::vector<PipelineLinks>& links_;
  Problems& problems_;
  std::vector<State> states_;
  std::vector<size_t> path_;
  std::vector<size_t> order_;
};

}  // namespace

std::optional<size_t> Lineage::writer_of(const std::string& table) const {
  for (size_t i = 0; i < links.size(); ++i) {
    const std::vector<std::string>& writes = links[i].writes;
    if (std::find(writes.begin(), writes.end(), table) != writes.end()) return i;
  }
  return std::nullopt;
}

Result<Lineage> resolve_lineage(const Project& project, const stream::Registry& registry,
                                engine::Session& session, Problems& problems) {
  Lineage lineage;
  lineage.links.resize(project.pipelines.size());
  for (size_t i = 0; i < project.pipelines.size(); ++i) {
    const Pipeline& pipeline = project.pipelines[i];
    PipelineLinks& links = lineage.links[i];
    if (pipeline.from && !lake_table(*pipeline.from).empty()) {
      links.source_table = lake_table(*pipeline.from);
    }
    for (const ConnectorBlock& sink : pipeline.sinks) {
      if (!lake_table(sink).empty()) links.writes.push_back(lake_table(sink));
    }
    if (pipeline.has_dead_letters() && !pipeline.dead_letters)
      links.writes.push_back(dead_letter_table(pipeline));
    RETURN_IF_ERROR(inspect_sql(pipeline, session, links, problems));
  }
  for (size_t i = 0; i < project.pipelines.size(); ++i) {
    PipelineLinks& links = lineage.links[i];
    std::vector<std::string> read = links.sql_tables;
    if (links.source_table) read.push_back(*links.source_table);
    for (const std::string& table : read) {
      for (size_t j = 0; j < lineage.links.size(); ++j) {
        const std::vector<std::string>& writes = lineage.links[j].writes;
        if (std::find(writes.begin(), writes.end(), table) != writes.end()) {
          add_once(links.upstream, j);
        }
      }
    }
    for (const std::string& after : project.pipelines[i].trigger.after) {
      for (size_t j = 0; j < project.pipelines.size(); ++j) {
        if (project.pipelines[j].name == after) add_once(links.upstream, j);
      }
    }
  }
  link_services(project, registry, lineage.links);
  lineage.order = Sorter(project, lineage.links, problems).sort();
  return lineage;
}

config::Location place_of_name(const SourceText& sql, const std::string& name) {
  const size_t found = sql.text().find(name);
  if (found == std::string::npos) return sql.location();
  int line = 1;
  int column = 1;
  for (size_t i = 0; i < found; ++i) {
    column = sql.text()[i] == '\n' ? 1 : column + 1;
    if (sql.text()[i] == '\n') ++line;
  }
  return sql.locate(line, column);
}

}  // namespace lakeward::project
