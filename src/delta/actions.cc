#include "delta/actions.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace lakeward::delta {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// What is wrong with a line, until the file and the line's number are known.
struct Malformed {
  std::string what;
};

const json* member(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json& required(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr) throw Malformed{std::string("'") + key + "' is missing"};
  return *value;
}

std::string text(const json& value, const char* key) {
  if (!value.is_string()) throw Malformed{std::string("'") + key + "' is not a string"};
  return value.get<std::string>();
}

int64_t integer(const json& value, const char* key) {
  if (value.is_number_integer()) return value.get<int64_t>();
  throw Malformed{std::string("'") + key + "' is not an integer"};
}

bool boolean(const json& value, const char* key) {
  if (!value.is_boolean()) throw Malformed{std::string("'") + key + "' is not true or false"};
  return value.get<bool>();
}

std::optional<std::string> optional_text(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  return text(*value, key);
}

std::optional<int64_t> optional_integer(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  return integer(*value, key);
}

std::vector<std::string> texts(const json& value, const char* key) {
  if (!value.is_array()) throw Malformed{std::string("'") + key + "' is not a list"};
  std::vector<std::string> list;
  for (const json& item : value) list.push_back(text(item, key));
  return list;
}

std::optional<std::vector<std::string>> optional_texts(const json& object, const char* key) {
  const json* value = member(object, key);
  if (value == nullptr) return std::nullopt;
  return texts(*value, key);
}

// A map of strings; null values are left out.
TextMap text_map(const json& object, const char* key) {
  TextMap map;
  const json* value = member(object, key);
  if (value == nullptr) return map;
  if (!value->is_object()) throw Malformed{std::string("'") + key + "' is not a map"};
  for (const auto& [name, item] : value->items()) {
    if (!item.is_null()) map[name] = text(item, key);
  }
  return map;
}

// commitInfo is free-form: values that are not strings are kept as JSON text.
TextMap free_map(const json& object, const char* key) {
  TextMap map;
  const json* value = member(object, key);
  if (value == nullptr || !value->is_object()) return map;
  for (const auto& [name, item] : value->items()) {
    map[name] = item.is_string() ? item.get<std::string>() : item.dump();
  }
  return map;
}

PartitionValues partition_values(const json& value) {
  if (!value.is_object()) throw Malformed{"'partitionValues' is not a map"};
  PartitionValues values;
  for (const auto& [name, item] : value.items()) {
    if (item.is_null()) {
      values[name] = std::nullopt;
    } else {
      values[name] = text(item, "partitionValues");
    }
  }
  return values;
}

int32_t protocol_version(const json& object, const char* key) {
  const int64_t version = integer(required(object, key), key);
  if (version < 0 || version > 1'000'000) {
    throw Malformed{std::string("'") + key + "' is out of range"};
  }
  return static_cast<int32_t>(version);
}

Protocol parse_protocol(const json& object) {
  Protocol protocol;
  protocol.min_reader_version = protocol_version(object, "minReaderVersion");
  protocol.min_writer_version = protocol_version(object, "minWriterVersion");
  protocol.reader_features = optional_texts(object, "readerFeatures");
  protocol.writer_features = optional_texts(object, "writerFeatures");
  return protocol;
}

Metadata parse_metadata(const json& object) {
  Metadata metadata;
  metadata.id = optional_text(object, "id").value_or("");
  metadata.name = optional_text(object, "name");
  metadata.description = optional_text(object, "description");
  if (const json* format = member(object, "format"); format != nullptr && format->is_object()) {
    metadata.format = optional_text(*format, "provider").value_or("parquet");
  }
  metadata.schema_string = optional_text(object, "schemaString").value_or("");
  metadata.partition_columns =
      optional_texts(object, "partitionColumns").value_or(std::vector<std::string>());
  metadata.created_ms = optional_integer(object, "createdTime");
  metadata.configuration = text_map(object, "configuration");
  return metadata;
}

AddFile parse_add(const json& object) {
  AddFile add;
  add.path = text(required(object, "path"), "path");
  if (add.path.empty()) throw Malformed{"'path' is empty"};
  if (const json* values = member(object, "partitionValues")) {
    add.partition_values = partition_values(*values);
  }
  add.size = optional_integer(object, "size").value_or(0);
  add.modified_ms = optional_integer(object, "modificationTime").value_or(0);
  if (const json* change = member(object, "dataChange")) {
    add.data_change = boolean(*change, "dataChange");
  }
  add.stats = optional_text(object, "stats").value_or("");
  add.tags = text_map(object, "tags");
  add.has_deletion_vector = member(object, "deletionVector") != nullptr;
  return add;
}

RemoveFile parse_remove(const json& object) {
  RemoveFile remove;
  remove.path = text(required(object, "path"), "path");
  remove.deleted_ms = optional_integer(object, "deletionTimestamp");
  if (const json* change = member(object, "dataChange")) {
    remove.data_change = boolean(*change, "dataChange");
  }
  if (const json* values = member(object, "partitionValues")) {
    remove.partition_values = partition_values(*values);
  }
  remove.size = optional_integer(object, "size");
  remove.has_deletion_vector = member(object, "deletionVector") != nullptr;
  return remove;
}

Txn parse_txn(const json& object) {
  Txn txn;
  txn.app_id = text(required(object, "appId"), "appId");
  txn.version = integer(required(object, "version"), "version");
  txn.updated_ms = optional_integer(object, "lastUpdated");
  return txn;
}

// Nothing in commitInfo is required, and no type is promised: what does not fit is left out.
CommitInfo parse_info(const json& object) {
  const auto free_text = [&](const char* key) -> std::optional<std::string> {
    const json* value = member(object, key);
    if (value == nullptr) return std::nullopt;
    return value->is_string() ? value->get<std::string>() : value->dump();
  };
  const auto free_integer = [&](const char* key) -> std::optional<int64_t> {
    const json* value = member(object, key);
    if (value == nullptr || !value->is_number_integer()) return std::nullopt;
    return value->get<int64_t>();
  };
  CommitInfo info;
  info.timestamp_ms = free_integer("timestamp");
  info.in_commit_timestamp_ms = free_integer("inCommitTimestamp");
  info.operation = free_text("operation").value_or("");
  info.operation_parameters = free_map(object, "operationParameters");
  info.operation_metrics = free_map(object, "operationMetrics");
  const json* blind = member(object, "isBlindAppend");
  if (blind != nullptr && blind->is_boolean()) info.is_blind_append = blind->get<bool>();
  info.engine_info = free_text("engineInfo").value_or("");
  info.user_metadata = free_text("userMetadata");
  info.txn_id = free_text("txnId").value_or("");
  return info;
}

const json* action(const json& line, const char* name) {
  const json* value = member(line, name);
  if (value != nullptr && !value->is_object()) {
    throw Malformed{std::string("'") + name + "' is not an object"};
  }
  return value;
}

void parse_line(std::string_view text, CommitActions& actions) {
  const json line = json::parse(text.begin(), text.end(), nullptr, false);
  if (line.is_discarded()) throw Malformed{"not valid JSON"};
  if (!line.is_object()) throw Malformed{"not a JSON object"};
  if (const json* value = action(line, "add")) actions.adds.push_back(parse_add(*value));
  if (const json* value = action(line, "remove")) actions.removes.push_back(parse_remove(*value));
  if (const json* value = action(line, "txn")) actions.txns.push_back(parse_txn(*value));
  if (const json* value = action(line, "metaData")) actions.metadata = parse_metadata(*value);
  if (const json* value = action(line, "protocol")) actions.protocol = parse_protocol(*value);
  if (const json* value = action(line, "commitInfo")) actions.info = parse_info(*value);
}

ordered_json print_values(const PartitionValues& values) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : values) {
    object[name] = value ? ordered_json(*value) : ordered_json(nullptr);
  }
  return object;
}

ordered_json print_map(const TextMap& map) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

ordered_json print_info(const CommitInfo& info) {
  ordered_json object = ordered_json::object();
  if (info.in_commit_timestamp_ms) object["inCommitTimestamp"] = *info.in_commit_timestamp_ms;
  if (info.timestamp_ms) object["timestamp"] = *info.timestamp_ms;
  object["operation"] = info.operation;
  object["operationParameters"] = print_map(info.operation_parameters);
  if (info.is_blind_append) object["isBlindAppend"] = *info.is_blind_append;
  object["operationMetrics"] = print_map(info.operation_metrics);
  if (info.user_metadata) object["userMetadata"] = *info.user_metadata;
  if (!info.engine_info.empty()) object["engineInfo"] = info.engine_info;
  if (!info.txn_id.empty()) object["txnId"] = info.txn_id;
  return object;
}

ordered_json print_protocol(const Protocol& protocol) {
  ordered_json object;
  object["minReaderVersion"] = protocol.min_reader_version;
  object["minWriterVersion"] = protocol.min_writer_version;
  if (protocol.reader_features) object["readerFeatures"] = *protocol.reader_features;
  if (protocol.writer_features) object["writerFeatures"] = *protocol.writer_features;
  return object;
}

ordered_json print_metadata(const Metadata& metadata) {
  ordered_json object;
  object["id"] = metadata.id;
  if (metadata.name) object["name"] = *metadata.name;
  if (metadata.description) object["description"] = *metadata.description;
  object["format"] = {{"provider", metadata.format}, {"options", ordered_json::object()}};
  object["schemaString"] = metadata.schema_string;
  object["partitionColumns"] = metadata.partition_columns;
  if (metadata.created_ms) object["createdTime"] = *metadata.created_ms;
  object["configuration"] = print_map(metadata.configuration);
  return object;
}

ordered_json print_add(const AddFile& add) {
  ordered_json object;
  object["path"] = add.path;
  object["partitionValues"] = print_values(add.partition_values);
  object["size"] = add.size;
  object["modificationTime"] = add.modified_ms;
  object["dataChange"] = add.data_change;
  if (!add.stats.empty()) object["stats"] = add.stats;
  if (!add.tags.empty()) object["tags"] = print_map(add.tags);
  return object;
}

ordered_json print_remove(const RemoveFile& remove) {
  ordered_json object;
  object["path"] = remove.path;
  if (remove.deleted_ms) object["deletionTimestamp"] = *remove.deleted_ms;
  object["dataChange"] = remove.data_change;
  const bool extended = remove.partition_values && remove.size;
  if (extended) {
    object["extendedFileMetadata"] = true;
    object["partitionValues"] = print_values(*remove.partition_values);
    object["size"] = *remove.size;
  }
  return object;
}

ordered_json print_txn(const Txn& txn) {
  ordered_json object;
  object["appId"] = txn.app_id;
  object["version"] = txn.version;
  if (txn.updated_ms) object["lastUpdated"] = *txn.updated_ms;
  return object;
}

bool is_unreserved(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~' || c == '/' || c == '=' || c == '+' || c == ',' ||
         c == '@' || c == '!' || c == '$' || c == '&' || c == '\'' || c == '(' || c == ')' ||
         c == '*';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string Metadata::property(const std::string& key, std::string_view otherwise) const {
  const auto found = configuration.find(key);
  return found == configuration.end() ? std::string(otherwise) : found->second;
}

Result<CommitActions> parse_actions(std::string_view ndjson, std::string_view place) {
  CommitActions actions;
  size_t number = 0;
  while (!ndjson.empty()) {
    const size_t end = ndjson.find('\n');
    std::string_view line = ndjson.substr(0, end);
    ndjson.remove_prefix(end == std::string_view::npos ? ndjson.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto failure = [&](const std::string& what) {
      return corruption(std::string(place) + ", line " + std::to_string(number) + ": " + what);
    };
    try {
      parse_line(line, actions);
    } catch (const Malformed& malformed) {
      return failure(malformed.what);
    } catch (const json::exception& error) {
      return failure(error.what());
    }
  }
  return actions;
}

std::string print_actions(const CommitActions& actions) {
  std::string text;
  const auto line = [&](const char* name, ordered_json value) {
    ordered_json object;
    object[name] = std::move(value);
    // Bytes that are not UTF-8 cannot be in a log: they become U+FFFD rather than an exception.
    text += object.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
    text += '\n';
  };
  if (actions.info) line("commitInfo", print_info(*actions.info));
  if (actions.protocol) line("protocol", print_protocol(*actions.protocol));
  if (actions.metadata) line("metaData", print_metadata(*actions.metadata));
  for (const Txn& txn : actions.txns) line("txn", print_txn(txn));
  for (const RemoveFile& remove : actions.removes) line("remove", print_remove(remove));
  for (const AddFile& add : actions.adds) line("add", print_add(add));
  return text;
}

std::string encode_path(std::string_view path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_unreserved(byte)) {
      uri += c;
    } else {
      uri += '%';
      uri += kHex[byte >> 4];
      uri += kHex[byte & 15];
    }
  }
  return uri;
}

std::string decode_path(std::string_view uri) {
  std::string path;
  for (size_t i = 0; i < uri.size(); ++i) {
    const int high = uri[i] == '%' && i + 2 < uri.size() ? hex_digit(uri[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(uri[i + 2]) : -1;
    if (low >= 0) {
      path += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      path += uri[i];
    }
  }
  return path;
}

}  // namespace lakeward::delta
