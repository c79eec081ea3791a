// Where ${env:…} and ${secret:…} come from; passed in, so that a test needs no real environment.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/status.h"

namespace lakeward::project {

class Variables {
 public:
  virtual ~Variables() = default;
  // The environment variable's text, or nullopt if it is not set.
  virtual std::optional<std::string> environment(const std::string& name) const = 0;
  // The file's content, or nullopt if there is no such file. Errors: IoError.
  virtual Result<std::optional<std::string>> file(const std::string& path) const = 0;
};

// The process's own environment and files.
class SystemVariables final : public Variables {
 public:
  std::optional<std::string> environment(const std::string& name) const override;
  Result<std::optional<std::string>> file(const std::string& path) const override;
};

// A given environment and given files, for tests.
class FixedVariables final : public Variables {
 public:
  explicit FixedVariables(std::map<std::string, std::string> environment = {},
                          std::map<std::string, std::string> files = {})
      : environment_(std::move(environment)), files_(std::move(files)) {}
  std::optional<std::string> environment(const std::string& name) const override;
  Result<std::optional<std::string>> file(const std::string& path) const override;

 private:
  std::map<std::string, std::string> environment_;
  std::map<std::string, std::string> files_;
};

// A secret: the environment variable NAME, else the file NAME in $LAKEWARD_SECRETS_DIR without the
// line end at its end. Errors: NotFound if neither is there; InvalidArgument for a name that is
// none (letters, digits, '_', '-', '.'); IoError.
Result<std::string> read_secret(const Variables& variables, const std::string& name);

// `text` with all references ${env:NAME}, ${env:NAME:-default} and ${secret:NAME} replaced.
struct Resolved {
  std::string text;
  bool secret = false;            // holds a secret's text
  bool is_one_reference = false;  // nothing stood around the only reference
};
// Errors: NotFound for what is not set, InvalidArgument for a malformed reference; both name it.
Result<Resolved> resolve_references(const Variables& variables, const std::string& text);

}  // namespace lakeward::project
