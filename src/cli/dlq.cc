#include <algorithm>
#include <iostream>
#include <limits>

#include "base/secret.h"
#include "base/units.h"
#include "cli/interruption.h"
#include "cli/result_output.h"
#include "cli/run_progress.h"
#include "cli/verbs.h"
#include "engine/sql_text.h"
#include "io/memory_store.h"
#include "service/letter_counts.h"
#include "service/pipeline_builder.h"
#include "service/runner.h"
#include "service/workspace.h"
#include "stream/dead_letters.h"

namespace lakeward::cli {
namespace {

// Of dead letters: a checkpoint that is forgotten, and what is read.
struct TopicRead {
  io::MemoryStore store;
  checkpoint::SourceLog log{store, "dlq/sources/0"};
  std::unique_ptr<service::Letters> letters;
  std::shared_ptr<const void> owner;
};

struct DlqOptions {
  std::string pipeline;
  std::optional<uint64_t> limit;
  std::string format;
};

std::string format_of(const DlqOptions& options, const Common& common) {
  return !options.format.empty() ? options.format : (common.json ? "json" : "table");
}

// Whether the topic comes with its first dead letter.
bool makes_topic(const project::ConnectorBlock& letters) {
  return letters.options.find("create_topic") != nullptr;
}

// Makes the pipeline's dead letters the table of that name in the session; false if there is none.
// They are readable as long as `read` lives.
Result<bool> bind_letters(service::Workspace& workspace, const project::Pipeline& pipeline,
                          engine::Session& session, const std::string& table, TopicRead& read,
                          std::stop_token stop) {
  if (!pipeline.dead_letters) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> version, workspace.lake().version(table));
    if (!version) return false;
    const std::string all = "SELECT * FROM " + engine::quote_qualified(table);
    RETURN_IF_ERROR(workspace.lake().bind(session, all, service::AsOf()).status());
    return true;
  }
  ASSIGN_OR_RETURN(read.letters, service::open_dead_letters(workspace, pipeline));
  stream::Source& source = read.letters->source();
  RETURN_IF_ERROR(source.attach(read.log));
  // All there are: SQL reads them as a stream.
  const auto to = source.plan(std::nullopt, {.rows = std::numeric_limits<uint64_t>::max()},
                              stream::PlanMode::kDrain, stop);
  if (to.status().code() == StatusCode::kNotFound && makes_topic(*pipeline.dead_letters)) {
    return false;
  }
  RETURN_IF_ERROR(to.status());
  if (!*to) return false;
  stream::ReadRequest request;
  request.range.to = **to;
  request.stop = stop;
  ASSIGN_OR_RETURN(service::DefinedLetters defined, read.letters->define(session, request));
  read.owner = std::move(defined.owner);
  RETURN_IF_ERROR(session.define_view(table, defined.select));
  return true;
}

// What a query of dead letters is made of.
struct Question {
  service::Workspace& workspace;
  const project::Pipeline& pipeline;
  std::string table;  // quoted
  bool for_people;    // not for programs
  std::stop_token stop;
};

// Prints what the SQL says of the pipeline's dead letters.
Outcome print_letters(const DlqOptions& options, const Common& common,
                      const std::function<Result<std::string>(const Question&)>& make_sql) {
  const Interruption interruption;
  auto workspace =
      service::Workspace::open(common.project, service::Workspace::Checked::kPipelines);
  if (!workspace.ok()) return workspace.status();
  const auto pipeline = (*workspace)->pipeline(options.pipeline);
  if (!pipeline.ok()) return pipeline.status();
  const std::string table = project::dead_letter_table(**pipeline);
  TopicRead read;
  auto session = (*workspace)->database().make_session();
  if (!session.ok()) return session.status();
  const auto found =
      bind_letters(**workspace, **pipeline, **session, table, read, interruption.token());
  if (!found.ok()) return found.status();
  if (!*found) {
    if (!common.quiet) {
      std::cerr << "The pipeline '" << options.pipeline << "' has no dead letters.\n";
    }
    return ok_status();
  }
  const std::string format = format_of(options, common);
  const Result<std::string> sql = make_sql({**workspace, **pipeline, engine::quote_qualified(table),
                                            format == "table", interruption.token()});
  if (!sql.ok()) return sql.status();
  return write_rows(**session, *sql, {row_format(format), Screen::of_stdout()}, std::cout,
                    interruption.token())
      .status();
}

// By cause, those that no replay has taken, as a FROM clause; NULL if that cannot be known.
std::string waiting_table(const Question& question) {
  const Result<std::optional<service::LetterCounts>> waiting =
      service::waiting_letters(question.workspace, question.pipeline, question.stop);
  if (!waiting.ok()) {
    std::cerr << "Which of them were replayed is not known: "
              << mask_secrets(waiting.status().message()) << "\n";
    return "(SELECT cause, NULL::BIGINT AS waiting FROM causes)";
  }
  if (!*waiting) return "(SELECT cause, dead_letters AS waiting FROM causes)";
  std::string rows = "(NULL, 0)";
  for (const auto& [cause, count] : **waiting) {
    rows += ", (" + engine::quote_literal(cause) + ", " + std::to_string(count) + ")";
  }
  return "(SELECT causes.cause, coalesce(n, 0) AS waiting FROM causes LEFT JOIN (VALUES " + rows +
         ") AS counted(cause, n) ON counted.cause = causes.cause)";
}

// Where they are kept: "table dead_letter.p", "topic p-dead".
std::string place_of(const project::Pipeline& pipeline) {
  if (!pipeline.dead_letters) return "table " + project::dead_letter_table(pipeline);
  for (const char* const option : {"topic", "event_hub"}) {
    const config::Value* const name = pipeline.dead_letters->options.find(option);
    if (name != nullptr && name->is_scalar()) return "topic " + name->text();
  }
  return pipeline.dead_letters->connector;
}

struct Overview {
  uint64_t letters = 0;
  uint64_t waiting = 0;
  std::string first, last;  // when they were rejected; empty if there are none
};

Result<Overview> count_letters(service::Workspace& workspace, const project::Pipeline& pipeline,
                               std::stop_token stop) {
  const std::string table = project::dead_letter_table(pipeline);
  TopicRead read;
  ASSIGN_OR_RETURN(const auto session, workspace.database().make_session());
  ASSIGN_OR_RETURN(const bool found,
                   bind_letters(workspace, pipeline, *session, table, read, stop));
  if (!found) return Overview();
  ASSIGN_OR_RETURN(const engine::Rows rows,
                   session->query("SELECT count(*), CAST(min(rejected_at) AS VARCHAR), "
                                  "CAST(max(rejected_at) AS VARCHAR) FROM " +
                                  engine::quote_qualified(table)));
  Overview overview{static_cast<uint64_t>(rows.integer(0, 0)), 0, rows.text(0, 1), rows.text(0, 2)};
  ASSIGN_OR_RETURN(const std::optional<service::LetterCounts> waiting,
                   service::waiting_letters(workspace, pipeline, stop));
  if (!waiting) overview.waiting = overview.letters;  // no replay has taken any
  if (waiting) {
    for (const auto& [cause, count] : *waiting) overview.waiting += count;
  }
  return overview;
}

// A line a pipeline, as SQL: its dead letters in numbers; all are NULL if they are not known.
std::string overview_row(const project::Pipeline& pipeline, const Result<Overview>& overview) {
  std::string numbers = "NULL, NULL, NULL, NULL, NULL";
  if (overview.ok()) {
    const auto time = [](const std::string& text) {
      return text.empty() ? "NULL" : engine::quote_literal(text);
    };
    const uint64_t waiting = std::min(overview->waiting, overview->letters);
    numbers = std::to_string(overview->letters) + ", " + std::to_string(waiting) + ", " +
              std::to_string(overview->letters - waiting) + ", " + time(overview->first) + ", " +
              time(overview->last);
  }
  return "(" + engine::quote_literal(pipeline.name) + ", " +
         engine::quote_literal(place_of(pipeline)) + ", " + numbers + ")";
}

// Of all pipelines.
Outcome list_all(const DlqOptions& options, const Common& common) {
  const Interruption interruption;
  auto workspace =
      service::Workspace::open(common.project, service::Workspace::Checked::kPipelines);
  if (!workspace.ok()) return workspace.status();
  std::string rows;
  std::string unknown;
  for (const project::Pipeline& pipeline : (*workspace)->project().pipelines) {
    const Result<Overview> overview = count_letters(**workspace, pipeline, interruption.token());
    if (interruption.requested()) return cancelled("interrupted");
    if (!overview.ok()) {
      std::cerr << pipeline.name << ": " << mask_secrets(overview.status().message()) << "\n";
      unknown += (unknown.empty() ? "" : ", ") + pipeline.name;
    }
    rows += (rows.empty() ? "" : ", ") + overview_row(pipeline, overview);
  }
  if (rows.empty()) return ok_status();
  const auto session = (*workspace)->database().make_session();
  if (!session.ok()) return session.status();
  const std::string sql =
      "SELECT pipeline, kept_in, CAST(letters AS BIGINT) AS dead_letters, CAST(waiting AS BIGINT) "
      "AS waiting, CAST(replayed AS BIGINT) AS replayed, CAST(first AS TIMESTAMPTZ) AS first, "
      "CAST(last AS TIMESTAMPTZ) AS last FROM (VALUES " +
      rows +
      ") AS counted(pipeline, kept_in, letters, waiting, replayed, first, last) ORDER BY pipeline";
  const auto written =
      write_rows(**session, sql, {row_format(format_of(options, common)), Screen::of_stdout()},
                 std::cout, interruption.token());
  if (!written.ok()) return written.status();
  return unknown.empty() ? Outcome(ok_status())
                         : work_failed(unavailable("not known: the dead letters of " + unknown));
}

Outcome list(const DlqOptions& options, const Common& common) {
  if (options.pipeline.empty()) return list_all(options, common);
  return print_letters(options, common, [](const Question& question) -> Result<std::string> {
    return std::string("WITH causes AS (SELECT ") + stream::kDeadLetterCause +
           " AS cause, count(*) AS dead_letters, min(rejected_at) AS first, "
           "max(rejected_at) AS last, any_value(reason) AS example FROM " +
           question.table +
           " GROUP BY 1) SELECT causes.cause AS reason, dead_letters, waiting, "
           "CASE WHEN waiting IS NOT NULL THEN greatest(dead_letters - waiting, 0) END AS "
           "replayed, "
           "first, last, example FROM causes "
           "JOIN " +
           waiting_table(question) +
           " AS left_over ON left_over.cause = causes.cause ORDER BY dead_letters DESC, 1";
  });
}

// Bytes that are no text: a few of them, how many there are, and what of them can be read.
constexpr const char* kBytesForPeople =
    "'0x' || lower(left(hex(raw), 32)) || CASE WHEN octet_length(raw) > 16 THEN '…' ELSE '' END || "
    "' (' || octet_length(raw) || ' bytes: ' || "
    "left(regexp_replace(CAST(raw AS VARCHAR), '\\\\x[0-9A-F]{2}', '.', 'g'), 32) || ')'";

Outcome show(const DlqOptions& options, const Common& common) {
  const std::string limit = std::to_string(options.limit.value_or(20));
  return print_letters(options, common, [&](const Question& question) -> Result<std::string> {
    const std::string raw =
        question.for_people
            ? "coalesce(try(decode(raw)), " + std::string(kBytesForPeople) + ") AS raw"
            : "coalesce(try(decode(raw)), hex(raw)) AS raw, CASE WHEN raw IS NULL THEN NULL WHEN "
              "try(decode(raw)) IS NULL THEN 'hex' ELSE 'text' END AS raw_encoding";
    return "SELECT rejected_at, reason, coalesce(file, topic) AS source, \"partition\", line, "
           "\"offset\", " +
           raw + " FROM " + question.table +
           " ORDER BY rejected_at DESC, \"offset\" DESC, line DESC, file, topic, \"partition\" "
           "LIMIT " +
           limit;
  });
}

Outcome replay(const DlqOptions& options, const Common& common) {
  const Interruption interruption;
  auto workspace = service::Workspace::open(common.project, service::Workspace::Checked::kToRun);
  if (!workspace.ok()) return workspace.status();
  (*workspace)->environment().stop = interruption.token();
  if (const auto plan = (*workspace)->plan(); !plan.ok()) return plan.status();
  const auto pipeline = (*workspace)->pipeline(options.pipeline);
  if (!pipeline.ok()) return pipeline.status();
  Clock& clock = (*workspace)->clock();
  const Timestamp begin = clock.now();
  service::RunReport report;
  report.pipelines.push_back(service::replay(**workspace, **pipeline, interruption.token()));
  report.took = clock.now() - begin;
  const service::PipelineReport& replayed = report.pipelines.front();
  if (common.json) {
    std::cout << summary_json(report);
  } else if (!common.quiet && replayed.error.ok()) {
    const stream::Accounting& total = replayed.status.total;
    std::cerr << format_count(total.read, "dead letter")
              << " replayed: " << format_count(total.written, "row") << " written, "
              << format_count(total.filtered + total.dropped) << " left out, "
              << format_count(total.dead_lettered) << " rejected again\n";
  }
  return work_failed(replayed.error);
}

}  // namespace

void add_dlq(CommandLine& line) {
  Command dlq = line.add({.name = "dlq",
                          .summary = "Dead letters: rejected records, to look at and feed back",
                          .details = {"They are rows of the table dead_letter.<pipeline>, which "
                                      "`lakeward query` reads too,\nor messages of the topic that "
                                      "`dead_letters` of the pipeline names. With --json, `list` "
                                      "and `show`\nprint an object a line, as `lakeward query` "
                                      "does: no line if there are none."},
                          .examples = {"lakeward dlq list", "lakeward dlq list silver_sensor_data",
                                       "lakeward dlq replay silver_sensor_data"}},
                         nullptr);
  const std::vector<std::string> formats = {"table", "csv", "json"};
  auto listed = std::make_shared<DlqOptions>();
  dlq.add({.name = "list",
           .summary = "Counts all pipelines' dead letters, or a pipeline's by reason",
           .details = {"'waiting' are those that the next replay takes; a letter stays where it is "
                       "kept when it was replayed."},
           .examples = {"lakeward dlq list", "lakeward dlq list silver_sensor_data"}},
          [listed](const Common& common) { return list(*listed, common); })
      .optional_argument("PIPELINE", listed->pipeline,
                         "The pipeline's name; without it, a line for each pipeline")
      .choice("--format", listed->format, formats, "How rows are printed; default: table");
  auto shown = std::make_shared<DlqOptions>();
  dlq.add(
         {.name = "show",
          .summary = "Shows dead letters, the newest first, with their place and bytes",
          .details = {"Bytes that are no text are shown as 0x…, with their number and what of them "
                      "can be read; as CSV and JSON they are\nhexadecimal, and raw_encoding says "
                      "so."},
          .examples = {"lakeward dlq show silver_sensor_data -n 5"}},
         [shown](const Common& common) { return show(*shown, common); })
      .argument("PIPELINE", shown->pipeline, "The pipeline's name")
      .option("-n,--limit", shown->limit, "At most so many; default: 20")
      .choice("--format", shown->format, formats, "How rows are printed; default: table");
  auto replayed = std::make_shared<DlqOptions>();
  dlq.add({.name = "replay",
           .summary = "Feeds dead letters back through the pipeline, after a fix",
           .details = {"Each dead letter is replayed once; what is rejected again becomes a new "
                       "dead letter, which the next replay\ntakes. The pipeline itself may run "
                       "meanwhile."},
           .examples = {"lakeward dlq replay silver_sensor_data"}},
          [replayed](const Common& common) { return replay(*replayed, common); })
      .argument("PIPELINE", replayed->pipeline, "The pipeline's name");
}

}  // namespace lakeward::cli
