#include <iostream>

#include "cli/verbs.h"

namespace lakeward::cli {
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// The words that may follow a command's name.
std::vector<std::string> words_after(const CommandText& command,
                                     const std::vector<OptionText>& common) {
  std::vector<std::string> words;
  for (const CommandText& child : command.subcommands) words.push_back(child.text.name);
  for (const auto* options : {&command.options, &common}) {
    for (const OptionText& option : *options) {
      if (option.names.front().front() != '-') {
        words.insert(words.end(), option.choices.begin(), option.choices.end());
      } else {
        words.push_back(option.names.back());
      }
    }
  }
  return words;
}

// Bash's `complete`; zsh understands it through bashcompinit.
std::string bash_script(const CommandLine& line) {
  std::string names;
  std::string cases;
  const auto add_case = [&](const CommandText& command) {
    cases += "    '" + command.name + "') words='" +
             join(words_after(command, line.common_options())) + "' ;;\n";
  };
  for (const CommandText& command : line.commands()) {
    names += (names.empty() ? "" : " ") + command.text.name;
    add_case(command);
    for (const CommandText& child : command.subcommands) add_case(child);
  }
  return R"(_lakeward() {
  local current="${COMP_WORDS[COMP_CWORD]}" command='' word words
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command" in
      '') [[ $word != -* ]] && command=$word ;;
      dlq) [[ $word != -* ]] && command="dlq $word" ;;
    esac
  done
  case "${COMP_WORDS[COMP_CWORD-1]}" in
    --project|--to) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  case "$command" in
    '') words=')" +
         names + " " + join(words_after({}, line.common_options())) + "' ;;\n" + cases +
         R"(    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _lakeward lakeward
)";
}

std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_option(const OptionText& option, const std::string& condition) {
  std::string out = "complete -c lakeward" + condition;
  for (const std::string& name : option.names) {
    out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.value.empty()) out += " -r";
  if (!option.choices.empty()) out += " -x -a " + fish_quoted(join(option.choices));
  return out + " -d " + fish_quoted(option.doc) + "\n";
}

std::string fish_script(const CommandLine& line) {
  std::string out = "complete -c lakeward -f\n";
  for (const CommandText& command : line.commands()) {
    const std::string& name = command.text.name;
    out += "complete -c lakeward -n __fish_use_subcommand -a " + name + " -d " +
           fish_quoted(command.text.summary) + "\n";
    const std::string seen = " -n '__fish_seen_subcommand_from " + name + "'";
    for (const CommandText& child : command.subcommands) {
      out += "complete -c lakeward" + seen + " -a " + child.text.name + " -d " +
             fish_quoted(child.text.summary) + "\n";
    }
    for (const OptionText& option : command.options) {
      if (option.names.front().front() == '-') {
        out += fish_option(option, seen);
      } else if (!option.choices.empty()) {
        out += "complete -c lakeward" + seen + " -a " + fish_quoted(join(option.choices)) + "\n";
      }
    }
  }
  for (const OptionText& option : line.common_options()) out += fish_option(option, "");
  return out;
}

}  // namespace

void add_completion(CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  line.add({.name = "completion",
            .summary = "Prints a script that completes commands and options in a shell",
            .details = {},
            .examples = {"lakeward completion bash > ~/.local/share/bash-completion/completions/"
                         "lakeward",
                         "lakeward completion zsh >> ~/.zshrc",
                         "lakeward completion fish > ~/.config/fish/completions/lakeward.fish"}},
           [shell, &line](const Common&) -> Outcome {
             if (*shell == "fish") {
               std::cout << fish_script(line);
             } else {
               if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
               std::cout << bash_script(line);
             }
             return ok_status();
           })
      .choice("SHELL", *shell, {"bash", "zsh", "fish"}, "The shell to print it for");
}

}  // namespace lakeward::cli
