#include "engine/parquet/page.h"

#include <isa-l/crc.h>

#include "base/check.h"

namespace lakeward::engine::parquet {
namespace {

constexpr int kLevel = 3;
// Sizes are 32 bits with a sign, and what cannot be compressed grows a little.
constexpr size_t kLargest = size_t{1} << 30;
constexpr int32_t kDataPage = 0;
constexpr int32_t kDictionaryPage = 2;

// Parquet format, "Checksumming": CRC-32 as in gzip, of the page without its header.
int32_t checksum(const std::string& bytes) {
  return static_cast<int32_t>(
      crc32_gzip_refl(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace

PageWriter::PageWriter() : context_(ZSTD_createCCtx()) {
  CHECK(context_ != nullptr, "memory for zstd");
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
}

template <typename Describe>
Status PageWriter::add(const std::string& body, int32_t page_type, Describe describe,
                       Pages& pages) {
  if (body.size() > kLargest) {
    return unsupported("a value is larger than a page of a Parquet file may be here (1 GiB)");
  }
  compressed_.resize(ZSTD_compressBound(body.size()));
  const size_t size = ZSTD_compress2(context_.get(), compressed_.data(), compressed_.size(),
                                     body.data(), body.size());
  CHECK(ZSTD_isError(size) == 0, ZSTD_getErrorName(size));
  compressed_.resize(size);
  ThriftWriter header;
  header.begin_struct();
  header.field(1, page_type);
  header.field(2, static_cast<int32_t>(body.size()));
  header.field(3, static_cast<int32_t>(size));
  header.field(4, checksum(compressed_));
  describe(header);
  header.end_struct();
  pages.bytes += header.str();
  pages.bytes += compressed_;
  pages.uncompressed += static_cast<int64_t>(header.str().size() + body.size());
  return ok_status();
}

Status PageWriter::add_data(const std::string& body, size_t rows, Encoding encoding, Pages& pages) {
  const auto describe = [&](ThriftWriter& header) {
    header.begin_struct(5);
    header.field(1, static_cast<int32_t>(rows));
    header.field(2, static_cast<int32_t>(encoding));
    header.field(3, static_cast<int32_t>(Encoding::kRle));  // definition levels
    header.field(4, static_cast<int32_t>(Encoding::kRle));  // repetition levels: none
    header.end_struct();
  };
  return add(body, kDataPage, describe, pages);
}

Status PageWriter::add_dictionary(const std::string& body, size_t values, Pages& pages) {
  const auto describe = [&](ThriftWriter& header) {
    header.begin_struct(7);
    header.field(1, static_cast<int32_t>(values));
    header.field(2, static_cast<int32_t>(Encoding::kPlain));
    header.end_struct();
  };
  return add(body, kDictionaryPage, describe, pages);
}

}  // namespace lakeward::engine::parquet
