// A TCP relay on this machine: what connects to it reaches a server, until it is told to cut.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace lakeward::test {

// Thread-safe.
class Relay {
 public:
  // Listens on a free port of `host` (an IPv4 address) and connects to `to_port` of 127.0.0.1.
  // Each connection in turn is cut once so many bytes have come back through it; those beyond the
  // list never are.
  Relay(const std::string& host, int to_port, std::vector<uint64_t> cuts = {});
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }
  // Connections so far.
  size_t connections() const { return connections_; }

 private:
  void accept_all();
  void relay(int client, uint64_t cut);

  const int to_port_;
  const std::vector<uint64_t> cuts_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<size_t> connections_{0};
  std::atomic<bool> stopping_{false};
  std::list<std::thread> relays_;
  std::thread accepting_;
};

}  // namespace lakeward::test
