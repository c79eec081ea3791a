// Ctrl-C, SIGTERM and a closed terminal as a stop token: a clean stop at the first, the end at once
// at the second.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace lakeward::cli {

// Whether a reader of stdout that has left, as `| head` does, is to be noticed: of use where the
// next write may be long in coming.
enum class WatchReader { kNo, kYes };

// While one of these lives, the first SIGINT, SIGTERM or SIGHUP requests a stop, and the second
// ends the process at once with code 130. Make it before other threads: they inherit the blocked
// signals.
class Interruption {
 public:
  explicit Interruption(WatchReader reader = WatchReader::kNo);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  bool requested() const { return source_.stop_requested(); }
  // The stop was requested because stdout's reader has left.
  bool reader_left() const { return reader_left_; }
  // As if a signal had come; for `--for D`.
  void request() { source_.request_stop(); }

 private:
  void watch();

  std::stop_source source_;
  const WatchReader reader_;
  std::atomic<bool> reader_left_ = false;
  int signals_ = -1;  // signalfd
  int finish_ = -1;   // eventfd: the watcher is to end
  std::thread watcher_;
};

}  // namespace lakeward::cli
