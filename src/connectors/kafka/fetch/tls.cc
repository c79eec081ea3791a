#include "connectors/kafka/fetch/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

namespace lakeward::connectors::kafka::fetch {
namespace {

// Several records are taken from the system at a time.
constexpr size_t kReadAhead = 256 << 10;

// Why OpenSSL failed, from its oldest error, which is the cause; forgets them all.
std::string take_reason() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "no reason is known" : reason;
}

// Without a password OpenSSL would ask for it at the terminal.
int give_password(char* into, int size, int, void* password) {
  if (password == nullptr) return -1;
  const std::string& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

// ---- the stream below, as OpenSSL sees it
// --------------------------------------------------------

struct Below {
  std::unique_ptr<ByteStream> stream;
  Status failure;
};

Below& below_of(BIO* bio) { return *static_cast<Below*>(BIO_get_data(bio)); }

int write_below(BIO* bio, const char* bytes, size_t size, size_t* written) {
  Below& below = below_of(bio);
  BIO_clear_retry_flags(bio);
  const Result<size_t> sent = below.stream->send({bytes, size});
  if (!sent.ok()) {
    below.failure = sent.status();
    return 0;
  }
  if (*sent == 0) BIO_set_retry_write(bio);
  *written = *sent;
  return *sent > 0 ? 1 : 0;
}

int read_below(BIO* bio, char* into, size_t size, size_t* got) {
  Below& below = below_of(bio);
  BIO_clear_retry_flags(bio);
  const Result<size_t> received = below.stream->receive(into, size);
  if (!received.ok()) {
    below.failure = received.status();
    return 0;
  }
  if (*received == 0) BIO_set_retry_read(bio);
  *got = *received;
  return *received > 0 ? 1 : 0;
}

long control_below(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return below_of(bio).failure.ok() ? 0 : 1;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "byte stream");
  BIO_meth_set_write_ex(method, write_below);
  BIO_meth_set_read_ex(method, read_below);
  BIO_meth_set_ctrl(method, control_below);
  return method;
}

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// ---- the encrypted stream
// ------------------------------------------------------------------------

class TlsStream final : public ByteStream {
 public:
  TlsStream(std::unique_ptr<ByteStream> below, std::unique_ptr<SSL, SslDeleter> ssl)
      : below_{std::move(below), {}}, ssl_(std::move(ssl)) {
    static BIO_METHOD* const method = make_method();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &below_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
  }

  Result<bool> establish() override {
    if (!connected_) {
      ASSIGN_OR_RETURN(connected_, below_.stream->establish());
      events_ = below_.stream->events();
      if (!connected_) return false;
    }
    ERR_clear_error();
    const int done = SSL_connect(ssl_.get());
    if (done == 1) return true;
    RETURN_IF_ERROR(explain("the TLS handshake failed", done));
    return false;
  }

  Result<size_t> send(std::string_view bytes) override {
    size_t sent = 0;
    ERR_clear_error();
    const int done = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    if (done == 1) return sent;
    RETURN_IF_ERROR(explain("sending failed", done));
    return size_t{0};
  }

  Result<size_t> receive(char* into, size_t size) override {
    size_t got = 0;
    ERR_clear_error();
    const int done = SSL_read_ex(ssl_.get(), into, size, &got);
    if (done == 1) return got;
    RETURN_IF_ERROR(explain("receiving failed", done));
    return size_t{0};
  }

  int descriptor() const override { return below_.stream->descriptor(); }
  short events() const override { return events_; }

 private:
  // OK if the call is only to be repeated.
  Status explain(const std::string& what, int returned) {
    const int error = SSL_get_error(ssl_.get(), returned);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      events_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
      return ok_status();
    }
    Status gone = below_.failure;
    if (gone.ok() && error == SSL_ERROR_ZERO_RETURN)
      gone = unavailable(std::string(kClosedByBroker));
    if (!gone.ok()) return SSL_is_init_finished(ssl_.get()) == 1 ? gone : gone.with_context(what);
    std::string reason = take_reason();
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
      reason += std::string(" (") + X509_verify_cert_error_string(verified) + ")";
    }
    return unavailable(what + ": " + reason);
  }

  Below below_;
  std::unique_ptr<SSL, SslDeleter> ssl_;  // behind what it reads from
  bool connected_ = false;
  short events_ = POLLOUT;
};

bool is_address(const std::string& host) {
  in6_addr any{};
  return inet_pton(AF_INET, host.c_str(), &any) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

// Whom the broker must be. RFC 6066, 3: an address is no server name.
bool expect_host(SSL* ssl, std::string host) {
  if (host.ends_with('.')) host.pop_back();
  if (is_address(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(ssl, host.c_str()) == 1 && SSL_set1_host(ssl, host.c_str()) == 1;
}

Status refused(const char* option, const std::string& path) {
  return invalid_argument("'" + std::string(option) + "': " + path +
                          " cannot be used: " + take_reason());
}

Status trust(SSL_CTX* context, const std::string& authorities) {
  if (authorities.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return ok_status();
    return invalid_argument("the system's authorities cannot be used: " + take_reason());
  }
  std::error_code ignored;
  const int loaded = std::filesystem::is_directory(authorities, ignored)
                         ? SSL_CTX_load_verify_dir(context, authorities.c_str())
                         : SSL_CTX_load_verify_file(context, authorities.c_str());
  return loaded == 1 ? ok_status() : refused("tls_ca", authorities);
}

Status show_certificate(SSL_CTX* context, const TlsOptions& options) {
  std::string password = options.key_password.expose();
  SSL_CTX_set_default_passwd_cb(context, give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context, &password);
  const bool shown = SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) == 1;
  const bool sound =
      shown && SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!shown) return refused("tls_certificate", options.certificate);
  return sound ? ok_status() : refused("tls_key", options.key);
}

}  // namespace

void TlsContext::Deleter::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsOptions& options) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  ERR_clear_error();
  made->context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = made->context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return internal_error("TLS cannot be used: " + take_reason());
  }
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAhead);
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  RETURN_IF_ERROR(trust(context, options.authorities));
  if (!options.certificate.empty()) RETURN_IF_ERROR(show_certificate(context, options));
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Result<std::unique_ptr<ByteStream>> TlsContext::encrypt(std::unique_ptr<ByteStream> below,
                                                        const std::string& host) const {
  ERR_clear_error();
  std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context_.get()));
  if (ssl == nullptr || !expect_host(ssl.get(), host)) {
    return unavailable("TLS cannot be used: " + take_reason());
  }
  return std::unique_ptr<ByteStream>(std::make_unique<TlsStream>(std::move(below), std::move(ssl)));
}

}  // namespace lakeward::connectors::kafka::fetch
