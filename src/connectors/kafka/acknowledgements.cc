#include "connectors/kafka/acknowledgements.h"

#include "base/check.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr const char* kName = "acknowledgements";

}  // namespace

void Acknowledgements::observe(rd_kafka_conf_t* conf) {
  CHECK(
      rd_kafka_conf_interceptor_add_on_new(conf, kName, on_new, this) == RD_KAFKA_RESP_ERR_NO_ERROR,
      "it is the first of its name");
}

rd_kafka_resp_err_t Acknowledgements::on_new(rd_kafka_t* handle, const rd_kafka_conf_t*, void* self,
                                             char*, size_t) {
  return rd_kafka_interceptor_add_on_acknowledgement(handle, kName, on_acknowledgement, self);
}

rd_kafka_resp_err_t Acknowledgements::on_acknowledgement(rd_kafka_t*, rd_kafka_message_t* message,
                                                         void* self) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return RD_KAFKA_RESP_ERR_NO_ERROR;
  auto& all = *static_cast<Acknowledgements*>(self);
  if (message->offset < 0) {
    all.unplaced_.fetch_add(1);
  } else if (!all.some_placed_.load(std::memory_order_relaxed)) {
    all.some_placed_ = true;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace lakeward::connectors::kafka
