// The only file of this folder that includes the HTTP server.
#include <httplib.h>

#include <atomic>
#include <charconv>
#include <iostream>

#include "cli/simulate.h"

namespace lakeward::cli {
namespace {

using connectors::simulator::Generator;
using connectors::simulator::GeneratorOptions;

constexpr uint64_t kMostRecords = 100'000;  // in one answer

struct Address {
  std::string host;
  int port = 0;
};

Result<Address> parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos) {
    address.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error == std::errc() && at == end && !address.host.empty() && address.port >= 0 &&
        address.port <= 65535) {
      return address;
    }
  }
  return invalid_argument("--serve must be HOST:PORT, for example 127.0.0.1:5000, not '" + text +
                          "'");
}

class RecordServer {
 public:
  RecordServer(const SimulateOptions& options, const Clock& clock)
      : options_(options), clock_(clock) {}

  // One record, as of now.
  std::string fresh() {
    GeneratorOptions generator_options;
    generator_options.seed = options_.seed.value_or(0);
    generator_options.invalid = options_.invalid.value_or(0);
    generator_options.start = clock_.now();
    generator_options.step = Duration(0);
    const auto generator = connectors::simulator::make_generator(options_.name, generator_options);
    CHECK(generator.ok(), "the name was checked before");
    std::string record(Generator::kMaxRecordBytes, '\0');
    const char* end = (*generator)->write(next_++, record.data());
    record.resize(static_cast<size_t>(end - record.data()));
    return record;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    if (!request.has_param("n")) {
      response.set_content(fresh(), "application/json");
      return;
    }
    const std::string text = request.get_param_value("n");
    uint64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || at != end || count > kMostRecords) {
      response.status = 400;
      response.set_content("{\"error\":\"n must be a number up to 100000\"}", "application/json");
      return;
    }
    std::string body = "[";
    for (uint64_t i = 0; i < count; ++i) body += (i == 0 ? "" : ",") + fresh();
    response.set_content(body + "]", "application/json");
  }

 private:
  const SimulateOptions& options_;
  const Clock& clock_;
  std::atomic<uint64_t> next_ = 0;
};

}  // namespace

Status serve_records(const SimulateOptions& options, const Common& common, const Clock& clock,
                     std::stop_token stop) {
  ASSIGN_OR_RETURN(Address address, parse_address(options.serve));
  RETURN_IF_ERROR(
      connectors::simulator::make_generator(
          options.name,
          {.seed = 0, .start = {}, .step = Duration(0), .invalid = options.invalid.value_or(0)})
          .status());
  RecordServer records(options, clock);
  httplib::Server server;
  const auto answer = [&records](const httplib::Request& request, httplib::Response& response) {
    records.answer(request, response);
  };
  const std::string path = options.name == "iot" ? "/iot-data" : "/" + options.name;
  server.Get("/" + options.name, answer);
  server.Get(path, answer);
  if (address.port == 0) {
    address.port = server.bind_to_any_port(address.host.c_str());
  } else if (!server.bind_to_port(address.host.c_str(), address.port)) {
    address.port = -1;
  }
  if (address.port < 0) {
    return io_error("cannot listen on " + options.serve + ": is another program using the port?");
  }
  if (!common.quiet) {
    std::cerr << "Serving '" << options.name << "' at http://" << address.host << ":"
              << address.port << path << ", until Ctrl-C\n";
  }
  const std::stop_callback on_stop(stop, [&server] { server.stop(); });
  server.listen_after_bind();
  return ok_status();
}

}  // namespace lakeward::cli
