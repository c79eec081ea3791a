// Which tables Lakeward can read and write. Delta protocol, "Table Features", "Requirements for
// Readers", "Writer Version Requirements".
#include <algorithm>
#include <iterator>
#include <string_view>

#include "delta/snapshot.h"

namespace lakeward::delta {
namespace {

constexpr std::string_view kReaderFeatures[] = {"timestampNtz", "vacuumProtocolCheck"};

// Of these, the ones that constrain what is written are honoured (appendOnly), need nothing of a
// writer that only adds and removes whole files (changeDataFeed, vacuumProtocolCheck), or are
// refused where they are in use (see constraint_in_use()).
constexpr std::string_view kWriterFeatures[] = {
    "appendOnly",       "invariants",      "checkConstraints", "changeDataFeed",
    "generatedColumns", "identityColumns", "timestampNtz",     "vacuumProtocolCheck"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

Status feature_missing(std::string_view table, std::string_view side, std::string_view feature) {
  const std::string verb = side == "reader" ? "read" : "write";
  return unsupported("table " + std::string(table) + " needs the " + std::string(side) +
                     " feature '" + std::string(feature) + "', which Lakeward cannot " + verb +
                     " yet");
}

bool maps_columns(const Metadata& metadata) {
  const std::string mode = lower_name(metadata.property("delta.columnMapping.mode", "none"));
  return mode != "none";
}

// Keys of a field's metadata that make a writer compute or check values, and their feature.
constexpr std::pair<const char*, const char*> kFieldKeys[] = {
    {"\"delta.invariants\"", "invariants"},
    {"\"delta.generationExpression\"", "generatedColumns"},
    {"\"delta.identity.start\"", "identityColumns"},
    {"\"delta.identity.step\"", "identityColumns"},
    {"\"delta.identity.allowExplicitInsert\"", "identityColumns"},
};

std::string_view constraint_in_fields(const std::vector<Field>& fields) {
  for (const Field& field : fields) {
    for (const auto& [key, feature] : kFieldKeys) {
      if (field.metadata.find(key) != std::string::npos) return feature;
    }
    const std::string_view inner = constraint_in_fields(field.type.fields);
    if (!inner.empty()) return inner;
  }
  return "";
}

// The feature that the table uses and that a writer would have to obey, or "".
std::string_view constraint_in_use(const TableState& state) {
  for (const auto& [key, value] : state.metadata.configuration) {
    if (key.starts_with("delta.constraints.")) return "checkConstraints";
  }
  const std::string_view in_fields = constraint_in_fields(state.schema);
  if (!in_fields.empty()) return in_fields;
  const auto is_on = [&](const char* key) {
    return lower_name(state.metadata.property(key)) == "true";
  };
  if (is_on("delta.enableInCommitTimestamps")) return "inCommitTimestamp";
  if (is_on("delta.enableRowTracking")) return "rowTracking";
  if (is_on("delta.enableIcebergCompatV1")) return "icebergCompatV1";
  if (is_on("delta.enableIcebergCompatV2")) return "icebergCompatV2";
  return "";
}

}  // namespace

Status check_readable(const TableState& state, std::string_view table) {
  const Protocol& protocol = state.protocol;
  if (protocol.min_reader_version > 3) {
    return unsupported("table " + std::string(table) + " needs version " +
                       std::to_string(protocol.min_reader_version) +
                       " of the Delta reader protocol, and Lakeward knows up to 3; use a newer "
                       "Lakeward");
  }
  if (protocol.min_reader_version == 3) {
    for (const std::string& feature :
         protocol.reader_features.value_or(std::vector<std::string>())) {
      if (!is_one_of(feature, kReaderFeatures)) return feature_missing(table, "reader", feature);
    }
  }
  if (maps_columns(state.metadata)) return feature_missing(table, "reader", "columnMapping");
  if (state.metadata.format != "parquet") {
    return unsupported("table " + std::string(table) + " has files of the format '" +
                       state.metadata.format + "'; Lakeward reads parquet");
  }
  return ok_status();
}

Status check_writable(const TableState& state, std::string_view table) {
  RETURN_IF_ERROR(check_readable(state, table));
  const Protocol& protocol = state.protocol;
  if (protocol.min_writer_version > 7) {
    return unsupported("table " + std::string(table) + " needs version " +
                       std::to_string(protocol.min_writer_version) +
                       " of the Delta writer protocol, and Lakeward knows up to 7; use a newer "
                       "Lakeward");
  }
  if (protocol.min_writer_version == 7) {
    for (const std::string& feature :
         protocol.writer_features.value_or(std::vector<std::string>())) {
      if (!is_one_of(feature, kWriterFeatures)) return feature_missing(table, "writer", feature);
    }
  }
  const std::string_view constraint = constraint_in_use(state);
  if (!constraint.empty()) return feature_missing(table, "writer", constraint);
  return ok_status();
}

}  // namespace lakeward::delta
