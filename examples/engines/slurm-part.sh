#!/bin/sh
#SBATCH --job-name=classify
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@60
# sbatch --array=1-64 slurm-part.sh /shared/engines /shared/photos /shared/parts 64
# One task of the array for each part. Before the time limit, and when it is preempted, a task finishes its images in
# progress; Slurm starts it again after preemption or the failure of a node, and it resumes.
here=$1
shift
folder=$1 parts=$2 count=$3
sh "$here/classify-part.sh" "$folder" "$parts" "$SLURM_ARRAY_TASK_ID" "$count" --jobs "${SLURM_CPUS_PER_TASK:-1}" &
process=$!
trap 'kill -TERM "$process"; wait "$process"; exit $?' TERM
wait "$process"
