// Every source, through the suite that all must pass.
#include <memory>

#include "connectors/file/input_folder.h"
#include "connectors/http/http_server.h"
#include "connectors/source_driver.h"
#include "support/source_conformance.h"

namespace lakeward::test {
namespace {

class FixtureBase {
 public:
  const stream::SourceType& type() const { return *world_.registry.source(name()); }
  Result<std::unique_ptr<stream::Source>> make_source() {
    return world_.make_source(name(), options(), nullptr, decode());
  }
  virtual ~FixtureBase() = default;
  virtual std::string name() const = 0;
  virtual std::string decode() const { return ""; }
  virtual config::Value options() const = 0;

 protected:
  static std::string record(size_t number) { return "{\"n\":" + std::to_string(number) + "}"; }
  World world_;
  size_t sent_ = 0;
};

class JsonLinesFiles : public FixtureBase {
 public:
  JsonLinesFiles() { std::filesystem::create_directories(folder()); }
  std::string name() const override { return "file"; }
  config::Value options() const override { return test::options({{"path", scalar("in/*")}}); }
  size_t overshoot() const { return 0; }
  void add(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += record(sent_++) + "\n";
    world_.clock.advance(std::chrono::hours(2));
    write_file(folder() / ("f" + std::to_string(sent_) + ".jsonl"), text,
               {world_.clock.now().micros - Duration(std::chrono::hours(1)).count()});
  }

 private:
  std::filesystem::path folder() const { return world_.folder.path() / "in"; }
};

class Simulator : public FixtureBase {
 public:
  std::string name() const override { return "simulator"; }
  config::Value options() const override {
    return test::options({{"name", scalar("events")},
                          {"rate", scalar("0")},
                          {"count", scalar(std::to_string(sent_))}});
  }
  size_t overshoot() const { return 0; }
  void add(size_t count) { sent_ += count; }
};

class DeltaTable : public FixtureBase {
 public:
  std::string name() const override { return "delta"; }
  config::Value options() const override { return test::options({{"table", scalar("a.b")}}); }
  size_t overshoot() const { return 12; }
  void add(size_t count) {
    const auto session = world_.database->make_session().value();
    const auto sink =
        world_.registry.sink("delta")
            ->make({.pipeline = "p", .query_id = "q", .options = options()}, world_.environment)
            .value();
    world_.clock.advance(std::chrono::seconds(1));
    const stream::Epoch epoch{next_epoch_++, world_.clock.now()};
    auto written = sink->writer()
                       .write(*session,
                              "SELECT range AS n FROM range(" + std::to_string(sent_) + ", " +
                                  std::to_string(sent_ + count) + ")",
                              epoch)
                       .value();
    EXPECT_TRUE(sink->committer().commit(epoch, std::move(written), {}).ok());
    sent_ += count;
  }

 private:
  int64_t next_epoch_ = 0;
};

// A feed: the entity tag says how far a client has come, and only what is new is given.
class HttpFeed : public FixtureBase {
 public:
  HttpFeed() {
    server_.answer([this](const httplib::Request& request, httplib::Response& response) {
      const std::string tag = request.get_header_value("If-None-Match");
      const size_t known = tag.empty() ? 0 : std::stoul(tag.substr(1));
      const size_t available = available_;
      if (known == available) {
        response.status = 304;
        return;
      }
      std::string body;
      for (size_t i = known; i < available; ++i) body += (body.empty() ? "[" : ",") + record(i);
      response.set_header("ETag", "\"" + std::to_string(available) + "\"");
      response.set_content(body + "]", "application/json");
    });
  }
  std::string name() const override { return "http"; }
  std::string decode() const override { return "json"; }
  config::Value options() const override {
    return test::options({{"url", scalar(server_.url("/"))}});
  }
  size_t overshoot() const { return 24; }
  void add(size_t count) { available_ += count; }

 private:
  std::atomic<size_t> available_{0};
  HttpServer server_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(JsonLinesFiles, SourceConformance, JsonLinesFiles);
INSTANTIATE_TYPED_TEST_SUITE_P(Simulator, SourceConformance, Simulator);
INSTANTIATE_TYPED_TEST_SUITE_P(DeltaTable, SourceConformance, DeltaTable);
INSTANTIATE_TYPED_TEST_SUITE_P(HttpFeed, SourceConformance, HttpFeed);

}  // namespace
}  // namespace lakeward::test
