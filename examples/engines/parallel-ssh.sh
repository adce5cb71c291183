#!/bin/sh
# sh parallel-ssh.sh HOSTS FOLDER RESULT.jsonl [PARTS]
# Several machines with GNU parallel: HOSTS as for --sshlogin, such as 8/alpha,8/beta (8 processes each). Each machine needs
# FOLDER under the same absolute name, rsync, and mobilenet on the PATH that ssh commands see. Parts are written to WORKDIR
# (mobilenet-parts in the home folder) on each machine and copied here; run it again to resume.
set -eu
hosts=$1 folder=$2 result=$3 count=${4:-64}
here=$(cd "$(dirname "$0")" && pwd)
parts=$(basename "$result").parts
mkdir -p "$result.parts"
cd "$result.parts/.."
# Parts that are here already are finished.
for part in $(seq "$count"); do
  [ -e "$parts/$part.jsonl.done" ] || echo "$part"
done | parallel --sshlogin "$hosts" --sshdelay 0.2 --retries 3 --workdir "${WORKDIR:-mobilenet-parts}" \
  --transferfile "$here/./classify-part.sh" --return "$parts/{}.jsonl" --return "$parts/{}.jsonl.done" \
  sh classify-part.sh "$folder" "$parts" {} "$count" --jobs 1
mobilenet merge "$parts"/*.jsonl --expect "$count" --output "$(basename "$result")" --overwrite --allow-failures
