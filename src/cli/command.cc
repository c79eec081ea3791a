#include "cli/command.h"

#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <iostream>

#include "base/suggest.h"
#include "base/units.h"
#include "cli/json_output.h"
#include "cli/log.h"

namespace lakeward::cli {

struct Command::Entry {
  Entry* parent = nullptr;
  CLI::App* app = nullptr;
  VerbText text;
  Run run;
  bool hidden = false;
  std::vector<OptionText> options;
  std::vector<std::unique_ptr<Entry>> children;

  std::string full_name() const {
    const std::string before = parent == nullptr ? "" : parent->full_name();
    return before.empty() ? text.name : before + " " + text.name;
  }
};

namespace {

std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> parts;
  size_t begin = 0;
  while (begin <= names.size()) {
    const size_t end = std::min(names.find(',', begin), names.size());
    parts.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

Command::Entry& add_entry(Command::Entry& parent, const VerbText& text, Run run) {
  auto entry = std::make_unique<Command::Entry>();
  entry->parent = &parent;
  entry->app = parent.app->add_subcommand(text.name, text.summary);
  entry->text = text;
  entry->run = std::move(run);
  parent.children.push_back(std::move(entry));
  return *parent.children.back();
}

CommandText describe(const Command::Entry& entry) {
  CommandText text;
  text.name = entry.full_name();
  text.usage = "lakeward";
  text.text = entry.text;
  if (!text.name.empty()) text.usage += " " + text.name;
  for (const auto& child : entry.children) {
    if (!child->hidden) text.subcommands.push_back(describe(*child));
  }
  if (!entry.children.empty()) text.usage += " COMMAND";
  for (const OptionText& option : entry.options) {
    if (option.names.front().front() != '-') text.usage += " " + option.value;
  }
  text.usage += " [OPTIONS]";
  text.options = entry.options;
  return text;
}

// The innermost verb that the arguments named.
const Command::Entry& selected(const Command::Entry& entry) {
  for (const auto& child : entry.children) {
    if (child->app->parsed()) return selected(*child);
  }
  return entry;
}

std::string option_list_name(const OptionText& option) {
  std::string name;
  for (const std::string& one : option.names) name += (name.empty() ? "" : ", ") + one;
  if (option.names.front().front() != '-') return option.value;
  return option.value.empty() ? name : name + " " + option.value;
}

void append_lines(std::string& out, const std::vector<std::pair<std::string, std::string>>& lines) {
  size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, left.size());
  for (const auto& [left, right] : lines) {
    out += "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
  }
}

std::string documentation(const OptionText& option) {
  std::string text = option.doc;
  if (option.choices.empty()) return text;
  text += " (";
  for (const std::string& choice : option.choices) {
    text += (choice == option.choices.front() ? "" : ", ") + choice;
  }
  return text + ")";
}

// An argument that nothing expected, as an error with the nearest known name.
Status unexpected(const Command::Entry& entry, const std::vector<OptionText>& common,
                  const std::string& argument) {
  const std::string prefix = entry.text.name.empty() ? "" : entry.full_name() + ": ";
  std::vector<std::string> known;
  if (argument.starts_with("-")) {
    for (const auto* options : {&entry.options, &common}) {
      for (const OptionText& option : *options) {
        for (const std::string& name : option.names) {
          if (name.starts_with("-")) known.push_back(name);
        }
      }
    }
    const std::string name = argument.substr(0, argument.find('='));
    return invalid_argument(prefix + "unknown option '" + name + "'" + suggestion(name, known));
  }
  if (entry.children.empty()) {
    return invalid_argument(prefix + "unexpected argument '" + argument + "'");
  }
  for (const auto& child : entry.children) {
    if (!child->hidden) known.push_back(child->text.name);
  }
  return invalid_argument(prefix + "unknown command '" + argument + "'" +
                          suggestion(argument, known));
}

}  // namespace

Command& Command::flag(const std::string& names, bool& target, const std::string& doc) {
  entry_.app->add_flag(names, target);
  entry_.options.push_back({split_names(names), "", doc, {}});
  return *this;
}

Command& Command::option(const std::string& names, std::string& target, const std::string& doc,
                         const std::string& value_name) {
  entry_.app->add_option(names, target);
  entry_.options.push_back({split_names(names), value_name, doc, {}});
  return *this;
}

Command& Command::option(const std::string& names, std::optional<std::string>& target,
                         const std::string& doc, const std::string& value_name) {
  entry_.app->add_option_function<std::string>(names, [&](const std::string& v) { target = v; });
  entry_.options.push_back({split_names(names), value_name, doc, {}});
  return *this;
}

Command& Command::option(const std::string& names, std::optional<uint64_t>& target,
                         const std::string& doc) {
  entry_.app->add_option_function<std::string>(names, [&target, names](const std::string& text) {
    uint64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto read = std::from_chars(text.data(), last, number);
    if (read.ec != std::errc() || read.ptr != last) {
      throw CLI::ValidationError(names, "must be a whole number, 0 or more, not '" + text + "'");
    }
    target = number;
  });
  entry_.options.push_back({split_names(names), "N", doc, {}});
  return *this;
}

Command& Command::option(const std::string& names, std::optional<double>& target,
                         const std::string& doc) {
  entry_.app->add_option_function<double>(names, [&](double v) { target = v; });
  entry_.options.push_back({split_names(names), "X", doc, {}});
  return *this;
}

Command& Command::option(const std::string& names, std::optional<Duration>& target,
                         const std::string& doc) {
  entry_.app->add_option_function<std::string>(names, [&target, names](const std::string& text) {
    const Result<Duration> parsed = parse_duration(text);
    if (!parsed.ok()) throw CLI::ValidationError(names, parsed.status().message());
    target = *parsed;
  });
  entry_.options.push_back({split_names(names), "DURATION", doc, {}});
  return *this;
}

Command& Command::choice(const std::string& names, std::string& target,
                         const std::vector<std::string>& choices, const std::string& doc) {
  auto check = [names, choices](const std::string& value) -> std::string {
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return "";
    return "'" + value + "' is not a choice" + suggestion(value, choices);
  };
  entry_.app->add_option(names, target)->check(check);
  const bool positional = !names.starts_with("-");
  if (positional) entry_.app->get_option(names)->required();
  entry_.options.push_back({split_names(names), positional ? names : "NAME", doc, choices});
  return *this;
}

Command& Command::argument(const std::string& name, std::string& target, const std::string& doc) {
  entry_.app->add_option(name, target)->required();
  entry_.options.push_back({{name}, name, doc, {}});
  return *this;
}

Command& Command::options(const std::string& names, std::vector<std::string>& target,
                          const std::string& doc, const std::string& value_name) {
  entry_.app->add_option(names, target)->allow_extra_args(false);
  entry_.options.push_back({split_names(names), value_name, doc, {}});
  return *this;
}
Command& Command::optional_argument(const std::string& name, std::string& target,
                                    const std::string& doc) {
  entry_.app->add_option(name, target);
  entry_.options.push_back({{name}, "[" + name + "]", doc, {}});
  return *this;
}

Command& Command::arguments(const std::string& name, std::vector<std::string>& target,
                            const std::string& doc) {
  entry_.app->add_option(name, target);
  entry_.options.push_back({{name}, "[" + name + "...]", doc, {}});
  return *this;
}

Command Command::add(const VerbText& text, Run run) {
  return Command(add_entry(entry_, text, std::move(run)));
}

namespace {

// Whoever reads the output has seen enough: `lakeward query … | head -1`.
bool stdout_reader_left() {
  pollfd out = {STDOUT_FILENO, POLLOUT, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace

struct CommandLine::Impl {
  CLI::App app;
  Command::Entry root;
  Common common;
  std::string project = ".";
  bool help = false;
  bool version = false;
  std::vector<OptionText> common_options;

  // The common options are understood before and after the verb.
  void add_common_options(CLI::App& target) {
    target.set_help_flag();
    target.add_flag("-h,--help", help);
    target.add_option("--project", project);
    target.add_flag("--json", common.json);
    target.add_flag("--quiet", common.quiet);
    target.add_flag_function("-v,--verbose", [this](int64_t n) { common.verbosity += int(n); });
  }
  void add_common_options_below(Command::Entry& entry) {
    add_common_options(*entry.app);
    for (const auto& child : entry.children) add_common_options_below(*child);
  }
  Outcome parse_and_run(std::vector<std::string> arguments);
};

CommandLine::CommandLine() : impl_(std::make_unique<Impl>()) {
  impl_->root.app = &impl_->app;
  impl_->root.text = {
      .name = "",
      .summary = "Lakeward runs declarative real-time pipelines into Delta tables, exactly once.",
      .details = {},
      .examples = {"lakeward init --template sensors demo", "lakeward run --once --project demo",
                   "lakeward query 'SELECT * FROM gold.building_hourly' --project demo"}};
  impl_->app.add_flag("--version", impl_->version);
  impl_->root.options = {{{"--version"}, "", "The same as the command version", {}}};
  impl_->common_options = {
      {{"--project"}, "DIR", "The project's folder; default: here", {}},
      {{"--json"}, "", "Machine-readable output on stdout, errors as JSON on stderr", {}},
      {{"--quiet"}, "", "No progress and no notes on stderr, only errors", {}},
      {{"-v", "--verbose"}, "", "Say on stderr what happens; -vv: with details", {}},
      {{"-h", "--help"}, "", "Print this page", {}},
  };
}

CommandLine::~CommandLine() = default;

Command CommandLine::add(const VerbText& text, Run run, bool hidden) {
  Command::Entry& entry = add_entry(impl_->root, text, std::move(run));
  entry.hidden = hidden;
  return Command(entry);
}

Outcome CommandLine::Impl::parse_and_run(std::vector<std::string> arguments) {
  const auto print_help = [&](const Command::Entry& entry) {
    std::cout << render_help(describe(entry), common_options) << std::flush;
    return Outcome(ok_status());
  };
  const auto see_help = [](const Command::Entry& entry, const Status& status) {
    const std::string name = entry.full_name();
    return Status(status.code(), status.message() + "\n  See: lakeward " +
                                     (name.empty() ? "" : name + " ") + "--help");
  };
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  try {
    app.allow_extras(false);
    app.parse(arguments);
  } catch (const CLI::ExtrasError& error) {
    if (help) return print_help(selected(root));
    const Command::Entry& entry = selected(root);
    std::vector<std::string> extras = entry.app->remaining();
    if (extras.empty()) extras = app.remaining(true);
    return see_help(entry, unexpected(entry, common_options, extras.empty() ? "" : extras[0]));
  } catch (const CLI::ParseError& error) {
    const Command::Entry& entry = selected(root);
    if (help) return print_help(entry);
    const std::string prefix = entry.text.name.empty() ? "" : entry.full_name() + ": ";
    return see_help(entry, invalid_argument(prefix + error.what()));
  }
  const Command::Entry* named = &selected(root);
  if (help) return print_help(*named);
  for (const auto& child : root.children) {
    if (version && named == &root && child->text.name == "version") named = child.get();
  }
  const Command::Entry& entry = *named;
  if (!entry.run) {
    const std::string what =
        entry.text.name.empty() ? "a command is missing" : entry.full_name() + ": say what to do";
    return see_help(entry, invalid_argument(what));
  }
  common.project = project;
  start_log(common);
  return entry.run(common);
}

int CommandLine::run(const std::vector<std::string>& arguments) {
  for (const auto& child : impl_->root.children) impl_->add_common_options_below(*child);
  impl_->add_common_options(impl_->app);
  const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  const Outcome outcome = impl_->parse_and_run(arguments);
  std::cout << std::flush;
  if (!std::cout.good() && stdout_reader_left()) return kExitDone;
  if (!outcome.status.ok()) {
    report_failure(outcome.status, json);
  } else if (!std::cout.good()) {
    report_failure(io_error("cannot write to stdout: is the disk full?"), json);
    return kExitFailed;
  }
  return outcome.code;
}

std::vector<CommandText> CommandLine::commands() const { return describe(impl_->root).subcommands; }

const std::vector<OptionText>& CommandLine::common_options() const { return impl_->common_options; }

std::string render_help(const CommandText& command, const std::vector<OptionText>& common) {
  std::string out = command.text.summary + "\n\nUsage: " + command.usage + "\n";
  for (const std::string& paragraph : command.text.details) out += "\n" + paragraph + "\n";
  if (!command.subcommands.empty()) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const CommandText& child : command.subcommands) {
      lines.emplace_back(child.text.name, child.text.summary);
    }
    out += "\nCommands:\n";
    append_lines(out, lines);
  }
  std::vector<std::pair<std::string, std::string>> lines;
  for (const OptionText& option : command.options) {
    lines.emplace_back(option_list_name(option), documentation(option));
  }
  if (!lines.empty()) {
    out += "\nOptions:\n";
    append_lines(out, lines);
    lines.clear();
  }
  for (const OptionText& option : common) {
    lines.emplace_back(option_list_name(option), documentation(option));
  }
  if (!common.empty()) out += "\nCommon options:\n";
  append_lines(out, lines);
  out += command.text.examples.size() == 1 ? "\nExample:\n" : "\nExamples:\n";
  for (const std::string& example : command.text.examples) out += "  " + example + "\n";
  return out;
}

std::string render_reference(const CommandLine& line) {
  std::string out =
      "# Commands\n\nMade from the declarations in src/cli; `lakeward COMMAND --help` prints the "
      "same.\n\nExit codes: 0 done; 1 the work failed; 2 wrong use or an invalid project; 3 a data "
      "expectation said `fail`; 130\ninterrupted, after a clean stop. Data goes to stdout, all "
      "else "
      "to stderr.\nA command whose reader has seen enough (`| head`) ends quietly with 0.\n";
  const auto add_page = [&](const CommandText& command) {
    out += "\n## lakeward " + command.name + "\n\n```\n" + render_help(command, {}) + "```\n";
  };
  for (const CommandText& command : line.commands()) {
    add_page(command);
    for (const CommandText& child : command.subcommands) add_page(child);
  }
  std::vector<std::pair<std::string, std::string>> lines;
  for (const OptionText& option : line.common_options()) {
    lines.emplace_back(option_list_name(option), documentation(option));
  }
  out += "\n## Options of every command\n\n```\n";
  append_lines(out, lines);
  return out + "```\n";
}

void report_failure(const Status& status, bool json) {
  if (json) {
    const nlohmann::ordered_json object = {
        {"error", {{"code", to_string(status.code())}, {"message", status.message()}}}};
    std::cerr << json_line(object);
  } else {
    std::cerr << "lakeward: " << status.message() << "\n";
  }
}

}  // namespace lakeward::cli
