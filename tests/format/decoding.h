// Records in memory, decoded into the engine as a table.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/database.h"
#include "engine/session.h"
#include "engine/table_source.h"
#include "format/decoder.h"

namespace lakeward::format {

// Stands for a record without a payload.
inline const std::string kTombstone = "(no payload)";

// The payloads of some records in one block of memory, with the padding that decoders ask for.
class PaddedRecords {
 public:
  explicit PaddedRecords(const std::vector<std::string>& payloads,
                         std::vector<std::string> header = {});
  RecordBatch batch() const;
  const std::vector<Record>& records() const { return records_; }

 private:
  std::string block_;
  std::vector<Record> records_;
  std::shared_ptr<const Provenance> provenance_;
};

// The decoded columns of records as a table. One thread.
class DecodedTable final : public engine::TableSource {
 public:
  DecodedTable(const Format& format, const PaddedRecords& records)
      : format_(format), records_(records) {}

  const engine::Schema& schema() const override { return format_.decoded(); }
  Result<std::unique_ptr<engine::TableScan>> scan(const std::vector<size_t>& columns) override;

  std::vector<Rejection> rejections;
  std::vector<uint32_t> row_records;  // of all chunks

 private:
  struct Scan;
  struct Producer;
  const Format& format_;
  const PaddedRecords& records_;
};

// The rows of a query over `input`, the decoded records: cells as text, "NULL" for NULL.
struct Decoded {
  Status status;
  std::vector<std::vector<std::string>> rows;
  std::vector<Rejection> rejections;
  std::vector<uint32_t> row_records;
};
Decoded decode_all(const Format& format, const std::vector<std::string>& payloads,
                   const std::string& select = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM input",
                   std::vector<std::string> header = {});

}  // namespace lakeward::format
