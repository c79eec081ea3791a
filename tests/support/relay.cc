#include "support/relay.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace lakeward::test {
namespace {

constexpr int kLookAgainMs = 50;

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

bool send_all(int socket, const char* bytes, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

Relay::Relay(const std::string& host, int to_port, std::vector<uint64_t> cuts)
    : to_port_(to_port), cuts_(std::move(cuts)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = address_of(host, 0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_, generic, size), 0) << std::strerror(errno);
  EXPECT_EQ(::listen(listener_, 16), 0);
  EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_all(); });
}

Relay::~Relay() {
  stopping_ = true;
  accepting_.join();
  for (std::thread& relay : relays_) relay.join();
  ::close(listener_);
}

void Relay::accept_all() {
  while (!stopping_) {
    pollfd waiting{listener_, POLLIN, 0};
    if (::poll(&waiting, 1, kLookAgainMs) <= 0) continue;
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) continue;
    const size_t number = connections_++;
    const uint64_t cut = number < cuts_.size() ? cuts_[number] : UINT64_MAX;
    relays_.emplace_back([this, client, cut] { relay(client, cut); });
  }
}

void Relay::relay(int client, uint64_t cut) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of("127.0.0.1", to_port_);
  bool open = ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  uint64_t came_back = 0;
  std::array<char, 4096> bytes{};
  while (open && !stopping_ && came_back < cut) {
    std::array<pollfd, 2> waiting = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), kLookAgainMs) <= 0) continue;
    for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 0)}) {
      if (waiting[static_cast<size_t>(from)].revents == 0) continue;
      const ssize_t got =
          ::recv(waiting[static_cast<size_t>(from)].fd, bytes.data(), bytes.size(), 0);
      open = got > 0 &&
             send_all(waiting[static_cast<size_t>(to)].fd, bytes.data(), static_cast<size_t>(got));
      if (!open) break;
      if (from == 1) came_back += static_cast<uint64_t>(got);
    }
  }
  ::close(server);
  ::close(client);
}

}  // namespace lakeward::test
