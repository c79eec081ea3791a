#include "checkpoint/pipeline_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace lakeward::checkpoint {
namespace {

std::string holder_text() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return "process " + std::to_string(::getpid()) + " on " + (host[0] == '\0' ? "?" : host.data());
}

std::string read_holder(int descriptor) {
  std::array<char, 512> buffer{};
  const ssize_t got = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  std::string text(buffer.data(), got > 0 ? static_cast<size_t>(got) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "another process" : text;
}

}  // namespace

Result<std::unique_ptr<PipelineLock>> PipelineLock::acquire(const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) return errno_status(error.value(), "making the folder", file.parent_path().string());
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return errno_status(errno, "opening the lock", file.string());
  std::unique_ptr<PipelineLock> lock(new PipelineLock(descriptor));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_status(errno, "locking", file.string());
    return conflict("this pipeline is already running: " + read_holder(descriptor) + " holds " +
                    file.string() + "\n  To run it here: stop that process first.");
  }
  // Only for people to read: the lock itself is the kernel's.
  const std::string text = holder_text() + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return errno_status(errno, "writing the lock", file.string());
  }
  return lock;
}

PipelineLock::~PipelineLock() { ::close(descriptor_); }

}  // namespace lakeward::checkpoint
