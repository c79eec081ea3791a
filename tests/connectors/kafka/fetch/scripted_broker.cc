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

// It knows nothing but Fetch and perhaps OffsetForLeaderEpoch, of the versions that are asked here.
std::string format_versions(int32_t correlation, bool knows_epochs) {
  WireWriter writer;
  writer.number(correlation);
  writer.number(int16_t{0});  // no error
  writer.number(int32_t{knows_epochs ? 2 : 1});
  for (const int16_t number : {kFetchApi, kFetchVersion, kFetchVersion}) writer.number(number);
  if (knows_epochs) {
    for (const int16_t number : {kEpochApi, kEpochVersion, kEpochVersion}) writer.number(number);
  }
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
                               EndOfEpoch end_of_epoch)
    : answer_(std::move(answer)),
      end_of_epoch_(std::move(end_of_epoch)),
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

void ScriptedBroker::serve(int socket) {
  while (const std::optional<std::string> request = receive_request(socket)) {
    WireReader reader(*request);
    const auto api = reader.number<int16_t>();
    reader.number<int16_t>();  // version
    const auto correlation = reader.number<int32_t>();
    reader.text();  // the client's name
    if (api == kApiVersions) {
      if (!send_all(socket, format_versions(correlation, end_of_epoch_ != nullptr))) return;
      continue;
    }
    if (api == kEpochApi && end_of_epoch_) {
      if (!send_all(socket, answer_epochs(correlation, reader, end_of_epoch_))) return;
      continue;
    }
    EXPECT_EQ(api, kFetchApi);
    const FetchAnswer answer = answer_(parse_request(reader));
    if (answer.empty()) continue;
    if (!send_all(socket, format_answer(correlation, answer))) return;
  }
}

}  // namespace lakeward::connectors::kafka::fetch
