// A place in a table's log, as Delta's streaming source for Apache Spark writes it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lakeward::connectors::delta {

// {"sourceVersion":1,"reservoirId":"<table id>","reservoirVersion":12,"index":-1,
// "isStartingVersion":false} (Delta's DeltaSourceOffset): everything before `version` is read, and
// of `version` the files 0 … index (none at -1). With `starting`, the files are those of the whole
// snapshot, else those that the version's commit added.
struct TableOffset {
  std::string table_id;
  int64_t version = 0;
  int64_t index = -1;
  bool starting = false;
  bool operator==(const TableOffset&) const = default;

  std::string to_json() const;
  // Errors: Corruption if the line is another kind of source's.
  static Result<TableOffset> parse(std::string_view line);
};

}  // namespace lakeward::connectors::delta
