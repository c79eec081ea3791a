// The only file that includes curl.h.
#include "io/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/units.h"

namespace lakeward::io {
namespace {

constexpr long kMaxRedirects = 10;

// What one transfer collects. Called by libcurl.
struct Transfer {
  HttpResponse response;
  uint64_t max_bytes = 0;
  bool too_large = false;
  std::function<void()> on_wait;  // none once it was called
  std::chrono::steady_clock::time_point patient_until;
};

// Called about once a second, also while nothing comes.
int look_at_time(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.on_wait && std::chrono::steady_clock::now() >= transfer.patient_until) {
    std::exchange(transfer.on_wait, nullptr)();
  }
  return 0;
}

size_t write_body(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.response.body.size() + size * count > transfer.max_bytes) {
    transfer.too_large = true;
    return 0;  // ends the transfer
  }
  transfer.response.body.append(bytes, size * count);
  return size * count;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front())) != 0) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
    text.remove_suffix(1);
  }
  return text;
}

size_t write_header(char* bytes, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(bytes, size * count);
  // Each answer of a chain of redirects begins with a status line; the last one counts.
  if (line.starts_with("HTTP/")) transfer.response.headers.clear();
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  transfer.response.headers.emplace_back(std::move(name), trimmed(line.substr(colon + 1)));
  return line.size();
}

struct HeaderList {
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

Status status_of(CURLcode code, const char* detail, const std::string& url) {
  const std::string why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return invalid_argument(url + " is not a URL that can be requested: " + why);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return io_error(url + ": the server's certificate is not trusted: " + why);
    case CURLE_TOO_MANY_REDIRECTS:
      return io_error(url + ": more than " + std::to_string(kMaxRedirects) + " redirects");
    default:
      return unavailable(url + ": " + why);
  }
}

}  // namespace

std::string without_secrets(std::string_view url) {
  const size_t end = url.find_first_of("?#");
  std::string shown(url.substr(0, end));
  const size_t scheme = shown.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t path = std::min(shown.find('/', host), shown.size());
  const size_t at = shown.rfind('@', path);
  if (at != std::string::npos && at >= host) shown.erase(host, at + 1 - host);
  return shown;
}

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

struct HttpClient::Impl {
  CURL* curl = nullptr;
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {
  static std::once_flag once;
  std::call_once(once, [] { CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == 0, "libcurl"); });
  impl_->curl = curl_easy_init();
  CHECK(impl_->curl != nullptr, "libcurl has no memory");
}

HttpClient::~HttpClient() { curl_easy_cleanup(impl_->curl); }

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  CURL* const curl = impl_->curl;
  curl_easy_reset(curl);  // options only: connections are kept
  Transfer transfer;
  transfer.max_bytes = request.max_response_bytes;
  char detail[CURL_ERROR_SIZE] = "";
  HeaderList headers;
  for (const auto& [name, value] : request.headers) {
    // "Name;" is libcurl's way to send a header without a value.
    headers.add(value.empty() ? name + ";" : name + ": " + value);
  }
  headers.add("Expect:");  // never ask before sending a body

  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirects);
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");  // whatever libcurl can decompress
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "lakeward");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count() / 1000));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count() / 1000));
  if (!request.tls_ca.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.tls_ca.c_str());
  if (!request.tls_certificate.empty()) {
    curl_easy_setopt(curl, CURLOPT_SSLCERT, request.tls_certificate.c_str());
    curl_easy_setopt(curl, CURLOPT_SSLKEY, request.tls_key.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, write_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  if (request.on_wait) {
    transfer.on_wait = request.on_wait;
    transfer.patient_until = std::chrono::steady_clock::now() + request.patience;
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_time);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET" || !request.body.empty()) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  const CURLcode code = curl_easy_perform(curl);
  const std::string shown = without_secrets(request.url);
  if (transfer.too_large) {
    return resource_exhausted(shown + ": the answer is larger than " +
                              format_bytes(request.max_response_bytes));
  }
  if (code != CURLE_OK) return status_of(code, detail, shown);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  transfer.response.status = static_cast<int>(status);
  return std::move(transfer.response);
}

}  // namespace lakeward::io
