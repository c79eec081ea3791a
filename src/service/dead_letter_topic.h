// Dead letters in a Kafka topic, in place of the table dead_letter.<pipeline>.
//
// A message is the record as it came: its bytes are the value, its key the key, its headers the
// first headers. Those behind them say what became of it, with Kafka Connect's names where there
// are some:
//
//   __connect.errors.topic, .partition, .offset   where the record was
//   __connect.errors.connector.name               the pipeline
//   __connect.errors.exception.message            the reason
//   lakeward.epoch, lakeward.rejected_at, lakeward.expectation, lakeward.file, lakeward.line
//   lakeward.timestamp                            the record's time; the message's own is when it
//                                                 was written, or retention would count from then
//   lakeward.row                                  the transformed row as JSON, if it was made
//                                                  and is not longer than 64 KiB
//
// What is NULL in the table is no header here, unless the record has one of that name: then it is
// empty.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "project/project.h"
#include "service/dead_letter_source.h"
#include "service/workspace.h"
#include "stream/sink.h"

namespace lakeward::service {

// The sink of a pipeline whose `dead_letters` names a topic.
Result<std::unique_ptr<stream::Sink>> make_dead_letter_topic(Workspace& workspace,
                                                             const project::Pipeline& pipeline,
                                                             const std::string& query_id,
                                                             bool replay);

// What is in that topic of this pipeline, in the columns of the table. Other pipelines' dead
// letters are left out, and so are messages that do not say whose they are.
// With `since`, only messages of that time and later.
Result<std::unique_ptr<Letters>> make_topic_letters(Workspace& workspace,
                                                    const project::Pipeline& pipeline,
                                                    std::optional<Timestamp> since = std::nullopt);

}  // namespace lakeward::service
