#include "engine/parquet/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace lakeward::engine::parquet {
namespace {

constexpr const char* kMagic = "PAR1";
constexpr int32_t kVersion = 1;
constexpr int32_t kZstd = 6;  // of the enum CompressionCodec
// "NAME version VERSION (build BUILD)": readers look here for writers whose statistics were wrong.
constexpr const char* kCreatedBy = "Lakeward version " LAKEWARD_VERSION " (build parquet)";

void write_bounds(const ColumnChunk& chunk, ThriftWriter& out) {
  out.begin_struct(12);
  out.field(3, chunk.nulls);
  if (chunk.bounds) {
    out.field(5, std::string_view(chunk.bounds->max));
    out.field(6, std::string_view(chunk.bounds->min));
  }
  out.end_struct();
}

// A ColumnChunk of parquet.thrift.
void write_column(const TypedColumn& column, const RowGroup::Column& place, ThriftWriter& out) {
  const ColumnChunk& chunk = place.chunk;
  out.begin_struct();
  out.field(2, int64_t{0});  // file_offset, which nobody uses any more
  out.begin_struct(3);
  out.field(1, static_cast<int32_t>(*physical_type(column.type)));
  std::vector<int32_t> encodings;
  for (const Encoding encoding : chunk.encodings) {
    encodings.push_back(static_cast<int32_t>(encoding));
  }
  out.list(2, encodings);
  out.list(3, std::vector<std::string>{column.name});
  out.field(4, kZstd);
  out.field(5, chunk.values);
  out.field(6, chunk.pages.uncompressed);
  out.field(7, place.bytes);
  out.field(9, place.offset + chunk.dictionary_bytes);
  if (chunk.dictionary_bytes > 0) out.field(11, place.offset);
  write_bounds(chunk, out);
  out.end_struct();
  out.end_struct();
}

void write_group(const std::vector<TypedColumn>& columns, const RowGroup& group,
                 ThriftWriter& out) {
  int64_t uncompressed = 0;
  int64_t compressed = 0;
  out.begin_struct();
  out.begin_list_of_structs(1, columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    write_column(columns[i], group.columns[i], out);
    uncompressed += group.columns[i].chunk.pages.uncompressed;
    compressed += group.columns[i].bytes;
  }
  out.field(2, uncompressed);
  out.field(3, group.rows);
  out.field(5, group.columns.front().offset);
  out.field(6, compressed);
  out.end_struct();
}

void write_schema(const std::vector<TypedColumn>& columns, ThriftWriter& out) {
  out.begin_list_of_structs(2, columns.size() + 1);
  out.begin_struct();
  out.field(4, "schema");
  out.field(5, static_cast<int32_t>(columns.size()));
  out.end_struct();
  for (const TypedColumn& column : columns) {
    out.begin_struct();
    write_leaf(column.name, column.type, out);
    out.end_struct();
  }
}

// All columns are ordered as their types say (union ColumnOrder, TypeDefinedOrder).
void write_orders(size_t columns, ThriftWriter& out) {
  out.begin_list_of_structs(7, columns);
  for (size_t i = 0; i < columns; ++i) {
    out.begin_struct();
    out.begin_struct(1);
    out.end_struct();
    out.end_struct();
  }
}

}  // namespace

File::File(std::filesystem::path path, std::vector<TypedColumn> columns)
    : path_(std::move(path)), columns_(std::move(columns)) {}

File::~File() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  std::error_code ignored;
  if (!finished_) std::filesystem::remove(path_, ignored);
}

Status File::open() {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) return errno_status(errno, "making", path_.string());
  return write(kMagic);
}

Status File::write(const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status(errno, "writing", path_.string());
    done += static_cast<size_t>(written);
  }
  size_ += static_cast<int64_t>(bytes.size());
  return ok_status();
}

Status File::add_row_group(std::vector<ColumnChunk> chunks, int64_t rows) {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) RETURN_IF_ERROR(open());
  RowGroup group;
  group.rows = rows;
  for (ColumnChunk& chunk : chunks) {
    const std::string bytes = std::move(chunk.pages.bytes);
    RowGroup::Column column{size_, static_cast<int64_t>(bytes.size()), std::move(chunk)};
    RETURN_IF_ERROR(write(bytes));
    group.columns.push_back(std::move(column));
  }
  rows_ += rows;
  groups_.push_back(std::move(group));
  return ok_status();
}

std::string File::footer() const {
  ThriftWriter out;
  out.begin_struct();
  out.field(1, kVersion);
  write_schema(columns_, out);
  out.field(3, rows_);
  out.begin_list_of_structs(4, groups_.size());
  for (const RowGroup& group : groups_) write_group(columns_, group, out);
  out.field(6, kCreatedBy);
  write_orders(columns_.size(), out);
  out.end_struct();
  return out.str();
}

Status File::finish() {
  if (rows_ == 0) return ok_status();
  std::string end = footer();
  const auto size = static_cast<uint32_t>(end.size());
  end.append(reinterpret_cast<const char*>(&size), sizeof(size));
  end += kMagic;
  RETURN_IF_ERROR(write(end));
  finished_ = true;
  return ok_status();
}

}  // namespace lakeward::engine::parquet
