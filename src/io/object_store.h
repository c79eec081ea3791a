// Where tables and checkpoints live: a local folder, or a bucket.
//
// Paths are relative to the store's root, with '/' between names, never with a leading '/', "." or
// "..". All calls are thread-safe. Each write is atomic (readers see the old bytes, the new bytes
// or nothing) and durable when it returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lakeward::io {

struct ObjectInfo {
  std::string path;
  uint64_t size = 0;  // bytes
  Timestamp modified;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // All objects directly in `folder` whose name is > `after`, by name ascending. A folder that does
  // not exist is empty. Folders, temporary files and names that begin with '.' are not listed.
  virtual Result<std::vector<ObjectInfo>> list(std::string_view folder,
                                               std::string_view after = "") = 0;
  // The names of the folders directly in `folder`, ascending.
  virtual Result<std::vector<std::string>> list_folders(std::string_view folder) = 0;
  // All objects below `folder`, at any depth, in no order.
  virtual Result<std::vector<ObjectInfo>> list_recursive(std::string_view folder) = 0;

  // Errors: NotFound.
  virtual Result<ObjectInfo> stat(std::string_view path) = 0;
  virtual Result<std::string> get(std::string_view path) = 0;
  // At most `length` bytes from `offset`; fewer only at the end of the object.
  virtual Result<std::string> get_range(std::string_view path, uint64_t offset,
                                        uint64_t length) = 0;

  // Creates or replaces.
  virtual Status put(std::string_view path, std::string_view bytes) = 0;
  // Creates; AlreadyExists if the path is taken, whoever was first. This is the fence that commits
  // and checkpoints rely on.
  virtual Status put_if_absent(std::string_view path, std::string_view bytes) = 0;
  // OK also if there is no such object.
  virtual Status remove(std::string_view path) = 0;

  // Large files go through the local file system, because the engine writes and reads them there.
  // stage() names a local file or folder to write `path` at; publish() makes one such file durable
  // and visible at `path`. In a local store both are the same place and publish() syncs.
  virtual Result<std::filesystem::path> stage(std::string_view path) = 0;
  virtual Status publish(std::string_view path) = 0;
  // A local file with the object's bytes: the object itself, or a cached copy (objects that the
  // engine reads never change).
  virtual Result<std::filesystem::path> local_copy(std::string_view path) = 0;

  // The root as users write it: "/data/lake" or "s3://bucket/prefix".
  virtual std::string root() const = 0;
};

// A store in a local folder (made if missing at the first write).
//
// put_if_absent: temporary file in the same folder, fsync, link, fsync of the folder.
std::unique_ptr<ObjectStore> make_local_store(std::filesystem::path root);

// The store of a `lake:` or `checkpoints:` setting. Errors: Unsupported for s3:// and other
// schemes.
Result<std::unique_ptr<ObjectStore>> open_store(std::string_view location);

}  // namespace lakeward::io
