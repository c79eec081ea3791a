#include "cli/interruption.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/check.h"
#include "cli/exit_code.h"

namespace lakeward::cli {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // The terminal was closed; under nohup that is not to be noticed.
  struct sigaction hangup;
  const bool ignored = sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
  if (!ignored) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Interruption::Interruption(WatchReader reader) : reader_(reader) {
  const sigset_t set = watched_signals();
  CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC);
  finish_ = eventfd(0, EFD_CLOEXEC);
  CHECK(signals_ >= 0 && finish_ >= 0, "no file descriptors left");
  watcher_ = std::thread([this] { watch(); });
}

Interruption::~Interruption() {
  const uint64_t one = 1;
  CHECK(write(finish_, &one, sizeof(one)) == sizeof(one));
  watcher_.join();
  close(signals_);
  close(finish_);
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Interruption::watch() {
  int seen = 0;
  while (true) {
    // Of a pipe, the error that nobody can read it is always told. -1 is passed over.
    const bool watch_reader = reader_ == WatchReader::kYes && !reader_left_;
    pollfd waiting[3] = {
        {signals_, POLLIN, 0}, {finish_, POLLIN, 0}, {watch_reader ? STDOUT_FILENO : -1, 0, 0}};
    if (poll(waiting, 3, -1) < 0) continue;
    if (waiting[1].revents != 0) return;
    if ((waiting[2].revents & POLLERR) != 0) {
      reader_left_ = true;
      source_.request_stop();
    }
    if (waiting[0].revents == 0) continue;
    signalfd_siginfo info;
    if (read(signals_, &info, sizeof(info)) != sizeof(info)) continue;
    if (++seen == 2) _exit(kExitInterrupted);
    source_.request_stop();
  }
}

}  // namespace lakeward::cli
