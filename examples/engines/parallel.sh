#!/bin/sh
# sh parallel.sh FOLDER RESULT.jsonl [PARTS]
# All processors of this machine with GNU parallel: one process for each, of one thread. Run it again to resume.
set -eu
folder=$1 result=$2 count=${3:-64}
here=$(dirname "$0")
seq "$count" | parallel sh "$here/classify-part.sh" "$folder" "$result.parts" {} "$count" --jobs 1
mobilenet merge "$result.parts"/*.jsonl --expect "$count" --output "$result" --overwrite --allow-failures
