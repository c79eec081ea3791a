// Objects that are used again once nobody else holds them.
#pragma once

#include <atomic>
#include <memory>

namespace lakeward {

// The object, if `kept` is the only one to hold it, else null. All that its other holders did with
// it, on any thread, is done before this returns. Nobody may make a weak_ptr of it.
template <typename T>
std::shared_ptr<T> take_back(const std::shared_ptr<T>& kept) {
  if (kept.use_count() != 1) return nullptr;
  std::shared_ptr<T> ours = kept;
#ifndef __SANITIZE_THREAD__
  // Counting orders nothing. ThreadSanitizer knows no fences; it sees the order in the copy above,
  // whose counting libstdc++ makes stronger than it must.
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
  return ours;
}

}  // namespace lakeward
