#include "connectors/kafka/fetch/scripted_broker.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "connectors/kafka/fetch/epoch_api.h"
#include "connectors/kafka/fetch/wire.h"
#include "support/loopback.h"

namespace lakeward::connectors::kafka::fetch {
namespace {

constexpr int16_t kApiVersions = 18;
constexpr int16_t kMetadataApi = 3;
constexpr int16_t kMetadataVersion = 1;
constexpr int32_t kBrokerId = 1;
constexpr int32_t kOtherTopics = 5'000;

bool receive_all(int socket, std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::recv(socket, bytes.data() + done, bytes.size() - done, 0);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::optional<std::string> receive_request(int socket) {
  std::string size(4, '\0');
  if (!receive_all(socket, size)) return std::nullopt;
  std::string request(static_cast<size_t>(load_big_endian<int32_t>(size.data())), '\0');
  if (!receive_all(socket, request)) return std::nullopt;
  return request;
}

FetchRequest parse_request(WireReader& reader) {
  FetchRequest request;
  reader.number<int32_t>();  // a consumer
  reader.number<int32_t>();  // how long to wait
  reader.number<int32_t>();  // bytes at least
  request.bytes = reader.number<int32_t>();
  reader.number<int8_t>();  // isolation level
  const int32_t topics = reader.count(6);
  for (int32_t t = 0; t < topics; ++t) {
    const std::string topic(reader.text());
    const int32_t partitions = reader.count(16);
    for (int32_t i = 0; i < partitions; ++i) {
      const auto number = reader.number<int32_t>();
      FetchRequest::Position& position = request.positions[{topic, number}];
      position.offset = reader.number<int64_t>();
      position.bytes = reader.number<int32_t>();
    }
  }
  EXPECT_TRUE(reader.ok() && reader.left() == 0) << "this is no Fetch of version 4";
  return request;
}

std::string format_answer(int32_t correlation, const FetchAnswer& answer) {
  WireWriter writer;
  writer.number(correlation);
  writer.number(int32_t{0});                           // throttle time
  writer.number(static_cast<int32_t>(answer.size()));  // a topic may be named several times
  std::string text = writer.str();
  for (const auto& [where, given] : answer) {
    WireWriter one;
    one.text(where.topic);
    one.number(int32_t{1});
    one.number(where.partition);
    one.number(static_cast<int16_t>(given.error));
    one.number(int64_t{-1});  // high watermark
    one.number(int64_t{-1});  // last stable offset
    one.number(int32_t{0});   // aborted transactions
    one.number(static_cast<int32_t>(given.batches.size()));
    text += one.str() + given.batches;
  }
  WireWriter size;
  size.number(static_cast<int32_t>(text.size()));
  return size.str() + text;
}

void add_topic(WireWriter& writer, const std::string& topic, int32_t leader) {
  writer.number(int16_t{0});
  writer.text(topic);
  writer.number(int8_t{0});   // not internal
  writer.number(int32_t{1});  // partitions
  writer.number(static_cast<int16_t>(leader >= 0 ? RD_KAFKA_RESP_ERR_NO_ERROR
                                                 : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE));
  writer.number(int32_t{0});
  writer.number(leader);
  for (int i = 0; i < 2; ++i) {  // replicas, and those in sync
    writer.number(int32_t{1});
    writer.number(kBrokerId);
  }
}

// One broker with one topic; or, if not `knows_itself`, no broker, and so many topics that
// librdkafka is still reading of them when the connections it gives up have ended.
std::string format_metadata(int32_t correlation, const BrokerAddress& self, bool knows_itself) {
  WireWriter writer;
  writer.number(correlation);
  writer.number(int32_t{knows_itself ? 1 : 0});
  if (knows_itself) {
    writer.number(kBrokerId);
    writer.text(self.host);
    writer.number(int32_t{self.port});
    writer.number(int16_t{-1});  // no rack
  }
  const int32_t leader = knows_itself ? kBrokerId : -1;
  const int32_t others = knows_itself ? 0 : kOtherTopics;
  writer.number(leader);  // the controller
  writer.number(others + 1);
  // librdkafka takes no more than four times the size of an answer to note what it says.
  const std::string padding(200, 'o');
  for (int32_t i = 0; i < others; ++i) add_topic(writer, padding + std::to_string(i), leader);
  add_topic(writer, "t", leader);
  return writer.framed();
}

std::string answer_epochs(int32_t correlation, WireReader& reader, const EndOfEpoch& end_of_epoch) {
  WireWriter writer;
  writer.number(correlation);
  writer.number(int32_t{0});  // throttle time
  const int32_t topics = reader.count(6);
  writer.number(topics);
  for (int32_t t = 0; t < topics; ++t) {
    const std::string topic(reader.text());
    const int32_t partitions = reader.count(12);
    writer.text(topic);
    writer.number(partitions);
    for (int32_t i = 0; i < partitions; ++i) {
      const TopicPartition partition{topic, reader.number<int32_t>()};
      EXPECT_EQ(reader.number<int32_t>(), -1) << "the current epoch is not known";
      const auto epoch = reader.number<int32_t>();
      const int64_t end = end_of_epoch(partition, epoch);
      writer.number(int16_t{0});
      writer.number(partition.partition);
      writer.number(end < 0 ? int32_t{-1} : epoch);
      writer.number(end);
    }
  }
  EXPECT_TRUE(reader.ok() && reader.left() == 0) << "this is no OffsetForLeaderEpoch of version 2";
  return writer.framed();
}

}  // namespace

ScriptedBroker::ScriptedBroker(std::function<FetchAnswer(const FetchRequest&)> answer,
                               EndOfEpoch end_of_epoch, KnowsItself knows_itself)
    : answer_(std::move(answer)),
      end_of_epoch_(std::move(end_of_epoch)),
      knows_itself_(std::move(knows_itself)),
      listener_(test::listen_on_loopback(port_)) {
  accepting_ = std::thread([this] { accept_connections(); });
}

ScriptedBroker::~ScriptedBroker() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  for (std::thread& thread : serving_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

void ScriptedBroker::accept_connections() {
  while (!stopping_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    sockets_.push_back(socket);
    serving_.emplace_back([this, socket] { serve(socket); });
  }
}

// Of each request, the version that is asked here. Whoever asks in another version of this request
// than 0 is told to ask in that.
std::string ScriptedBroker::format_versions(int32_t correlation, int16_t version) const {
  std::vector<std::pair<int16_t, int16_t>> known{{kFetchApi, kFetchVersion}};
  if (end_of_epoch_) known.emplace_back(kEpochApi, kEpochVersion);
  if (knows_itself_) known.emplace_back(kMetadataApi, kMetadataVersion);
  WireWriter writer;
  writer.number(correlation);
  writer.number(static_cast<int16_t>(version == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR
                                                  : RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION));
  writer.number(static_cast<int32_t>(known.size()));
  for (const auto& [api, of] : known) {
    for (const int16_t number : {api, of, of}) writer.number(number);
  }
  return writer.framed();
}

void ScriptedBroker::serve(int socket) {
  while (const std::optional<std::string> request = receive_request(socket)) {
    WireReader reader(*request);
    const auto api = reader.number<int16_t>();
    const auto version = reader.number<int16_t>();
    const auto correlation = reader.number<int32_t>();
    reader.text();  // the client's name
    if (api == kApiVersions) {
      if (!send_all(socket, format_versions(correlation, version))) return;
      continue;
    }
    if (api == kEpochApi && end_of_epoch_) {
      if (!send_all(socket, answer_epochs(correlation, reader, end_of_epoch_))) return;
      continue;
    }
    if (api == kMetadataApi && knows_itself_) {
      if (!send_all(socket, format_metadata(correlation, address(), knows_itself_()))) return;
      continue;
    }
    EXPECT_EQ(api, kFetchApi);
    const FetchAnswer answer = answer_(parse_request(reader));
    if (answer.empty()) continue;
    if (!send_all(socket, format_answer(correlation, answer))) return;
  }
}

}  // namespace lakeward::connectors::kafka::fetch
