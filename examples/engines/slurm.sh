#!/bin/sh
# sh slurm.sh FOLDER RESULT.jsonl [PARTS] [SBATCH OPTION...]
# A Slurm array with a task for each part, and a job that merges them. All paths are on storage that every node sees. Run it
# again to resume; the options go to sbatch, such as --time=2:00:00 or --partition=batch.
set -eu
folder=$1 result=$2 count=${3:-64}
if [ $# -gt 3 ]; then shift 3; else shift $#; fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$result.parts"
array=$(sbatch --parsable --array="1-$count" --output="$result.parts/%a.log" "$@" \
  "$here/slurm-part.sh" "$here" "$folder" "$result.parts" "$count")
sbatch --parsable --dependency="afterany:$array" --cpus-per-task=1 --output="$result.log" "$@" \
  --wrap "mobilenet merge '$result.parts'/*.jsonl --expect $count --output '$result' --overwrite --allow-failures"
