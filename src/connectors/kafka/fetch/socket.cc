#include "connectors/kafka/fetch/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lakeward::connectors::kafka::fetch {
namespace {

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

Status failed(const char* what, int error) {
  return unavailable(std::string(what) + " failed: " + std::strerror(error));
}

}  // namespace

Result<std::unique_ptr<ByteStream>> Socket::connect(const BrokerAddress& broker, size_t first) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(broker.port);
  if (const int error = getaddrinfo(broker.host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return unavailable(std::string("the host cannot be found: ") + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::unique_ptr<Socket> socket(new Socket());
  std::vector<Address>& addresses = socket->addresses_;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address{};
    std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  std::rotate(addresses.begin(),
              addresses.begin() + static_cast<ptrdiff_t>(first % addresses.size()),
              addresses.end());
  std::reverse(addresses.begin(), addresses.end());
  RETURN_IF_ERROR(socket->try_next());
  return std::unique_ptr<ByteStream>(std::move(socket));
}

Socket::~Socket() { close(); }

void Socket::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

Status Socket::try_next() {
  int error = ECONNREFUSED;
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    close();
    socket_ = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ >= 0) {
      const int on = 1;
      ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      ::setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
      if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) ==
              0 ||
          errno == EINPROGRESS) {
        events_ = POLLOUT;
        return ok_status();
      }
    }
    error = errno;
  }
  return failed("connecting", error);
}

Result<bool> Socket::establish() {
  if (connected_) return true;
  pollfd writable{socket_, POLLOUT, 0};
  if (::poll(&writable, 1, 0) == 0) return false;
  int error = 0;
  socklen_t size = sizeof(error);
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return connected_ = true;
  if (addresses_.empty()) return failed("connecting", error);
  RETURN_IF_ERROR(try_next());
  return false;
}

Result<size_t> Socket::send(std::string_view bytes) {
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<size_t>(sent);
  if (!would_wait()) return failed("sending", errno);
  events_ = POLLOUT;
  return size_t{0};
}

Result<size_t> Socket::receive(char* into, size_t size) {
  const ssize_t got = ::recv(socket_, into, size, 0);
  if (got > 0) return static_cast<size_t>(got);
  if (got == 0) return unavailable(std::string(kClosedByBroker));
  if (!would_wait()) return failed("receiving", errno);
  events_ = POLLIN;
  return size_t{0};
}

}  // namespace lakeward::connectors::kafka::fetch
