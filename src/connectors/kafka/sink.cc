#include "connectors/kafka/sink.h"

#include <utility>

#include "base/units.h"
#include "connectors/declared_options.h"
#include "connectors/kafka/group_offsets.h"
#include "connectors/kafka/topic_facts.h"
#include "connectors/kafka/topic_settings.h"

namespace lakeward::connectors::kafka {
namespace {

// What write() hands to commit().
struct Sent {
  int64_t epoch = 0;
};

std::string own_name(const KafkaSinkOptions& options, const stream::SinkArguments& arguments) {
  return (options.transactional_id.empty() ? "lakeward." + arguments.pipeline + "." + options.topic
                                           : options.transactional_id) +
         (arguments.replay ? ".dlq" : "");
}

}  // namespace

Result<std::unique_ptr<stream::Sink>> KafkaSink::make(KafkaSinkOptions options, Service service,
                                                      const stream::SinkArguments& arguments,
                                                      stream::Environment& environment) {
  OpenRegistrar open = environment.schema_registrar;
  if (!open) {
    open = [](const config::Value&) -> Result<std::shared_ptr<format::SchemaRegistrar>> {
      return unsupported("there are no schema registries here");
    };
  }
  ASSIGN_OR_RETURN(Encodings encodings, make_encodings(options, options.topic, open));
  return std::unique_ptr<stream::Sink>(new KafkaSink(std::move(options), std::move(service),
                                                     std::move(encodings), arguments, environment));
}

KafkaSink::KafkaSink(KafkaSinkOptions options, Service service, Encodings encodings,
                     const stream::SinkArguments& arguments, stream::Environment& environment)
    : options_(std::move(options)),
      service_(std::move(service)),
      query_id_(arguments.query_id),
      database_(environment.database),
      reading_properties_(connection_properties(options_, environment.project_root)),
      encodings_(std::move(encodings)) {
  producer_options_.properties =
      writing_properties(options_, environment.project_root, environment.memory_bytes);
  producer_options_.topic = options_.topic;
  producer_options_.service = service_;
  producer_options_.stop = environment.stop;
  if (!transactional()) return;
  producer_options_.transactional_id = own_name(options_, arguments);
  producer_options_.transaction_timeout = options_.transaction_timeout;
  reading_properties_.emplace_back("group.id", producer_options_.transactional_id);
  reading_properties_.emplace_back("isolation.level", "read_committed");
}

Status KafkaSink::check(const engine::Schema& rows) {
  ASSIGN_OR_RETURN(const auto session, database_.make_session());
  ASSIGN_OR_RETURN(encoder_, RecordEncoder::make(*session, rows, options_, encodings_));
  return ok_status();
}

Status KafkaSink::find_topic(Client& client) {
  Result<std::vector<int32_t>> found = client.partitions(options_.topic);
  if (found.status().code() == StatusCode::kNotFound) {
    // Known before: a broker that has just started may not know it yet.
    if (partitions_ > 0) return unavailable(found.status().message());
    config::Problems problems;  // of a declaration that is already checked
    const std::optional<NewTopic> wanted = parse_create_topic(options_.create_topic, problems);
    if (!wanted) {
      if (service_.name != "kafka") return found.status();
      return not_found(found.status().message() +
                       ", or let Lakeward make it: create_topic: {partitions: 3}");
    }
    RETURN_IF_ERROR(create_topic(client, options_.topic, *wanted));
    found = client.partitions(options_.topic);
  }
  RETURN_IF_ERROR(found.status());
  const Status led = await_leaders(client, options_.topic);
  // Another broker may not know it yet.
  if (led.code() == StatusCode::kNotFound) return unavailable(led.message());
  RETURN_IF_ERROR(led);
  partitions_ = static_cast<int32_t>(found->size());
  return ok_status();
}

// Without a producer: one of this transactional id would fence a pipeline that runs.
Result<std::string> KafkaSink::reach() {
  ASSIGN_OR_RETURN(const auto client,
                   Client::make(reading_properties_, Client::Role::kConsumer, service_));
  client->heed(producer_options_.stop);
  const Result<std::vector<int32_t>> found = client->partitions(options_.topic);
  std::string seen = service_.name + " " + describe(options_);
  config::Problems problems;  // of a declaration that is already checked
  if (found.status().code() == StatusCode::kNotFound &&
      parse_create_topic(options_.create_topic, problems)) {
    seen += " will be made";
  } else {
    RETURN_IF_ERROR(found.status());
    const auto described = describe_topics(*client, {options_.topic}, true);
    if (described.ok() && described->size() == 1 && described->front().may_write == false) {
      return invalid_argument(name() + ": this user may not write; " +
                              (service_.write_permission.empty()
                                   ? "it needs the permission Write on the topic"
                                   : service_.write_permission));
    }
    ASSIGN_OR_RETURN(const std::vector<PartitionState> states, client->states(options_.topic));
    std::string trouble = describe_trouble(options_.topic, states, 1);
    if (trouble.empty() && !describe_trouble(options_.topic, states).empty()) {
      const auto least = topic_number(*client, options_.topic, "min.insync.replicas");
      trouble = describe_trouble(options_.topic, states, least.value_or(1));
    }
    if (!trouble.empty()) return unavailable(name() + ": " + trouble);
    if (transactional()) RETURN_IF_ERROR(check_own_group(*client));
    seen +=
        ", " + format_count(found->size()) + (found->size() == 1 ? " partition" : " partitions");
  }
  ASSIGN_OR_RETURN(const std::string service, encodings_.value->reach());
  if (!service.empty()) seen += "; " + service;
  if (encodings_.key == nullptr) return seen;
  ASSIGN_OR_RETURN(const std::string key_service, encodings_.key->reach());
  if (!key_service.empty() && key_service != service) seen += "; " + key_service;
  return seen;
}

Status KafkaSink::check_own_group(Client& client) const {
  return check_group(client, producer_options_.transactional_id,
                     "it needs the permission Read on it, or say 'delivery: at_least_once'");
}

Status KafkaSink::learn_last_epoch(Client& client) {
  const Result<std::optional<StoredOffset>> read = client.committed({options_.topic, 0});
  RETURN_IF_ERROR(
      read.status().with_context("the group '" + producer_options_.transactional_id + "'"));
  const std::optional<StoredOffset>& stored = *read;
  last_.reset();
  // An offset of another checkpoint says nothing about this one's epochs.
  if (stored && stored->metadata == query_id_) last_ = stored->offset - 1;
  return ok_status();
}

Status KafkaSink::connect() {
  if (producer_ != nullptr) return ok_status();
  ASSIGN_OR_RETURN(const auto client,
                   Client::make(reading_properties_, Client::Role::kConsumer, service_));
  client->heed(producer_options_.stop);
  RETURN_IF_ERROR(find_topic(*client));
  ASSIGN_OR_RETURN(auto producer, Producer::make(producer_options_));
  if (transactional()) {
    RETURN_IF_ERROR(check_own_group(*client));
    // In this order: what another process, or a crash, has left open is settled first.
    RETURN_IF_ERROR(producer->take_over());
    RETURN_IF_ERROR(learn_last_epoch(*client));
  }
  producer_ = std::move(producer);
  return ok_status();
}

void KafkaSink::give_up() {
  if (producer_ == nullptr) return;
  if (producer_->is_open() && producer_->abort().ok()) return;
  producer_.reset();
}

Result<stream::Committable> KafkaSink::write(engine::Session& session, const std::string& select,
                                             const stream::Epoch& epoch) {
  RETURN_IF_ERROR(prepare(session, select));
  RETURN_IF_ERROR(connect());
  // Of an epoch that another sink could not commit.
  if (producer_->is_open()) give_up();
  RETURN_IF_ERROR(connect());
  if (transactional()) {
    const Status begun = producer_->begin();
    if (!begun.ok()) {
      producer_.reset();
      return begun;
    }
  }
  Result<stream::Committable> sent = send(session, select);
  if (!sent.ok()) {
    producer_.reset();  // aborts; after a refusal, librdkafka may not go on with it
    return sent.status();
  }
  sent->content = Sent{epoch.id};
  return sent;
}

Status KafkaSink::prepare(engine::Session& session, const std::string& select) {
  if (encoder_ == nullptr) {
    ASSIGN_OR_RETURN(const engine::Schema rows, session.describe(select));
    ASSIGN_OR_RETURN(encoder_, RecordEncoder::make(session, rows, options_, encodings_));
  }
  return encoder_->open();
}

Result<stream::Committable> KafkaSink::send(engine::Session& session, const std::string& select) {
  ASSIGN_OR_RETURN(const auto result, session.stream(encoder_->select(select)));
  if (!encoder_->fits(result->types())) {
    return internal_error("kafka: the rows have other columns than were checked");
  }
  stream::Committable committable;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, result->next());
    if (!chunk) break;
    RETURN_IF_ERROR(encoder_->load(*chunk));
    for (size_t row = 0; row < chunk->rows(); ++row) {
      ASSIGN_OR_RETURN(const OutgoingRecord record, encoder_->record(row, partitions_));
      RETURN_IF_ERROR(producer_->send(record));
      committable.bytes += record.value.value_or("").size();
    }
    committable.rows += chunk->rows();
  }
  RETURN_IF_ERROR(producer_->flush());
  return committable;
}

void KafkaSink::discard(stream::Committable) {
  if (producer_ != nullptr && producer_->is_open()) give_up();
}

Result<std::optional<int64_t>> KafkaSink::last_committed() {
  RETURN_IF_ERROR(connect());
  return last_;
}

Status KafkaSink::commit(const stream::Epoch& epoch, stream::Committable committable,
                         const stream::Accounting&) {
  const auto* sent = std::any_cast<Sent>(&committable.content);
  CHECK(sent != nullptr && sent->epoch == epoch.id, "commit() follows write()");
  if (!transactional()) return ok_status();
  CHECK(producer_ != nullptr && producer_->is_open(), "a written epoch is in an open transaction");
  if (last_ && *last_ >= epoch.id) {
    discard(std::move(committable));
    return ok_status();
  }
  const Status committed = producer_->commit(epoch.id + 1, query_id_);
  if (!committed.ok()) {
    // Whether it is committed is asked when the next producer has taken over.
    producer_.reset();
    return committed;
  }
  last_ = epoch.id;
  return ok_status();
}

stream::Destination destination_of(const KafkaSinkOptions& options, const Service& service) {
  return {broker_addresses(options.brokers), options.topic,
          "the " + service.topic + " '" + options.topic + "'"};
}

std::string describe(const KafkaSinkOptions& options) {
  std::string text = options.topic;
  for (const auto& [name, choice] : option_choices(Delivery())) {
    if (choice == options.delivery) text += " (" + name + ")";
  }
  return text;
}

stream::SinkType sink_type() {
  return {.doc = "Records of a Kafka topic, exactly once.",
          .options = kafka_sink_options().infos(),
          .blocks = {{"encode: avro", avro_encode_options().infos()},
                     {"encode: json", json_encode_options().infos()}},
          .check = make_check<KafkaSinkOptions>(kafka_sink_options, check_sink_options),
          .check_rows = check_sink_rows,
          .make = [](const stream::SinkArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Sink>> {
            ASSIGN_OR_RETURN(KafkaSinkOptions options,
                             parse_options(kafka_sink_options(), arguments.options));
            Service service = service_of(options);
            service.topic_permission =
                kMayWrite +
                std::string(options.delivery == Delivery::kExactlyOnce ? ", and Read" : "");
            return KafkaSink::make(std::move(options), std::move(service), arguments, environment);
          },
          .holds = [](const std::string& pipeline, const config::Value& value) -> std::string {
            const Result<KafkaSinkOptions> options = parse_options(kafka_sink_options(), value);
            if (!options.ok() || options->delivery != Delivery::kExactlyOnce) return "";
            std::string brokers;
            for (const std::string& broker : options->brokers) {
              brokers += (brokers.empty() ? "" : ",") + broker;
            }
            return "the transactional id '" +
                   own_name(*options, {.pipeline = pipeline, .query_id = {}, .options = {}}) +
                   "' at " + brokers + " ('transactional_id' sets another)";
          },
          .destination = [](const config::Value& value) -> std::optional<stream::Destination> {
            const Result<KafkaSinkOptions> options = parse_options(kafka_sink_options(), value);
            if (!options.ok()) return std::nullopt;
            return destination_of(*options, service_of(*options));
          },
          .describe = [](const config::Value& value) -> std::string {
            const Result<KafkaSinkOptions> options = parse_options(kafka_sink_options(), value);
            return options.ok() ? describe(*options) : "";
          }};
}

}  // namespace lakeward::connectors::kafka
