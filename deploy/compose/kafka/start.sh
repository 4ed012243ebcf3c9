#!/bin/sh
# Format the storage once, then become the broker. Passwords come from the JAAS secret.
set -eu
bin=/opt/kafka/bin
export KAFKA_OPTS="-Djava.security.auth.login.config=/run/secrets/kafka_jaas"
export KAFKA_LOG4J_OPTS="-Dlog4j2.configurationFile=/etc/yizhan/log4j2.yaml"
# Without Kafka's own garbage collector log, which would fill the small temporary space.
export EXTRA_ARGS="-name kafka"
if [ ! -f /var/lib/kafka/data/log/meta.properties ]; then
  "$bin/kafka-storage.sh" format --ignore-formatted \
    --cluster-id "$("$bin/kafka-storage.sh" random-uuid)" --config /etc/yizhan/server.properties
fi
exec "$bin/kafka-server-start.sh" /etc/yizhan/server.properties
