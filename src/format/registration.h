// How the schema of what is written gets its number: the subject, and the framing that follows.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "format/schema_source.h"

namespace lakeward::format {

// Under which subject a topic's schema is registered, as Confluent's clients name it.
enum class SubjectStrategy {
  kTopicName,        // <topic>-value, <topic>-key
  kRecordName,       // <full name of the record>
  kTopicRecordName,  // <topic>-<full name of the record>
};

struct Registration {
  std::string topic;
  bool is_key = false;  // of keys, not of values
  std::string subject;  // empty: as the strategy says
  SubjectStrategy strategy = SubjectStrategy::kTopicName;
  bool auto_register = true;
  std::shared_ptr<SchemaRegistrar> registrar;  // null: no framing
};

// A name for records that have none: the topic's, as far as Avro allows; of keys, "<topic>_key".
std::string default_record_name(const Registration& registration);

// That the strategy can name a subject. `record_name` is empty for what is no record. Errors:
// InvalidArgument, with the mend.
Status check_subject(const Registration& registration, const std::string& record_name);

// What each payload begins with: a zero byte and the schema's number; empty without a registrar.
// Registers the schema, or looks it up. Errors: those of check_subject() and of
// SchemaRegistrar::schema_id().
Result<std::string> register_schema(const Registration& registration,
                                    const RegisteredSchema& schema, const std::string& record_name);

// Encoding::reach() of what is registered so.
Result<std::string> reach_registry(const Registration& registration);

}  // namespace lakeward::format
