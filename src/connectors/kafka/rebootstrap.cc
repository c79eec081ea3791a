#include "connectors/kafka/rebootstrap.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr const char* kName = "rebootstrap";

// Connections beside those that metadata are asked with.
bool is_coordinator(std::string_view name) {
  return name == "GroupCoordinator" || name == "TxnCoordinator";
}

}  // namespace

void Rebootstrap::attach(rd_kafka_conf_t* conf) {
  CHECK(
      rd_kafka_conf_interceptor_add_on_new(conf, kName, on_new, this) == RD_KAFKA_RESP_ERR_NO_ERROR,
      "there is one of that name");
}

rd_kafka_resp_err_t Rebootstrap::on_new(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self,
                                        char*, size_t) {
  return rd_kafka_interceptor_add_on_broker_state_change(handle, kName, on_state, self);
}

rd_kafka_resp_err_t Rebootstrap::on_state(rd_kafka_t*, int32_t, const char*, const char* name, int,
                                          const char* state, void* self) {
  const std::string_view now = state;
  if (!is_coordinator(name)) {
    static_cast<Rebootstrap*>(self)->take(now == "UP" || now == "REAUTH");
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// On the connection's thread, or, of one that is only beginning, on whose it was made by.
void Rebootstrap::take(bool is_up) {
  const std::lock_guard lock(mutex_);
  if (is_up) {
    up_.insert(std::this_thread::get_id());
  } else if (up_.erase(std::this_thread::get_id()) > 0 && up_.empty()) {
    pause_ = kFirstPause;
    next_ = std::chrono::steady_clock::now() + pause_;
  }
}

void Rebootstrap::run(rd_kafka_t* handle, const std::string& servers) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!up_.empty() || now < next_) return;
    pause_ = std::min(2 * pause_, kLongestPause);
    next_ = now + pause_;
  }
  // Without the lock: librdkafka holds its own when it tells of connections.
  rd_kafka_brokers_add(handle, servers.c_str());
}

}  // namespace lakeward::connectors::kafka
