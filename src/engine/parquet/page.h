// A page of a column: compressed, behind its header. Parquet format, "Data Pages".
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "engine/parquet/column_format.h"

namespace lakeward::engine::parquet {

// A column of a row group so far: pages one after the other.
struct Pages {
  std::string bytes;
  int64_t uncompressed = 0;  // with the headers
};

// Compresses pages with zstd. Used by one thread.
class PageWriter {
 public:
  PageWriter();
  // Values that are not NULL and whether the others are (append_runs()), as they stand in a page.
  // Errors: Unsupported: a page of more than 1 GiB.
  Status add_data(const std::string& body, size_t rows, Encoding encoding, Pages& pages);
  Status add_dictionary(const std::string& body, size_t values, Pages& pages);

 private:
  struct ContextDeleter {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };
  // `describe` writes the fields of the header that are the page's own.
  template <typename Describe>
  Status add(const std::string& body, int32_t page_type, Describe describe, Pages& pages);

  std::unique_ptr<ZSTD_CCtx, ContextDeleter> context_;
  std::string compressed_;
};

}  // namespace lakeward::engine::parquet
