#include "io/memory_store.h"

#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/random.h"

namespace lakeward::io {
namespace {

std::string prefix_of(std::string_view folder) {
  return folder.empty() ? std::string() : std::string(folder) + "/";
}

}  // namespace

MemoryStore::~MemoryStore() {
  if (scratch_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(scratch_, ignored);
}

Result<std::vector<ObjectInfo>> MemoryStore::list(std::string_view folder, std::string_view after) {
  std::lock_guard lock(mutex_);
  const std::string prefix = prefix_of(folder);
  std::vector<ObjectInfo> found;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    const std::string_view name = std::string_view(it->first).substr(prefix.size());
    if (name.find('/') != std::string_view::npos || name.starts_with(".") || name <= after)
      continue;
    found.push_back({it->first, it->second.size(), {}});
  }
  return found;
}

Result<std::vector<std::string>> MemoryStore::list_folders(std::string_view folder) {
  std::lock_guard lock(mutex_);
  const std::string prefix = prefix_of(folder);
  std::set<std::string> names;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    const std::string_view rest = std::string_view(it->first).substr(prefix.size());
    const size_t slash = rest.find('/');
    if (slash != std::string_view::npos) names.emplace(rest.substr(0, slash));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<ObjectInfo>> MemoryStore::list_recursive(std::string_view folder) {
  std::lock_guard lock(mutex_);
  const std::string prefix = prefix_of(folder);
  std::vector<ObjectInfo> found;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    found.push_back({it->first, it->second.size(), {}});
  }
  return found;
}

Result<ObjectInfo> MemoryStore::stat(std::string_view path) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) return not_found("no object " + std::string(path));
  return ObjectInfo{found->first, found->second.size(), {}};
}

Result<std::string> MemoryStore::get(std::string_view path) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found == objects_.end()) return not_found("no object " + std::string(path));
  return found->second;
}

Result<std::string> MemoryStore::get_range(std::string_view path, uint64_t offset,
                                           uint64_t length) {
  ASSIGN_OR_RETURN(const std::string bytes, get(path));
  if (offset >= bytes.size()) return std::string();
  return bytes.substr(offset, length);
}

Status MemoryStore::put(std::string_view path, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  objects_.insert_or_assign(std::string(path), std::string(bytes));
  return ok_status();
}

Status MemoryStore::put_if_absent(std::string_view path, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  if (!objects_.emplace(std::string(path), std::string(bytes)).second) {
    return already_exists("there is an object " + std::string(path));
  }
  return ok_status();
}

Status MemoryStore::remove(std::string_view path) {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  if (found != objects_.end()) objects_.erase(found);
  return ok_status();
}

Result<std::filesystem::path> MemoryStore::scratch_path(std::string_view path) {
  std::lock_guard lock(mutex_);
  if (scratch_.empty()) {
    Random random = Random::from_entropy();
    scratch_ = std::filesystem::temp_directory_path() / ("lakeward-" + make_uuid(random));
  }
  const std::filesystem::path local = scratch_ / path;
  std::error_code error;
  std::filesystem::create_directories(local.parent_path(), error);
  if (error) return errno_status(error.value(), "making the folder", local.parent_path().string());
  return local;
}

Result<std::filesystem::path> MemoryStore::stage(std::string_view path) {
  return scratch_path(path);
}

Status MemoryStore::publish(std::string_view path) {
  ASSIGN_OR_RETURN(const std::filesystem::path local, scratch_path(path));
  std::ifstream file(local, std::ios::binary);
  if (!file) return not_found("no staged file " + local.string());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return put(path, bytes.str());
}

Result<std::filesystem::path> MemoryStore::local_copy(std::string_view path) {
  ASSIGN_OR_RETURN(const std::string bytes, get(path));
  ASSIGN_OR_RETURN(const std::filesystem::path local, scratch_path(path));
  std::ofstream file(local, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return io_error("cannot write " + local.string());
  return local;
}

}  // namespace lakeward::io
