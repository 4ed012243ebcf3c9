#!/bin/sh
# Healthy means: a signed-in client got an answer from the broker.
set -eu
# Port 9092 (hexadecimal 2384) is not open yet: do not start a client that would slow the start.
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':2384 [0-9A-F]*:0000 0A ' || exit 1
export KAFKA_HEAP_OPTS="-Xmx64m"
export KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
exec timeout 20 /opt/kafka/bin/kafka-broker-api-versions.sh --bootstrap-server localhost:9092 \
  --command-config /run/secrets/kafka_admin_client >/dev/null
