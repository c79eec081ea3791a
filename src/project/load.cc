#include "project/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/suggest.h"
#include "base/units.h"
#include "project/connector_catalog.h"
#include "project/declared_keys.h"
#include "project/glob.h"
#include "project/pipeline_reader.h"
#include "project/sink_conflicts.h"
#include "project/yaml.h"

namespace lakeward::project {
namespace {

namespace fs = std::filesystem;
using config::Location;
using config::Problems;
using config::Value;

constexpr uint64_t kLeastMemory = 128ULL << 20;

bool is_project_name(std::string_view name) {
  if (name.empty() || name.size() > 100) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

class ProjectReader {
 public:
  ProjectReader(const fs::path& root, const Variables& variables, const stream::Registry& registry)
      : variables_(variables), registry_(registry) {
    std::error_code error;
    const fs::path absolute = fs::absolute(root, error);
    loaded_.project.root = (error ? root : absolute).lexically_normal();
  }

  LoadedProject read() && {
    const auto document = read_yaml(kProjectFile);
    if (!document) {
      report({kProjectFile, 0, 0},
             fmt::format("there is no project in '{}'; make one: lakeward init DIR",
                         loaded_.project.root.string()));
      return std::move(loaded_);
    }
    if (!document->root.is_map()) {
      if (problems().empty()) {
        report(document->root.location(),
               "this is no project: expected `project: name` and its other keys");
      }
      return std::move(loaded_);
    }
    read_settings(document->root);
    check_names();
    find_sink_conflicts(registry_, loaded_.project, problems());
    sort_problems(problems());
    return std::move(loaded_);
  }

 private:
  Problems& problems() { return loaded_.problems; }
  void report(const Location& location, std::string message) {
    problems().push_back({location, std::move(message)});
  }

  // nullopt if there is no such file.
  std::optional<YamlDocument> read_yaml(const std::string& file) {
    auto text = read_text_file(loaded_.project.root / file);
    if (!text.ok()) {
      if (text.status().code() == StatusCode::kNotFound) return std::nullopt;
      report({file, 0, 0}, text.status().message());
      return YamlDocument{Value::null_at({file, 1, 1}), ""};
    }
    return parse_yaml(std::move(text).value(), file, variables_, problems());
  }

  // The place of a key's value, else of the whole map.
  static const Location& place_of(const Value& root, std::string_view key) {
    const Value* value = root.find(key);
    return value != nullptr ? value->location() : root.location();
  }

  void read_settings(const Value& root) {
    Project& project = loaded_.project;
    const size_t before = problems().size();
    const ProjectKeys keys = project_keys().parse(root, problems());
    refuse_secrets_in({"project", "lake", "checkpoints", "pipelines"}, root, problems());
    project.name = keys.project;
    const Value* name = root.find("project");
    if (name != nullptr && name->is_scalar() && !name->is_unresolved() &&
        !is_project_name(project.name)) {
      report(name->location(),
             fmt::format("'{}' is no name for a project: use letters, digits, '_' "
                         "and '-'",
                         project.name));
    }
    if (problems().size() == before || keys.memory.count > 0) {
      if (keys.memory.count < kLeastMemory) {
        report(place_of(root, "memory"),
               fmt::format("'memory' must be at least {}, not {}", format_bytes(kLeastMemory),
                           format_bytes(keys.memory.count)));
      }
    }
    project.memory_bytes = keys.memory.count;
    project.time_zone = keys.time_zone;
    project.time_zone_location = place_of(root, "time_zone");
    project.lake = storage(root, "lake", keys.lake);
    project.checkpoints = keys.checkpoints ? storage(root, "checkpoints", *keys.checkpoints)
                                           : project.lake + "/_lakeward/checkpoints";
    project.connections = read_connections(registry_, keys.connections, problems());
    read_pipelines(root, keys);
  }

  // Where tables or checkpoints live, absolute.
  std::string storage(const Value& root, const char* key, const std::string& text) {
    const Value* value = root.find(key);
    if (value != nullptr && value->is_unresolved()) return "";
    const size_t scheme = text.find("://");
    if (scheme != std::string::npos) {
      report(place_of(root, key), fmt::format("'{}': {}:// is not supported yet; use a folder", key,
                                              text.substr(0, scheme)));
      return text;
    }
    if (text.empty()) {
      report(place_of(root, key), fmt::format("'{}' must be a folder", key));
      return "";
    }
    std::string path = (loaded_.project.root / text).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  void read_pipelines(const Value& root, const ProjectKeys& keys) {
    std::vector<std::string> files;
    const bool is_default = root.find("pipelines") == nullptr;
    for (const std::string& pattern : keys.pipelines) {
      const auto matched = match_files(loaded_.project.root, pattern);
      if (!matched.ok()) {
        report(place_of(root, "pipelines"), matched.status().message());
      } else if (matched->empty() && !is_default) {
        report(place_of(root, "pipelines"),
               fmt::format("'pipelines': {} '{}'",
                           is_pattern(pattern) ? "no file matches" : "there is no file", pattern));
      } else {
        files.insert(files.end(), matched->begin(), matched->end());
      }
    }
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    for (const std::string& file : files) {
      const size_t before = problems().size();
      const auto document = read_yaml(file);
      // A syntax error: what is left of the document says nothing.
      if (!document || (document->root.is_null() && problems().size() > before)) continue;
      const ReadingContext context{loaded_.project.root, variables_, registry_,
                                   loaded_.project.connections};
      if (auto pipeline = read_pipeline(context, *document, file, problems())) {
        loaded_.project.pipelines.push_back(*std::move(pipeline));
      }
    }
  }

  void check_names() {
    const std::vector<Pipeline>& pipelines = loaded_.project.pipelines;
    std::vector<std::string> names;
    for (size_t i = 0; i < pipelines.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (pipelines[i].name != pipelines[j].name || pipelines[i].name.empty()) continue;
        report(pipelines[i].location,
               fmt::format("the pipeline '{}' is there twice; also in {}", pipelines[i].name,
                           pipelines[j].location.to_string()));
        break;
      }
      names.push_back(pipelines[i].name);
    }
    for (const Pipeline& pipeline : pipelines) {
      for (const std::string& after : pipeline.trigger.after) {
        if (std::find(names.begin(), names.end(), after) != names.end()) continue;
        report(pipeline.trigger.location,
               fmt::format("'after' names a pipeline '{}' that is not there{}", after,
                           suggestion(after, names)));
      }
    }
  }

  const Variables& variables_;
  const stream::Registry& registry_;
  LoadedProject loaded_;
};

}  // namespace

void sort_problems(Problems& problems) {
  const auto key = [](const config::Problem& problem) {
    return std::tie(problem.location.file, problem.location.line, problem.location.column,
                    problem.message);
  };
  const auto is_main = [](const config::Problem& problem) {
    return problem.location.file == kProjectFile;
  };
  std::stable_sort(problems.begin(), problems.end(), [&](const auto& a, const auto& b) {
    if (is_main(a) != is_main(b)) return is_main(a);
    return key(a) < key(b);
  });
  const auto last = std::unique(problems.begin(), problems.end(),
                                [&](const auto& a, const auto& b) { return key(a) == key(b); });
  problems.erase(last, problems.end());
}

LoadedProject load_project(const fs::path& root, const Variables& variables,
                           const stream::Registry& registry) {
  return ProjectReader(root, variables, registry).read();
}

}  // namespace lakeward::project
