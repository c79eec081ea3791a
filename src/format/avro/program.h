// What is done with each field of a record, in the writer's order: a flat list.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "format/avro/columns.h"
#include "format/avro/plan.h"

namespace lakeward::format::avro {

enum class Code : uint8_t {
  // Skips.
  kSkip,
  kSkipNumber,
  kSkipBytes,
  kSkipFixed,  // `size` bytes
  // Writes one value, by what is read and what the column's vector holds.
  kNull,
  kBoolean,
  kTinyint,
  kSmallint,
  kInteger,
  kBigint,
  kUtinyint,
  kUsmallint,
  kUinteger,
  kUbigint,
  kIntegerAsFloat,
  kIntegerAsDouble,
  kIntegerAsDecimal,
  kIntegerAsDate,
  kIntegerAsTime,
  kIntegerAsTimestamp,
  kFloat,
  kFloatAsDouble,
  kDouble,
  kText,
  kBlob,
  kDecimal,
  kDecimalText,  // from text
  kUuid,
  kUuidText,  // from text
  kDateText,
  kTimestampText,
  kInterval,
  kSymbol,
  kPlain,  // any scalar as its text
  kJson,
  // Reads which branch of a union comes, and does its step.
  kBranches,
  kRefuse,  // no such value can be read: PlanNode::mismatch, or `reason`
};

struct Step {
  Code code = Code::kSkip;
  // Of a union of null and one other type, which branch is null: `code` is the other's; else -1.
  int8_t null_branch = -1;
  bool is_int = false;    // an Avro int: no more than 32 bits
  uint32_t column = 0;    // of the writing codes
  PlanId plan = 0;        // of the value; of a union of null, of the other branch
  uint32_t size = 0;      // kSkipFixed; of the values read as fixed, else kVariable
  uint32_t branches = 0;  // kBranches: the first in Program::branches(), and how many
  uint32_t count = 0;     // kBranches
  int digits = 0;         // kIntegerAsTime, kIntegerAsTimestamp: of the fraction of a second
  int scale = 0;          // kDecimal, kIntegerAsDecimal: of the number read
  const PlanDefault* missing = nullptr;  // not of the writer: the reader's default
  std::string reason;                    // kRefuse
};
inline constexpr uint32_t kVariable = ~uint32_t{0};

// Records of one writer's schema, decoded into columns. Immutable: all threads share it.
class Program {
 public:
  // `reader` may be null: a column is then the writer's field of its name, and NULL if there is
  // none. Both schemas may go away afterwards. What cannot be read at all is a Program that refuses
  // every record.
  Program(const Schema& writer, const Schema* reader, const std::vector<TargetColumn>& columns);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const Plan& plan() const { return plan_; }
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<Step>& branches() const { return branches_; }
  // Columns without a step: always NULL.
  const std::vector<uint32_t>& absent() const { return absent_; }
  // Not empty: why every record is refused.
  const std::string& refusal() const { return refusal_; }
  // The first step that can never give a value, in words; "" if there is none.
  std::string first_mismatch() const;

 private:
  Step make_step(PlanId id, uint32_t column, const TargetColumn& target);
  Step skip_step(PlanId id) const;

  Plan plan_;
  std::vector<PlanDefault> defaults_;  // of the record
  std::vector<Step> steps_;
  std::vector<Step> branches_;
  std::vector<uint32_t> absent_;
  std::string refusal_;
};

}  // namespace lakeward::format::avro
