// Runs a Program over records: the inside of the decoder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/chunk_writer.h"
#include "format/avro/input.h"
#include "format/avro/program.h"
#include "format/avro/value_text.h"
#include "format/temporal_text.h"

namespace lakeward::format::avro {

// One column while a batch is decoded.
struct BoundColumn {
  const TargetColumn* declared = nullptr;
  engine::ColumnWriter* writer = nullptr;  // nullptr: the query does not use it
  void* data = nullptr;                    // the writer's

  void set_null(size_t row) {
    if (writer != nullptr) writer->set_null(row);
  }
  template <typename T>
  void set(size_t row, T value) {
    if (data != nullptr) static_cast<T*>(data)[row] = value;
  }
};

// Used by one thread. The program and the columns outlive it.
class RowReader {
 public:
  RowReader(const Program& program, std::vector<BoundColumn>& columns)
      : program_(program), columns_(columns), text_(program.plan(), input_) {}

  // Writes the row of one record, kPadding readable bytes behind it. If it returns false, reason()
  // says why, and columns may have been nulled.
  bool read(std::string_view record, size_t row);
  std::string reason() const;

 private:
  const char* run(const Step& step, const char* p, size_t row);
  const char* run_value(const Step& step, const char* p, size_t row);
  const char* run_rarer(const Step& step, const char* p, size_t row);
  const char* run_branches(const Step& step, const char* p, size_t row);
  const char* run_default(const Step& step, size_t row);
  template <typename T>
  const char* write_whole(const Step& step, const char* p, size_t row);
  template <typename T>
  const char* write_real(const Step& step, const char* p, size_t row);
  const char* write_text(const Step& step, const char* p, size_t row);
  const char* write_blob(const Step& step, const char* p, size_t row);
  const char* write_time(const Step& step, const char* p, size_t row);
  const char* write_decimal(const Step& step, const char* p, size_t row);
  const char* write_uuid(const Step& step, const char* p, size_t row);
  const char* write_from_text(const Step& step, const char* p, size_t row);
  const char* write_interval(const Step& step, const char* p, size_t row);
  const char* write_symbol(const Step& step, const char* p, size_t row);
  const char* write_value_text(const Step& step, const char* p, size_t row);

  const char* read_number(const Step& step, const char* p, int64_t& value) {
    return step.is_int ? input_.read_int(p, value) : input_.read_long(p, value);
  }
  const char* read_any_bytes(const Step& step, const char* p, std::string_view& bytes) {
    return step.size == kVariable ? input_.read_bytes(p, bytes)
                                  : input_.read_fixed(p, step.size, bytes);
  }
  // "'floor': " and why.
  [[gnu::cold]] const char* refuse(const Step& step, const std::string& why);
  [[gnu::cold]] const char* refuse_range(const Step& step, const std::string& value);

  const Program& program_;
  std::vector<BoundColumn>& columns_;
  Input input_;
  ValueText text_;
  temporal::DateCache dates_;
};

}  // namespace lakeward::format::avro
