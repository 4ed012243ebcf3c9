#!/bin/sh
# Topics and rights, once. A service writes its own topics, reads every one, in its own group.
set -eu
bin=/opt/kafka/bin
server="--bootstrap-server kafka:9092 --command-config /run/secrets/kafka_admin_client"

while read -r topic; do
  [ -n "$topic" ] || continue
  # shellcheck disable=SC2086
  "$bin/kafka-topics.sh" $server --create --if-not-exists --topic "$topic" \
    --partitions 6 --replication-factor 1
done < /etc/yizhan/topics.txt

for service in identity claims contracts reporting; do
  # shellcheck disable=SC2086
  "$bin/kafka-acls.sh" $server --force --add --allow-principal "User:$service" \
    --operation Write --operation Describe --topic "yizhan.$service." --resource-pattern-type prefixed
  # shellcheck disable=SC2086
  "$bin/kafka-acls.sh" $server --force --add --allow-principal "User:$service" \
    --operation Read --operation Describe --topic "yizhan." --resource-pattern-type prefixed
  # shellcheck disable=SC2086
  "$bin/kafka-acls.sh" $server --force --add --allow-principal "User:$service" \
    --operation Read --operation Describe --group "$service"
done
echo "topics and rights are in place"
