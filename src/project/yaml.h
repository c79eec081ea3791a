// YAML text as config::Value, each key and value with its place.
#pragma once

#include <string>

#include "config/value.h"
#include "project/variables.h"

namespace lakeward::project {

struct YamlDocument {
  config::Value root;  // null if the text is empty or not YAML
  std::string text;    // as it was read
};

// One YAML 1.2 document. `file` is how the user names the file. Anchors, aliases and merge keys
// (`<<`) are resolved, as are ${env:…} and ${secret:…} in values (not in keys). A value in quotes
// that is nothing but one reference counts as written without quotes, so that
// `port: "${env:PORT}"` can be a number. Problems: a syntax error (the only one then), duplicate
// keys, keys that are no text, references to what is not set, more than one document.
YamlDocument parse_yaml(std::string text, const std::string& file, const Variables& variables,
                        config::Problems& problems);

}  // namespace lakeward::project
