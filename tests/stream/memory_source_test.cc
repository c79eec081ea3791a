// The memory source of the tests is a source as well: this keeps the conformance suite honest.
#include "config/options.h"
#include "support/memory_pipeline.h"
#include "support/source_conformance.h"

namespace lakeward::test {
namespace {

struct MemoryOptions {
  uint64_t splits = 1;
};

const config::OptionSet<MemoryOptions>& memory_options() {
  static const config::OptionSet<MemoryOptions> options = {
      {"splits", &MemoryOptions::splits, config::default_to(uint64_t{1}), "How many splits."},
  };
  return options;
}

struct MemoryFixture {
  MemoryFixture() {
    topic.splits = 2;
    source_type.check = [](const config::Value& value, config::Problems& problems) {
      (void)memory_options().parse(value, problems);
    };
  }
  Result<std::unique_ptr<stream::Source>> make_source() {
    return std::unique_ptr<stream::Source>(std::make_unique<MemorySource>(topic, fuse));
  }
  void add(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      topic.records.push_back("record " + std::to_string(topic.records.size()));
    }
  }
  size_t overshoot() const { return 0; }
  const stream::SourceType& type() const { return source_type; }
  config::Value options() const { return config::Value(config::Value::Map{}, {}); }

  MemoryTopic topic;
  Fuse fuse;
  stream::SourceType source_type;
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, SourceConformance, MemoryFixture);

}  // namespace lakeward::test
