// `--once`: which pipeline runs when.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "service/runner.h"

namespace lakeward::service {

// Runs each pipeline until its source is drained, in the plan's order: one after the other, save
// that a pipeline which waits for somebody (a broker that is away) holds up only those that read
// what it writes, in tables, topics or folders. Those that read from a failed one are skipped. One
// that is out of memory though no other has worked meanwhile, several times, fails.
class Runner::Drain {
 public:
  Drain(Runner& runner, std::stop_token stop);
  // Returns when all have ended. Called once.
  void run();

 private:
  enum class Stage { kPending, kRunning, kEnded, kBroken };  // broken: failed or skipped
  struct Entry {
    Task* task = nullptr;
    std::vector<size_t> reads_from = {};  // entries
    std::vector<size_t> after = {};       // these, and those that feed it
    Stage stage = Stage::kPending;
    std::thread thread = {};
  };

  // All with the lock held.
  bool all_ended() const;
  static bool works(const Entry& entry);  // and waits for nobody
  bool nobody_works() const;
  bool may_start(const Entry& entry) const;
  void skip_behind_broken();
  void start_next();

  // Needs no lock: entries stay.
  bool others_worked(const Task& task, std::chrono::steady_clock::time_point since) const;
  void work(Entry& entry);
  Status drain(Task& task);

  Runner& runner_;
  const std::stop_token stop_;
  std::mutex mutex_;  // guards the stages
  std::condition_variable ended_;
  std::vector<Entry> entries_;  // in the plan's order
};

}  // namespace lakeward::service
