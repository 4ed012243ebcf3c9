#!/bin/sh
# Healthy means: a signed-in client got an answer from the broker.
set -eu
export KAFKA_HEAP_OPTS="-Xmx64m"
export KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
exec timeout 20 /opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:9092 \
  --command-config /run/secrets/kafka_admin_client >/dev/null
