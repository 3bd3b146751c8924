#!/usr/bin/env bash
# KAFKA_SOME_SETTING becomes some.setting, as in the published image; storage is formatted once.
set -euo pipefail
properties=/home/appuser/server.properties
env | grep -E '^KAFKA_[A-Z_]+=' | grep -vE '^KAFKA_(HEAP_OPTS|OPTS)=' | while IFS='=' read -r name value; do
  name=${name#KAFKA_}
  name=${name,,}
  printf '%s=%s\n' "${name//_/.}" "$value"
done >"$properties"
if [ ! -e "${KAFKA_LOG_DIRS:?}/meta.properties" ]; then
  java -cp '/opt/kafka/libs/*' kafka.tools.StorageTool format -t "${CLUSTER_ID:?}" -c "$properties"
fi
# shellcheck disable=SC2086 # the heap options are several words
exec java ${KAFKA_HEAP_OPTS:-} -XX:+UseSerialGC -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml \
  -cp '/opt/kafka/libs/*' kafka.Kafka "$properties"
