#include "connectors/kafka/client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/units.h"
#include "connectors/kafka/bootstrap.h"
#include "connectors/kafka/client_properties.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/handles.h"
#include "connectors/kafka/options.h"
#include "format/record_headers.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a question may remain unanswered, and how often it is put in that time.
constexpr milliseconds kPatience{10'000};
constexpr milliseconds kSlice{1'000};
// Between attempts to connect to a broker that is away; 10 s by default.
constexpr const char* kLongestReconnect = "1000";
// Between attempts to get a token, before librdkafka is told that there is none.
constexpr Duration kTokenPauses[] = {Duration{250'000}, Duration{1'000'000}, Duration{2'000'000}};

constexpr std::string_view kExtensions = "sasl.oauthbearer.extensions";

using Conf = std::unique_ptr<rd_kafka_conf_t, Deleter<rd_kafka_conf_destroy>>;

// A rd_kafka_new() that fails frees the interceptors of its configuration, and so would whoever
// destroys that then. It is some kilobytes, of a mistake that somebody must mend.
void keep_for_good(Conf conf) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<Conf>();  // known to whoever looks for leaks
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(conf));
}

// Who asks for tokens; nullopt if the brokers want none.
std::optional<OauthClient> oauth_client(const config::StringMap& properties) {
  if (property_of(properties, "sasl.mechanisms") != "OAUTHBEARER") return std::nullopt;
  return OauthClient{property_of(properties, "sasl.oauthbearer.token.endpoint.url"),
                     property_of(properties, "sasl.oauthbearer.client.id"),
                     SecretString(property_of(properties, "sasl.oauthbearer.client.secret")),
                     property_of(properties, "sasl.oauthbearer.scope")};
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Offsets offsets_of(const rd_kafka_topic_partition_list_t& list) {
  Offsets offsets;
  for (int i = 0; i < list.cnt; ++i) {
    const rd_kafka_topic_partition_t& one = list.elems[i];
    offsets[{one.topic, one.partition}] = one.offset;
  }
  return offsets;
}

// nullptr if there is none.
const rd_kafka_topic_partition_t* first_refused(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return &list.elems[i];
  }
  return nullptr;
}

rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t& list) {
  const rd_kafka_topic_partition_t* const refused = first_refused(list);
  return refused == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : refused->err;
}

// Whether a line of librdkafka's log tells of the end of a connection that had just been made,
// while nothing is known of the cluster: "…/bootstrap: Disconnected (after 3ms in state UP)".
bool was_short(std::string_view line) {
  constexpr std::string_view kAfter = "(after ";
  constexpr int kShortMs = 1'000;
  const size_t at = line.find(kAfter);
  if (at == std::string_view::npos || line.find("/bootstrap") == std::string_view::npos) {
    return false;
  }
  int ms = kShortMs;
  std::from_chars(line.data() + at + kAfter.size(), line.data() + line.size(), ms);
  return ms < kShortMs;
}

}  // namespace

std::string packed_headers(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* list = nullptr;
  std::vector<format::Header> headers;
  if (rd_kafka_message_headers(&message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      format::Header header{name, std::nullopt};
      if (value != nullptr) header.value = std::string_view(static_cast<const char*>(value), size);
      headers.push_back(header);
    }
  }
  return format::pack_headers(headers);
}

Result<std::unique_ptr<Client>> Client::make(const config::StringMap& properties, Role role,
                                             const Service& service) {
  Conf conf(rd_kafka_conf_new());
  std::unique_ptr<Client> client(new Client(service, properties));
  rd_kafka_conf_set_opaque(conf.get(), client.get());
  rd_kafka_conf_set_error_cb(conf.get(), on_error);
  rd_kafka_conf_set_log_cb(conf.get(), on_log);
  if (role == Role::kProducer) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
    client->acknowledgements_.observe(conf.get());
  }
  client->rebootstrap_.attach(conf.get());
  client->oauth_ = oauth_client(properties);
  CHECK(!set_property(conf.get(), "reconnect.backoff.max.ms", kLongestReconnect),
        "librdkafka has it");
  for (const auto& [name, value] : properties) {
    if (client->oauth_ && name.starts_with("sasl.oauthbearer.")) continue;  // ours
    // The value may be a secret.
    if (set_property(conf.get(), name, value)) {
      return invalid_argument(service.name + ": librdkafka refuses the value of the property '" +
                              name + "'");
    }
  }
  if (client->oauth_) {
    client->extensions_ = split(property_of(properties, kExtensions), ",=");
    rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf.get(), on_token_wanted);
    rd_kafka_conf_enable_sasl_queue(conf.get(), 1);
  }
  std::array<char, 512> why{};
  client->handle_ = rd_kafka_new(role == Role::kConsumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                                 conf.get(), why.data(), why.size());
  if (client->handle_ == nullptr) {
    keep_for_good(std::move(conf));
    return invalid_argument(service.name + ": " + name_file(why.data(), properties));
  }
  (void)conf.release();  // librdkafka's now
  if (client->oauth_) {
    // Tokens are renewed by a thread of librdkafka's, whatever the others wait for.
    const Error error(rd_kafka_sasl_background_callbacks_enable(client->handle_));
    if (error != nullptr) {
      return internal_error(service.name + ": " + rd_kafka_error_string(error.get()));
    }
  }
  return client;
}

Client::~Client() {
  ending_.request_stop();
  // A consumer here is no member of a group, so there is none to leave.
  if (handle_ != nullptr) {
    rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
}

void Client::on_error(rd_kafka_t*, int error, const char* text, void* client) {
  static_cast<Client*>(client)->events_.add(static_cast<rd_kafka_resp_err_t>(error), text);
}

void Client::on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* client) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  static_cast<Client*>(client)->events_.add_refusal(*message);
}

// What librdkafka would print is in events_ already, where it matters, but for how connections end.
void Client::on_log(const rd_kafka_t* handle, int, const char*, const char* text) {
  const std::string_view line(text);
  if (line.find("Disconnected") == std::string_view::npos) return;
  Events& events = static_cast<Client*>(rd_kafka_opaque(handle))->events_;
  if (line.find("state UP") != std::string_view::npos && was_short(line)) events.add_early_end();
  if (line.find("state APIVERSION_QUERY") == std::string_view::npos) return;
  events.add(RD_KAFKA_RESP_ERR__TRANSPORT,
             "a broker closed a connection at the first word (an SSL listener?)");
}

void Client::on_token_wanted(rd_kafka_t* handle, const char*, void* client) {
  static_cast<Client*>(client)->renew_token(handle);
}

// librdkafka asks when four fifths of a token's life are over, and 10 s after a failure.
void Client::renew_token(rd_kafka_t* handle) {
  SystemClock clock;
  io::HttpClient http;
  Result<OauthToken> token = fetch_token(http, *oauth_, clock.now());
  for (const Duration pause : kTokenPauses) {
    if (token.ok() || !token.status().retriable()) break;
    events_.add_token_failure(token.status());
    if (!clock.wait(pause, ending_.get_token())) break;
    token = fetch_token(http, *oauth_, clock.now());
  }
  if (token.ok()) {
    std::vector<const char*> extensions;
    for (const std::string& text : extensions_) extensions.push_back(text.c_str());
    std::array<char, 512> why{};
    if (rd_kafka_oauthbearer_set_token(handle, token->value.c_str(), token->expires.millis(),
                                       oauth_->client_id.c_str(), extensions.data(),
                                       extensions.size(), why.data(),
                                       why.size()) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const std::lock_guard lock(token_mutex_);
      token_ = std::move(*token);
      return;
    }
    token = invalid_argument("the token cannot be used: " + std::string(why.data()));
  }
  events_.add_token_failure(token.status());
  rd_kafka_oauthbearer_set_token_failure(handle, token.status().message().c_str());
}

Result<OauthToken> Client::token() const {
  const std::lock_guard lock(token_mutex_);
  if (token_ && SystemClock().now() < token_->expires) return *token_;
  return unavailable("there is no token for the login that is still valid");
}

Status Client::failed(const std::string& what, rd_kafka_resp_err_t error,
                      const std::string& detail) const {
  return kafka_status(error, detail, service_).with_context(service_.name + ": " + what);
}

void Client::poll() {
  rd_kafka_poll(handle_, 0);
  rebootstrap_.run(handle_, property_of(properties_, "bootstrap.servers"));
}

Status Client::failure() {
  poll();
  return events_.failure();
}

bool Client::is_down() {
  poll();
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
    const bool over = steady_clock::now() >= end;
    if (!behind.ok() && events_.knows_why() && (is_down() || over)) {
      return behind.with_context(service_.name + ": " + what);
    }
    const Status status = failed(what, error, rd_kafka_err2str(error));
    if (!status.retriable()) return status;
    if (is_down() || over) {
      return unanswered(what, over,
                        behind.ok() ? status : behind.with_context(service_.name + ": " + what));
    }
    if (is_stopped()) {
      return cancelled(service_.name + ": " + what + ": stopped while waiting for an answer");
    }
  }
}

Status Client::unanswered(const std::string& what, bool over, const Status& last) const {
  const std::optional<std::string> listener = find_listener(properties_);
  if (!listener) return last;
  const std::string time =
      over ? " within " + std::to_string(kPatience.count() / 1'000) + " s" : std::string();
  return unavailable(service_.name + ": " + what + ": no answer" + time + ": " + *listener +
                     " accepts connections, but the broker does not answer; " + service_.reach);
}

void Client::heed(std::stop_token stop) {
  const std::lock_guard lock(stop_mutex_);
  stop_ = std::move(stop);
}

bool Client::is_stopped() const {
  const std::lock_guard lock(stop_mutex_);
  return stop_.stop_requested();
}

Result<std::vector<std::string>> Client::topics() {
  std::vector<std::string> names;
  RETURN_IF_ERROR(repeat("the " + service_.topic + "s", [&](int timeout_ms) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(handle_, 1, nullptr, &metadata, timeout_ms);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
    for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    return error;
  }));
  std::sort(names.begin(), names.end());
  return names;
}

template <typename Use>
Status Client::look_up(const std::string& topic, Use use) {
  rd_kafka_topic_t* handle = rd_kafka_topic_new(handle_, topic.c_str(), nullptr);
  if (handle == nullptr) {
    const rd_kafka_resp_err_t error = rd_kafka_last_error();
    return failed(service_.topic + " '" + topic + "'", error, rd_kafka_err2str(error));
  }
  const Status status =
      repeat("the partitions of " + service_.topic + " '" + topic + "'", [&](int timeout_ms) {
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
    return not_found(service_.name + ": there is no " + service_.topic + " '" + topic + "'; " +
                     service_.unknown_topic);
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

Result<std::vector<PartitionState>> Client::states(const std::string& topic) {
  std::vector<PartitionState> states;
  RETURN_IF_ERROR(look_up(topic, [&](const rd_kafka_metadata_t& metadata) {
    states.clear();
    for (int i = 0; i < metadata.topics[0].partition_cnt; ++i) {
      const rd_kafka_metadata_partition_t& from = metadata.topics[0].partitions[i];
      states.push_back({from.id,
                        from.leader,
                        {from.replicas, from.replicas + from.replica_cnt},
                        {from.isrs, from.isrs + from.isr_cnt}});
    }
  }));
  std::sort(states.begin(), states.end(),
            [](const PartitionState& a, const PartitionState& b) { return a.number < b.number; });
  return states;
}

Status Client::explain_silence(const Status& status, const std::string& topic) {
  if (status.code() != StatusCode::kUnavailable || is_down()) return status;
  const Result<std::vector<PartitionState>> states = this->states(topic);
  if (!states.ok()) return status;
  const std::string trouble = describe_trouble(topic, *states);
  return trouble.empty() ? status : unavailable(status.message() + "; besides, " + trouble);
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
  std::set<std::string> topics;
  for (const auto& [where, offset] : wanted) topics.insert(where.topic);
  std::string what = "the offsets of '" + *topics.begin() + "'";
  if (topics.size() > 1)
    what += " and " + format_count(topics.size() - 1, "other " + service_.topic);
  std::string asked = *topics.begin();  // of many, one that is refused
  const Status status = repeat(what, [&](int timeout_ms) {
    list = make_partition_list(wanted);
    const rd_kafka_resp_err_t error = rd_kafka_offsets_for_times(handle_, list.get(), timeout_ms);
    const rd_kafka_topic_partition_t* const refused = first_refused(*list);
    // Told by repeat(): of many partitions, this one is meant.
    if (refused != nullptr) {
      asked = refused->topic;
      what = "the offsets of '" + asked + "'";
    }
    return error != RD_KAFKA_RESP_ERR_NO_ERROR || refused == nullptr ? error : refused->err;
  });
  // The partitions were there a moment ago: a broker that has just started may not know them yet.
  if (status.code() == StatusCode::kNotFound) return unavailable(status.message());
  RETURN_IF_ERROR(explain_silence(status, asked));
  Offsets found = offsets_of(*list);
  // No record is that young.
  Offsets ends;
  for (const auto& [where, offset] : found) {
    if (offset < 0) ends[where] = Start::kLatest;
  }
  if (!ends.empty() && std::any_of(ends.begin(), ends.end(), [&](const auto& end) {
        return wanted.at(end.first) == Start::kLatest;
      })) {
    return internal_error(service_.name + ": a broker did not say where a partition ends");
  }
  ASSIGN_OR_RETURN(const Offsets latest, list_offsets(ends));
  for (const auto& [where, offset] : latest) found[where] = offset;
  return found;
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
