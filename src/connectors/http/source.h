// Polls a URL; each answer's records are an epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "connectors/http/answer.h"
#include "connectors/http/options.h"
#include "io/http_client.h"
#include "stream/registry.h"
#include "stream/source.h"

namespace lakeward::connectors::http {

// The offset {"poll":N} names the last answer that is in an epoch. An answer is in the checkpoint
// (sources/0/poll-N) before it is part of a plan, as a server need not give it twice.
class HttpSource final : public stream::Source {
 public:
  HttpSource(HttpSourceOptions options, HttpAuth auth, Cutting cutting, Clock& clock);

  Status attach(checkpoint::SourceLog& log) override;
  // Errors: Unavailable (the server cannot be reached, answers 408, 429 or 5xx, or gives no
  // records where they should be); InvalidArgument (any other status that is not a success).
  Result<std::optional<stream::Offset>> plan(const std::optional<stream::Offset>& from,
                                             const stream::Limits& limits, stream::PlanMode mode,
                                             std::stop_token stop) override;
  Result<stream::Input> read(const stream::ReadRequest& request) override;
  Status acknowledge(const stream::Offset& to) override;
  Result<stream::SourceLag> lag(const std::optional<stream::Offset>& committed) override;

 private:
  // One request; nullopt if there is nothing new.
  Result<std::optional<Answer>> poll();
  // Whether an answer's first record is a CSV header.
  bool has_header() const;
  Status refuse(const io::HttpResponse& response);
  // Whether it is time for the next request.
  Result<bool> wait_for_turn(stream::PlanMode mode, std::stop_token stop);

  HttpSourceOptions options_;
  HttpAuth auth_;
  Cutting cutting_;
  Clock& clock_;
  io::HttpClient client_;
  checkpoint::SourceLog* log_ = nullptr;
  std::string etag_, last_modified_;
  bool knows_validators_ = false;
  bool drained_ = false;
  std::optional<Timestamp> next_poll_;
  std::optional<Timestamp> not_before_;  // as the server asked
  Status refused_;                       // the last request; OK if there was an answer
  std::optional<int64_t> removed_;       // answers up to this one are removed
};

stream::SourceType source_type();

}  // namespace lakeward::connectors::http
