// Gives librdkafka its bootstrap servers again while it has no connection.
//
// A broker that was frozen for longer than its session may answer for a moment that there is no
// broker. librdkafka since 2.10 (its issue 5301) forgets those it knows then, and can put off its
// own new start when it should begin it: for metadata.recovery.rebootstrap.trigger.ms, 5 minutes,
// in 2.11, and until something else begins one since 2.12.
#pragma once

#include <rdkafka.h>

#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace lakeward::connectors::kafka {

// Thread-safe. Lives longer than the handles made of the configuration.
class Rebootstrap {
 public:
  // Has librdkafka tell it of connections.
  void attach(rd_kafka_conf_t* conf);

  // Call it often. Does something after a second without a connection, and then more and more
  // rarely: librdkafka keeps each list of servers that it is given.
  void run(rd_kafka_t* handle, const std::string& servers);

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t* conf, void* self,
                                    char* why, size_t size);
  static rd_kafka_resp_err_t on_state(rd_kafka_t* handle, int32_t id, const char* protocol,
                                      const char* name, int port, const char* state, void* self);
  void take(bool is_up);

  static constexpr std::chrono::seconds kFirstPause{1};
  static constexpr std::chrono::seconds kLongestPause{60};
  std::mutex mutex_;
  std::set<std::thread::id> up_;  // connections; each has a thread of librdkafka's
  std::chrono::seconds pause_ = kFirstPause;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kFirstPause;
};

}  // namespace lakeward::connectors::kafka
