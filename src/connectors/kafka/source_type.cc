// What a Kafka source is to a project: how it is declared, made and described.
#include <algorithm>
#include <utility>

#include "connectors/declared_options.h"
#include "connectors/kafka/source.h"

namespace lakeward::connectors::kafka {

Result<std::unique_ptr<stream::Source>> make_source(KafkaSourceOptions options, Service service,
                                                    const stream::SourceArguments& arguments,
                                                    stream::Environment& environment) {
  ASSIGN_OR_RETURN(Subscription subscription, subscription_of(options));
  return std::unique_ptr<stream::Source>(
      std::make_unique<KafkaSource>(std::move(options), std::move(subscription), std::move(service),
                                    arguments.pipeline, environment));
}

bool reads(const KafkaSourceOptions& options, const stream::Destination& destination) {
  const Result<Subscription> subscription = subscription_of(options);
  if (!subscription.ok() || !subscription->covers(destination.name)) return false;
  const std::vector<std::string> brokers = broker_addresses(options.brokers);
  return std::find_first_of(brokers.begin(), brokers.end(), destination.hosts.begin(),
                            destination.hosts.end()) != brokers.end();
}

stream::SourceType source_type() {
  return {.doc = "Records of Kafka topics, each read once.",
          .options = kafka_source_options().infos(),
          .check = make_check<KafkaSourceOptions>(kafka_source_options, check_source_options),
          .make = [](const stream::SourceArguments& arguments,
                     stream::Environment& environment) -> Result<std::unique_ptr<stream::Source>> {
            ASSIGN_OR_RETURN(KafkaSourceOptions options,
                             parse_options(kafka_source_options(), arguments.options));
            Service service = service_of(options);
            return make_source(std::move(options), std::move(service), arguments, environment);
          },
          .reads =
              [](const config::Value& value, const stream::Destination& destination) {
                const auto options = parse_options(kafka_source_options(), value);
                return options.ok() && reads(*options, destination);
              },
          .describe = [](const config::Value& value) -> std::string {
            const auto options = parse_options(kafka_source_options(), value);
            const auto subscription =
                options.ok() ? subscription_of(*options) : Result<Subscription>(options.status());
            return subscription.ok() ? subscription->to_string() : "";
          }};
}

}  // namespace lakeward::connectors::kafka
