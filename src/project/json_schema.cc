// render_pipeline_schema() and render_project_schema() of reference.h.
#include <nlohmann/json.hpp>
#include <utility>

#include "project/declared_keys.h"
#include "project/reference.h"

namespace lakeward::project {
namespace {

using config::OptionInfo;
using Json = nlohmann::ordered_json;

Json any_of(std::vector<Json> choices) { return Json{{"anyOf", std::move(choices)}}; }
Json of_type(const char* type) { return Json{{"type", type}}; }

// What an option's value may look like. References (${env:…}) are text wherever they stand.
Json value_schema(const OptionInfo& option) {
  const Json text = of_type("string");
  if (!option.choices.empty()) {
    return any_of(
        {Json{{"enum", option.choices}}, Json{{"type", "string"}, {"pattern", "\\$\\{"}}});
  }
  if (option.type == "text" || option.type == "secret") {
    return Json{{"type", {"string", "number", "boolean"}}};
  }
  if (option.type == "true or false") return Json{{"type", {"boolean", "string"}}};
  if (option.type == "whole number") return Json{{"type", {"integer", "string"}}};
  if (option.type == "number") return Json{{"type", {"number", "string"}}};
  if (option.type == "bytes") return Json{{"type", {"integer", "string"}}};
  if (option.type == "list of texts") return any_of({text, Json{{"type", "array"}}});
  if (option.type == "map of texts") return of_type("object");
  if (option.type == "block") return Json::object();
  return text;
}

Json map_schema(const std::vector<OptionInfo>& options, const std::map<std::string, Json>& blocks,
                bool all_given = true) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  Json properties = Json::object();
  Json required = Json::array();
  for (const OptionInfo& option : options) {
    const auto block = blocks.find(option.name);
    Json value = block != blocks.end() ? block->second : value_schema(option);
    value["description"] = option.doc;
    properties[option.name] = std::move(value);
    if (option.required && all_given) required.push_back(option.name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

// `name`, or `name: {options}`, of one of the given connectors. What a connection may give is not
// required of the block.
template <typename Types>
Json connector_schema(const Types& types) {
  Json properties = Json::object();
  Json names = Json::array();
  for (const auto& [name, type] : types) {
    Json options = map_schema(type.options, {}, /*all_given=*/false);
    options["properties"]["connection"] = {{"type", "string"},
                                           {"description", "The name of a connection."}};
    options["type"] = {"object", "null"};
    options["description"] = type.doc;
    properties[name] = std::move(options);
    names.push_back(name);
  }
  const Json block = {{"type", "object"},
                      {"additionalProperties", false},
                      {"minProperties", 1},
                      {"maxProperties", 1},
                      {"properties", std::move(properties)}};
  return any_of({Json{{"enum", std::move(names)}}, block});
}

Json sql_schema() { return any_of({of_type("string"), map_schema(transform_keys().infos(), {})}); }

Json decode_schema() {
  const Json columns = {{"type", "object"}, {"additionalProperties", of_type("string")}};
  Json formats = Json::object();
  formats["json"] = map_schema(json_keys().infos(), {{"columns", columns}});
  const Json text = of_type("string");
  const Json schema = any_of({text, map_schema(schema_file_keys().infos(), {})});
  const Json registry =
      any_of({text, map_schema(connectors::schema_registry::registry_options().infos(), {})});
  formats["avro"] = map_schema(avro_keys().infos(), {{"columns", columns},
                                                     {"registry", registry},
                                                     {"schema", schema},
                                                     {"writer_schema", schema}});
  formats["debezium"] =
      map_schema(debezium_keys().infos(), {{"columns", columns}, {"registry", registry}});
  formats["csv"] = map_schema(csv_keys().infos(), {{"columns", columns}});
  formats["raw"] = map_schema(raw_keys().infos(), {});
  formats["parquet"] = map_schema(parquet_keys().infos(), {});
  const Json block = {{"type", "object"},
                      {"additionalProperties", false},
                      {"maxProperties", 1},
                      {"properties", std::move(formats)}};
  return any_of({Json{{"enum", {"raw", "parquet"}}}, block});
}

std::string finish(Json schema, const char* title) {
  Json root = {{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}};
  root.update(schema);
  return root.dump(2) + "\n";
}

}  // namespace

std::string render_pipeline_schema(const stream::Registry& registry) {
  const Json sink = connector_schema(registry.sinks());
  const Json check = any_of({of_type("string"), map_schema(expectation_keys().infos(), {})});
  const std::map<std::string, Json> blocks = {
      {"from", connector_schema(registry.sources())},
      {"decode", decode_schema()},
      {"transform", sql_schema()},
      {"query", sql_schema()},
      {"expect", Json{{"type", "object"}, {"additionalProperties", check}}},
      {"dead_letters", sink},
      {"to", any_of({sink, Json{{"type", "array"}, {"items", sink}}})},
      {"trigger", any_of({Json{{"const", "once"}}, map_schema(trigger_keys().infos(), {})})},
      {"limits", map_schema(limit_keys().infos(), {})},
  };
  return finish(map_schema(pipeline_keys().infos(), blocks), "A pipeline of Lakeward");
}

std::string render_project_schema(const stream::Registry& registry) {
  std::map<std::string, std::vector<OptionInfo>> options;
  for (const auto& [name, type] : registry.sources()) options[name] = type.options;
  for (const auto& [name, type] : registry.sinks()) {
    options[name].insert(options[name].end(), type.options.begin(), type.options.end());
  }
  options["schema_registry"] = connectors::schema_registry::registry_options().infos();
  Json properties = Json::object();
  for (const auto& [name, infos] : options) {
    properties[name] = map_schema(infos, {}, /*all_given=*/false);
  }
  const Json connection = {{"type", "object"},
                           {"additionalProperties", false},
                           {"maxProperties", 1},
                           {"properties", std::move(properties)}};
  const std::map<std::string, Json> blocks = {
      {"connections", Json{{"type", "object"}, {"additionalProperties", connection}}}};
  return finish(map_schema(project_keys().infos(), blocks), "A project of Lakeward");
}

}  // namespace lakeward::project
