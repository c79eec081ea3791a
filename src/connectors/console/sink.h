// Rows to the standard output, for people.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "connectors/console/options.h"
#include "stream/registry.h"
#include "stream/sink.h"

namespace lakeward::connectors::console {

// At least once: an epoch that is repeated after a crash is shown again, as what is on a screen
// cannot be asked what it has.
class ConsoleSink final : public stream::Sink,
                          private stream::SinkWriter,
                          private stream::Committer {
 public:
  // `out` outlives the sink.
  ConsoleSink(ConsoleOptions options, std::ostream& out) : options_(options), out_(out) {}

  stream::SinkWriter& writer() override { return *this; }
  stream::Committer& committer() override { return *this; }
  std::string name() const override { return "console"; }

 private:
  Status check(const engine::Schema& rows) override;
  Result<stream::Committable> write(engine::Session& session, const std::string& select,
                                    const stream::Epoch& epoch) override;
  void discard(stream::Committable committable) override;
  Result<std::optional<int64_t>> last_committed() override;
  Status commit(const stream::Epoch& epoch, stream::Committable committable,
                const stream::Accounting& accounting) override;

  ConsoleOptions options_;
  std::ostream& out_;
};

stream::SinkType sink_type();

}  // namespace lakeward::connectors::console
