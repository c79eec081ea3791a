"""Topics made by confluent-kafka."""

import time

import confluent_kafka
import confluent_kafka.admin

WAIT_S = 120


def create_topic(broker, name, partitions=1):
    """Returns when the leaders of all partitions answer: a broker tells of a partition before it takes records for
    it. If it refuses a producer's first ones and takes the next, the first ones are lost (KAFKA-15591)."""
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": broker})
    for future in admin.create_topics([confluent_kafka.admin.NewTopic(name, partitions, 1)]).values():
        future.result(WAIT_S)
    ends = {confluent_kafka.TopicPartition(name, number): confluent_kafka.admin.OffsetSpec.latest()
            for number in range(partitions)}
    until = time.monotonic() + WAIT_S
    while True:
        try:
            for future in admin.list_offsets(ends).values():
                future.result(WAIT_S)
            return
        except confluent_kafka.KafkaException:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
