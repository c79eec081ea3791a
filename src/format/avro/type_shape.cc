#include "format/avro/type_shape.h"

#include <optional>

namespace lakeward::format::avro {
namespace {

// The text behind `open`, without the closing parenthesis; nullopt if it is none of these types.
std::optional<std::string_view> inside(std::string_view type, std::string_view open) {
  if (!type.starts_with(open) || !type.ends_with(')')) return std::nullopt;
  return type.substr(open.size(), type.size() - open.size() - 1);
}

// Takes the part up to the next comma that is in no parentheses and no quotes.
std::string_view take_part(std::string_view& rest) {
  int depth = 0;
  bool quoted = false;
  size_t end = 0;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) break;
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end < rest.size() ? end + 1 : end);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return part;
}

// Takes a quoted name and the blank behind it.
std::string take_name(std::string_view& part) {
  std::string name;
  part.remove_prefix(1);
  while (!part.empty()) {
    const char c = part.front();
    part.remove_prefix(1);
    if (c == '"') {
      if (!part.starts_with('"')) break;
      part.remove_prefix(1);
    }
    name += c;
  }
  if (part.starts_with(' ')) part.remove_prefix(1);
  return name;
}

}  // namespace

TypeShape shape_of(std::string_view type) {
  TypeShape shape;
  if (type.ends_with(']')) {
    shape.kind = TypeShape::Kind::kList;
    shape.children.push_back(shape_of(type.substr(0, type.rfind('['))));
  } else if (auto parts = inside(type, "MAP(")) {
    shape.kind = TypeShape::Kind::kMap;
    take_part(*parts);
    shape.children.push_back(shape_of(*parts));
  } else if (auto fields = inside(type, "STRUCT(")) {
    shape.kind = TypeShape::Kind::kStruct;
    while (!fields->empty()) {
      std::string_view field = take_part(*fields);
      shape.names.push_back(take_name(field));
      shape.children.push_back(shape_of(field));
    }
  }
  return shape;
}

}  // namespace lakeward::format::avro
