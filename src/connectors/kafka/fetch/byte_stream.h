// Bytes to and from a broker, plain or encrypted, without ever waiting.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"

namespace lakeward::connectors::kafka::fetch {

// Used by one thread. After an error it is of no use any more. Errors: Unavailable; of a TLS
// handshake, the text is OpenSSL's, by which kafka_status() knows what has to be mended.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Goes on with what comes before the first byte: connecting, and the TLS handshake. True once
  // that is done.
  virtual Result<bool> establish() = 0;
  // How many of the bytes were sent, or were received; 0 if that has to wait for events().
  virtual Result<size_t> send(std::string_view bytes) = 0;
  virtual Result<size_t> receive(char* into, size_t size) = 0;

  // What poll() is to wait for before the last call is repeated. The descriptor may be another
  // after establish().
  virtual int descriptor() const = 0;
  virtual short events() const = 0;
};

// How the error of a stream that the other side has closed begins.
inline constexpr std::string_view kClosedByBroker = "the broker closed the connection";

}  // namespace lakeward::connectors::kafka::fetch
