// Ownership of librdkafka's objects.
#pragma once

#include <rdkafka.h>

#include <memory>

namespace lakeward::connectors::kafka {

// For std::unique_ptr: calls librdkafka's function that destroys the type.
template <auto destroy>
struct Deleter {
  template <typename T>
  void operator()(T* thing) const {
    destroy(thing);
  }
};

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using Error = std::unique_ptr<rd_kafka_error_t, Deleter<rd_kafka_error_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Deleter<rd_kafka_event_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Deleter<rd_kafka_queue_destroy>>;
using TopicRequest = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;

}  // namespace lakeward::connectors::kafka
