// A parsed configuration document: scalars, lists and maps, each with its place in the file.
//
// project/ makes these from YAML (after resolving ${env:…} and ${secret:…}); options.h turns them
// into typed structs. No YAML library is visible here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lakeward::config {

// A place in a file; line and column count from 1, 0 means unknown.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  // "pipelines/silver.yaml:14:9", as far as known.
  std::string to_string() const;
};

// What is wrong in a project, and where.
struct Problem {
  Location location;
  std::string message;

  // "pipelines/silver.yaml:14:9: unknown key 'trasform'; did you mean 'transform'?"
  std::string to_string() const;
};
using Problems = std::vector<Problem>;

class Value {
 public:
  struct Null {};
  struct Scalar {
    std::string text;
    bool quoted = false;  // "5" is text where 5 is a number
    bool secret = false;  // came from ${secret:…}: never show it
    // It refers to what is not set: that is already reported, and the value says nothing.
    bool unresolved = false;
  };
  using List = std::vector<Value>;
  struct Entry;
  using Map = std::vector<Entry>;  // in the order of the file; keys are unique

  Value() = default;
  Value(Scalar scalar, Location location);
  Value(List list, Location location);
  Value(Map map, Location location);
  static Value null_at(Location location);

  bool is_null() const { return std::holds_alternative<Null>(content_); }
  bool is_scalar() const { return std::holds_alternative<Scalar>(content_); }
  bool is_list() const { return std::holds_alternative<List>(content_); }
  bool is_map() const { return std::holds_alternative<Map>(content_); }

  // Each may be called only if the value is of that kind.
  const Scalar& scalar() const { return std::get<Scalar>(content_); }
  const std::string& text() const { return scalar().text; }
  bool is_unresolved() const { return is_scalar() && scalar().unresolved; }
  const List& list() const { return std::get<List>(content_); }
  const Map& map() const { return std::get<Map>(content_); }

  // The value of a map's key; nullptr if there is none or this is not a map.
  const Value* find(std::string_view key) const;

  const Location& location() const { return location_; }
  // "a list", "a map", "a value" or "nothing", for messages.
  std::string_view kind_name() const;

 private:
  std::variant<Null, Scalar, List, Map> content_;
  Location location_;
};

struct Value::Entry {
  std::string key;
  Location key_location;
  Value value;
};

}  // namespace lakeward::config
