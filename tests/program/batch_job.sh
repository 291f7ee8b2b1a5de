#!/usr/bin/env bash
# The batch script passes the signal that Slurm sends before the time limit on to the training, puts the job back into the queue, and
# goes on from the checkpoint when it starts again. Slurm itself is not here: `scontrol` writes down what it is asked.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

mkdir bin
ln -s "$(command -v "$MPIEXEC")" bin/mpirun
printf '#!/bin/sh\necho "$*" >>"%s/asked"\n' "$folder" >bin/scontrol
chmod +x bin/scontrol
export PATH=$folder/bin:$PATH SLURM_JOB_ID=17
: >asked
arguments=("$project/jobs/runs/moons.yaml" output=run training.epochs=40000 checkpoint.every.epochs=1000)

bash "$project/jobs/train.sbatch" "${arguments[@]}" >first 2>&1 &
job=$!
for _ in $(seq 300); do
    if [ -s run/history.csv ] && [ "$(wc -l <run/history.csv)" -gt 50 ]; then break; fi
    kill -0 $job 2>/dev/null || fail "the training ended by itself: $(tail -n 5 first)"
    sleep 0.1
done
kill -USR1 $job
status=0
wait $job || status=$?
[ $status -eq 75 ] || fail "the batch script ended with $status instead of 75: $(tail -n 5 first)"
expect_text "requeue 17" asked
expect_text "stopped" run/status.json
stopped=$(tail -n 1 run/history.csv | cut -d, -f1)

: >asked
expect_status 0 timeout 120 bash "$project/jobs/train.sbatch" "$project/jobs/runs/moons.yaml" output=run training.epochs=$((stopped + 200)) checkpoint.every.epochs=1000
[ ! -s asked ] || fail "a job that is done was put back into the queue"
[ "$(tail -n 1 run/history.csv | cut -d, -f1)" -eq $((stopped + 200)) ] || fail "the history ends with $(tail -n 1 run/history.csv)"
[ "$(cut -d, -f1 run/history.csv | sort | uniq -d | wc -l)" -eq 0 ] || fail "an epoch stands twice in the history"

expect_status 2 bash "$project/jobs/train.sbatch"
