#include "engine/parquet/sink.h"

#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace lakeward::engine::parquet {
namespace {

// A row group of large rows ends before it has all of its rows: for the sake of our own memory and
// of its readers'.
constexpr size_t kHeldBytes = size_t{32} << 20;
constexpr size_t kGroupBytes = size_t{128} << 20;

bool is_large(const std::vector<std::unique_ptr<ColumnEncoder>>& columns) {
  size_t held = 0;
  size_t uncompressed = 0;
  for (const auto& column : columns) {
    held += column->held();
    uncompressed += column->uncompressed();
  }
  return held >= kHeldBytes || uncompressed >= kGroupBytes;
}

}  // namespace

Sink::Sink(std::filesystem::path path, std::vector<std::string> names, uint64_t row_group_rows)
    : path_(std::move(path)),
      names_(std::move(names)),
      row_group_rows_(row_group_rows),
      seed_(Random::from_entropy().next()) {}

bool Sink::bind(const std::vector<ColumnType>& types) {
  file_.reset();
  if (types.size() != names_.size() || types.empty()) return false;
  std::vector<TypedColumn> columns;
  for (size_t i = 0; i < types.size(); ++i) {
    if (!physical_type(types[i])) return false;
    columns.push_back({names_[i], types[i]});
  }
  file_ = std::make_unique<File>(path_, std::move(columns));
  return true;
}

std::unique_ptr<Sink::Group> Sink::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Group> group = std::move(idle_.back());
      idle_.pop_back();
      return group;
    }
  }
  auto group = std::make_unique<Group>();
  for (const TypedColumn& column : file_->columns()) {
    group->columns.push_back(ColumnEncoder::make(column.type, seed_));
  }
  return group;
}

void Sink::give_back(std::unique_ptr<Group> group) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(group));
}

Status Sink::append(const std::vector<VectorView>& columns, size_t rows) {
  CHECK(is_bound() && columns.size() == names_.size(), "what was bound is appended");
  std::unique_ptr<Group> group = take();
  const Status status = append_to(*group, columns, rows);
  give_back(std::move(group));
  return status;
}

Status Sink::append_to(Group& group, const std::vector<VectorView>& columns, size_t rows) {
  for (size_t i = 0; i < columns.size(); ++i) {
    RETURN_IF_ERROR(group.columns[i]
                        ->append(columns[i], rows, group.writer)
                        .with_context("column '" + names_[i] + "'"));
  }
  group.rows += rows;
  return group.rows >= row_group_rows_ || is_large(group.columns) ? flush(group) : ok_status();
}

Status Sink::flush(Group& group) {
  if (group.rows == 0) return ok_status();
  std::vector<ColumnChunk> chunks;
  for (const auto& column : group.columns) {
    ASSIGN_OR_RETURN(ColumnChunk chunk, column->finish(group.writer));
    chunks.push_back(std::move(chunk));
  }
  return file_->add_row_group(std::move(chunks),
                              static_cast<int64_t>(std::exchange(group.rows, 0)));
}

void Sink::fail(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = status;
}

Status Sink::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

Result<WrittenFile> Sink::finish() {
  CHECK(is_bound(), "a query was bound");
  WrittenFile file;
  file.path = path_;
  for (const auto& group : idle_) RETURN_IF_ERROR(flush(*group));
  RETURN_IF_ERROR(file_->finish());
  file.rows = static_cast<uint64_t>(file_->rows());
  file.bytes = static_cast<uint64_t>(file_->bytes());
  for (size_t i = 0; !idle_.empty() && i < names_.size(); ++i) {
    ColumnEncoder& all = *idle_.front()->columns[i];
    for (size_t other = 1; other < idle_.size(); ++other) {
      all.add_statistics(*idle_[other]->columns[i]);
    }
    file.columns[{names_[i]}] = all.statistics();
  }
  return file;
}

}  // namespace lakeward::engine::parquet
