#include "connectors/kafka/bounded_call.h"

#include <future>
#include <thread>
#include <utility>

namespace lakeward::connectors::kafka {

std::optional<Error> call_bounded(std::function<rd_kafka_error_t*()> call,
                                  std::chrono::milliseconds longest) {
  std::packaged_task<Error()> task([call = std::move(call)] { return Error(call()); });
  std::future<Error> answer = task.get_future();
  std::thread thread(std::move(task));
  if (answer.wait_for(longest) != std::future_status::ready) {
    thread.detach();
    return std::nullopt;
  }
  thread.join();
  return answer.get();
}

}  // namespace lakeward::connectors::kafka
