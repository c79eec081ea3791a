// The parsers of what other writers put into a Delta log: whatever the bytes, they answer with
// actions or with an error, and what was understood is understood again from our own text of it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "delta/actions.h"
#include "delta/schema.h"

namespace lakeward::delta {
namespace {

void check_commit(std::string_view bytes) {
  const Result<CommitActions> actions = parse_actions(bytes, "fuzz.json");
  if (!actions.ok()) return;
  const std::string printed = print_actions(*actions);
  const Result<CommitActions> again = parse_actions(printed, "again.json");
  CHECK(again.ok(), "our own text of a commit must be readable");
  CHECK(again->adds == actions->adds, "a commit's added files must survive being printed");
  CHECK(again->txns == actions->txns, "a commit's txn actions must survive being printed");
  // Of a removed file, what is of no use without the rest (a size without partition values) is not
  // printed: so it is the second text that must be like the first.
  CHECK(again->removes.size() == actions->removes.size(), "no removed file may be lost");
  CHECK(print_actions(*again) == printed, "our own text of a commit must stay as it is");
  for (const AddFile& file : actions->adds) decode_path(file.path);
}

void check_schema(std::string_view bytes) {
  const Result<TableSchema> schema = parse_schema(bytes, "fuzz");
  if (!schema.ok()) return;
  const Result<TableSchema> again = parse_schema(print_schema(*schema), "again");
  CHECK(again.ok() && *again == *schema, "a schema must survive being printed");
}

}  // namespace
}  // namespace lakeward::delta

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  lakeward::delta::check_commit(bytes);
  lakeward::delta::check_schema(bytes);
  return 0;
}
