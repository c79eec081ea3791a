#include "connectors/kafka/bootstrap.h"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

#include "connectors/kafka/connection.h"
#include "connectors/kafka/fetch/socket.h"

namespace lakeward::connectors::kafka {
namespace {

constexpr int kUsualPort = 9092;
constexpr size_t kAsked = 3;  // of many brokers, when something is wrong with all
constexpr int kConnectMs = 1'000;

BrokerAddress parse_address(std::string_view text) {
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + 3);
  }
  BrokerAddress address{std::string(text), kUsualPort};
  const size_t colon = text.rfind(':');
  const bool in_brackets = text.find(']', std::min(colon, text.size())) != std::string_view::npos;
  if (colon != std::string_view::npos && !in_brackets) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
    address.host = text.substr(0, colon);
  }
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  return address;
}

bool takes_connections(const BrokerAddress& broker) {
  const Result<std::unique_ptr<fetch::ByteStream>> socket = fetch::Socket::connect(broker, 0);
  if (!socket.ok()) return false;
  while (true) {
    const Result<bool> connected = (*socket)->establish();
    if (!connected.ok() || *connected) return connected.ok();
    pollfd waiting{(*socket)->descriptor(), (*socket)->events(), 0};
    if (::poll(&waiting, 1, kConnectMs) == 0) return false;
  }
}

}  // namespace

std::vector<BrokerAddress> bootstrap_brokers(const config::StringMap& properties) {
  std::vector<BrokerAddress> brokers;
  for (const std::string& one : broker_addresses({property_of(properties, "bootstrap.servers")})) {
    brokers.push_back(parse_address(one));
  }
  return brokers;
}

std::optional<std::string> find_listener(const config::StringMap& properties) {
  const std::vector<BrokerAddress> brokers = bootstrap_brokers(properties);
  for (size_t i = 0; i < std::min(brokers.size(), kAsked); ++i) {
    if (takes_connections(brokers[i])) {
      return brokers[i].host + ":" + std::to_string(brokers[i].port);
    }
  }
  return std::nullopt;
}

}  // namespace lakeward::connectors::kafka
