// Rows as records: which columns are the value, and which the key, the headers, ….
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "connectors/kafka/producer.h"
#include "connectors/kafka/sink_options.h"
#include "engine/result.h"
#include "engine/session.h"
#include "format/encoder.h"

namespace lakeward::connectors::kafka {

// Used by one thread.
class RecordEncoder {
 public:
  // For rows of this schema. Asks no service. Errors: InvalidArgument names a column that is not
  // there or does not fit, and the mend.
  static Result<std::unique_ptr<RecordEncoder>> make(engine::Session& session,
                                                     const engine::Schema& rows,
                                                     const KafkaSinkOptions& options,
                                                     const Encodings& encodings);

  // Before the first load(); does nothing when it has succeeded before. Errors: those of
  // Encoding::make_encoder().
  Status open();
  // The columns that load() takes, of rows of the schema.
  std::string select(const std::string& rows) const;
  // Whether these are the columns of select() over the rows that this was made for.
  bool fits(const std::vector<engine::TypedColumn>& selected) const;
  // Encodes a chunk of select(), which must outlive the use of its records.
  Status load(const engine::Chunk& chunk);
  // A row of the last chunk; valid until the next call. `partitions`: how many the topic has.
  // Errors: InvalidArgument for a partition that does not exist or headers that are none.
  Result<OutgoingRecord> record(size_t row, int32_t partitions);

 private:
  // The value or the key: some of the columns, and what is made of them.
  struct Part {
    size_t first = 0;  // column
    std::vector<engine::TypedColumn> types;
    std::shared_ptr<const format::Encoding> encoding;  // null: there is none
    std::unique_ptr<format::Encoder> encoder;          // null before open()
    format::Payloads payloads;
  };
  using Header = std::pair<std::string_view, std::optional<std::string_view>>;

  static Result<std::vector<std::string>> choose_values(const engine::Schema& rows,
                                                        const KafkaSinkOptions& options,
                                                        const Encode& encode);
  Status add_part(engine::Session& session, const engine::Schema& columns, Part& part);
  Status add_key(engine::Session& session, const engine::Schema& rows,
                 const KafkaSinkOptions& options);
  // The column that `partition`, `timestamp` or `headers` names, as this SQL of it.
  Result<size_t> add_column(engine::Session& session, const engine::Schema& rows,
                            const std::string& name, const char* use,
                            std::string (*as_sql)(const engine::Column& column));
  Status add_headers(engine::Session& session, const engine::Schema& rows, const Headers& headers);
  Status read_headers(size_t row);
  Status read_json_headers(std::string_view text);
  void read_map_headers(const engine::VectorView& column, size_t row);

  std::vector<std::string> columns_;  // as SQL: first those of the value, then those of the key
  Part value_;
  Part key_;
  std::string partition_name_;
  std::string headers_name_;
  std::optional<size_t> partition_;
  std::optional<size_t> timestamp_;
  std::optional<size_t> all_headers_;  // the column that holds them all
  bool headers_are_json_ = false;
  std::vector<std::pair<std::string, size_t>> header_columns_;

  std::vector<engine::VectorView> views_;
  std::vector<Header> headers_;
  std::string packed_;  // headers of JSON, which views point into
};

}  // namespace lakeward::connectors::kafka
