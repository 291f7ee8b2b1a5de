#!/usr/bin/env bash
# How a job ends where something goes wrong on its way: soon, on all ranks, with the status that says what it was, also in status.json.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
export DNN_TEST_TIMEOUT=60
run_program() { # RANKS PROGRAM
    timeout --kill-after=10 60 "$MPIEXEC" -q --oversubscribe -n "$1" "$2"
}

cat >run.yaml <<'YAML'
seed: 7
output: run
data:
  source: {moons: {n_samples: 2300, noise: 0.2, random_state: 1}}
  split: {validation: 300}
model:
  layers: [{dense: {units: 200, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: adam, batch_size: 20, epochs: 2}
YAML

one_line() { # TEXT…: the only line of stderr that is a message, and no warning, has these texts
    local text
    [ "$(grep '^dnn-mpi: ' err | grep -vc '^dnn-mpi: warning: ')" -eq 1 ] || { cat err >&2; fail "not one message"; }
    for text in "$@"; do expect_text "$text" err; done
}

# 6: the loss is not finite. Neither a model nor a checkpoint is written of it.
for ranks in 1 3; do
    expect_status 6 run_ranks $ranks train run.yaml output=nan-$ranks training.optimizer='{sgd: {learning_rate: 1.0e+30}}' \
        training.loss=mean_squared_error 'model.layers.1={dense: {units: 1}}'
    one_line "not finite" "learning rate"
    expect_text '"state": "diverged"' nan-$ranks/status.json
    expect_text '"code": 6' nan-$ranks/status.json
    [ ! -e nan-$ranks/model.h5 ] || fail "a model of what is not finite"
done

# 6, while a large checkpoint of the step before is still being written: its word "running" must not be the last.
expect_status 6 "$DNN_MPI" train run.yaml output=nan-saving training.optimizer='{sgd: {learning_rate: 1.0e+30, momentum: 0.5}}' \
    training.loss=mean_squared_error 'model.layers=[{dense: {units: 2000}}, {dense: {units: 2000}}, {dense: {units: 1}}]' \
    data.limit.train=100 checkpoint.every.steps=1
expect_text '"state": "diverged"' nan-saving/status.json
[ -e nan-saving/checkpoints/step-0000000001.h5 ] || fail "the checkpoint under way was not finished"

# 8: ranks that are not one job. Without this they would wait for each other.
cat >unlike.sh <<'SH'
#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" -eq 2 ] || exec "$DNN_MPI" train run.yaml output=unlike
case $UNLIKE in
epochs) exec "$DNN_MPI" train run.yaml output=unlike training.epochs=3 ;;
command) exec "$DNN_MPI" evaluate run/model.h5 ;;
program) exec ./other-program train run.yaml output=unlike ;;
esac
SH
chmod +x unlike.sh
UNLIKE=epochs expect_status 8 run_program 3 ./unlike.sh
one_line "rank 2" "training.epochs=3" "rank 0"
UNLIKE=command expect_status 8 run_program 3 ./unlike.sh
one_line "rank 2" "'evaluate'" "'train'"
if /usr/bin/python3 - "$DNN_MPI" other-program <<'PYTHON'; then
import struct, sys
program = bytearray(open(sys.argv[1], "rb").read())
note = program.find(struct.pack("<III", 4, 20, 3) + b"GNU\0")  # the linker's digest of the program
if note < 0:
    sys.exit("no build id")
program[note + 16] ^= 255
open(sys.argv[2], "wb").write(program)
PYTHON
    chmod +x other-program
    UNLIKE=program expect_status 8 run_program 3 ./unlike.sh
    one_line "rank 2" "program"
fi
[ ! -e unlike ] || fail "ranks that are not one job have made an output folder"

# 5: somebody else has the folder. The second run leaves it alone.
"$DNN_MPI" train run.yaml output=taken training.epochs=100000 >/dev/null 2>first &
first=$!
for _ in $(seq 1000); do if [ -e taken/status.json ]; then break; fi; sleep 0.01; done
expect_status 5 run_ranks 2 train run.yaml output=taken --resume auto
one_line "taken: in use by host" "pid $first" "another output folder"
kill -USR1 "$first"
status=0
wait "$first" || status=$?
[ "$status" -eq 75 ] || fail "the first run ends with $status: $(cat first)"
expect_text '"state": "stopped"' taken/status.json

# 5: the folder has gone. Saves may fail for a while, in case it comes back.
run_ranks 3 train run.yaml output=gone training.epochs=100000 >out 2>err &
job=$!
for _ in $(seq 1000); do if [ -e gone/checkpoints/step-0000000100.h5 ]; then break; fi; sleep 0.01; done
mv gone was
status=0
wait "$job" || status=$?
[ "$status" -eq 5 ] || fail "a folder that has gone gives $status"
one_line "gone/" "cannot" "3 saves in a row"
expect_text "the training goes on" err

# 5: a file system that is full. Checkpoints do not fit: the training goes on with what is there, then ends. Neither is anything half written left.
cat >limited.sh <<'SH'
#!/bin/bash
ulimit -f 12288 # KiB; MPI's own files have at most a third of that
exec "$DNN_MPI" "$@"
SH
chmod +x limited.sh
large='model.layers=[{dense: {units: 1100}}, {dense: {units: 1100}}, {dense: {units: 1, activation: sigmoid}}]'
for most in 1 3; do
    expect_status 5 ./limited.sh train run.yaml output=full-$most "$large" data.limit.train=40 training.epochs=9 checkpoint.max_failures=$most
    one_line "full-$most/checkpoints/" "cannot write: File too large" "there is no checkpoint yet"
    [ "$(grep -c "failed save" err)" -eq $((most - 1)) ] || fail "not $((most - 1)) warnings"
    expect_text '"code": 5' full-$most/status.json
    [ -z "$(ls full-$most/checkpoints)" ] || fail "half a checkpoint is left: $(ls full-$most/checkpoints)"
done
[ "$(wc -l <full-3/history.csv)" -gt 3 ] || fail "the training did not go on"

# There is room again after two failed saves: they are forgotten, and the history has no gap.
mkdir -p tight/checkpoints/step-0000000020.h5 tight/checkpoints/step-0000000040.h5 # a file cannot take a folder's place
expect_status 0 "$DNN_MPI" train run.yaml output=tight --resume auto checkpoint.every.steps=20 checkpoint.max_failures=4 training.epochs=3
[ "$(grep -c "failed save 1 of 4" err)" -eq 1 ] || fail "$(cat err)"
[ "$(grep -c "failed save 2 of 4" err)" -eq 1 ] || fail "$(cat err)"
expect_no_text "failed save 3 of 4" err
[ "$(wc -l <tight/history.csv)" -eq 4 ] || fail "the history has a gap"

# Results that reach nobody are no success, and what is printed never goes into another file.
expect_status 0 "$DNN_MPI" train run.yaml
for closed in '>&-' '>&- 2>&- <&-'; do
    status=0
    eval "\"$DNN_MPI\" evaluate run/model.h5 --part train $closed" 2>/dev/null || status=$?
    [ "$status" -eq 5 ] || fail "evaluate $closed gives $status"
done
status=0
"$DNN_MPI" train run.yaml output=silent 2>&- <&- >out || status=$?
[ "$status" -eq 0 ] || fail "without stderr: $status"
expect_status 0 "$DNN_MPI" checkpoint diff run/model.h5 silent/model.h5
expect_text "Equal to the last bit" out
expect_status 0 "$DNN_MPI" checkpoint verify silent

# Fewer rows than ranks, and a batch larger than the data.
for ranks in 1 4; do
    expect_status 0 run_ranks $ranks train run.yaml output=few-$ranks data.limit.train=2 data.limit.validation=1 training.shards=4
    expect_status 0 run_ranks $ranks train run.yaml output=wide-$ranks training.batch_size=1000000 training.shards=4
    expect_status 0 run_ranks $ranks predict few-$ranks/model.h5 --out few-$ranks.csv --part train
    [ "$(wc -l <few-$ranks.csv)" -eq 3 ] || fail "two rows and a head are expected"
done
for name in few wide; do
    expect_status 0 "$DNN_MPI" checkpoint diff $name-1/model.h5 $name-4/model.h5
    expect_text "Equal to the last bit" out
    cmp <(cut -d, -f1,2,5- $name-1/history.csv) <(cut -d, -f1,2,5- $name-4/history.csv) >&2 || fail "$name: another history"
done
cmp few-1.csv few-4.csv >&2 || fail "few rows are predicted otherwise on four ranks"
