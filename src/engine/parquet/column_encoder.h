// Encodes one column: from DuckDB's vectors to the pages of a row group.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/parquet/column_format.h"
#include "engine/parquet/page.h"
#include "engine/parquet/statistics.h"
#include "engine/parquet_writer.h"
#include "engine/vector_view.h"

namespace lakeward::engine::parquet {

// A column of a row group, ready to be written.
struct ColumnChunk {
  Pages pages;
  int64_t dictionary_bytes = 0;  // of the dictionary's page, the first; 0: there is none
  std::vector<Encoding> encodings;
  int64_t values = 0;  // NULLs among them
  int64_t nulls = 0;
  std::optional<PlainBounds> bounds;
};

// Used by one thread at a time.
class ColumnEncoder {
 public:
  // `seed`: see dictionary.h. Only for types that have a physical_type().
  static std::unique_ptr<ColumnEncoder> make(const ColumnType& type, uint64_t seed);
  virtual ~ColumnEncoder() = default;

  // The first `rows` rows. Errors: Unsupported: a text that is too large for a page.
  virtual Status append(const VectorView& column, size_t rows, PageWriter& writer) = 0;
  // What was appended since the last call.
  virtual Result<ColumnChunk> finish(PageWriter& writer) = 0;
  // Of the row group so far, about: bytes of memory, and of the pages before compression.
  virtual size_t held() const = 0;
  virtual size_t uncompressed() const = 0;

  // Of all that was ever appended and finished; another encoder's of the same type can be added.
  virtual void add_statistics(const ColumnEncoder& other) = 0;
  virtual ColumnStatistics statistics() const = 0;
};

}  // namespace lakeward::engine::parquet
