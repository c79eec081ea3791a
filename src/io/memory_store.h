// A store that forgets: for looking at data without leaving anything behind, and for tests.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "io/object_store.h"

namespace lakeward::io {

// Files that are staged live in a temporary folder, which is removed with the store.
class MemoryStore final : public ObjectStore {
 public:
  MemoryStore() = default;
  // Called so in messages: a copy of a part of another store has that one's name.
  explicit MemoryStore(std::string root) : root_(std::move(root)) {}
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  Result<std::vector<ObjectInfo>> list(std::string_view folder, std::string_view after) override;
  Result<std::vector<std::string>> list_folders(std::string_view folder) override;
  Result<std::vector<ObjectInfo>> list_recursive(std::string_view folder) override;
  Result<ObjectInfo> stat(std::string_view path) override;
  Result<std::string> get(std::string_view path) override;
  Result<std::string> get_range(std::string_view path, uint64_t offset, uint64_t length) override;
  Status put(std::string_view path, std::string_view bytes) override;
  Status put_if_absent(std::string_view path, std::string_view bytes) override;
  Status remove(std::string_view path) override;
  Result<std::filesystem::path> stage(std::string_view path) override;
  Status publish(std::string_view path) override;
  Result<std::filesystem::path> local_copy(std::string_view path) override;
  std::string root() const override { return root_; }

 private:
  Result<std::filesystem::path> scratch_path(std::string_view path);

  const std::string root_ = "memory";
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> objects_;
  std::filesystem::path scratch_;  // made when it is first needed
};

}  // namespace lakeward::io
