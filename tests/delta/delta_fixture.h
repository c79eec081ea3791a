// A lake in a temporary folder, and short words for what the tests of delta/ do with it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "delta/data_writer.h"
#include "delta/scan.h"
#include "delta/table.h"
#include "delta/transaction.h"
#include "engine/database.h"
#include "support/faulty_store.h"
#include "support/temp_folder.h"

namespace lakeward::delta {

// The value of a Result, or a failed test.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.status().message();
    throw std::runtime_error(result.status().message());
  }
  return std::move(result).value();
}

inline void must(const Status& status) {
  if (status.ok()) return;
  ADD_FAILURE() << status.message();
  throw std::runtime_error(status.message());
}

class DeltaTest : public ::testing::Test {
 protected:
  static engine::Database& database() {
    static const std::unique_ptr<engine::Database> kDatabase = [] {
      engine::DatabaseOptions options;
      options.threads = 2;
      return must(engine::Database::open(options));
    }();
    return *kDatabase;
  }

  Table open_table(const std::string& path = "t") {
    return must(Table::open(store_, path, database()));
  }

  // A writer of the table for the columns of `select`; makes the table if there is none.
  TableWriter open_writer(Table& table, const std::string& select, NewTable definition = {}) {
    definition.schema = must(delta_schema(must(session_->describe(select))));
    return must(TableWriter::open_or_create(table, definition, clock_));
  }

  // Writes the rows of a query as files that are not committed yet.
  std::vector<AddFile> write(const TableWriter& writer, const std::string& select,
                             const std::string& path = "t") {
    const WritePlan plan =
        must(plan_write(must(session_->describe(select)), writer.state().schema, false, path));
    return must(write_files(*session_, select, plan, store_, path,
                            data_writer_options(writer.state().metadata), clock_))
        .adds;
  }

  CommitRequest append_request(const TableWriter& writer, const std::string& select,
                               std::optional<int64_t> epoch = std::nullopt) {
    CommitRequest request;
    request.adds = write(writer, select);
    if (epoch) request.txn = Txn{"pipeline", *epoch, std::nullopt};
    return request;
  }

  CommitOutcome append(TableWriter& writer, const std::string& select,
                       std::optional<int64_t> epoch = std::nullopt) {
    CommitOutcome outcome = must(writer.commit(append_request(writer, select, epoch)));
    must(outcome.maintenance);
    return outcome;
  }

  // The rows of a query over the latest snapshot (named `t` in it), one text a row, sorted.
  std::vector<std::string> rows(const Table& table, const std::string& query = "SELECT * FROM t") {
    return rows_of(must(scan(table, must(table.snapshot()))), query);
  }

  std::vector<std::string> rows_of(const Scan& scan, const std::string& query = "SELECT * FROM t") {
    const engine::Rows result = must(session_->query(
        "WITH t AS (" + scan.sql + ") SELECT row(*COLUMNS(*))::VARCHAR AS text FROM (" + query +
        ") q ORDER BY text"));
    std::vector<std::string> texts;
    for (size_t i = 0; i < result.size(); ++i) texts.push_back(result.text(i, 0));
    return texts;
  }

  test::TempFolder folder_;
  std::unique_ptr<io::ObjectStore> real_store_ = io::make_local_store(folder_.path() / "lake");
  test::FaultyStore store_{*real_store_};
  SystemClock clock_;
  std::unique_ptr<engine::Session> session_ = must(database().make_session());
};

}  // namespace lakeward::delta
