#include "format/registration.h"

#include "format/avro_encoding.h"
#include "format/registry_header.h"

namespace lakeward::format {
namespace {

std::string subject_of(const Registration& registration, const std::string& record_name) {
  if (!registration.subject.empty()) return registration.subject;
  switch (registration.strategy) {
    case SubjectStrategy::kTopicName:
      return registration.topic + (registration.is_key ? "-key" : "-value");
    case SubjectStrategy::kRecordName:
      return record_name;
    case SubjectStrategy::kTopicRecordName:
      return registration.topic + "-" + record_name;
  }
  return "";
}

}  // namespace

std::string default_record_name(const Registration& registration) {
  std::string name;
  for (const char c : registration.topic) name += is_avro_name("a" + std::string(1, c)) ? c : '_';
  if (registration.is_key) name += "_key";
  return is_avro_name(name) ? name : "_" + name;
}

Status check_subject(const Registration& registration, const std::string& record_name) {
  if (!record_name.empty() || !registration.subject.empty() ||
      registration.strategy == SubjectStrategy::kTopicName) {
    return ok_status();
  }
  return invalid_argument(
      "'subject_strategy' names the subject by the record, and this schema has no name of one; "
      "leave it at topic_name, say 'subject', or write a record (a key of a list of columns, a "
      "JSON Schema with a title)");
}

Result<std::string> register_schema(const Registration& registration,
                                    const RegisteredSchema& schema,
                                    const std::string& record_name) {
  if (registration.registrar == nullptr) return std::string();
  RETURN_IF_ERROR(check_subject(registration, record_name));
  const std::string subject = subject_of(registration, record_name);
  const Result<uint32_t> id =
      registration.registrar->schema_id(subject, schema, registration.auto_register);
  if (id.status().code() == StatusCode::kNotFound) {
    return not_found("the subject '" + subject + "' does not have the schema of these columns (" +
                     id.status().message() +
                     "); register it, or allow it: auto_register: true\n  " + schema.text);
  }
  if (!id.ok()) return id.status().with_context("the subject '" + subject + "'");
  return registry_header(*id);
}

Result<std::string> reach_registry(const Registration& registration) {
  if (registration.registrar == nullptr) return std::string();
  RETURN_IF_ERROR(registration.registrar->reach());
  return registration.registrar->name();
}

}  // namespace lakeward::format
