// What a change event says besides its row, however it is written: the columns of the envelope.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/chunk_writer.h"

namespace lakeward::format {

// Their places among envelope_columns().
enum EnvelopeColumn : size_t { kOp, kSourceTs, kSourceLsn, kSourceTable, kSnapshot };

// What `source` says. The texts belong to the record.
struct ChangeSource {
  int64_t micros = 0;
  bool has_time = false;
  int64_t lsn = 0;
  bool has_lsn = false;
  bool is_snapshot = false;
  std::string_view database, schema, table;

  // One of its numbers.
  void set_number(std::string_view name, int64_t number);
  // One of its texts.
  void set_text(std::string_view name, std::string_view text);
};

// Why an event of this operation, with these states of the row, is no change of a row; "" if it is
// one. 0: none that is known.
std::string refuse_operation(char op, bool has_before, bool has_after);

class EnvelopeWriter {
 public:
  // One writer for each of envelope_columns(); nullptr: the query does not use it.
  void bind(std::span<engine::ColumnWriter* const> writers) { writers_ = writers; }
  void write(char op, const ChangeSource& source, size_t row);

 private:
  std::span<engine::ColumnWriter* const> writers_;
  std::string table_name_;
};

}  // namespace lakeward::format
