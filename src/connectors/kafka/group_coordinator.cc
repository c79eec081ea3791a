#include "connectors/kafka/group_coordinator.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "connectors/kafka/bootstrap.h"
#include "connectors/kafka/connection.h"
#include "connectors/kafka/fetch/security.h"

namespace lakeward::connectors::kafka {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{5};

}  // namespace

Interrupt::Interrupt() : event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(event_ >= 0, "the system has no more file descriptors");
}
Interrupt::~Interrupt() { ::close(event_); }
void Interrupt::set() { eventfd_write(event_, 1); }
bool Interrupt::is_set() const {
  pollfd readable{event_, POLLIN, 0};
  return ::poll(&readable, 1, 0) == 1;
}

Result<std::unique_ptr<GroupCoordinator>> GroupCoordinator::make(std::string group,
                                                                 const Client& client,
                                                                 const Interrupt& interrupt) {
  CHECK(fetch::can_secure(client.properties()), "asked before");
  Result<fetch::Security> security =
      fetch::make_security(client.properties(), [&client] { return client.token(); });
  if (!security.ok()) return security.status().with_context(client.service().name);
  return std::unique_ptr<GroupCoordinator>(
      new GroupCoordinator(std::move(group), client, interrupt, std::move(*security)));
}

GroupCoordinator::GroupCoordinator(std::string group, const Client& client,
                                   const Interrupt& interrupt, fetch::Security security)
    : group_(std::move(group)),
      client_(client),
      interrupt_(interrupt),
      security_(std::move(security)),
      client_id_(property_of(client.properties(), "client.id")),
      brokers_(bootstrap_brokers(client.properties())) {}

Status GroupCoordinator::commit(const Offsets& offsets) {
  const Result<int16_t> error = try_commit(offsets);
  const Status status = error.ok() ? refusal(*error) : failure(error.status());
  if (!status.ok()) found_ = false;
  return status;
}

Result<std::optional<bool>> GroupCoordinator::may_read() {
  const Result<fetch::DescribedGroup> group = describe();
  const int16_t error = group.ok() ? group->error : 0;
  if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) return std::optional(false);
  if (!group.ok() || error != 0) {
    found_ = false;
    return group.ok() ? refusal(error) : failure(group.status());
  }
  if (group->operations == fetch::DescribedGroup::kNotTold) return std::optional<bool>();
  return std::optional((group->operations & fetch::DescribedGroup::kRead) != 0);
}

// The first error that waiting does not mend, or else the first.
Result<int16_t> GroupCoordinator::try_commit(const Offsets& offsets) {
  ASSIGN_OR_RETURN(const int16_t not_found, find());
  if (not_found != 0) return not_found;
  ASSIGN_OR_RETURN(const fetch::GroupRequest request, next_request(fetch::kOffsetCommit));
  ASSIGN_OR_RETURN(const fetch::Answer answer, ask(offset_commit_request(request, offsets)));
  ASSIGN_OR_RETURN(const fetch::CommitErrors errors,
                   parse_offset_commit_response(answer.text, request));
  int16_t first = 0;
  for (const auto& [partition, error] : errors) {
    if (error == 0) continue;
    if (!refusal(error).retriable()) return error;
    if (first == 0) first = error;
  }
  return first;
}

Result<fetch::DescribedGroup> GroupCoordinator::describe() {
  ASSIGN_OR_RETURN(const int16_t not_found, find());
  if (not_found != 0) return fetch::DescribedGroup{not_found};
  if (!connection_->has(fetch::kDescribeGroups.number, fetch::kDescribeGroups.versions.front())) {
    return fetch::DescribedGroup();
  }
  ASSIGN_OR_RETURN(const fetch::GroupRequest request, next_request(fetch::kDescribeGroups));
  ASSIGN_OR_RETURN(const fetch::Answer answer, ask(describe_group_request(request)));
  return parse_describe_group_response(answer.text, request);
}

Result<int16_t> GroupCoordinator::find() {
  if (found_) {
    RETURN_IF_ERROR(let_in());
    return int16_t{0};
  }
  if (brokers_.empty()) return invalid_argument("no broker is known");
  if (group_.size() > std::numeric_limits<int16_t>::max()) {
    return static_cast<int16_t>(RD_KAFKA_RESP_ERR_INVALID_GROUP_ID);
  }
  Result<int16_t> error = unavailable("nobody was asked");
  for (size_t i = 0; i < brokers_.size() && !interrupt_.is_set(); ++i) {
    error = find_at(brokers_[turn_ % brokers_.size()]);
    if (error.ok() || !error.status().retriable()) break;
    ++turn_;
  }
  if (error.ok() && *error == 0) {
    RETURN_IF_ERROR(let_in());
    found_ = true;
  }
  return error;
}

Result<int16_t> GroupCoordinator::find_at(const BrokerAddress& broker) {
  connect_to(broker);
  RETURN_IF_ERROR(let_in());
  ASSIGN_OR_RETURN(const fetch::GroupRequest request, next_request(fetch::kFindCoordinator));
  ASSIGN_OR_RETURN(const fetch::Answer answer, ask(find_coordinator_request(request)));
  ASSIGN_OR_RETURN(const fetch::FoundCoordinator coordinator,
                   parse_find_coordinator_response(answer.text, request));
  if (coordinator.error == 0) connect_to(coordinator.address);
  return coordinator.error;
}

void GroupCoordinator::connect_to(const BrokerAddress& broker) {
  if (connection_ != nullptr && connection_->address() == broker) return;
  connection_ = std::make_unique<fetch::Connection>(broker, client_id_, security_, memory_);
}

Status GroupCoordinator::let_in() {
  if (connection_->is_idle()) {
    if (Clock::now() >= connection_->expires()) connection_->close();
    // Whether the broker has ended it meanwhile.
    if (connection_->is_open()) RETURN_IF_ERROR(connection_->proceed().status());
  }
  if (!connection_->is_open()) RETURN_IF_ERROR(connection_->open());
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (!connection_->is_idle()) {
    RETURN_IF_ERROR(wait(deadline));
    RETURN_IF_ERROR(connection_->proceed().status());
  }
  return ok_status();
}

Result<fetch::GroupRequest> GroupCoordinator::next_request(const fetch::GroupApi& api) {
  for (const int16_t version : api.versions) {
    if (connection_->has(api.number, version)) {
      return fetch::GroupRequest{version, ++correlation_, client_id_, group_};
    }
  }
  return unsupported("the broker has no " + std::string(api.name) + " of version " +
                     std::to_string(api.versions.front()));
}

Result<fetch::Answer> GroupCoordinator::ask(std::string question) {
  RETURN_IF_ERROR(connection_->ask(std::move(question)));
  const Clock::time_point deadline = Clock::now() + kPatience;
  while (true) {
    RETURN_IF_ERROR(wait(deadline));
    ASSIGN_OR_RETURN(std::optional<fetch::Answer> answer, connection_->proceed());
    if (answer) return std::move(*answer);
  }
}

Status GroupCoordinator::wait(Clock::time_point deadline) {
  std::array<pollfd, 2> waiting = {pollfd{connection_->descriptor(), connection_->events(), 0},
                                   pollfd{interrupt_.descriptor(), POLLIN, 0}};
  const auto rest = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  if (rest > 0) ::poll(waiting.data(), waiting.size(), static_cast<int>(rest));
  if (rest > 0 && waiting[1].revents == 0) return ok_status();
  connection_->close();
  return unavailable(connection_->address().host + ": no answer for " +
                     std::to_string(kPatience.count()) + " s");
}

Status GroupCoordinator::refusal(int16_t number) const {
  const auto error = static_cast<rd_kafka_resp_err_t>(number);
  const std::string what = "the offsets of the group '" + group_ + "'";
  const std::string text = rd_kafka_err2str(error);
  const std::string place = client_.service().name + ": " + what + ": ";
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return ok_status();
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
      return invalid_argument(place + text + "; choose another name for the group");
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
      return invalid_argument(place + text +
                              "; another program is a member of the group: choose another name "
                              "for it");
    // The partition was there a moment ago: a broker that has just started may not know it yet.
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return unavailable(place + text);
    default:
      return client_.failed(what, error, text);
  }
}

Status GroupCoordinator::failure(const Status& status) const {
  if (status.code() == StatusCode::kUnsupported) {
    return status.with_context(client_.service().name);
  }
  const auto error = status.code() == StatusCode::kInvalidArgument
                         ? RD_KAFKA_RESP_ERR__AUTHENTICATION
                         : RD_KAFKA_RESP_ERR__TRANSPORT;
  return client_.failed("the offsets of the group '" + group_ + "'", error, status.message());
}

}  // namespace lakeward::connectors::kafka
