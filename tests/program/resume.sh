#!/usr/bin/env bash
# A training that was interrupted and gone on with on other numbers of ranks is the one that was not interrupted: same history, same
# weights and moments, bit for bit. Under training.shards the number of ranks does not show either.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

cat >run.yaml <<'YAML'
seed: 7
output: whole
data:
  source: {moons: {n_samples: 6300, noise: 0.2, random_state: 1}}
  split: {validation: 300}
  scale: {features: standardize}
model:
  layers:
    - dense: {units: 300, activation: relu}
    - batch_normalization
    - dropout: {rate: 0.3}
    - dense: {units: 300, activation: relu, use_bias: false}
    - dense: {units: 1, activation: sigmoid}
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {adam: {learning_rate: {exponential_decay: {initial_learning_rate: 0.01, decay_steps: 50, decay_rate: 0.9}}}}
  batch_size: 60
  epochs: 5
  shards: 4
  log_every: 7
  label_noise: 0.02
  weight_noise: {stddev: 0.001}
  gradient_noise: {stddev: 0.001}
  callbacks: [{early_stopping: {monitor: val_loss, patience: 400, restore_best_weights: true}}]
checkpoint: {every: {steps: 37, epochs: 1}, keep: 4}
YAML
cat >rank.sh <<'SH'
#!/bin/sh
echo $$ >pid.$OMPI_COMM_WORLD_RANK
exec "$DNN_MPI" "$@"
SH
chmod +x rank.sh

same_weights() { # FOLDER FOLDER: those of the model, and of the last checkpoint the moments as well
    local file last
    last=$(ls "$1/checkpoints" | tail -n 1)
    for file in model.h5 "checkpoints/$last"; do
        expect_status 0 "$DNN_MPI" checkpoint diff "$1/$file" "$2/$file"
        expect_text "Equal to the last bit" out
    done
}

same_run() { # FOLDER [FOLDER]: is what `whole` is, but for the two times in history.csv
    local other=${2:-whole}
    cmp <(cut -d, -f1,2,5- "$other/history.csv") <(cut -d, -f1,2,5- "$1/history.csv") >&2 || fail "$1: another history"
    cmp "$other/steps.csv" "$1/steps.csv" >&2 || fail "$1: other steps"
    same_weights "$other" "$1"
}

interrupted() { # SIGNAL WHOM RANKS FOLDER: sent to the last rank or the launcher once a checkpoint in mid-epoch is there; sets `status`
    local signal=$1 whom=$2 ranks=$3 at=$4 launcher=
    rm -f pid.*
    timeout -k 5 60 "$MPIEXEC" -q --oversubscribe -n "$ranks" ./rank.sh train run.yaml output="$at" training.epochs=500 >out 2>err &
    launcher=$!
    for _ in $(seq 3000); do
        if compgen -G "$at/checkpoints/step-*[1-9].h5" >/dev/null; then break; fi
        sleep 0.01
    done
    if [ "$whom" = launcher ]; then kill -"$signal" "$(pgrep -P $launcher)"; else kill -"$signal" "$(cat pid.$((ranks - 1)))"; fi
    status=0
    wait $launcher || status=$?
    stopped=$(sed -nE 's/.*"step": ([0-9]+).*/\1/p' "$at/status.json")
    echo "$signal to the $whom of $ranks ranks: status $status, $(cat "$at/status.json")"
}

go_on() { # RANKS FOLDER [KEY=VALUE]: up to what `whole` did, or as said
    expect_status 0 run_ranks "$1" train run.yaml output="$2" --resume auto "${@:3}"
    expect_text "going on from $2/checkpoints/step-" err
}

expect_status 0 "$DNN_MPI" train run.yaml
expect_text '"state": "done", "epoch": 5, "step": 500, "code": 0' whole/status.json

# Between epochs: 2 ranks, 4, then 3. The finished parts have restored the best weights; the training itself goes on from the last ones.
expect_status 0 run_ranks 2 train run.yaml output=parts training.epochs=1
expect_status 0 run_ranks 4 train run.yaml output=parts training.epochs=3 --resume auto
go_on 3 parts
same_run parts
cp -R parts before
expect_status 0 run_ranks 2 train run.yaml output=parts --resume auto # there is nothing left to do
same_run parts
cmp before/history.csv parts/history.csv >&2 || fail "a finished training has changed its history"

# Other columns would stand under the wrong heads.
expect_status 2 run_ranks 2 train run.yaml output=parts --resume auto training.metrics=null training.epochs=6
expect_text "parts/history.csv: its columns are others than epoch,step,seconds" err
same_run parts
cmp before/run.yaml parts/run.yaml >&2 || fail "a run that could not go on has left its run file"

# On request, in mid-epoch, by a signal to one rank.
for ranks in 1-3 4-2; do
    interrupted USR1 rank "${ranks%-*}" "on-$ranks"
    [ "$status" -eq 75 ] || fail "status $status instead of 75: $(cat err)"
    expect_text '"state": "stopped"' "on-$ranks/status.json"
    expect_text '"code": 75' "on-$ranks/status.json"
    expect_text "--resume auto" err
    [ "$(grep -c '^dnn-mpi: ' err)" -eq 1 ] || fail "not one message: $(cat err)"
    [ -e "on-$ranks/checkpoints/step-$(printf %010d "$stopped").h5" ] || fail "no checkpoint of step $stopped"
    [ "$stopped" -lt 500 ] || fail "it was stopped too late: step $stopped"
    go_on "${ranks#*-}" "on-$ranks"
    same_run "on-$ranks"
done

# By the batch system, through the launcher, which takes its time to hand the signal on and then ends with 1 itself, whatever the ranks
# say: status.json tells what became of it.
interrupted TERM launcher 3 ended
expect_text '"state": "stopped"' ended/status.json
expect_text '"code": 75' ended/status.json
longer=training.epochs=$((stopped < 500 ? 6 : stopped / 100 + 2))
cp -R whole longer
go_on 1 longer "$longer"
go_on 2 ended "$longer"
same_run ended longer

# A rank that dies takes the others with it, and what was saved last is gone on from.
interrupted KILL rank 3 died
[ "$status" -ne 0 ] && [ "$status" -lt 124 ] || [ "$status" -eq 137 ] || fail "status $status after the death of a rank"
expect_text '"state": "running"' died/status.json
expect_no_text '"step": 0,' died/status.json # as far as the last checkpoint
go_on 4 died
same_run died

# From a file in mid-epoch, in a folder of its own.
mid=$(ls before/checkpoints | head -n 1)
[ "$mid" != step-0000000500.h5 ] || fail "no checkpoint in mid-epoch is left"
expect_status 0 run_ranks 3 train run.yaml output=branch --resume "before/checkpoints/$mid"
expect_text "going on from before/checkpoints/$mid" err
same_weights whole branch

# Damaged checkpoints are passed over, saying so; what is half written does not count.
for damage in torn flipped emptied; do
    cp -R before "$damage"
    rm "$damage/model.h5"
    newest=$(ls "$damage"/checkpoints/step-*.h5 | tail -n 1)
    older=$(ls "$damage"/checkpoints/step-*.h5 | tail -n 2 | head -n 1)
    case $damage in
    torn) truncate -s -100 "$newest" ;;
    flipped)
        byte=$(od -An -tu1 -j 5000 -N 1 "$newest")
        # shellcheck disable=SC2059
        printf "\\x$(printf %x $((255 - byte)))" | dd of="$newest" bs=1 seek=5000 conv=notrunc status=none ;;
    emptied) : >"$newest" ;;
    esac
    expect_status 0 run_ranks 2 train run.yaml output=$damage --resume auto
    expect_text "warning: $newest: " err
    expect_text "the checkpoint before it is used" err
    expect_text "going on from $older" err
    same_run $damage
done
for file in torn/checkpoints/step-*.h5; do truncate -s 1000 "$file"; done
expect_status 0 run_ranks 2 train run.yaml output=torn --resume auto
expect_text "no checkpoint is left" err
same_run torn

# A checkpoint that a program of the first format wrote is gone on from: to rounding, since processors differ, what this one makes of the run file alone.
golden=$DNN_TEST_SOURCE/exchange/data
expect_status 0 "$DNN_MPI" train "$golden/format-1.yaml" output=old
expect_status 0 run_ranks 2 train "$golden/format-1.yaml" output=old-resumed --resume "$golden/format-1.h5"
expect_no_text "another course" err
awk -F, -v a="$(tail -n 1 old/history.csv)" -v b="$(tail -n 1 old-resumed/history.csv)" 'BEGIN {
    n = split(a, x); split(b, y)
    if (n != 9 || x[1] != y[1] || x[2] != y[2]) exit 1
    for (i = 5; i <= 9; i++) if ((x[i] - y[i]) ^ 2 > 1e-8) exit 1
}' || fail "$(tail -n 1 old/history.csv) is not $(tail -n 1 old-resumed/history.csv)"
