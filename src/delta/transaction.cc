#include "delta/transaction.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "delta/log.h"

namespace lakeward::delta {
namespace {

constexpr const char* kEngineInfo = "Lakeward/0.1.0";

// Other writers commit at most this often while one commit of ours looks for a free version.
constexpr int kMaxAttempts = 1000;

// A writer that has seen nothing of the table for so long looks at the whole log before it commits.
constexpr Duration kTrustedFor = std::chrono::hours(1);

bool uses_timestamp_ntz(const std::vector<Field>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field& field) {
    return field.type.primitive == "timestamp_ntz" || uses_timestamp_ntz(field.type.fields);
  });
}

void add_feature(std::optional<std::vector<std::string>>& features, const std::string& name) {
  if (!features) features.emplace();
  if (std::find(features->begin(), features->end(), name) == features->end()) {
    features->push_back(name);
  }
}

// The protocol that a schema needs beyond `protocol`: the lowest versions, and with table features
// also those that the lower versions implied. Delta protocol, "Table Features for New and Existing
// Tables".
Protocol with_needed_features(Protocol protocol, const TableSchema& schema,
                              const Metadata& metadata) {
  // Change data feed is a duty of writers from version 4 on.
  const bool feeds_changes = lower_name(metadata.property("delta.enableChangeDataFeed")) == "true";
  if (feeds_changes) protocol.min_writer_version = std::max(protocol.min_writer_version, 4);
  if (feeds_changes && protocol.min_writer_version == 7) {
    add_feature(protocol.writer_features, "changeDataFeed");
  }
  if (!uses_timestamp_ntz(schema)) return protocol;
  const int32_t writer = protocol.min_writer_version;
  if (writer < 7) {
    if (writer >= 2) {
      add_feature(protocol.writer_features, "appendOnly");
      add_feature(protocol.writer_features, "invariants");
    }
    if (writer >= 3) add_feature(protocol.writer_features, "checkConstraints");
    if (writer >= 4) {
      add_feature(protocol.writer_features, "changeDataFeed");
      add_feature(protocol.writer_features, "generatedColumns");
    }
    if (writer >= 5) add_feature(protocol.writer_features, "columnMapping");
    if (writer >= 6) add_feature(protocol.writer_features, "identityColumns");
    if (protocol.min_reader_version == 2) {
      add_feature(protocol.reader_features, "columnMapping");
      add_feature(protocol.writer_features, "columnMapping");
    }
  }
  protocol.min_reader_version = 3;
  protocol.min_writer_version = 7;
  add_feature(protocol.reader_features, "timestampNtz");
  add_feature(protocol.writer_features, "timestampNtz");
  return protocol;
}

std::string described(const CommitActions& commit, Version version) {
  std::string text = "version " + std::to_string(version);
  if (commit.info && !commit.info->operation.empty()) text += " (" + commit.info->operation + ")";
  return text;
}

// Properties that ask for table features which are not built, at a table's making.
Status check_properties(const TextMap& properties, const std::string& table) {
  for (const auto& [key, value] : properties) {
    const bool asks =
        key.starts_with("delta.feature.") ||
        (key == "delta.checkpointPolicy" && lower_name(value) == "v2") ||
        ((key == "delta.enableDeletionVectors" || key == "delta.enableTypeWidening") &&
         lower_name(value) == "true");
    if (asks) {
      return unsupported("table " + table + ": the property '" + key + "' = '" + value +
                         "' asks for a table feature that Lakeward cannot write yet; leave it out");
    }
  }
  return ok_status();
}

bool appends_only(const Metadata& metadata) {
  return lower_name(metadata.property("delta.appendOnly")) == "true";
}

// Whether a commit added the request's files: it is this request, made visible by an attempt whose
// reply was lost. Names of data files are never given twice.
bool adds_same_file(const CommitActions& commit, const CommitRequest& request) {
  if (request.adds.empty()) return false;
  return std::any_of(commit.adds.begin(), commit.adds.end(),
                     [&](const AddFile& add) { return add.path == request.adds.front().path; });
}

// Whether another writer's commit is in the way of the request.
Status check_conflict(const CommitActions& other, Version version, const CommitRequest& request,
                      const std::string& table) {
  const std::string what = "table " + table + ": another writer committed " +
                           described(other, version) + " meanwhile, which ";
  if (other.protocol) return conflict(what + "changed the protocol; plan and write again");
  if (other.metadata)
    return conflict(what + "changed the schema or properties; plan and write again");
  if (request.kind == CommitRequest::Kind::kOverwrite &&
      !(other.adds.empty() && other.removes.empty())) {
    return conflict(what + "changed the rows; read and write again");
  }
  if (request.kind == CommitRequest::Kind::kMaintenance && !other.removes.empty()) {
    std::unordered_set<std::string> theirs;
    for (const RemoveFile& remove : other.removes) theirs.insert(canonical_path(remove.path));
    for (const RemoveFile& ours : request.removes) {
      if (theirs.contains(canonical_path(ours.path)))
        return conflict(what + "removed " + ours.path);
    }
  }
  return ok_status();
}

}  // namespace

TableWriter::TableWriter(Table& table, const Clock& clock)
    : table_(&table), clock_(&clock), random_(Random::from_entropy()) {}

Result<TableWriter> TableWriter::open(Table& table, const Clock& clock) {
  TableWriter writer(table, clock);
  writer.known_at_ = clock.now();
  ASSIGN_OR_RETURN(writer.state_, table.state());
  RETURN_IF_ERROR(check_writable(writer.state_, table.name()));
  return writer;
}

Result<TableWriter> TableWriter::open_or_create(Table& table, const NewTable& definition,
                                                const Clock& clock) {
  auto existing = open(table, clock);
  if (existing.ok() || existing.status().code() != StatusCode::kNotFound) return existing;
  RETURN_IF_ERROR(check_column_names(definition.schema));
  RETURN_IF_ERROR(check_properties(definition.properties, table.name()));
  TableWriter writer(table, clock);
  writer.known_at_ = clock.now();
  TableState& state = writer.state_;
  state.schema = definition.schema;
  Metadata& metadata = state.metadata;
  metadata.id = make_uuid(writer.random_);
  metadata.description = definition.description;
  metadata.schema_string = print_schema(definition.schema);
  for (const std::string& name : definition.partition_by) {
    const Field* field = find_field(definition.schema, name);
    if (field == nullptr) {
      return invalid_argument("table " + table.name() + ": the partition column '" + name +
                              "' is not a column of the table");
    }
    metadata.partition_columns.push_back(field->name);
  }
  metadata.created_ms = clock.now().millis();
  metadata.configuration = definition.properties;
  state.protocol = with_needed_features(Protocol{}, definition.schema, metadata);
  RETURN_IF_ERROR(check_writable(state, table.name()));
  return writer;
}

std::optional<int64_t> TableWriter::last_txn(const std::string& app_id) const {
  const auto found = state_.txns.find(app_id);
  if (found == state_.txns.end()) return std::nullopt;
  return found->second.version;
}

Status TableWriter::apply(const CommitActions& commit, Version version) {
  RETURN_IF_ERROR(apply_commit(commit, version, table_->name(), state_));
  if (keeps_file_changes_) file_changes_.push_back({version, commit.adds, commit.removes});
  return ok_status();
}

Status TableWriter::check_not_left_behind() {
  const Timestamp now = clock_->now();
  if (now - known_at_ <= kTrustedFor) return ok_status();
  const auto latest = table_->latest_version();
  if (!latest.ok() && !(latest.status().code() == StatusCode::kNotFound && state_.version < 0)) {
    return latest.status();
  }
  known_at_ = now;
  if (!latest.ok() || *latest <= state_.version) return ok_status();
  const auto next = table_->read_commit(state_.version + 1);
  if (next.ok() || next.status().code() != StatusCode::kNotFound) return next.status();
  const Version left_at = state_.version;
  ASSIGN_OR_RETURN(state_, table_->state());
  return conflict("table " + table_->name() + ": this writer was idle since version " +
                  std::to_string(left_at) +
                  ", and the log's next versions have expired since; plan "
                  "and write again");
}

Status TableWriter::refresh() {
  const Status behind = check_not_left_behind();
  if (!behind.ok() && behind.code() != StatusCode::kConflict) return behind;
  while (true) {
    const Version next = state_.version + 1;
    const auto commit = table_->read_commit(next);
    if (!commit.ok() && commit.status().code() == StatusCode::kNotFound) break;
    RETURN_IF_ERROR(commit.status());
    RETURN_IF_ERROR(apply(*commit, next));
  }
  known_at_ = clock_->now();
  return check_writable(state_, table_->name());
}

Status TableWriter::check_request(const CommitRequest& request) const {
  if (request.kind == CommitRequest::Kind::kMaintenance || request.removes.empty()) {
    return ok_status();
  }
  if (!appends_only(state_.metadata)) return ok_status();
  return invalid_argument("table " + table_->name() +
                          " is append-only (delta.appendOnly): rows cannot be removed from it");
}

CommitActions TableWriter::actions_of(const CommitRequest& request) {
  CommitActions actions;
  const int64_t now_ms = clock_->now().millis();
  CommitInfo& info = actions.info.emplace();
  info.timestamp_ms = now_ms;
  info.operation = request.operation;
  info.operation_parameters = request.operation_parameters;
  info.operation_metrics = request.operation_metrics;
  info.is_blind_append = request.kind == CommitRequest::Kind::kAppend && request.removes.empty();
  info.engine_info = kEngineInfo;
  info.user_metadata = request.user_metadata;
  info.txn_id = make_uuid(random_);
  if (state_.version < 0) {
    actions.protocol = state_.protocol;
    actions.metadata = state_.metadata;
  }
  if (request.new_schema) {
    Metadata metadata = state_.metadata;
    metadata.schema_string = print_schema(*request.new_schema);
    const Protocol protocol = with_needed_features(state_.protocol, *request.new_schema, metadata);
    if (protocol != state_.protocol) actions.protocol = protocol;
    if (metadata != state_.metadata) actions.metadata = std::move(metadata);
  }
  if (request.txn) {
    actions.txns.push_back(*request.txn);
    actions.txns.back().updated_ms = now_ms;
  }
  actions.removes = request.removes;
  actions.adds = request.adds;
  if (request.kind == CommitRequest::Kind::kMaintenance) {
    for (RemoveFile& remove : actions.removes) remove.data_change = false;
    for (AddFile& add : actions.adds) add.data_change = false;
  }
  return actions;
}

Status TableWriter::take_in_others(const CommitRequest& request, const std::string& txn_id,
                                   std::optional<Version>& own) {
  Status in_the_way;
  while (true) {
    const Version next = state_.version + 1;
    const auto commit = table_->read_commit(next);
    if (!commit.ok() && commit.status().code() == StatusCode::kNotFound) return in_the_way;
    RETURN_IF_ERROR(commit.status());
    const bool is_own =
        (commit->info && commit->info->txn_id == txn_id) || adds_same_file(*commit, request);
    if (!is_own && in_the_way.ok()) {
      in_the_way = check_conflict(*commit, next, request, table_->name());
    }
    RETURN_IF_ERROR(apply(*commit, next));
    if (is_own) {
      own = next;
      return ok_status();
    }
  }
}

Result<CommitOutcome> TableWriter::commit(const CommitRequest& request) {
  RETURN_IF_ERROR(check_request(request));
  RETURN_IF_ERROR(check_not_left_behind());
  CommitOutcome outcome;
  CommitActions actions = actions_of(request);
  const std::string txn_id = actions.info->txn_id;
  const std::string bytes = print_actions(actions);
  const Version begun_at = state_.version;
  const std::optional<int64_t> txn_before =
      request.txn ? last_txn(request.txn->app_id) : std::nullopt;

  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::optional<int64_t> last = request.txn ? last_txn(request.txn->app_id) : std::nullopt;
    if (last && *last >= request.txn->version) {
      outcome.version = state_.version;
      outcome.already_committed = true;
      return outcome;
    }
    if (last != txn_before) {
      return conflict("table " + table_->name() + ": another writer committed as '" +
                      request.txn->app_id + "' meanwhile; one pipeline runs twice");
    }
    const Version next = state_.version + 1;
    const Status put = table_->store().put_if_absent(table_->commit_path(next), bytes);
    if (put.ok()) {
      RETURN_IF_ERROR(apply(actions, next));
      known_at_ = clock_->now();
      outcome.version = next;
      outcome.maintenance = maintain(next);
      return outcome;
    }
    // Taken by another writer, or by this one: a failure may have come after the commit was made.
    std::optional<Version> own;
    const Status taken_in = take_in_others(request, txn_id, own);
    if (own) {
      outcome.version = *own;
      outcome.maintenance = maintain(*own);
      return outcome;
    }
    const std::optional<int64_t> now_last =
        request.txn ? last_txn(request.txn->app_id) : std::nullopt;
    if (now_last && *now_last >= request.txn->version) continue;  // done, whoever did it
    RETURN_IF_ERROR(taken_in);
    if (put.code() != StatusCode::kAlreadyExists) {
      return put.with_context("committing to table " + table_->name());
    }
    if (begun_at < 0) {
      return conflict("table " + table_->name() +
                      " was made by another writer meanwhile; plan and write again");
    }
    RETURN_IF_ERROR(check_writable(state_, table_->name()));
  }
  return unavailable("table " + table_->name() + ": other writers took " +
                     std::to_string(kMaxAttempts) + " versions before this commit could have one");
}

Status TableWriter::maintain(Version version) {
  if (!checkpoint_due(state_.metadata, version)) return ok_status();
  if (hand_over_) {
    hand_over_(state_);
    return ok_status();
  }
  const Status done = upkeep_.run(*table_, state_, clock_->now());
  state_.checkpoint = std::max(state_.checkpoint, upkeep_.checkpoint());
  return done;
}

RemoveFile remove_of(const AddFile& file, Timestamp now) {
  RemoveFile remove;
  remove.path = file.path;
  remove.deleted_ms = now.millis();
  remove.partition_values = file.partition_values;
  remove.size = file.size;
  return remove;
}

std::vector<RemoveFile> remove_all(const Snapshot& snapshot, Timestamp now) {
  std::vector<RemoveFile> removes;
  for (const AddFile& file : snapshot.files) removes.push_back(remove_of(file, now));
  return removes;
}

}  // namespace lakeward::delta
