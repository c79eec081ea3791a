#include "connectors/kafka/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "connectors/kafka/headers.h"
#include "connectors/kafka/options.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a question may remain unanswered, and how often it is put in that time.
constexpr milliseconds kPatience{10'000};
constexpr milliseconds kSlice{1'000};

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

std::optional<std::string> set_property(rd_kafka_conf_t* conf, const std::string& name,
                                        const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why.data(), why.size()) ==
      RD_KAFKA_CONF_OK) {
    return std::nullopt;
  }
  return std::string(why.data());
}

void on_error(rd_kafka_t*, int error, const char* text, void* events) {
  static_cast<Events*>(events)->add(static_cast<rd_kafka_resp_err_t>(error), text);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* events) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  static_cast<Events*>(events)->add_refusal(*message);
}

// What librdkafka would print is in Events, where it matters.
void on_log(const rd_kafka_t*, int, const char*, const char*) {}

bool needs_mending(rd_kafka_resp_err_t error, std::string_view text) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return true;
    case RD_KAFKA_RESP_ERR__SSL:
      // A handshake may also fail because a broker goes away in the middle of it.
      return text.find("verify failed") != std::string_view::npos ||
             text.find("unknown ca") != std::string_view::npos;
    default:
      return false;
  }
}

std::string_view next_step(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return "; check 'sasl', 'user' and 'password'";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check 'tls_ca', and that 'brokers' names the host of the certificate";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; the user needs the permissions Describe and Read on the topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "; the user needs the permission Read on the group 'group_id'";
    default:
      return "";
  }
}

Offsets offsets_of(const rd_kafka_topic_partition_list_t& list) {
  Offsets offsets;
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list.elems[i];
    offsets[{one.topic, one.partition}] = one.offset;
  }
  return offsets;
}

rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list.elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

std::optional<std::string> refuse_property(const std::string& name, const std::string& value) {
  const Conf conf(rd_kafka_conf_new());
  return set_property(conf.get(), name, value);
}

Status kafka_status(rd_kafka_resp_err_t error, const std::string& detail) {
  const std::string message = detail + std::string(next_step(error));
  if (needs_mending(error, detail)) return invalid_argument(message);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
    return not_found(message);
  }
  return unavailable(message);
}

std::string headers_json(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* list = nullptr;
  std::vector<Header> headers;
  if (rd_kafka_message_headers(&message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      Header header{name, std::nullopt};
      if (value != nullptr) header.value = std::string_view(static_cast<const char*>(value), size);
      headers.push_back(header);
    }
  }
  return headers_json(headers);
}

void Events::add(rd_kafka_resp_err_t error, const char* text) {
  const std::lock_guard lock(mutex_);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    all_down_ = true;
  } else if (needs_mending(error, text)) {
    fatal_ = kafka_status(error, text);
  } else {
    last_ = text;
  }
}

void Events::clear() {
  const std::lock_guard lock(mutex_);
  fatal_.reset();
  last_.clear();
  all_down_ = false;
}

Status Events::failure() const {
  const std::lock_guard lock(mutex_);
  if (fatal_) return *fatal_;
  if (!last_.empty()) return unavailable(last_);
  return all_down_ ? unavailable("no broker can be reached") : ok_status();
}

bool Events::is_down() const {
  const std::lock_guard lock(mutex_);
  return all_down_ || fatal_.has_value();
}

void Events::add_refusal(const rd_kafka_message_t& message) {
  const std::lock_guard lock(mutex_);
  // What an abort throws away was not refused.
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || refusal_) {
    return;
  }
  refusal_ = {message.err, rd_kafka_message_errstr(&message), message.len + message.key_len};
}

std::optional<Events::Refusal> Events::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

Result<std::unique_ptr<Client>> Client::make(const config::StringMap& properties, Role role) {
  Conf conf(rd_kafka_conf_new());
  std::unique_ptr<Client> client(new Client());
  rd_kafka_conf_set_opaque(conf.get(), &client->events_);
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (role == Role::kProducer) rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  for (const auto& [name, value] : properties) {
    // The value may be a secret.
    if (set_property(conf.get(), name, value)) {
      return invalid_argument("kafka: librdkafka refuses the value of the property '" + name + "'");
    }
  }
  std::array<char, 512> why{};
  client->handle_ = rd_kafka_new(role == Role::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                                 conf.get(), why.data(), why.size());
  if (client->handle_ == nullptr) {
    return invalid_argument("kafka: " + std::string(why.data()));
  }
  (void)conf.release();  // librdkafka's now
  return client;
}

Client::~Client() {
  // A consumer here is no member of a group, so there is none to leave.
  if (handle_ != nullptr) {
    rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

Status Client::failure() {
  rd_kafka_poll(handle_, 0);
  return events_.failure();
}

bool Client::is_down() {
  rd_kafka_poll(handle_, 0);
  return events_.is_down();
}

template <typename Ask>
Status Client::repeat(const std::string& what, Ask ask) {
  const auto end = steady_clock::now() + kPatience;
  while (true) {
    const rd_kafka_resp_err_t error = ask(static_cast<int>(kSlice.count()));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      events_.clear();
      return ok_status();
    }
    // What librdkafka's threads know says more than "timed out".
    const Status behind = failure();
    if (!behind.ok() && (is_down() || steady_clock::now() >= end)) {
      return behind.with_context("kafka: " + what);
    }
    const Status status = kafka_status(error, rd_kafka_err2str(error));
    if (!status.retriable() || steady_clock::now() >= end) {
      return status.with_context("kafka: " + what);
    }
  }
}

template <typename Use>
Status Client::look_up(const std::string& topic, Use use) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(handle_, topic.c_str(), nullptr);
  if (handle == nullptr) {
    return kafka_status(rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()))
        .with_context("kafka: topic '" + topic + "'");
  }
  const Status status = repeat("the partitions of topic '" + topic + "'", [&](int timeout_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_resp_err_t error = rd_kafka_metadata(handle_, 0, handle, &metadata, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    error = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                     : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) use(*metadata);
    rd_kafka_metadata_destroy(metadata);
    return error;
  });
  rd_kafka_topic_destroy(handle);
  if (status.code() == StatusCode::kNotFound) {
    return not_found("kafka: there is no topic '" + topic +
                     "'; create it, or correct 'topic' or 'brokers'");
  }
  return status;
}

Result<std::vector<int32_t>> Client::partitions(const std::string& topic) {
  std::vector<int32_t> numbers;
  RETURN_IF_ERROR(look_up(topic, [&](const rd_kafka_metadata_t& metadata) {
    numbers.clear();
    for (int i = 0; i < metadata.topics[0].partition_cnt; ++i) {
      numbers.push_back(metadata.topics[0].partitions[i].id);
    }
  }));
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<std::map<TopicPartition, BrokerAddress>> Client::leaders(
    const std::vector<std::string>& topics) {
  std::map<TopicPartition, BrokerAddress> leaders;
  for (const std::string& topic : topics) {
    RETURN_IF_ERROR(look_up(topic, [&](const rd_kafka_metadata_t& metadata) {
      std::map<int32_t, BrokerAddress> brokers;
      for (int i = 0; i < metadata.broker_cnt; ++i) {
        brokers[metadata.brokers[i].id] = {metadata.brokers[i].host, metadata.brokers[i].port};
      }
      for (int i = 0; i < metadata.topics[0].partition_cnt; ++i) {
        const rd_kafka_metadata_partition_t& partition = metadata.topics[0].partitions[i];
        const auto broker = brokers.find(partition.leader);
        if (broker != brokers.end()) leaders[{topic, partition.id}] = broker->second;
      }
    }));
  }
  return leaders;
}

Result<Offsets> Client::list_offsets(const Offsets& wanted) {
  if (wanted.empty()) return Offsets();
  PartitionList list;
  const std::string what = "the offsets of '" + wanted.begin()->first.topic + "'";
  const Status status = repeat(what, [&](int timeout_ms) {
    list = make_partition_list(wanted);
    const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(handle_, list.get(), timeout_ms);
    return error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : first_error(*list);
  });
  // The partitions were there a moment ago: a broker that has just started may not know them yet.
  if (status.code() == StatusCode::kNotFound) return unavailable(status.message());
  RETURN_IF_ERROR(status);
  Offsets found = offsets_of(*list);
  // No record is that young.
  Offsets ends;
  for (const auto& [where, offset] : found) {
    if (offset < 0) ends[where] = Start::kLatest;
  }
  if (!ends.empty() && std::any_of(ends.begin(), ends.end(), [&](const auto& end) {
        return wanted.at(end.first) == Start::kLatest;
      })) {
    return internal_error("kafka: a broker did not say where a partition ends");
  }
  ASSIGN_OR_RETURN(const Offsets latest, list_offsets(ends));
  for (const auto& [where, offset] : latest) found[where] = offset;
  return found;
}

Status Client::commit(const Offsets& offsets) {
  const PartitionList list = make_partition_list(offsets);
  const rd_kafka_resp_err_t error = rd_kafka_commit(handle_, list.get(), 1);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return ok_status();
  return kafka_status(error, rd_kafka_err2str(error)).with_context("kafka: commit of the group");
}

Result<std::optional<StoredOffset>> Client::committed(const TopicPartition& partition) {
  PartitionList list;
  const Status status = repeat("the offset of a consumer group", [&](int timeout_ms) {
    list = make_partition_list({{partition, RD_KAFKA_OFFSET_INVALID}});
    const rd_kafka_resp_err_t error = rd_kafka_committed(handle_, list.get(), timeout_ms);
    return error != RD_KAFKA_RESP_ERR_NO_ERROR ? error : first_error(*list);
  });
  RETURN_IF_ERROR(status);
  const rd_kafka_topic_partition_t& one = list->elems[0];
  if (one.offset < 0) return std::optional<StoredOffset>();
  return std::optional(StoredOffset{
      one.offset, std::string(static_cast<const char*>(one.metadata), one.metadata_size)});
}

PartitionList make_partition_list(const Offsets& offsets) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [where, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), where.topic.c_str(), where.partition)->offset =
        offset;
  }
  return list;
}

}  // namespace lakeward::connectors::kafka
