// The command line: verbs, their options, help and errors. Each verb lives in a file of its own and
// is declared once; parsing, --help, shell completion and docs/reference/commands.md come from the
// declaration. The only part that knows the argument parser (CLI11) is command.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/exit_code.h"

namespace lakeward::cli {

// What every command is given besides its own options.
struct Common {
  std::filesystem::path project = ".";
  bool json = false;
  bool quiet = false;
  int verbosity = 0;  // -v: what happens; -vv: details
};

struct VerbText {
  std::string name;
  std::string summary;               // one line, for the list of commands
  std::vector<std::string> details;  // paragraphs, may be empty
  std::vector<std::string> examples;
};

using Run = std::function<Outcome(const Common&)>;

// One verb while it is being declared. The targets of options outlive the command line: a verb
// keeps them in a shared struct that its Run holds too.
class Command {
 public:
  struct Entry;
  explicit Command(Entry& entry) : entry_(entry) {}

  // `names` as in "--rate" or "-n,--rows".
  Command& flag(const std::string& names, bool& target, const std::string& doc);
  Command& option(const std::string& names, std::string& target, const std::string& doc,
                  const std::string& value_name = "TEXT");
  Command& option(const std::string& names, std::optional<std::string>& target,
                  const std::string& doc, const std::string& value_name = "TEXT");
  Command& option(const std::string& names, std::optional<uint64_t>& target,
                  const std::string& doc);
  Command& option(const std::string& names, std::optional<double>& target, const std::string& doc);
  // "90s", "10 minutes".
  Command& option(const std::string& names, std::optional<Duration>& target,
                  const std::string& doc);
  // May be repeated, each time with one value.
  Command& options(const std::string& names, std::vector<std::string>& target,
                   const std::string& doc, const std::string& value_name = "TEXT");
  // One of `choices`.
  Command& choice(const std::string& names, std::string& target,
                  const std::vector<std::string>& choices, const std::string& doc);
  // Positional; `name` in capitals.
  Command& argument(const std::string& name, std::string& target, const std::string& doc);
  Command& optional_argument(const std::string& name, std::string& target, const std::string& doc);
  Command& arguments(const std::string& name, std::vector<std::string>& target,
                     const std::string& doc);

  // A verb below this one ("dlq list").
  Command add(const VerbText& text, Run run);

 private:
  Entry& entry_;
};

// What help, completion and the reference page are made of.
struct OptionText {
  std::vector<std::string> names;  // "-n", "--rows"; one name without dashes: positional
  std::string value;               // "TEXT", "" for a flag
  std::string doc;
  std::vector<std::string> choices;
};
struct CommandText {
  std::string name;   // "run", "dlq list"
  std::string usage;  // "lakeward run [PIPELINE...] [OPTIONS]"
  VerbText text;
  std::vector<OptionText> options;       // without the common ones
  std::vector<CommandText> subcommands;  // of "dlq"
};

class CommandLine {
 public:
  CommandLine();
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // A verb without a Run needs one of the verbs below it. `hidden` verbs are not listed.
  Command add(const VerbText& text, Run run, bool hidden = false);

  // Parses, runs the verb, reports failures on stderr; returns the exit code.
  int run(const std::vector<std::string>& arguments);

  // The commands that are not hidden, in the order in which they were added.
  std::vector<CommandText> commands() const;
  const std::vector<OptionText>& common_options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A command's page as --help prints it.
std::string render_help(const CommandText& command, const std::vector<OptionText>& common);

// docs/reference/commands.md: every command's page.
std::string render_reference(const CommandLine& line);

// Says on stderr why a command failed: a line "lakeward: …", or with `json` an object.
void report_failure(const Status& status, bool json);

}  // namespace lakeward::cli
