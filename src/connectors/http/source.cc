#include "connectors/http/source.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/secret.h"
#include "base/units.h"
#include "checkpoint/source_log.h"
#include "connectors/declared_options.h"
#include "format/base64.h"
#include "format/csv_format.h"

namespace lakeward::connectors::http {
namespace {

// Answers that stay in the checkpoint: a repeated epoch, and its predecessor's validators.
constexpr int64_t kKeptAnswers = 2;
constexpr Duration kLongestRetryAfter = std::chrono::hours(1);

std::string file_name(int64_t poll) { return "poll-" + std::to_string(poll); }

std::string make_offset(int64_t poll) { return "{\"poll\":" + std::to_string(poll) + "}"; }

Result<int64_t> parse_offset(std::string_view offset) {
  const nlohmann::json json = nlohmann::json::parse(offset, nullptr, false);
  if (!json.is_object() || !json.contains("poll") || !json["poll"].is_number_integer()) {
    return corruption("the checkpoint's offset '" + std::string(offset.substr(0, 200)) +
                      "' is not an HTTP source's; the checkpoint belongs to another source: put "
                      "that back, or remove the checkpoint to begin anew");
  }
  return json["poll"].get<int64_t>();
}

Result<int64_t> parse_begin(const std::optional<stream::Offset>& offset) {
  return offset ? parse_offset(*offset) : Result<int64_t>(int64_t{-1});
}

// The records of some answers, an answer after the other, on one thread.
class AnswerReader final : public stream::RecordReader {
 public:
  struct Split {
    Answer answer;
    std::vector<format::Record> records;
    std::vector<Timestamp> times;
    std::shared_ptr<const format::Provenance> provenance;
  };
  explicit AnswerReader(std::vector<std::shared_ptr<Split>> splits) : splits_(std::move(splits)) {}
  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<stream::RecordStream>> make_stream() override {
    // A second stream finds nothing left.
    return std::unique_ptr<stream::RecordStream>(
        std::make_unique<Stream>(std::exchange(splits_, {})));
  }

 private:
  class Stream final : public stream::RecordStream {
   public:
    explicit Stream(std::vector<std::shared_ptr<Split>> splits) : splits_(std::move(splits)) {}
    Result<std::optional<format::RecordBatch>> next() override {
      if (next_ == splits_.size()) return std::optional<format::RecordBatch>();
      const std::shared_ptr<Split> split = std::exchange(splits_[next_++], nullptr);
      format::RecordBatch batch;
      batch.provenance = split->provenance;
      batch.records = split->records;
      batch.timestamps = split->times;
      batch.owner = split;
      return std::optional(std::move(batch));
    }

   private:
    std::vector<std::shared_ptr<Split>> splits_;
    size_t next_ = 0;
  };

  std::vector<std::shared_ptr<Split>> splits_;
};

}  // namespace

HttpSource::HttpSource(HttpSourceOptions options, HttpAuth auth, Cutting cutting, Clock& clock)
    : options_(std::move(options)),
      auth_(std::move(auth)),
      cutting_(std::move(cutting)),
      clock_(clock) {}

Status HttpSource::attach(checkpoint::SourceLog& log) {
  log_ = &log;
  ASSIGN_OR_RETURN(const std::optional<int64_t> latest, log.latest());
  if (!latest) return ok_status();
  return corruption(
      "the checkpoint's source log is not an HTTP source's; the checkpoint belongs to another "
      "source: put that back, or remove the checkpoint to begin anew");
}

bool HttpSource::has_header() const { return cutting_.csv != nullptr && cutting_.csv->header; }

Result<bool> HttpSource::wait_for_turn(stream::PlanMode mode, std::stop_token stop) {
  const Timestamp now = clock_.now();
  if (mode == stream::PlanMode::kFollow) {
    // Not "nothing new": whoever asks goes on telling that the server is away.
    if (!refused_.ok() && not_before_ && now < *not_before_) return refused_;
    return !next_poll_ || now >= *next_poll_;
  }
  if (drained_) return false;
  if (not_before_ && now < *not_before_ && !clock_.wait(*not_before_ - now, stop)) {
    return cancelled("stopped while waiting until the server takes requests again");
  }
  return true;
}

Result<std::optional<stream::Offset>> HttpSource::plan(const std::optional<stream::Offset>& from,
                                                       const stream::Limits&, stream::PlanMode mode,
                                                       std::stop_token stop) {
  ASSIGN_OR_RETURN(const int64_t last, parse_begin(from));
  // An answer that no epoch has claimed: the server need not give it again.
  const Result<std::string> unclaimed = log_->read_file(file_name(last + 1));
  if (unclaimed.ok()) return std::optional<stream::Offset>(make_offset(last + 1));
  if (unclaimed.status().code() != StatusCode::kNotFound) return unclaimed.status();
  ASSIGN_OR_RETURN(const bool turn, wait_for_turn(mode, stop));
  if (!turn) return std::optional<stream::Offset>();
  if (!std::exchange(knows_validators_, true) && last >= 0) {
    const Result<std::string> kept = log_->read_file(file_name(last));
    if (kept.ok()) {
      ASSIGN_OR_RETURN(const Answer answer, Answer::parse(*kept));
      etag_ = answer.etag;
      last_modified_ = answer.last_modified;
    } else if (kept.status().code() != StatusCode::kNotFound) {
      return kept.status();
    }
  }
  const Timestamp asked = clock_.now();
  Result<std::optional<Answer>> outcome = poll();
  refused_ = outcome.status();
  if (!outcome.ok()) {
    next_poll_.reset();  // whoever repeats decides when
    return refused_;
  }
  std::optional<Answer> answer = std::move(outcome).value();
  next_poll_ = asked + options_.every;
  if (mode == stream::PlanMode::kDrain) drained_ = true;
  if (!answer) return std::optional<stream::Offset>();
  RETURN_IF_ERROR(log_->write_file(file_name(last + 1), answer->to_file()));
  etag_ = answer->etag;
  last_modified_ = answer->last_modified;
  return std::optional<stream::Offset>(make_offset(last + 1));
}

Result<std::optional<Answer>> HttpSource::poll() {
  io::HttpRequest request;
  request.method = options_.method;
  request.url = options_.url;
  request.headers = options_.headers;
  request.body = options_.body;
  request.timeout = options_.timeout;
  request.max_response_bytes = options_.max_body.count;
  if (!auth_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + auth_.token.expose());
  } else if (!auth_.user.empty()) {
    const SecretString login(format::encode_base64(auth_.user + ":" + auth_.password.expose()));
    request.headers.emplace_back("Authorization", "Basic " + login.expose());
  }
  if (!etag_.empty()) request.headers.emplace_back("If-None-Match", etag_);
  if (!last_modified_.empty()) request.headers.emplace_back("If-Modified-Since", last_modified_);
  ASSIGN_OR_RETURN(io::HttpResponse response, client_.send(request));
  if (response.status == 304 || response.status == 204) return std::optional<Answer>();
  if (response.status < 200 || response.status > 299) return refuse(response);
  Answer answer{.time = clock_.now(),
                .etag = std::string(response.header("etag")),
                .last_modified = std::string(response.header("last-modified")),
                .content_type = std::string(response.header("content-type")),
                .body = std::move(response.body)};
  const Result<std::vector<format::Record>> records = cut_records(answer, cutting_);
  RETURN_IF_ERROR(records.status().with_context("http " + io::without_secrets(options_.url)));
  if (records->size() <= (has_header() ? 1 : 0)) return std::optional<Answer>();
  return std::optional(std::move(answer));
}

Status HttpSource::refuse(const io::HttpResponse& response) {
  std::string message = "http " + options_.method + " " + io::without_secrets(options_.url) +
                        ": the server answered " + std::to_string(response.status);
  const bool passing = response.status == 408 || response.status == 429 || response.status >= 500;
  if (!passing) {
    return invalid_argument(message + ": " + mask_secrets(response.body).substr(0, 200) +
                            (response.status == 401 || response.status == 403
                                 ? "; correct 'auth' or 'headers'"
                                 : "; correct 'url' or the request"));
  }
  const std::string_view after = response.header("retry-after");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), seconds);
  if (error == std::errc() && end == after.data() + after.size() && seconds >= 0) {
    const Duration wait = std::min<Duration>(std::chrono::seconds(seconds), kLongestRetryAfter);
    not_before_ = clock_.now() + wait;
    message += "; it takes requests again in " + format_duration(wait);
  }
  return unavailable(message);
}

Result<stream::Input> HttpSource::read(const stream::ReadRequest& request) {
  ASSIGN_OR_RETURN(const int64_t after, parse_begin(request.range.from));
  ASSIGN_OR_RETURN(const int64_t to, parse_offset(request.range.to));
  std::vector<std::shared_ptr<AnswerReader::Split>> splits;
  for (int64_t poll = after + 1; poll <= to; ++poll) {
    const auto number = static_cast<uint32_t>(poll - after - 1);
    Result<std::string> file = log_->read_file(file_name(poll));
    if (!file.ok()) return file.status().with_context("the answer to be read again");
    auto split = std::make_shared<AnswerReader::Split>();
    ASSIGN_OR_RETURN(split->answer, Answer::parse(std::move(file).value()));
    ASSIGN_OR_RETURN(split->records, cut_records(split->answer, cutting_));
    auto provenance = std::make_shared<format::Provenance>();
    provenance->split = number;
    provenance->file = mask_secrets(io::without_secrets(options_.url));
    if (has_header() && !split->records.empty()) {
      ASSIGN_OR_RETURN(provenance->header,
                       format::parse_csv_header(split->records.front().payload, *cutting_.csv));
      split->records.erase(split->records.begin());
    }
    if (!request.only.empty()) {
      std::erase_if(split->records, [&](const format::Record& record) {
        return !std::binary_search(request.only.begin(), request.only.end(),
                                   format::Position::make(number, record.place));
      });
    }
    if (split->records.empty()) continue;
    split->times.assign(split->records.size(), split->answer.time);
    split->provenance = std::move(provenance);
    splits.push_back(std::move(split));
  }
  return stream::Input(
      std::unique_ptr<stream::RecordReader>(std::make_unique<AnswerReader>(std::move(splits))));
}

Status HttpSource::acknowledge(const stream::Offset& to) {
  ASSIGN_OR_RETURN(const int64_t last, parse_offset(to));
  const int64_t remove_to = last - kKeptAnswers;
  // A process before us may have died before it removed the last ones.
  for (int64_t poll = removed_.value_or(remove_to - kKeptAnswers) + 1; poll <= remove_to; ++poll) {
    if (poll >= 0) RETURN_IF_ERROR(log_->remove_file(file_name(poll)));
  }
  removed_ = std::max(remove_to, removed_.value_or(remove_to));
  return ok_status();
}

Result<stream::SourceLag> HttpSource::lag(const std::optional<stream::Offset>& committed) {
  ASSIGN_OR_RETURN(const int64_t last, parse_begin(committed));
  stream::SourceLag lag;
  lag.position = format_count(static_cast<uint64_t>(last + 1)) + " answers";
  return lag;
}

stream::SourceType source_type() {
  return {.doc = "An HTTP API that is asked at intervals.",
          .options = http_source_options().infos(),
          .check = make_check<HttpSourceOptions>(http_source_options, check_source_options),
          .make = [](const stream::SourceArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
            ASSIGN_OR_RETURN(HttpSourceOptions options,
                             parse_options(http_source_options(), arguments.options));
            ASSIGN_OR_RETURN(HttpAuth auth, parse_options(http_auth_options(), options.auth));
            Cutting cutting{.json = arguments.decode.empty() || arguments.decode == "json",
                            .records = options.records};
            if (arguments.format != nullptr) {
              cutting.framing = arguments.format->framing();
              cutting.csv = arguments.format->csv();
            }
            if (!cutting.json && !cutting.records.empty()) {
              return invalid_argument("http: 'records' needs 'decode: json'");
            }
            return std::unique_ptr<stream::Source>(std::make_unique<HttpSource>(
                std::move(options), std::move(auth), std::move(cutting), environment.clock));
          }};
}

}  // namespace lakeward::connectors::http
