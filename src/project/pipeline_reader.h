// One pipeline's file as a Pipeline.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "project/project.h"
#include "project/variables.h"
#include "project/yaml.h"
#include "stream/registry.h"

namespace lakeward::project {

struct ReadingContext {
  const std::filesystem::path& root;
  const Variables& variables;
  const stream::Registry& registry;
  const std::vector<Connection>& connections;
};

// nullopt if the file is no pipeline at all. `file` is relative to the project's folder.
std::optional<Pipeline> read_pipeline(const ReadingContext& context, const YamlDocument& document,
                                      const std::string& file, config::Problems& problems);

// Letters, digits and '_', not beginning with a digit, at most 100.
bool is_identifier(std::string_view name);

// The file's text. Errors: NotFound, IoError.
Result<std::string> read_text_file(const std::filesystem::path& path);

}  // namespace lakeward::project
