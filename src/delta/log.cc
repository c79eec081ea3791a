#include "delta/log.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace lakeward::delta {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Up to 18 digits' worth; a version with more cannot be real.
std::optional<int64_t> parse_number(std::string_view text) {
  if (!all_digits(text)) return std::nullopt;
  int64_t value = 0;
  for (const char c : text) {
    if (value > 99'999'999'999'999'999) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// The parts of one checkpoint, as far as they are there.
struct PartSet {
  int64_t parts = 0;
  std::map<int64_t, std::string> paths;
};

struct Listing {
  std::map<Version, std::string> commits;
  std::map<Version, std::string> classic;
  std::map<std::pair<Version, int64_t>, PartSet> multi;  // by version and number of parts
  std::optional<Version> uuid_checkpoint;                // the newest
};

Result<Listing> list_log(const Table& table, std::string_view after) {
  ASSIGN_OR_RETURN(const std::vector<io::ObjectInfo> objects,
                   table.store().list(table.log_path(), after));
  Listing listing;
  for (const io::ObjectInfo& object : objects) {
    const LogFile file = parse_log_name(base_name(object.path));
    switch (file.kind) {
      case LogFile::Kind::kCommit:
        listing.commits[file.version] = object.path;
        break;
      // An empty file is what a store without atomic writes leaves of a writer that died.
      case LogFile::Kind::kClassicCheckpoint:
        if (object.size > 0) listing.classic[file.version] = object.path;
        break;
      case LogFile::Kind::kCheckpointPart: {
        PartSet& set = listing.multi[{file.version, file.parts}];
        set.parts = file.parts;
        if (object.size > 0) set.paths[file.part] = object.path;
        break;
      }
      case LogFile::Kind::kUuidCheckpoint:
        listing.uuid_checkpoint = std::max(listing.uuid_checkpoint.value_or(-1), file.version);
        break;
      case LogFile::Kind::kChecksum:
      case LogFile::Kind::kOther:
        break;
    }
  }
  return listing;
}

// The newest complete checkpoint at or before `upto`.
void choose_checkpoint(const Listing& listing, Version upto, LogSegment& segment) {
  const auto better = [&](Version version) {
    return version <= upto && (!segment.checkpoint || version > *segment.checkpoint);
  };
  for (const auto& [version, path] : listing.classic) {
    if (!better(version)) continue;
    segment.checkpoint = version;
    segment.checkpoint_parts = {path};
  }
  for (const auto& [key, set] : listing.multi) {
    if (!better(key.first) || static_cast<int64_t>(set.paths.size()) != set.parts) continue;
    segment.checkpoint = key.first;
    segment.checkpoint_parts.clear();
    for (const auto& [part, path] : set.paths) segment.checkpoint_parts.push_back(path);
  }
}

Status choose_commits(const Table& table, const Listing& listing, Version upto,
                      LogSegment& segment) {
  Version expected = segment.checkpoint.value_or(-1) + 1;
  for (auto it = listing.commits.lower_bound(expected); it != listing.commits.end(); ++it) {
    const Version version = it->first;
    if (version > upto) break;
    if (version != expected) {
      const std::string missing = version_digits(expected) + ".json";
      if (segment.commits.empty() && !segment.checkpoint) {
        if (listing.uuid_checkpoint) {
          return unsupported("table " + table.name() +
                             " needs the reader feature 'v2Checkpoint', which Lakeward cannot read "
                             "yet (its log begins with a V2 checkpoint)");
        }
        return corruption("table " + table.name() + ": the log begins at version " +
                          std::to_string(version) + " without a checkpoint; restore _delta_log/" +
                          missing + " or a checkpoint");
      }
      return corruption("table " + table.name() + ": the log has version " +
                        std::to_string(version) + " but not version " + std::to_string(expected) +
                        "; restore _delta_log/" + missing);
    }
    segment.commits.push_back(version);
    ++expected;
  }
  segment.version = expected - 1;
  return ok_status();
}

}  // namespace

std::string version_digits(Version version) {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%020lld", static_cast<long long>(version));
  return digits;
}

std::string_view base_name(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

LogFile parse_log_name(std::string_view name) {
  LogFile file;
  if (name.size() < 22 || name[20] != '.') return file;
  const auto version = parse_number(name.substr(0, 20));
  if (!version) return file;
  const std::string_view rest = name.substr(21);
  file.version = *version;
  if (rest == "json") {
    file.kind = LogFile::Kind::kCommit;
  } else if (rest == "checkpoint.parquet") {
    file.kind = LogFile::Kind::kClassicCheckpoint;
  } else if (rest == "crc") {
    file.kind = LogFile::Kind::kChecksum;
  } else if (rest.starts_with("checkpoint.") && rest.size() == 40 && rest[21] == '.' &&
             rest.substr(32) == ".parquet") {
    const auto part = parse_number(rest.substr(11, 10));
    const auto parts = parse_number(rest.substr(22, 10));
    if (part && parts && *part >= 1 && *part <= *parts) {
      file.kind = LogFile::Kind::kCheckpointPart;
      file.part = *part;
      file.parts = *parts;
    }
  } else if (rest.starts_with("checkpoint.") &&
             (rest.ends_with(".parquet") || rest.ends_with(".json"))) {
    file.kind = LogFile::Kind::kUuidCheckpoint;
  }
  return file;
}

std::string canonical_path(const std::string& uri) {
  std::string path = decode_path(uri);
  if (!path.starts_with("file:/")) return path;
  const size_t first = path.find_first_not_of('/', 5);
  return "/" + (first == std::string::npos ? "" : path.substr(first));
}

Result<std::optional<Version>> last_checkpoint_hint(const Table& table) {
  const auto bytes = table.store().get(table.log_path() + "/_last_checkpoint");
  if (!bytes.ok()) {
    if (bytes.status().code() == StatusCode::kNotFound) return std::optional<Version>();
    return bytes.status();
  }
  const auto hint = nlohmann::json::parse(*bytes, nullptr, false);
  if (hint.is_discarded() || !hint.is_object()) return std::optional<Version>();
  const auto version = hint.find("version");
  if (version == hint.end() || !version->is_number_integer()) return std::optional<Version>();
  const auto value = version->get<int64_t>();
  return value < 0 ? std::optional<Version>() : std::optional<Version>(value);
}

Result<LogSegment> find_segment(const Table& table, std::optional<Version> upto) {
  ASSIGN_OR_RETURN(std::optional<Version> hint, last_checkpoint_hint(table));
  const Version limit = upto.value_or(INT64_MAX);
  if (hint && *hint > limit) hint.reset();
  LogSegment segment;
  Listing listing;
  if (hint) {
    // Names of the hinted version and later sort after its digits alone.
    ASSIGN_OR_RETURN(listing, list_log(table, version_digits(*hint)));
    choose_checkpoint(listing, limit, segment);
  }
  if (!segment.checkpoint) {  // no hint, or it names a checkpoint that is not there
    ASSIGN_OR_RETURN(listing, list_log(table, ""));
    choose_checkpoint(listing, limit, segment);
  }
  if (!segment.checkpoint && listing.commits.empty()) {
    if (listing.uuid_checkpoint) {
      return unsupported(
          "table " + table.name() +
          " needs the reader feature 'v2Checkpoint', which Lakeward cannot read yet");
    }
    return not_found("there is no Delta table at " + table.name() +
                     " (no commit in its _delta_log folder)");
  }
  RETURN_IF_ERROR(choose_commits(table, listing, limit, segment));
  if (upto && segment.version != *upto) {
    return not_found("table " + table.name() + " has no version " + std::to_string(*upto) +
                     ": the latest is " + std::to_string(segment.version));
  }
  if (segment.version < 0) {
    return not_found("there is no Delta table at " + table.name() + " (no commit in its log)");
  }
  return segment;
}

}  // namespace lakeward::delta
