#include "delta/table.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "delta/log.h"

namespace lakeward::delta {
namespace {

// Replays a segment of the log.
class Replay {
 public:
  Replay(const Table& table, const LogSegment& segment, bool with_files)
      : table_(table), segment_(segment), with_files_(with_files) {}

  Result<Snapshot> run() {
    TableState& state = snapshot_.state;
    state.version = segment_.version;
    state.checkpoint = segment_.checkpoint;
    RETURN_IF_ERROR(read_heads());
    if (!protocol_) return missing("protocol");
    if (!metadata_) return missing("metaData");
    state.protocol = std::move(*protocol_);
    state.metadata = std::move(*metadata_);
    RETURN_IF_ERROR(check_readable(state, table_.name()));
    ASSIGN_OR_RETURN(state.schema,
                     parse_schema(state.metadata.schema_string, "table " + table_.name()));
    RETURN_IF_ERROR(check_partition_columns());
    if (with_files_) RETURN_IF_ERROR(read_files());
    return std::move(snapshot_);
  }

 private:
  Status missing(const char* action) const {
    return corruption("table " + table_.name() + ": the log up to version " +
                      std::to_string(segment_.version) + " has no " + action + " action");
  }

  // Protocol, metadata and transactions: from the checkpoint without its files, and all commits.
  Status read_heads() {
    if (segment_.checkpoint) {
      ASSIGN_OR_RETURN(CheckpointReader reader,
                       CheckpointReader::open(table_, segment_.checkpoint_parts,
                                              {"protocol", "metaData", "txn"}));
      while (true) {
        ASSIGN_OR_RETURN(std::optional<CommitActions> actions, reader.next());
        if (!actions) break;
        take_heads(*actions);
      }
    }
    for (const Version version : segment_.commits) {
      ASSIGN_OR_RETURN(CommitActions actions, table_.read_commit(version));
      take_heads(actions);
      if (with_files_) commits_.push_back(std::move(actions));
    }
    return ok_status();
  }

  void take_heads(CommitActions& actions) {
    if (actions.protocol) protocol_ = std::move(actions.protocol);
    if (actions.metadata) metadata_ = std::move(actions.metadata);
    for (Txn& txn : actions.txns) {
      const std::string app_id = txn.app_id;
      snapshot_.state.txns.insert_or_assign(app_id, std::move(txn));
    }
  }

  Status check_partition_columns() const {
    for (const std::string& column : snapshot_.state.metadata.partition_columns) {
      const Field* field = find_field(snapshot_.state.schema, column);
      if (field == nullptr || field->type.kind != DataType::Kind::kPrimitive) {
        return corruption("table " + table_.name() + ": the partition column '" + column +
                          "' is not a plain column of the schema");
      }
    }
    return ok_status();
  }

  Status read_files() {
    if (segment_.checkpoint) {
      ASSIGN_OR_RETURN(
          CheckpointReader reader,
          CheckpointReader::open(table_, segment_.checkpoint_parts, {"add", "remove"}));
      while (true) {
        ASSIGN_OR_RETURN(std::optional<CommitActions> actions, reader.next());
        if (!actions) break;
        RETURN_IF_ERROR(take_files(*actions));
      }
    }
    for (CommitActions& actions : commits_) RETURN_IF_ERROR(take_files(actions));
    for (auto& [path, add] : live_) snapshot_.files.push_back(std::move(add));
    for (auto& [path, remove] : removed_) snapshot_.removed.push_back(std::move(remove));
    const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
    std::sort(snapshot_.files.begin(), snapshot_.files.end(), by_path);
    std::sort(snapshot_.removed.begin(), snapshot_.removed.end(), by_path);
    return ok_status();
  }

  Status take_files(CommitActions& actions) {
    // A version may remove a file and add it again with other statistics: the add counts.
    for (RemoveFile& remove : actions.removes) {
      const std::string key = canonical_path(remove.path);
      live_.erase(key);
      removed_.insert_or_assign(key, std::move(remove));
    }
    for (AddFile& add : actions.adds) {
      if (add.has_deletion_vector) {
        return unsupported("table " + table_.name() +
                           " has a file with a deletion vector (reader feature "
                           "'deletionVectors'), which Lakeward cannot read yet: " +
                           add.path);
      }
      const std::string key = canonical_path(add.path);
      removed_.erase(key);
      live_.insert_or_assign(key, std::move(add));
    }
    return ok_status();
  }

  const Table& table_;
  const LogSegment& segment_;
  bool with_files_;
  Snapshot snapshot_;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::vector<CommitActions> commits_;
  std::unordered_map<std::string, AddFile> live_;
  std::unordered_map<std::string, RemoveFile> removed_;
};

Result<Snapshot> load(const Table& table, std::optional<Version> version, bool with_files) {
  ASSIGN_OR_RETURN(const LogSegment segment, find_segment(table, version));
  return Replay(table, segment, with_files).run();
}

}  // namespace

Status apply_commit(const CommitActions& commit, Version version, std::string_view table_name,
                    TableState& state) {
  if (commit.protocol) state.protocol = *commit.protocol;
  if (commit.metadata) state.metadata = *commit.metadata;
  if (commit.protocol || commit.metadata) RETURN_IF_ERROR(check_readable(state, table_name));
  if (commit.metadata) {
    ASSIGN_OR_RETURN(state.schema, parse_schema(state.metadata.schema_string,
                                                "table " + std::string(table_name)));
  }
  for (const Txn& txn : commit.txns) state.txns[txn.app_id] = txn;
  state.version = version;
  return ok_status();
}

Result<Table> Table::open(io::ObjectStore& store, std::string path, engine::Database& database) {
  while (path.ends_with('/')) path.pop_back();
  if (path.empty()) return invalid_argument("a table needs a folder below " + store.root());
  Table table;
  table.store_ = &store;
  table.path_ = std::move(path);
  table.name_ = store.root() + "/" + table.path_;
  table.log_path_ = table.path_ + "/_delta_log";
  ASSIGN_OR_RETURN(table.session_, database.make_session());
  return table;
}

std::string Table::commit_path(Version version) const {
  return log_path_ + "/" + version_digits(version) + ".json";
}

Result<bool> Table::exists() const {
  const auto segment = find_segment(*this, std::nullopt);
  if (segment.ok()) return true;
  if (segment.status().code() == StatusCode::kNotFound) return false;
  return segment.status();
}

Result<TableState> Table::state() const {
  ASSIGN_OR_RETURN(Snapshot snapshot, load(*this, std::nullopt, false));
  return std::move(snapshot.state);
}

Result<Version> Table::latest_version() const {
  ASSIGN_OR_RETURN(const LogSegment segment, find_segment(*this, std::nullopt));
  return segment.version;
}

Result<Snapshot> Table::snapshot() const { return load(*this, std::nullopt, true); }

Result<Snapshot> Table::snapshot_at(Version version) const { return load(*this, version, true); }

Result<Snapshot> Table::snapshot_at(Timestamp time) const {
  ASSIGN_OR_RETURN(const Version version, version_at(time));
  return load(*this, version, true);
}

Result<CommitActions> Table::read_commit(Version version) const {
  const std::string path = commit_path(version);
  ASSIGN_OR_RETURN(const std::string bytes, store_->get(path));
  return parse_actions(bytes, store_->root() + "/" + path);
}

}  // namespace lakeward::delta
