// Whether brokers have said where they wrote a producer's records.
//
// After a batch that failed and a later one of the same partition that did not, librdkafka takes
// the first one for written, too (rd_kafka_dr_implicit_ack()): its answer must have been lost, or
// the broker would have refused what follows. But a broker that knows nothing of a producer yet
// accepts any sequence number (up to Kafka 4.1, KAFKA-15591). If it has just begun to lead, and so
// refused the first batch, that one is lost, and reported as delivered. Of such records, no broker
// has said at which offset they are.
#pragma once

#include <rdkafka.h>

#include <atomic>
#include <cstdint>

namespace lakeward::connectors::kafka {

// Of one producer. Thread-safe; cheap, as it hears of each record.
class Acknowledgements {
 public:
  // Of the producer that is made with this configuration. It must outlive that one.
  void observe(rd_kafka_conf_t* conf);

  // Records that were reported as delivered, though nobody said where to. Always 0 of brokers that
  // never say so.
  uint64_t unplaced() const { return some_placed_ ? unplaced_.load() : 0; }

 private:
  static rd_kafka_resp_err_t on_new(rd_kafka_t* handle, const rd_kafka_conf_t* conf, void* self,
                                    char* why, size_t size);
  static rd_kafka_resp_err_t on_acknowledgement(rd_kafka_t* handle, rd_kafka_message_t* message,
                                                void* self);

  std::atomic<bool> some_placed_{false};
  std::atomic<uint64_t> unplaced_{0};
};

}  // namespace lakeward::connectors::kafka
