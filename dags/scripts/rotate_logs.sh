#!/usr/bin/env bash
# Rotate the logs of one service. A demonstration: it first writes the logs that it then rotates, all of them in the
# folder of this run.
set -euo pipefail

service=$1
logs="$PWD/logs/$service"

mkdir -p "$logs"
for part in 1 2 3; do
    seq -f "$service: request %g" 1 20000 > "$logs/part-$part.log"
done

part=0
for file in "$logs"/*.log; do
    part=$((part + 1))
    before=$(stat -c %s "$file")
    gzip --keep --force "$file"
    after=$(stat -c %s "$file.gz")
    : > "$file"
    echo "rotated ${file##*/}: $before bytes, compressed to $after"
    echo "ops-progress $part/3 ${file##*/}"
    sleep 0.5
done

printf '{"service": "%s", "rotated": %d}\n' "$service" "$part" > "$OPS_RESULT"
