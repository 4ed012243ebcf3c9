#!/bin/sh
# Healthy means: a signed-in client got an answer from the broker.
set -eu
export KAFKA_HEAP_OPTS="-Xmx96m"
exec /opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:9092 \
  --command-config /run/secrets/kafka_admin_client --timeout 10000 >/dev/null
