#!/bin/sh
# Topics and rights, once; a later run finds them and changes nothing.
# A service writes its own topics and no others, reads all of them, in its own group.
set -eu
bin=/opt/kafka/bin
export KAFKA_JVM_PERFORMANCE_OPTS="-XX:+UseSerialGC -XX:TieredStopAtLevel=1"

topics() { "$bin/kafka-topics.sh" --bootstrap-server kafka:9092 \
  --command-config /run/secrets/kafka_admin_client "$@"; }
rights() { "$bin/kafka-acls.sh" --bootstrap-server kafka:9092 \
  --command-config /run/secrets/kafka_admin_client "$@"; }
allow() { rights --force --add "$@" >/dev/null; }

present=$(topics --list)
while read -r topic; do
  [ -n "$topic" ] || continue
  if printf '%s\n' "$present" | grep -Fqx "$topic"; then continue; fi
  topics --create --if-not-exists --topic "$topic" --partitions 6 --replication-factor 1 </dev/null
done < /etc/yizhan/topics.txt

granted=$(rights --list)
given() { case $granted in *"principal=User:$1, host=*, operation=WRITE"*) ;; *) return 1 ;; esac }
if ! { given identity && given claims && given contracts && given reporting; }; then
  allow --allow-principal User:identity --allow-principal User:claims \
    --allow-principal User:contracts --allow-principal User:reporting \
    --operation Read --operation Describe --topic yizhan. --resource-pattern-type prefixed
  for service in identity claims contracts reporting; do
    allow --allow-principal "User:$service" --operation Read --operation Describe --group "$service"
    # Last: where a service may write, it has its other rights too.
    allow --allow-principal "User:$service" --operation Write --operation Describe \
      --topic "yizhan.$service." --resource-pattern-type prefixed
  done
fi
echo "topics and rights are in place"
