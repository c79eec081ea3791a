// HTTP requests over libcurl.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lakeward::io {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::string body;
  Duration connect_timeout{10'000'000};
  Duration timeout{60'000'000};
  uint64_t max_response_bytes = 256ULL << 20;
  // Files in PEM: who may have signed the server's certificate (empty: whom the system trusts), and
  // our own certificate and its key (empty: none).
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  // Called once, by send(), if there is no answer after `patience`: to say what is waited for.
  std::function<void()> on_wait = {};
  Duration patience{3'000'000};
};

struct HttpResponse {
  int status = 0;       // 200, 304, 404, …; any status is a response, not an error
  HttpHeaders headers;  // names in lower case
  std::string body;

  // The value of a header (name in lower case), or "" if absent.
  std::string_view header(std::string_view name) const;
};

// The URL without user, password, query and fragment, any of which may hold a secret: for messages.
std::string without_secrets(std::string_view url);

// Keeps connections alive between calls. Not thread-safe: one client a thread.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Errors: Unavailable (refused, timed out, name not resolved), InvalidArgument (malformed URL),
  // ResourceExhausted (response larger than allowed).
  Result<HttpResponse> send(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lakeward::io
