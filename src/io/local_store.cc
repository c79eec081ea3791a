// The store in a local folder. Each system call's failure is reported; nothing is assumed durable
// before the file and every folder on its way are synced.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/random.h"
#include "io/object_store.h"

namespace lakeward::io {
namespace {

// An open file. Closing is checked only where bytes were written (see close()).
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  // 0, or the errno of the failure.
  int close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

 private:
  int fd_;
};

Result<File> open_file(const std::string& path, int flags, mode_t mode = 0666) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return errno_status(errno, "opening", path);
  return File(fd);
}

Status sync_fd(const File& file, const std::string& path) {
  if (::fsync(file.get()) != 0) return errno_status(errno, "syncing", path);
  return ok_status();
}

Status sync_folder(const std::string& path) {
  ASSIGN_OR_RETURN(const File folder, open_file(path, O_RDONLY | O_DIRECTORY));
  return sync_fd(folder, path);
}

Status write_all(const File& file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno_status(errno, "writing", path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ok_status();
}

// Up to `length` bytes from `offset`; fewer only at the end of the file.
Result<std::string> read_at(const File& file, uint64_t offset, uint64_t length,
                            const std::string& path) {
  std::string bytes(length, '\0');
  uint64_t done = 0;
  while (done < length) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno_status(errno, "reading", path);
    }
    if (got == 0) break;
    done += static_cast<uint64_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Timestamp modified_time(const struct stat& info) {
  return {int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000};
}

// Removes a temporary file unless told that it has been moved away.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  void release() { path_.clear(); }

 private:
  std::string path_;
};

class LocalStore final : public ObjectStore {
 public:
  explicit LocalStore(std::filesystem::path root) : random_(Random::from_entropy()) {
    root_ = std::move(root).lexically_normal().string();
    while (root_.size() > 1 && root_.back() == '/') root_.pop_back();
  }

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
  struct Entry {
    std::string name;
    struct stat info;
  };

  // The local path of an object or, with an empty `path`, of the root.
  Result<std::string> resolve(std::string_view path) const;
  // The folder's files and folders with names > `after`, unsorted; none if there is no such folder.
  Result<std::vector<Entry>> read_folder(const std::string& local,
                                         std::string_view after = "") const;
  Status collect(const std::string& relative, std::vector<ObjectInfo>& found) const;
  Status make_folders(const std::string& local_folder) const;
  // Writes and syncs `bytes` in a new file beside `local`; returns its path.
  Result<std::string> write_temporary(const std::string& local, std::string_view bytes);

  std::string root_;
  std::mutex mutex_;  // guards random_
  Random random_;
};

std::string parent_of(const std::string& local) {
  const size_t slash = local.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : local.substr(0, slash);
}

Result<std::string> LocalStore::resolve(std::string_view path) const {
  if (path.empty()) return root_;
  std::string_view rest = path;
  while (true) {
    const size_t slash = rest.find('/');
    const std::string_view name = rest.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != name.npos) {
      return invalid_argument("'" + std::string(path) + "' is not a path within " + root_ +
                              ": give names with '/' between them, without '.' or '..'");
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return (root_ == "/" ? "" : root_) + "/" + std::string(path);
}

Result<std::vector<LocalStore::Entry>> LocalStore::read_folder(const std::string& local,
                                                               std::string_view after) const {
  std::vector<Entry> entries;
  DIR* folder = ::opendir(local.c_str());
  if (folder == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return entries;
    return errno_status(errno, "listing", local);
  }
  int error = 0;
  while (error == 0) {
    errno = 0;
    const dirent* item = ::readdir(folder);
    if (item == nullptr) {
      error = errno;
      break;
    }
    if (item->d_name[0] == '.' || item->d_name <= after) continue;
    Entry entry{item->d_name, {}};
    if (::fstatat(::dirfd(folder), item->d_name, &entry.info, 0) == 0) {
      entries.push_back(std::move(entry));
    } else if (errno != ENOENT) {  // removed meanwhile, or a dangling link
      error = errno;
    }
  }
  ::closedir(folder);
  if (error != 0) return errno_status(error, "listing", local);
  return entries;
}

Result<std::vector<ObjectInfo>> LocalStore::list(std::string_view folder, std::string_view after) {
  ASSIGN_OR_RETURN(const std::string local, resolve(folder));
  ASSIGN_OR_RETURN(const std::vector<Entry> entries, read_folder(local, after));
  const std::string prefix = folder.empty() ? "" : std::string(folder) + "/";
  std::vector<ObjectInfo> objects;
  for (const Entry& entry : entries) {
    if (!S_ISREG(entry.info.st_mode)) continue;
    objects.push_back({prefix + entry.name, static_cast<uint64_t>(entry.info.st_size),
                       modified_time(entry.info)});
  }
  std::sort(objects.begin(), objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.path < b.path; });
  return objects;
}

Result<std::vector<std::string>> LocalStore::list_folders(std::string_view folder) {
  ASSIGN_OR_RETURN(const std::string local, resolve(folder));
  ASSIGN_OR_RETURN(const std::vector<Entry> entries, read_folder(local));
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (S_ISDIR(entry.info.st_mode)) names.push_back(entry.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Status LocalStore::collect(const std::string& relative, std::vector<ObjectInfo>& found) const {
  ASSIGN_OR_RETURN(const std::string local, resolve(relative));
  ASSIGN_OR_RETURN(const std::vector<Entry> entries, read_folder(local));
  const std::string prefix = relative.empty() ? "" : relative + "/";
  for (const Entry& entry : entries) {
    if (S_ISDIR(entry.info.st_mode)) {
      RETURN_IF_ERROR(collect(prefix + entry.name, found));
    } else if (S_ISREG(entry.info.st_mode)) {
      found.push_back({prefix + entry.name, static_cast<uint64_t>(entry.info.st_size),
                       modified_time(entry.info)});
    }
  }
  return ok_status();
}

Result<std::vector<ObjectInfo>> LocalStore::list_recursive(std::string_view folder) {
  std::vector<ObjectInfo> found;
  RETURN_IF_ERROR(collect(std::string(folder), found));
  return found;
}

Result<ObjectInfo> LocalStore::stat(std::string_view path) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  struct stat info;
  if (::stat(local.c_str(), &info) != 0) {
    return errno_status(errno == ENOTDIR ? ENOENT : errno, "looking at", local);
  }
  if (!S_ISREG(info.st_mode)) return not_found(local + " is not a file");
  return ObjectInfo{std::string(path), static_cast<uint64_t>(info.st_size), modified_time(info)};
}

Result<std::string> LocalStore::get(std::string_view path) {
  ASSIGN_OR_RETURN(const ObjectInfo info, stat(path));
  // One byte more than its size shows whether the file ends there.
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  ASSIGN_OR_RETURN(const File file, open_file(local, O_RDONLY));
  ASSIGN_OR_RETURN(std::string bytes, read_at(file, 0, info.size + 1, local));
  while (bytes.size() > info.size) {
    ASSIGN_OR_RETURN(const std::string more, read_at(file, bytes.size(), bytes.size(), local));
    if (more.empty()) break;
    bytes += more;
  }
  return bytes;
}

Result<std::string> LocalStore::get_range(std::string_view path, uint64_t offset, uint64_t length) {
  ASSIGN_OR_RETURN(const ObjectInfo info, stat(path));
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  if (offset >= info.size) return std::string();
  ASSIGN_OR_RETURN(const File file, open_file(local, O_RDONLY));
  return read_at(file, offset, std::min(length, info.size - offset), local);
}

// Makes missing folders; each new one is durable in its parent.
Status LocalStore::make_folders(const std::string& folder) const {
  struct stat info;
  if (::stat(folder.c_str(), &info) == 0) {
    if (S_ISDIR(info.st_mode)) return ok_status();
    return errno_status(ENOTDIR, "making the folder", folder);
  }
  if (errno != ENOENT) return errno_status(errno, "looking at", folder);
  const std::string parent = parent_of(folder);
  RETURN_IF_ERROR(make_folders(parent));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return errno_status(errno, "making the folder", folder);
  }
  return sync_folder(parent);
}

Result<std::string> LocalStore::write_temporary(const std::string& local, std::string_view bytes) {
  const std::string folder = parent_of(local);
  RETURN_IF_ERROR(make_folders(folder));
  std::string name;
  {
    std::lock_guard lock(mutex_);
    name = folder + "/.lakeward-" + make_uuid(random_) + ".tmp";
  }
  ASSIGN_OR_RETURN(File file, open_file(name, O_WRONLY | O_CREAT | O_EXCL));
  TemporaryFile temporary(name);
  RETURN_IF_ERROR(write_all(file, bytes, name));
  RETURN_IF_ERROR(sync_fd(file, name));
  if (const int error = file.close(); error != 0) return errno_status(error, "closing", name);
  temporary.release();
  return name;
}

Status LocalStore::put(std::string_view path, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  ASSIGN_OR_RETURN(std::string name, write_temporary(local, bytes));
  TemporaryFile temporary(std::move(name));
  if (::rename(temporary.path().c_str(), local.c_str()) != 0) {
    return errno_status(errno, "replacing", local);
  }
  temporary.release();
  return sync_folder(parent_of(local));
}

Status LocalStore::put_if_absent(std::string_view path, std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  ASSIGN_OR_RETURN(std::string name, write_temporary(local, bytes));
  const TemporaryFile temporary(std::move(name));
  if (::link(temporary.path().c_str(), local.c_str()) != 0) {
    return errno_status(errno, "creating", local);
  }
  return sync_folder(parent_of(local));
}

Status LocalStore::remove(std::string_view path) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  if (::unlink(local.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return ok_status();
    return errno_status(errno, "removing", local);
  }
  return sync_folder(parent_of(local));
}

Result<std::filesystem::path> LocalStore::stage(std::string_view path) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  RETURN_IF_ERROR(make_folders(parent_of(local)));
  return std::filesystem::path(local);
}

Status LocalStore::publish(std::string_view path) {
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  ASSIGN_OR_RETURN(const File file, open_file(local, O_RDONLY));
  RETURN_IF_ERROR(sync_fd(file, local));
  // The engine makes folders of its own below a staged one: sync all up to the root.
  std::string folder = parent_of(local);
  while (folder.size() > root_.size()) {
    RETURN_IF_ERROR(sync_folder(folder));
    folder = parent_of(folder);
  }
  return sync_folder(root_);
}

Result<std::filesystem::path> LocalStore::local_copy(std::string_view path) {
  ASSIGN_OR_RETURN(const ObjectInfo info, stat(path));
  ASSIGN_OR_RETURN(const std::string local, resolve(path));
  return std::filesystem::path(local);
}

}  // namespace

std::unique_ptr<ObjectStore> make_local_store(std::filesystem::path root) {
  return std::make_unique<LocalStore>(std::move(root));
}

}  // namespace lakeward::io
