// The only file that knows yaml-cpp; its exceptions stop here.
#include "project/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace lakeward::project {
namespace {

using config::Location;
using config::Value;

// More values than that are no configuration: aliases of aliases grow without bound.
constexpr size_t kMostValues = 1'000'000;

size_t count_values(const Value& value) {
  size_t count = 1;
  if (value.is_list()) {
    for (const Value& item : value.list()) count += count_values(item);
  } else if (value.is_map()) {
    for (const Value::Entry& entry : value.map()) count += count_values(entry.value);
  }
  return count;
}

// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& text, const std::string& file, const Variables& variables,
              config::Problems& problems)
      : text_(text), file_(file), variables_(variables), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    // The key `null` is a name: options may be called so.
    const auto begin = static_cast<size_t>(mark.pos);
    if (expects_key() && begin < text_.size() && text_.compare(begin, 4, "null") == 0) {
      add(Value(Value::Scalar{.text = "null"}, at(mark)), anchor);
      return;
    }
    add(Value::null_at(at(mark)), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      problems_.push_back({at(mark), "an alias cannot stand inside of what it names"});
      add(Value::null_at(at(mark)), 0);
      return;
    }
    values_ += count_values(found->second);
    if (values_ > kMostValues) {
      throw YAML::ParserException(mark, "aliases make the document too large");
    }
    add(Value(found->second), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (tag == "!") check_closing_quote(mark);
    add(scalar(text, /*quoted=*/tag == "!", at(mark)), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({.is_map = false, .location = at(mark), .anchor = anchor});
  }
  void OnSequenceEnd() override {
    Level level = pop();
    add(Value(std::move(level.list), level.location), level.anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({.is_map = true, .location = at(mark), .anchor = anchor});
  }
  void OnMapEnd() override {
    Level level = pop();
    merge(level);
    add(Value(std::move(level.map), level.location), level.anchor);
  }

  Value take_root() { return std::move(root_); }

 private:
  // A list or map whose end was not seen yet.
  struct Level {
    bool is_map = false;
    Location location;
    YAML::anchor_t anchor = 0;
    Value::List list = {};
    Value::Map map = {};
    bool has_key = false;  // the map's next value belongs to `key`
    bool drop = false;     // … and is not kept
    std::string key = {};
    Location key_location = {};
    std::vector<Value> merged = {};  // of `<<`
  };

  Location at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  Level pop() {
    Level level = std::move(open_.back());
    open_.pop_back();
    return level;
  }

  bool expects_key() const {
    return !open_.empty() && open_.back().is_map && !open_.back().has_key;
  }

  Value scalar(const std::string& text, bool quoted, Location location) {
    if (expects_key() || text.find("${") == std::string::npos) {
      return Value(Value::Scalar{.text = text, .quoted = quoted}, std::move(location));
    }
    const auto resolved = resolve_references(variables_, text);
    if (!resolved.ok()) {
      problems_.push_back({location, resolved.status().message()});
      // The place of a value is kept, so that nobody complains that it is missing.
      return Value(Value::Scalar{.text = "", .quoted = quoted, .unresolved = true},
                   std::move(location));
    }
    return Value(Value::Scalar{.text = resolved->text,
                               .quoted = quoted && !resolved->is_one_reference,
                               .secret = resolved->secret},
                 std::move(location));
  }

  void add(Value value, YAML::anchor_t anchor) {
    ++values_;
    if (anchor != 0) anchored_[anchor] = value;
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = open_.back();
    if (!level.is_map) {
      level.list.push_back(std::move(value));
    } else if (!level.has_key) {
      take_key(level, value);
    } else {
      level.has_key = false;
      if (level.drop) return;
      if (level.key == "<<") {
        level.merged.push_back(std::move(value));
      } else {
        level.map.push_back({level.key, level.key_location, std::move(value)});
      }
    }
  }

  void take_key(Level& level, const Value& key) {
    level.has_key = true;
    level.drop = false;
    level.key_location = key.location();
    if (!key.is_scalar()) {
      level.drop = true;
      problems_.push_back(
          {key.location(), fmt::format("a key must be a name, not {}", key.kind_name())});
      return;
    }
    level.key = key.text();
    for (const Value::Entry& entry : level.map) {
      if (entry.key != level.key) continue;
      level.drop = true;
      problems_.push_back(
          {key.location(), fmt::format("the key '{}' is here twice; first in line {}", level.key,
                                       entry.key_location.line)});
      return;
    }
  }

  // What `<<` names is added unless the map has it itself.
  void merge(Level& level) {
    std::vector<Value> sources;
    for (const Value& value : level.merged) {
      if (value.is_list()) {
        sources.insert(sources.end(), value.list().begin(), value.list().end());
      } else {
        sources.push_back(value);
      }
    }
    for (const Value& source : sources) {
      if (!source.is_map()) {
        problems_.push_back({source.location(), "'<<' takes a map or a list of maps"});
        continue;
      }
      for (const Value::Entry& entry : source.map()) {
        bool known = false;
        for (const Value::Entry& own : level.map) known = known || own.key == entry.key;
        if (!known) level.map.push_back(entry);
      }
    }
  }

  // yaml-cpp 0.7 takes the end of the text for the closing quote if a line end precedes it.
  void check_closing_quote(const YAML::Mark& mark) const {
    const auto begin = static_cast<size_t>(mark.pos);
    if (begin >= text_.size()) return;
    const char quote = text_[begin];
    if (quote != '\'' && quote != '"') return;
    for (size_t i = begin + 1; i < text_.size(); ++i) {
      if (quote == '"' && text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        return;
      }
    }
    throw YAML::ParserException(mark, "the closing quote is missing");
  }

  const std::string& text_;
  const std::string& file_;
  const Variables& variables_;
  config::Problems& problems_;
  std::vector<Level> open_;
  std::map<YAML::anchor_t, Value> anchored_;
  size_t values_ = 0;
  Value root_;
};

// The braces of ${…} end a {…} around it, which YAML has no word for.
std::string variable_hint(const std::string& text, int line) {
  std::istringstream stream(text);
  std::string said;
  for (int i = 0; i <= line; ++i) std::getline(stream, said);
  const size_t variable = said.find("${");
  const bool is_inside = variable != std::string::npos && said.find('{') < variable;
  return is_inside ? "; within {…}, quote what begins with ${" : "";
}

}  // namespace

YamlDocument parse_yaml(std::string text, const std::string& file, const Variables& variables,
                        config::Problems& problems) {
  config::Problems found;
  Value root;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(text, file, variables, found);
    parser.HandleNextDocument(builder);
    root = builder.take_root();
    config::Problems of_second;
    TreeBuilder second(text, file, variables, of_second);
    if (parser.HandleNextDocument(second)) {
      found.push_back(
          {second.take_root().location(), "a file holds one YAML document, not several"});
    }
  } catch (const YAML::Exception& exception) {
    problems.push_back(
        {{file, exception.mark.line + 1, exception.mark.column + 1},
         fmt::format("not YAML: {}{}", exception.msg, variable_hint(text, exception.mark.line))});
    return {Value::null_at({file, 1, 1}), std::move(text)};
  }
  problems.insert(problems.end(), found.begin(), found.end());
  if (root.is_null()) root = Value::null_at({file, 1, 1});
  return {std::move(root), std::move(text)};
}

}  // namespace lakeward::project
