#include "service/letter_counts.h"

#include <utility>

#include "base/units.h"
#include "checkpoint/checkpoint_log.h"
#include "checkpoint/source_log.h"
#include "engine/sql_text.h"
#include "io/memory_store.h"
#include "service/dead_letter_topic.h"
#include "service/pipeline_builder.h"
#include "stream/dead_letters.h"

namespace lakeward::service {
namespace {

// The times of messages may be a clock's of another machine.
constexpr Duration kClocksDiffer{60'000'000};

Result<LetterCounts> read_counts(engine::Session& session, const std::string& sql) {
  ASSIGN_OR_RETURN(const engine::Rows rows, session.query(sql));
  LetterCounts counts;
  for (size_t i = 0; i < rows.size(); ++i) {
    counts[rows.text(i, 0)] = static_cast<uint64_t>(rows.integer(i, 1));
  }
  return counts;
}

// Counts the letters behind `from` of which `condition` holds.
Result<LetterCounts> count(Workspace& workspace, Letters& letters,
                           const std::optional<stream::Offset>& from, const std::string& condition,
                           std::stop_token stop) {
  io::MemoryStore forgotten;
  checkpoint::SourceLog log(forgotten, "letters/sources/0");
  RETURN_IF_ERROR(letters.source().attach(log));
  ASSIGN_OR_RETURN(const auto to, letters.source().plan(from, {.rows = UINT64_MAX},
                                                        stream::PlanMode::kDrain, std::move(stop)));
  if (!to) return LetterCounts();
  stream::ReadRequest request;
  request.range = {from, *to};
  request.stop = std::move(stop);
  ASSIGN_OR_RETURN(const auto session, workspace.database().make_session());
  ASSIGN_OR_RETURN(const DefinedLetters defined, letters.define(*session, request));
  return read_counts(*session, std::string("SELECT ") + stream::kDeadLetterCause +
                                   ", count(*) FROM (" + defined.select + "\n) AS letters WHERE " +
                                   condition + " GROUP BY 1");
}

// Up to where replays have come; nullopt if none has ended an epoch.
Result<std::optional<stream::Offset>> replayed_to(Workspace& workspace,
                                                  const project::Pipeline& pipeline) {
  const std::string folder = replay_folder(pipeline);
  const Status there = workspace.checkpoint_store().stat(folder + "/metadata").status();
  if (there.code() == StatusCode::kNotFound) return std::optional<stream::Offset>();
  RETURN_IF_ERROR(there);
  Random random = Random::from_entropy();
  ASSIGN_OR_RETURN(const auto log,
                   checkpoint::CheckpointLog::open(workspace.checkpoint_store(), folder, random));
  ASSIGN_OR_RETURN(const auto recovered, log->recover());
  if (!recovered) return std::optional<stream::Offset>();
  const std::optional<checkpoint::PlannedEpoch> last =
      recovered->committed ? recovered->last : recovered->previous;
  if (!last || last->offsets.empty()) return std::optional<stream::Offset>();
  return std::optional<stream::Offset>(last->offsets.front());
}

}  // namespace

Result<std::optional<LetterCounts>> waiting_letters(Workspace& workspace,
                                                    const project::Pipeline& pipeline,
                                                    std::stop_token stop) {
  ASSIGN_OR_RETURN(const std::optional<stream::Offset> from, replayed_to(workspace, pipeline));
  if (!from) return std::optional<LetterCounts>();
  ASSIGN_OR_RETURN(const auto letters, open_dead_letters(workspace, pipeline));
  if (letters == nullptr) return std::optional<LetterCounts>();
  ASSIGN_OR_RETURN(LetterCounts counts, count(workspace, *letters, from, "true", std::move(stop)));
  return std::optional<LetterCounts>(std::move(counts));
}

Result<LetterCounts> letters_of_run(Workspace& workspace, const project::Pipeline& pipeline,
                                    const stream::Epoch& first) {
  const std::string condition = "epoch >= " + std::to_string(first.id) +
                                " AND rejected_at >= TIMESTAMPTZ " +
                                engine::quote_literal(format_timestamp(first.time));
  if (pipeline.dead_letters) {
    // Their messages are no older.
    ASSIGN_OR_RETURN(const auto letters,
                     make_topic_letters(workspace, pipeline, first.time + -kClocksDiffer));
    return count(workspace, *letters, std::nullopt, condition, workspace.environment().stop);
  }
  const std::string sql = std::string("SELECT ") + stream::kDeadLetterCause + ", count(*) FROM " +
                          engine::quote_qualified(project::dead_letter_table(pipeline)) +
                          " WHERE " + condition + " GROUP BY 1";
  ASSIGN_OR_RETURN(const auto session, workspace.database().make_session());
  RETURN_IF_ERROR(workspace.lake().bind(*session, sql, AsOf()).status());
  return read_counts(*session, sql);
}

}  // namespace lakeward::service
