#include "connectors/kafka/producer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "base/units.h"
#include "connectors/kafka/bounded_call.h"
#include "connectors/kafka/handles.h"

namespace lakeward::connectors::kafka {
namespace {

// How long nothing may come of an attempt: while no broker can be reached, and in any case.
// librdkafka tries again by itself all the time; after this the epoch is begun anew, and the user
// told.
constexpr Duration kPatienceWhenDown{10'000'000};
constexpr Duration kPatience{60'000'000};
// Of the end of a process: readers do not have to wait for the transaction's timeout.
constexpr Duration kLastPatience{3'000'000};
// Of a process that is to end, without progress.
constexpr Duration kPatienceWhenStopped{5'000'000};
constexpr const char* kUnfitRecord =
    "; a topic takes no record whose time is further ahead than its message.timestamp.after.max.ms "
    "(an hour, if not set), nor, with cleanup.policy=compact, one without a key";
// Of a call that was told to come back after kSliceMs. librdkafka 2.11 to 2.15 waits without an end
// for the coordinator of the transaction's offsets if it was a broker that has left the cluster
// meanwhile: rd_kafka_coord_req_fsm() does not look at its timeout until the state of some
// connection changes.
constexpr std::chrono::seconds kLongestCall{5};
constexpr int kFullMs = 2;
constexpr int kSliceMs = 500;
constexpr size_t kSentBetweenPolls = 1'000;

// Goes on while the machine sleeps, as the brokers' clocks do, by which a transaction is too old.
Timestamp steady_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Timestamp{int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000};
}

bool is_fencing(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR__FENCED || error == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
         error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

// Brokers judge a batch as a whole.
std::string too_large_text(size_t bytes, size_t records) {
  if (bytes == 0) return "a record";
  if (records == 1) return "a record of " + format_count(bytes) + " bytes";
  return "a batch of " + format_count(records) + " records, the largest of " + format_count(bytes) +
         " bytes,";
}

config::StringMap producing_properties(const ProducerOptions& options) {
  config::StringMap properties = options.properties;
  // Not one record twice or out of order, whatever a broker's death makes librdkafka send again.
  properties.emplace_back("enable.idempotence", "true");
  properties.emplace_back("acks", "all");
  properties.emplace_back("delivery.report.only.error", "true");
  if (!options.transactional_id.empty()) {
    properties.emplace_back("transactional.id", options.transactional_id);
    properties.emplace_back("transaction.timeout.ms",
                            std::to_string(options.transaction_timeout.count() / 1'000));
  }
  return properties;
}

}  // namespace

// How long nothing has come of an attempt.
class Producer::Wait {
 public:
  explicit Wait(Duration patience) : patience_(patience) {}
  void observe(int left) {
    if (left < left_) since_ = steady_now();
    left_ = left;
  }
  Duration waited() const { return steady_now() - since_; }
  bool is_over(bool down) const {
    return waited() >= (down ? std::min(patience_, kPatienceWhenDown) : patience_);
  }

 private:
  Duration patience_;
  Timestamp since_ = steady_now();
  int left_ = 0;
};

Producer::Producer(ProducerOptions options, std::shared_ptr<Client> client)
    : options_(std::move(options)),
      client_(std::move(client)),
      topic_(rd_kafka_topic_new(client_->handle(), options_.topic.c_str(), nullptr)) {}

Result<std::unique_ptr<Producer>> Producer::make(const ProducerOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::make(producing_properties(options), Client::Role::kProducer,
                                             options.service));
  std::unique_ptr<Producer> producer(new Producer(options, std::move(client)));
  if (producer->topic_ != nullptr) return producer;
  return producer->explain(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()), 0);
}

Producer::~Producer() {
  if (open_ && !stuck_ && !client_->is_down()) {
    (void)repeat("abort", kLastPatience, rd_kafka_abort_transaction);
  }
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
  // librdkafka takes no second call about a transaction. A purge waits for threads of its own.
  if (!stuck_)
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

Status Producer::repeat(const std::string& what, Duration patience, const Step& step) {
  const Wait wait(patience);
  while (true) {
    ASSIGN_OR_RETURN(
        std::optional<Error> error,
        call_bounded([client = client_, step] { return step(client->handle(), kSliceMs); },
                     kLongestCall));
    if (!error) {
      stuck_ = true;
      return unavailable(
          options_.service.name + ": " + what + ": librdkafka has not come back for " +
          std::to_string(kLongestCall.count()) +
          " s, as when a broker has left the cluster; beginning with a new connection");
    }
    if (*error == nullptr) return ok_status();
    const bool again = rd_kafka_error_is_retriable(error->get()) != 0;
    const Status status =
        explain(error->release()).with_context(options_.service.name + ": " + what);
    if (!again) return status;
    // What librdkafka's threads know says more than "timed out".
    const Status behind = client_->failure();
    if (!behind.ok() && !behind.retriable())
      return behind.with_context(options_.service.name + ": " + what);
    if (gives_up(wait)) {
      return cancelled(options_.service.name + ": " + what +
                       ": stopped while waiting for an answer");
    }
    if (wait.is_over(client_->is_down())) {
      return behind.ok() ? status : behind.with_context(options_.service.name + ": " + what);
    }
  }
}

Status Producer::fenced(const std::string& text) const {
  if (open_ && steady_now() - begun_ >= options_.transaction_timeout) {
    return unavailable(
        "the brokers gave up a transaction that was open for longer than " +
        format_duration(options_.transaction_timeout) +
        "; raise 'transaction_timeout' for this epoch, and set or lower the pipeline's "
        "'limits' for those to come");
  }
  return conflict("another process writes as '" + options_.transactional_id + "' (" + text +
                  "); if it is not this pipeline on another machine, give one of the two its own "
                  "'transactional_id'");
}

Status Producer::explain(rd_kafka_resp_err_t error, const std::string& text, size_t bytes,
                         size_t records) const {
  if (is_fencing(error)) return fenced(text);
  const Service& service = options_.service;
  const std::string topic = service.topic + " '" + options_.topic + "'";
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return invalid_argument(
          too_large_text(bytes, records) + " is larger than the " + topic + " takes; " +
          (service.too_large.empty()
               ? std::string("raise 'max.message.bytes' of the topic (and 'message.max.bytes' in "
                             "'properties'), or make the row smaller in the transform") +
                     (records > 1 ? ", or lower 'batch.size' in 'properties'" : "")
               : service.too_large));
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      if (!service.write_permission.empty()) {
        return invalid_argument(text + "; " + service.write_permission);
      }
      return invalid_argument(text + "; " + kMayWrite + " '" + options_.topic + "'" +
                              (options_.transactional_id.empty() ? "" : ", and Read"));
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return invalid_argument(text +
                              "; the user needs the permissions Describe and Write on the "
                              "transactional id '" +
                              options_.transactional_id + "', or say 'delivery: at_least_once'");
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return invalid_argument(text + "; the user needs the permission Read on the group '" +
                              options_.transactional_id + "', or say 'delivery: at_least_once'");
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return invalid_argument("the brokers refuse a transaction timeout of " +
                              format_duration(options_.transaction_timeout) +
                              "; lower 'transaction_timeout', or raise the brokers' "
                              "transaction.max.timeout.ms");
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return not_found("the " + topic + " or its partition is not there any more (" + text +
                       "); create it again, or correct '" + service.option + "' or 'partition'");
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return invalid_argument("the " + topic + " does not take a record: " + text + kUnfitRecord);
    default:
      return kafka_status(error, text, service);
  }
}

Status Producer::explain(rd_kafka_error_t* error, size_t bytes) {
  const Error owned(error);
  if (const Status refusal = check_refusals(); !refusal.ok()) return refusal;
  std::array<char, 512> why{};
  const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(client_->handle(), why.data(), why.size());
  if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) return explain(fatal, why.data(), 0);
  return explain(rd_kafka_error_code(error), rd_kafka_error_string(error), bytes);
}

Status Producer::check_refusals() const {
  const std::optional<Events::Refusal> refusal = client_->refusal();
  if (!refusal) return ok_status();
  return explain(refusal->error, refusal->text, refusal->bytes, refusal->records);
}

Status Producer::check_places() const {
  const uint64_t unplaced = client_->acknowledgements().unplaced();
  if (unplaced == 0) return ok_status();
  return unavailable(options_.service.name + ": " + sending() + ": " +
                     format_count(unplaced, "record") +
                     " may be lost: the brokers took what came behind, without saying where these "
                     "are");
}

Status Producer::take_over() {
  // Trying again, with another producer, costs nothing yet.
  return repeat("the transactional id '" + options_.transactional_id + "'", kPatienceWhenDown,
                rd_kafka_init_transactions);
}

Status Producer::begin() {
  rd_kafka_error_t* error = rd_kafka_begin_transaction(client_->handle());
  if (error != nullptr)
    return explain(error).with_context(options_.service.name + ": begin of a transaction");
  open_ = true;
  begun_ = steady_now();
  return ok_status();
}

Status Producer::send(const OutgoingRecord& record) {
  std::array<rd_kafka_vu_t, 7> parts{};
  size_t count = 0;
  const auto part = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    parts[count].vtype = type;
    return parts[count++];
  };
  part(RD_KAFKA_VTYPE_RKT).u.rkt = topic_;
  part(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition.value_or(RD_KAFKA_PARTITION_UA);
  part(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  if (record.value) {
    auto& mem = part(RD_KAFKA_VTYPE_VALUE).u.mem;
    mem.ptr = const_cast<char*>(record.value->data());
    mem.size = record.value->size();
  }
  if (record.key) {
    auto& mem = part(RD_KAFKA_VTYPE_KEY).u.mem;
    mem.ptr = const_cast<char*>(record.key->data());
    mem.size = record.key->size();
  }
  // To librdkafka, 0 is now. A millisecond off is nearer to 1970, and the same when repeated.
  part(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 =
      record.timestamp_ms == 0 ? 1 : record.timestamp_ms.value_or(0);
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                          value ? value->data() : nullptr,
                          value ? static_cast<ssize_t>(value->size()) : 0);
    }
    part(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  }
  if (++sent_since_poll_ >= kSentBetweenPolls) {
    sent_since_poll_ = 0;
    client_->poll();
  }
  const size_t bytes = record.value.value_or("").size() + record.key.value_or("").size();
  Wait wait(kPatience);
  while (true) {
    rd_kafka_error_t* error = rd_kafka_produceva(client_->handle(), parts.data(), count);
    if (error == nullptr) return ok_status();
    const bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    Status status = explain(error, bytes).with_context(options_.service.name + ": " + sending());
    if (full) {
      // Nothing calls back when there is room again: delivery reports are of errors only.
      rd_kafka_poll(client_->handle(), kFullMs);
      status = check_progress(wait);
    }
    if (status.ok()) continue;
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    return status;
  }
}

bool Producer::gives_up(const Wait& wait) const {
  return options_.stop.stop_requested() && wait.waited() >= kPatienceWhenStopped;
}

std::string Producer::sending() const { return "sending to '" + options_.topic + "'"; }

Status Producer::check_progress(Wait& wait) {
  RETURN_IF_ERROR(check_refusals().with_context(options_.service.name + ": " + sending()));
  RETURN_IF_ERROR(check_places());
  wait.observe(rd_kafka_outq_len(client_->handle()));
  const Status behind = client_->failure();
  if (!behind.ok() && !behind.retriable())
    return behind.with_context(options_.service.name + ": " + sending());
  if (options_.while_waiting) return options_.while_waiting();
  if (gives_up(wait)) {
    return cancelled(options_.service.name + ": " + sending() + ": stopped while waiting");
  }
  if (!wait.is_over(client_->is_down())) return ok_status();
  return unavailable(options_.service.name + ": " + sending() + ": the brokers took nothing for " +
                     format_duration(wait.waited()) + (behind.ok() ? "" : ": " + behind.message()));
}

size_t Producer::unconfirmed() {
  client_->poll();  // events are counted, too, until they are served
  return static_cast<size_t>(rd_kafka_outq_len(client_->handle()));
}

Status Producer::flush() {
  Wait wait(kPatience);
  while (true) {
    const rd_kafka_resp_err_t error = rd_kafka_flush(client_->handle(), kSliceMs);
    RETURN_IF_ERROR(check_progress(wait));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return ok_status();
  }
}

Status Producer::commit(int64_t offset, const std::string& metadata) {
  CHECK(open_, "there is a transaction to commit");
  const std::shared_ptr offsets = make_partition_list({{{options_.topic, 0}, offset}});
  rd_kafka_topic_partition_t& stored = offsets->elems[0];
  stored.metadata = rd_kafka_mem_malloc(client_->handle(), metadata.size());
  std::copy(metadata.begin(), metadata.end(), static_cast<char*>(stored.metadata));
  stored.metadata_size = metadata.size();
  const std::shared_ptr<rd_kafka_consumer_group_metadata_t> group(
      rd_kafka_consumer_group_metadata_new(options_.transactional_id.c_str()),
      rd_kafka_consumer_group_metadata_destroy);
  RETURN_IF_ERROR(repeat("the offset in the transaction", kPatience,
                         [offsets, group](rd_kafka_t* handle, int timeout_ms) {
                           return rd_kafka_send_offsets_to_transaction(handle, offsets.get(),
                                                                       group.get(), timeout_ms);
                         }));
  const Status status = repeat("commit of a transaction", kPatience, rd_kafka_commit_transaction);
  if (status.ok()) open_ = false;
  return status;
}

Status Producer::abort() {
  CHECK(open_, "there is a transaction to abort");
  const Status status = repeat("abort of a transaction", kPatience, rd_kafka_abort_transaction);
  if (status.ok()) open_ = false;
  return status;
}

}  // namespace lakeward::connectors::kafka
