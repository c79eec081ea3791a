#include "format/debezium_envelope.h"

namespace lakeward::format {

void ChangeSource::set_number(std::string_view name, int64_t number) {
  if (name == "ts_us") {
    micros = number;
    has_time = true;
  } else if (name == "ts_ms") {
    if (!has_time) has_time = !__builtin_mul_overflow(number, int64_t{1'000}, &micros);
  } else if (name == "lsn" || name == "pos" || name == "scn") {
    lsn = number;
    has_lsn = true;
  }
}

void ChangeSource::set_text(std::string_view name, std::string_view text) {
  if (name == "db") database = text;
  if (name == "schema") schema = text;
  if (name == "table") table = text;
  if (name == "snapshot") is_snapshot = text != "false";
}

std::string refuse_operation(char op, bool has_before, bool has_after) {
  switch (op) {
    case 'c':
    case 'r':
    case 'u':
      if (has_after) return "";
      return std::string("the operation '") + op + "' comes without 'after'";
    case 'd':
      return has_before ? "" : "the operation 'd' comes without 'before'";
    case 't':
      return "the operation 't' (the table was truncated) is none of a row";
    case 'm':
      return "the operation 'm' (a message) is none of a row";
    default:
      return (op > ' ' && op < 127 ? std::string("the operation '") + op + "' is unknown"
                                   : std::string("an unknown operation")) +
             ": of a row it is c, r, u or d";
  }
}

void EnvelopeWriter::write(char op, const ChangeSource& source, size_t row) {
  if (engine::ColumnWriter* writer = writers_[kOp]) {
    writer->set_copied_string(row, std::string_view(&op, 1));
  }
  if (engine::ColumnWriter* writer = writers_[kSourceTs]) {
    if (source.has_time) {
      writer->data<int64_t>()[row] = source.micros;
    } else {
      writer->set_null(row);
    }
  }
  if (engine::ColumnWriter* writer = writers_[kSourceLsn]) {
    if (source.has_lsn) {
      writer->data<int64_t>()[row] = source.lsn;
    } else {
      writer->set_null(row);
    }
  }
  if (engine::ColumnWriter* writer = writers_[kSourceTable]) {
    const std::string_view space = source.schema.empty() ? source.database : source.schema;
    if (source.table.empty()) {
      writer->set_null(row);
    } else {
      table_name_.assign(space).append(space.empty() ? "" : ".").append(source.table);
      writer->set_copied_string(row, table_name_);
    }
  }
  if (engine::ColumnWriter* writer = writers_[kSnapshot]) {
    writer->data<bool>()[row] = source.is_snapshot || op == 'r';
  }
}

}  // namespace lakeward::format
