#!/bin/sh
# sh classify-part.sh FOLDER PARTS K N [OPTION...]
# Classifies part K of N of the images in FOLDER into PARTS/K.jsonl, with further options of `mobilenet classify`.
# Run it again at any time: a finished part is left alone, another one is resumed. Exits with 0 when the part is finished,
# whatever its images were; a process that was killed is started again, three times at most.
set -u
folder=$1 parts=$2 part=$3 count=$4
shift 4
output=$parts/$part.jsonl
stopped=no
code=1
# With these settings of the C library, memory does not grow and mobilenet needs no second process.
export MALLOC_MMAP_THRESHOLD_=32768 MALLOC_ARENA_MAX=2

if ! [ -d "$folder" ]; then
  echo "$folder: no such folder; is it mounted on $(uname -n)?" >&2
  exit 3
fi
mkdir -p "$parts" || exit 2

for try in 1 2 3; do
  [ -e "$output.done" ] && exit 0
  mobilenet classify "$folder" --shard "$part/$count" --output "$output" --resume --allow-failures --quiet "$@" &
  process=$!
  # The images in progress are finished and their rows written; the next run goes on from there.
  trap 'stopped=yes; kill -TERM "$process"' TERM INT
  wait "$process"
  code=$?
  # A signal ends `wait`, but not yet the process.
  if [ "$stopped" = yes ]; then
    wait "$process"
    code=$?
  fi
  trap - TERM INT
  if [ "$stopped" = yes ] || [ "$code" -le 128 ]; then break; fi
  echo "part $part: the process was killed (exit code $code, try $try of 3)" >&2
done
exit "$code"
