// A TCP connection to a broker.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/client.h"
#include "connectors/kafka/fetch/byte_stream.h"

namespace lakeward::connectors::kafka::fetch {

class Socket final : public ByteStream {
 public:
  // Begins to connect to one of the host's addresses, at first to the one numbered `first`, and to
  // each once if the others refuse. Looking the host up may wait. Errors: Unavailable.
  static Result<std::unique_ptr<ByteStream>> connect(const BrokerAddress& broker, size_t first);
  ~Socket() override;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<bool> establish() override;
  Result<size_t> send(std::string_view bytes) override;
  Result<size_t> receive(char* into, size_t size) override;
  int descriptor() const override { return socket_; }
  short events() const override { return events_; }

 private:
  struct Address {
    sockaddr_storage bytes;
    socklen_t size;
  };

  Socket() = default;
  // Begins with the next of the addresses that is not refused at once.
  Status try_next();
  void close();

  std::vector<Address> addresses_;  // those not tried yet, the next one last
  int socket_ = -1;
  bool connected_ = false;
  short events_ = 0;
};

}  // namespace lakeward::connectors::kafka::fetch
