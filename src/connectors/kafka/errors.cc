#include "connectors/kafka/errors.h"

#include <algorithm>
#include <string_view>

namespace lakeward::connectors::kafka {
namespace {

// How librdkafka's report of a token that could not be had begins.
constexpr std::string_view kNoToken = "Failed to acquire SASL OAUTHBEARER token";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// Alerts by which a broker refuses the client's certificate, or asks for one (RFC 8446, 6).
bool refuses_client(std::string_view text) {
  for (const std::string_view alert :
       {"alert certificate required", "alert unknown ca", "alert bad certificate",
        "alert certificate unknown", "alert certificate expired", "alert handshake failure"}) {
    if (contains(text, alert)) return true;
  }
  return false;
}

bool refuses_broker(std::string_view text) { return contains(text, "verify failed"); }
bool is_no_tls(std::string_view text) { return contains(text, "wrong version number"); }
// The other side ended the first words: one of both speaks TLS and the other does not, or it is a
// broker that goes away. librdkafka has several words for it.
bool may_be_no_tls(rd_kafka_resp_err_t error, std::string_view text) {
  return error == RD_KAFKA_RESP_ERR__TRANSPORT &&
         (contains(text, "SSL listener?") || contains(text, "in state SSL_HANDSHAKE"));
}
// librdkafka calls a login that it got no answer to refused, too: "SASL PLAIN mechanism handshake
// failed: Local: Broker transport failure". What it says of itself begins with "Local: ".
bool was_not_answered(rd_kafka_resp_err_t error, std::string_view text) {
  return error == RD_KAFKA_RESP_ERR__AUTHENTICATION &&
         contains(text, "mechanism handshake failed: Local: ");
}

bool needs_mending(rd_kafka_resp_err_t error, std::string_view text) {
  if (was_not_answered(error, text)) return false;
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
    default:
      // A handshake may also fail because a broker goes away in the middle of it.
      return refuses_broker(text) || refuses_client(text) || is_no_tls(text);
  }
}

std::string next_step(rd_kafka_resp_err_t error, std::string_view text, const Service& service) {
  if (was_not_answered(error, text)) return service.reach;
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return service.login;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return service.topic_permission;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return service.group_permission;
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return service.reach;
    default:
      break;
  }
  if (refuses_broker(text)) return service.certificate;
  if (refuses_client(text)) return service.own_certificate;
  if (is_no_tls(text)) return service.encryption;
  if (may_be_no_tls(error, text)) return "if that goes on, " + service.encryption;
  if (error == RD_KAFKA_RESP_ERR__TRANSPORT) return service.reach;
  return "";
}

// Without advice on librdkafka's own properties, which have other names here.
std::string in_our_words(const std::string& detail) {
  const size_t advice = detail.find(", verify that ssl.ca.location");
  return detail.substr(0, advice);
}

}  // namespace

Status kafka_status(rd_kafka_resp_err_t error, const std::string& detail, const Service& service) {
  std::string message = in_our_words(detail);
  const std::string step = next_step(error, detail, service);
  if (!step.empty()) message += "; " + step;
  if (needs_mending(error, detail)) return invalid_argument(message);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
      error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
    return not_found(message);
  }
  return unavailable(message);
}

void Events::add(rd_kafka_resp_err_t error, const char* text) {
  const std::lock_guard lock(mutex_);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    all_down_ = true;
    return;
  }
  // add_token_failure() knows more.
  if (std::string_view(text).starts_with(kNoToken)) return;
  const Status status = kafka_status(error, text, service_);
  if (status.code() == StatusCode::kInvalidArgument) {
    fatal_ = status;
  } else {
    last_ = status;
  }
}

void Events::add_token_failure(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (status.retriable()) {
    last_ = status;
    all_down_ = true;  // nobody lets us in
  } else {
    fatal_ = status;
  }
}

void Events::add_early_end() {
  const std::lock_guard lock(mutex_);
  ++early_ends_;
}

void Events::clear() {
  const std::lock_guard lock(mutex_);
  fatal_.reset();
  last_ = ok_status();
  all_down_ = false;
  early_ends_ = 0;
}

Status Events::failure() const {
  const std::lock_guard lock(mutex_);
  if (fatal_) return *fatal_;
  // Once may be a broker that goes away.
  if (early_ends_ > 1) {
    return unavailable(
        "the brokers end each connection at its first request, as they do if they want a login; " +
        service_.login);
  }
  if (!last_.ok()) return unavailable(last_.message());
  return all_down_ ? unavailable("no broker can be reached; " + service_.reach) : ok_status();
}

bool Events::knows_why() const {
  const std::lock_guard lock(mutex_);
  return fatal_ || early_ends_ > 1 || !last_.ok();
}

void Events::add_refusal(const rd_kafka_message_t& message) {
  const std::lock_guard lock(mutex_);
  // What an abort throws away was not refused.
  if (message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
      message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
    return;
  }
  // rd_kafka_message_errstr() gives a producer's record itself, and
  // rd_kafka_message_produce_errstr() what the broker said of it in memory that is freed by now.
  const std::string text = rd_kafka_err2str(message.err);
  const size_t bytes = message.len + message.key_len;
  if (!refusal_) {
    refusal_ = {message.err, text, bytes};
  } else if (refusal_->error == message.err) {
    // A batch is refused as a whole.
    refusal_->bytes = std::max(refusal_->bytes, bytes);
    ++refusal_->records;
  }
}

std::optional<Events::Refusal> Events::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

bool Events::is_down() const {
  const std::lock_guard lock(mutex_);
  return all_down_ || fatal_.has_value();
}

}  // namespace lakeward::connectors::kafka
