// A store that fails on purpose: for tests that walk through every call of an operation.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/object_store.h"

namespace lakeward::test {

// Passes calls on to another store, until the call whose number (from 0) a Fault names.
//
//   FaultyStore store(real);
//   store.inject({.call = 3, .when = Fault::kAfter, .crash = true});
//
// A crash makes every later call fail as well, as if the process were gone; a mere failure happens
// once. Thread-safe, as stores are.
struct Fault {
  enum When { kBefore, kAfter };  // before or after the call took effect
  size_t call = 0;
  When when = kBefore;
  bool crash = false;
  StatusCode code = StatusCode::kUnavailable;
};

class FaultyStore final : public io::ObjectStore {
 public:
  explicit FaultyStore(io::ObjectStore& store) : store_(store) {}

  // From now on called before each call is passed on, on the thread that makes it: it may make a
  // store slow, or hold it up. Set it while nobody calls.
  void watch(std::function<void()> on_call) { on_call_ = std::move(on_call); }

  // Calls are counted from 0 again.
  void inject(Fault fault) {
    std::lock_guard lock(mutex_);
    fault_ = fault;
    armed_ = true;
    crashed_ = happened_ = false;
    calls_.clear();
  }
  void heal() {
    std::lock_guard lock(mutex_);
    armed_ = crashed_ = happened_ = false;
    calls_.clear();
  }
  // Whether the fault's call was reached.
  bool happened() const {
    std::lock_guard lock(mutex_);
    return happened_;
  }
  // What was called since inject() or heal(), for example "put_if_absent t/_delta_log/0.json".
  std::vector<std::string> calls() const {
    std::lock_guard lock(mutex_);
    return calls_;
  }

  Result<std::vector<io::ObjectInfo>> list(std::string_view folder,
                                           std::string_view after) override {
    return pass<Result<std::vector<io::ObjectInfo>>>("list", folder,
                                                     [&] { return store_.list(folder, after); });
  }
  Result<std::vector<std::string>> list_folders(std::string_view folder) override {
    return pass<Result<std::vector<std::string>>>("list_folders", folder,
                                                  [&] { return store_.list_folders(folder); });
  }
  Result<std::vector<io::ObjectInfo>> list_recursive(std::string_view folder) override {
    return pass<Result<std::vector<io::ObjectInfo>>>("list_recursive", folder,
                                                     [&] { return store_.list_recursive(folder); });
  }
  Result<io::ObjectInfo> stat(std::string_view path) override {
    return pass<Result<io::ObjectInfo>>("stat", path, [&] { return store_.stat(path); });
  }
  Result<std::string> get(std::string_view path) override {
    return pass<Result<std::string>>("get", path, [&] { return store_.get(path); });
  }
  Result<std::string> get_range(std::string_view path, uint64_t offset, uint64_t length) override {
    return pass<Result<std::string>>("get_range", path,
                                     [&] { return store_.get_range(path, offset, length); });
  }
  Status put(std::string_view path, std::string_view bytes) override {
    return pass<Status>("put", path, [&] { return store_.put(path, bytes); });
  }
  Status put_if_absent(std::string_view path, std::string_view bytes) override {
    return pass<Status>("put_if_absent", path, [&] { return store_.put_if_absent(path, bytes); });
  }
  Status remove(std::string_view path) override {
    return pass<Status>("remove", path, [&] { return store_.remove(path); });
  }
  Result<std::filesystem::path> stage(std::string_view path) override {
    return pass<Result<std::filesystem::path>>("stage", path, [&] { return store_.stage(path); });
  }
  Status publish(std::string_view path) override {
    return pass<Status>("publish", path, [&] { return store_.publish(path); });
  }
  Result<std::filesystem::path> local_copy(std::string_view path) override {
    return pass<Result<std::filesystem::path>>("local_copy", path,
                                               [&] { return store_.local_copy(path); });
  }
  std::string root() const override { return store_.root(); }

 private:
  enum class Turn { kPass, kFailBefore, kFailAfter };

  Turn next_turn(const char* name, std::string_view path) {
    std::lock_guard lock(mutex_);
    const size_t number = calls_.size();
    calls_.push_back(std::string(name) + " " + std::string(path));
    if (crashed_) return Turn::kFailBefore;
    if (!armed_ || number != fault_.call) return Turn::kPass;
    happened_ = true;
    crashed_ = fault_.crash;
    return fault_.when == Fault::kBefore ? Turn::kFailBefore : Turn::kFailAfter;
  }

  template <typename T, typename Call>
  T pass(const char* name, std::string_view path, Call call) {
    const Turn turn = next_turn(name, path);
    if (on_call_) on_call_();
    if (turn == Turn::kPass) return call();
    if (turn == Turn::kFailAfter) (void)call();
    return Status(fault_.code, std::string("injected fault in ") + name + " " + std::string(path));
  }

  io::ObjectStore& store_;
  std::function<void()> on_call_;
  mutable std::mutex mutex_;
  Fault fault_;
  bool armed_ = false;
  bool crashed_ = false;
  bool happened_ = false;
  std::vector<std::string> calls_;
};

}  // namespace lakeward::test
