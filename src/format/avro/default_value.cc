// Defaults of fields, encoded (Apache Avro specification 1.12: Records, Binary Encoding).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "format/avro/schema.h"
#include "format/avro/write.h"
#include "format/reasons.h"

namespace lakeward::format::avro {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 100;
constexpr int kMaxSteps = 100'000;  // trying unions inside of unions ends

class DefaultEncoder {
 public:
  explicit DefaultEncoder(const Schema& schema) : schema_(schema) {}

  Status encode(const Json& json, NodeId id, int depth) {
    if (depth > kMaxDepth || ++steps_ > kMaxSteps) {
      return invalid_argument("the default is nested too deeply");
    }
    const Node& node = schema_.node(id);
    switch (node.type) {
      case Type::kNull:
        return json.is_null() ? ok_status() : refuse(json, node);
      case Type::kBoolean:
        if (!json.is_boolean()) return refuse(json, node);
        bytes_ += static_cast<char>(json.get<bool>());
        return ok_status();
      case Type::kInt:
      case Type::kLong:
        if (!json.is_number_integer()) return refuse(json, node);
        append_long(json.get<int64_t>(), bytes_);
        return ok_status();
      case Type::kFloat:
      case Type::kDouble:
        if (!json.is_number()) return refuse(json, node);
        if (node.type == Type::kFloat) {
          append_bits(json.get<float>(), bytes_);
        } else {
          append_bits(json.get<double>(), bytes_);
        }
        return ok_status();
      case Type::kString:
        if (!json.is_string()) return refuse(json, node);
        append_text(json.get_ref<const std::string&>());
        return ok_status();
      case Type::kBytes:
      case Type::kFixed:
        return encode_bytes(json, node);
      case Type::kEnum: {
        const auto found = json.is_string() ? std::find(node.symbols.begin(), node.symbols.end(),
                                                        json.get_ref<const std::string&>())
                                            : node.symbols.end();
        if (found == node.symbols.end()) return refuse(json, node);
        append_long(found - node.symbols.begin(), bytes_);
        return ok_status();
      }
      default:
        return encode_nested(json, node, depth);
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  Status encode_nested(const Json& json, const Node& node, int depth) {
    if (node.type == Type::kUnion) return encode_branch(json, node, depth);
    if (node.type == Type::kRecord) {
      if (!json.is_object()) return refuse(json, node);
      for (const Field& field : node.fields) {
        const auto found = json.find(field.name);
        if (found == json.end() && !field.default_json) return refuse(json, node);
        RETURN_IF_ERROR(encode(found != json.end() ? *found : Json::parse(*field.default_json),
                               field.type, depth + 1));
      }
      return ok_status();
    }
    if (node.type == Type::kArray ? !json.is_array() : !json.is_object()) return refuse(json, node);
    if (!json.empty()) append_long(static_cast<int64_t>(json.size()), bytes_);
    for (const auto& [key, value] : json.items()) {
      if (node.type == Type::kMap) append_text(key);
      RETURN_IF_ERROR(encode(value, node.branches[0], depth + 1));
    }
    append_long(0, bytes_);
    return ok_status();
  }

  // The first branch that it is a value of.
  Status encode_branch(const Json& json, const Node& node, int depth) {
    const std::string before = bytes_;
    for (size_t i = 0; i < node.branches.size(); ++i) {
      append_long(static_cast<int64_t>(i), bytes_);
      if (encode(json, node.branches[i], depth + 1).ok()) return ok_status();
      bytes_ = before;
    }
    return refuse(json, node);
  }

  // Code points 0 to 255 are bytes.
  Status encode_bytes(const Json& json, const Node& node) {
    if (!json.is_string()) return refuse(json, node);
    std::string bytes;
    const std::string& text = json.get_ref<const std::string&>();
    for (size_t i = 0; i < text.size(); ++i) {
      const auto lead = static_cast<unsigned char>(text[i]);
      if (lead < 0x80) {
        bytes += text[i];
      } else if ((lead == 0xC2 || lead == 0xC3) && i + 1 < text.size()) {
        bytes += static_cast<char>((lead & 3) << 6 | (text[++i] & 0x3F));
      } else {
        return refuse(json, node);
      }
    }
    if (node.type == Type::kFixed && bytes.size() != node.size) return refuse(json, node);
    if (node.type == Type::kBytes) append_long(static_cast<int64_t>(bytes.size()), bytes_);
    bytes_ += bytes;
    return ok_status();
  }

  static Status refuse(const Json& json, const Node& node) {
    return invalid_argument("the default " + excerpt(json.dump()) + " is not a value of type " +
                            std::string(to_string(node.type)));
  }

  void append_text(const std::string& text) {
    append_long(static_cast<int64_t>(text.size()), bytes_);
    bytes_ += text;
  }

  const Schema& schema_;
  std::string bytes_;
  int steps_ = 0;
};

}  // namespace

Result<std::string> encode_default(const Schema& schema, NodeId type, std::string_view json) {
  DefaultEncoder encoder(schema);
  RETURN_IF_ERROR(encoder.encode(Json::parse(json), type, 0));
  return encoder.take();
}

}  // namespace lakeward::format::avro
