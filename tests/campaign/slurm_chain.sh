#!/usr/bin/env bash
# A job of jobs/train.sbatch that is sent back into the queue again and again gives the weights, moments and history of one long run; and one that nobody
# tells saves and leaves before its time limit. Wants a Slurm that takes jobs from here (sbatch, sinfo) and starts a requeued job soon; some minutes.
#
#   DNN_CHAIN=20       allocations
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
command -v sbatch >/dev/null && sinfo -h >/dev/null 2>&1 || skip "there is no Slurm here"
links=${DNN_CHAIN:-20}
epochs=$((links * 15))
nodes=$(sinfo -h -o %D | head -n 1)
if [ "$nodes" -gt 2 ]; then nodes=2; fi

cat >run.yaml <<YAML
seed: 7
output: whole
data:
  source: {moons: {n_samples: 3000, noise: 0.2, random_state: 1}}
  split: {validation: 500}
model:
  layers:
    - dense: {units: 200, activation: relu}
    - batch_normalization
    - dropout: {rate: 0.3}
    - dense: {units: 200, activation: relu}
    - dense: {units: 1, activation: sigmoid}
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {adam: {learning_rate: {exponential_decay: {initial_learning_rate: 0.01, decay_steps: 500, decay_rate: 0.9}}}}
  batch_size: 50
  epochs: $epochs
  shards: 4
  callbacks: [{early_stopping: {monitor: val_loss, patience: 100000, restore_best_weights: true}}]
checkpoint: {every: {epochs: 10}, keep: 2}
YAML

submit() { # OPTION … -- RUN.yaml …: prints the job's number
    sbatch --parsable --open-mode=append --output="$folder/log" --nodes="$nodes" --ntasks-per-node=2 "$@"
}

# Its last line says a job's state even where Slurm forgets it soon.
state_of() { squeue -h -j "$1" -o %T 2>/dev/null || true; }

epochs_done() { if [ -s "$1/history.csv" ]; then tail -n 1 "$1/history.csv" | cut -d, -f1 | grep -E '^[0-9]+$' || echo 0; else echo 0; fi; }

status_of() { sed -nE 's/.*"state": "([a-z]+)".*/\1/p' "$1/status.json" 2>/dev/null || true; }

# Without a word: the limit is a minute.
job=$(submit --time=1 --signal=B:URG@1 "$project/jobs/train.sbatch" run.yaml output=limit training.epochs=1000000)
began=$(date +%s)
while [ "$(status_of limit)" != stopped ]; do
    [ $(($(date +%s) - began)) -lt 180 ] || fail "the job has not stopped by itself: $(state_of "$job") $(tail -n 5 log)"
    sleep 0.5
done
for _ in $(seq 200); do
    if grep -q "back into the queue" log; then break; fi
    sleep 0.1
done
left=$(($(date +%s) - began))
scancel "$job"
expect_text "before the batch job's end after step" log
expect_text "back into the queue" log
expect_status 0 "$DNN_MPI" checkpoint verify limit
echo "left before its limit of 60 s, $left s after it was submitted"

# The long run, then the chain: each allocation is ended after its share of the epochs.
expect_status 0 run_ranks 4 train run.yaml
: >log
began=$(date +%s)
job=$(submit --time=10 "$project/jobs/train.sbatch" run.yaml output=chain)
for link in $(seq $((links - 1))); do
    for _ in $(seq 3000); do
        if [ "$(state_of "$job")" = RUNNING ] && [ "$(status_of chain)" = running ] && [ "$(epochs_done chain)" -ge $((link * epochs / links)) ]; then break; fi
        sleep 0.1
    done
    scancel --batch --signal=USR1 "$job"
    for _ in $(seq 600); do
        if [ "$(status_of chain)" = stopped ]; then break; fi
        sleep 0.1
    done
    [ "$(status_of chain)" = stopped ] || fail "allocation $link did not stop: $(tail -n 5 log)"
done
for _ in $(seq 1200); do
    if [ "$(status_of chain)" = done ]; then break; fi
    sleep 0.1
done
[ "$(status_of chain)" = done ] || fail "the chain did not end: $(tail -n 5 log)"
starts=$(grep -c "parameters, .* of them trainable" log)
echo "$starts allocations of $nodes nodes in $(($(date +%s) - began)) s"
[ "$starts" -eq "$links" ] || fail "$starts allocations instead of $links"
cmp <(cut -d, -f1,2,5- whole/history.csv) <(cut -d, -f1,2,5- chain/history.csv) >&2 || fail "another history"
last=$(ls whole/checkpoints | tail -n 1)
for file in model.h5 "checkpoints/$last"; do
    expect_status 0 "$DNN_MPI" checkpoint diff "whole/$file" "chain/$file"
    expect_text "Equal to the last bit" out
done
