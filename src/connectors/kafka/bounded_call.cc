#include "connectors/kafka/bounded_call.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "connectors/kafka/left_behind.h"

namespace lakeward::connectors::kafka {
namespace {

// For a process that stood still itself: its threads go on one after the other.
constexpr std::chrono::milliseconds kGrace{100};

std::atomic<size_t> left_behind{0};

// A call under way. Whoever comes second to its end, or to giving it up, knows of the other.
struct Call {
  std::function<rd_kafka_error_t*()> function;
  std::promise<Error> answer;
  std::atomic<bool> decided{false};
};

void run(const std::shared_ptr<Call>& call) {
  Error error(call->function());
  if (call->decided.exchange(true)) {
    call->function = nullptr;  // with all that it holds
    left_behind.fetch_sub(1);
    return;
  }
  call->answer.set_value(std::move(error));
}

}  // namespace

Result<std::optional<Error>> call_bounded(std::function<rd_kafka_error_t*()> call,
                                          std::chrono::milliseconds longest) {
  const auto shared = std::make_shared<Call>();
  shared->function = std::move(call);
  std::future<Error> answer = shared->answer.get_future();
  std::thread thread;
  try {
    thread = std::thread([shared] { run(shared); });
  } catch (const std::system_error& error) {
    return unavailable(std::string("no thread can be started: ") + error.what());
  }
  if (answer.wait_for(longest) != std::future_status::ready &&
      answer.wait_for(kGrace) != std::future_status::ready) {
    left_behind.fetch_add(1);
    if (!shared->decided.exchange(true)) {
      thread.detach();
      spdlog::warn(
          "librdkafka has not come back from a call about a transaction (calls left behind "
          "so far: {})",
          calls_left_behind());
      return std::optional<Error>();
    }
    left_behind.fetch_sub(1);  // it has come back just now
  }
  thread.join();
  return std::optional<Error>(answer.get());
}

size_t calls_left_behind() { return left_behind.load(); }

}  // namespace lakeward::connectors::kafka
