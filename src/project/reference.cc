#include "project/reference.h"

#include <fmt/format.h>

#include "project/declared_keys.h"
#include "project/plan.h"

namespace lakeward::project {
namespace {

using config::OptionInfo;

constexpr const char* kGenerated =
    "<!-- Made from the declarations in the sources; do not edit. To make it anew:\n"
    "     LAKEWARD_UPDATE_DOCS=1 build/release/tests/project_test --gtest_filter='Reference*' "
    "-->\n";

// Text in a cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string type_of(const OptionInfo& option) {
  if (option.choices.empty()) return option.type;
  return fmt::format("`{}`", fmt::join(option.choices, "`, `"));
}

std::string default_of(const OptionInfo& option) {
  if (option.required) return "required";
  return option.default_text.empty() ? "" : "`" + option.default_text + "`";
}

std::string section(const std::string& title, const std::string& text,
                    const std::vector<OptionInfo>& options) {
  std::string page = "\n" + title + "\n\n";
  if (!text.empty()) page += text + "\n\n";
  return page + (options.empty() ? "It has no options.\n" : render_options(options));
}

std::string project_page() {
  std::string page = std::string("# lakeward.yaml\n\n") + kGenerated;
  page +=
      "\nA project is a folder with this file. Unknown keys are errors that name the nearest known "
      "key and the line.\n\n";
  page += render_options(project_keys().infos());
  page +=
      "\n## The environment and secrets\n\n"
      "| in a value | means |\n|---|---|\n"
      "| `${env:NAME}` | the environment variable; a problem if it is not set |\n"
      "| `${env:NAME:-default}` | the environment variable, or the default if it is not set or "
      "empty |\n"
      "| `${secret:NAME}` | the environment variable, or the file `NAME` in the folder "
      "`$LAKEWARD_SECRETS_DIR`; never shown in a log, an error, a plan or the REST interface |\n"
      "\nSecrets of 4 characters and more are masked (`******`) in whatever commands say and write "
      "of their work, also where a server repeats what it was sent, as it is, in base64 or "
      "percent-encoded; rows are shown as they are. A secret cannot stand in a name: of a topic, a "
      "table, a path, a group.\n"
      "\nA quoted value that is nothing but one reference counts as unquoted: `port: "
      "\"${env:PORT}\"` is a number.\n"
      "YAML's anchors, aliases and merge keys (`<<`) may be used.\n";
  return page;
}

std::string metadata_table(const engine::Schema& columns) {
  static const std::map<std::string, const char*> kMeanings = {
      {"_raw", "the record's text as it was read; bytes that are no text as `\\xFF`"},
      {"_raw_bytes", "the record's bytes"},
      {"_key", "the message's key as text, likewise"},
      {"_key_bytes", "the key's bytes"},
      {"_topic", "the topic"},
      {"_partition", "the partition"},
      {"_offset", "the message's offset; in a file the record's byte position"},
      {"_timestamp", "the message's time, at most some 290,000 years from 1970"},
      {"_timestamp_ms", "the message's time as it says it: milliseconds since 1970"},
      {"_headers",
       "the message's headers as a JSON object; one that is no text is `{\"base64\": \"…\"}`"},
      {"_file", "the file's path"},
      {"_line", "the record's line in the file, from 1"},
      {"_ingest_time", "the epoch's fixed time, as current_timestamp"},
      {"_epoch", "the epoch's number"},
  };
  std::string table = "| column | type | what it is |\n|---|---|---|\n";
  for (const engine::Column& column : columns) {
    table +=
        fmt::format("| `{}` | {} | {} |\n", column.name, column.type, kMeanings.at(column.name));
  }
  return table;
}

std::string pipeline_page() {
  std::string page = std::string("# A pipeline's file\n\n") + kGenerated + "\n";
  page += render_options(pipeline_keys().infos());
  page += section("## `decode: json`", "", json_keys().infos());
  page += section("## `decode: avro`",
                  "Apache Avro's binary encoding; [formats](../formats.md) has the rules and an "
                  "example.",
                  avro_keys().infos());
  page += section("### `registry`", "Also the options of a connection of type `schema_registry`.",
                  connectors::schema_registry::registry_options().infos());
  page += section("## `decode: debezium`",
                  "Change events in JSON, with or without their schema, or in Avro; see "
                  "[formats](../formats.md).",
                  debezium_keys().infos());
  page += section("## `decode: csv`", "", csv_keys().infos());
  page += section(
      "## `decode: raw`",
      "One column, `value`: the record's text, or its bytes; NULL of a message without a value.",
      raw_keys().infos());
  page += section("## `decode: parquet`", "Of files only; the columns are the files' own.",
                  parquet_keys().infos());
  page += section("## `expect`",
                  "A map of names to checks; `name: SQL` is short for `name: {check: SQL}`.",
                  expectation_keys().infos());
  page += section("## `trigger`", "One of these.", trigger_keys().infos());
  page += section("## `limits`", "", limit_keys().infos());
  page +=
      "\n## Columns of `input`\n\nBesides the decoded ones; only what the SQL names is produced, "
      "and "
      "`SELECT *` leaves them out.\n\n" +
      metadata_table(record_metadata_columns()) +
      "\nA source with columns of its own (a table, Parquet files) has of these "
      "`_ingest_time` and `_epoch`, unless its columns bear these names.\n";
  return page;
}

std::string connectors_page(const stream::Registry& registry) {
  std::string page = std::string("# Sources and sinks\n\n") + kGenerated;
  page +=
      "\nEvery block may also say `connection: NAME`: the options of that connection of "
      "lakeward.yaml, behind the block's own.\n\n# Sources\n";
  for (const auto& [name, type] : registry.sources()) {
    page += section("## `from: " + name + "`", type.doc, type.options);
  }
  page += "\n# Sinks\n";
  for (const auto& [name, type] : registry.sinks()) {
    page += section("## `to: " + name + "`", type.doc, type.options);
    for (const auto& [block, options] : type.blocks) {
      page += section("### `" + block + "`", "", options);
    }
  }
  return page;
}

}  // namespace

std::string render_options(const std::vector<OptionInfo>& options) {
  std::string table = "| option | type | default | what it says |\n|---|---|---|---|\n";
  for (const OptionInfo& option : options) {
    table += fmt::format("| `{}` | {} | {} | {} |\n", option.name, cell(type_of(option)),
                         cell(default_of(option)), cell(option.doc));
  }
  return table;
}

std::map<std::string, std::string> render_reference(const stream::Registry& registry) {
  return {{"project.md", project_page()},
          {"pipeline.md", pipeline_page()},
          {"connectors.md", connectors_page(registry)}};
}

}  // namespace lakeward::project
