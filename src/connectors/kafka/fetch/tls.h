// TLS over a connection, by OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/secret.h"
#include "base/status.h"
#include "connectors/kafka/fetch/byte_stream.h"

struct ssl_ctx_st;

namespace lakeward::connectors::kafka::fetch {

struct TlsOptions {
  std::string authorities;  // a PEM file or a folder of them; empty: the system's
  std::string certificate;  // the client's, a PEM file; may be empty
  std::string key;
  SecretString key_password;
  bool verify = true;  // the broker's certificate and that it is for this host
};

// What is the same for all connections: TLS 1.2 or newer, certificates and authorities.
class TlsContext {
 public:
  // Reads the files. Errors: InvalidArgument.
  static Result<std::shared_ptr<const TlsContext>> make(const TlsOptions& options);

  // A stream that encrypts what goes through `below`, to a broker that shows a certificate for
  // `host`: a name or an address.
  Result<std::unique_ptr<ByteStream>> encrypt(std::unique_ptr<ByteStream> below,
                                              const std::string& host) const;

 private:
  struct Deleter {
    void operator()(ssl_ctx_st* context) const;
  };
  TlsContext() = default;
  std::unique_ptr<ssl_ctx_st, Deleter> context_;
};

}  // namespace lakeward::connectors::kafka::fetch
