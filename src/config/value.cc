#include "config/value.h"

namespace lakeward::config {

std::string Location::to_string() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

std::string Problem::to_string() const {
  const std::string place = location.to_string();
  return place.empty() ? message : place + ": " + message;
}

Value::Value(Scalar scalar, Location location)
    : content_(std::move(scalar)), location_(std::move(location)) {}
Value::Value(List list, Location location)
    : content_(std::move(list)), location_(std::move(location)) {}
Value::Value(Map map, Location location)
    : content_(std::move(map)), location_(std::move(location)) {}

Value Value::null_at(Location location) {
  Value value;
  value.location_ = std::move(location);
  return value;
}

const Value* Value::find(std::string_view key) const {
  if (!is_map()) return nullptr;
  for (const Entry& entry : map()) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

std::string_view Value::kind_name() const {
  if (is_null()) return "nothing";
  if (is_scalar()) return "a value";
  return is_list() ? "a list" : "a map";
}

}  // namespace lakeward::config
