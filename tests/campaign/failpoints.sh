#!/usr/bin/env bash
# Every call that can fail fails once, the nth time it is made, for n from 1 until there are no more, under sanitizers: a training ends with a status
# and a text or goes on, gives back its memory, and leaves a folder from which it goes on to the same end. An hour and more; of the calls that
# are made thousands of times every DNN_FAILPOINTS_STEP-th (default 7).
#
#   tests/campaign/failpoints.sh [CALL …]       builds in $DNN_FAILPOINTS_BUILD, else in a folder that goes again
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"

build=${DNN_FAILPOINTS_BUILD:-$folder/build}
cmake -S "$project" -B "$build" -G Ninja -DDNN_WERROR=ON -DDNN_FAILPOINTS=ON -DDNN_SANITIZE=ON >log 2>&1 || fail "$(tail -5 log)"
cmake --build "$build" --target failpoints_loop dnn-mpi >log 2>&1 || fail "$(tail -20 log)"
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 # blocks of our own are counted by the loop

cat >run.yaml <<'Y'
output: run
data: {source: {csv: {path: d.csv, target: y}}, split: {validation: 6}, scale: {features: standardize}}
model: {layers: [{dense: {units: 4, activation: relu}}, batch_normalization, {dense: {units: 2, activation: softmax}}]}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  optimizer: adam
  batch_size: 8
  epochs: 3
  log_every: 2
  callbacks: [{early_stopping: {patience: 2, restore_best_weights: true}}, {model_checkpoint: {save_best_only: true}}, tensorboard]
Y
sed 's|source: .*target: y}}|source: {hdf5: {path: d.h5, x: /x, y: /y}}|' run.yaml >run_hdf5.yaml
/usr/bin/python3 -c '
import random
random.seed(1)
print("a,b,y")
for i in range(30): print("%.3f,%.3f,%d" % (random.random(), random.random(), i % 2))' >d.csv
/usr/bin/python3 -c '
import h5py, numpy
with h5py.File("d.h5", "w") as f:
    f["x"] = numpy.random.default_rng(1).random((30, 2), numpy.float32)
    f["y"] = numpy.arange(30) % 2'

status=0
for run in run.yaml run_hdf5.yaml; do
    echo "== $run"
    "$build/tests/failpoints_loop" "$run" --step "${DNN_FAILPOINTS_STEP:-7}" calloc realloc || status=1
    # shellcheck disable=SC2046
    "$build/tests/failpoints_loop" "$run" ${@:-$(sed -nE 's/^CALL\([^,]*, *([A-Za-z0-9_]+),.*/\1/p' "$project/tests/failpoints/calls.def" | grep -vx 'calloc\|realloc') open} || status=1
    echo "== $run, killed"
    "$build/tests/failpoints_loop" "$run" --action kill open write fsync close rename unlink mkdir || status=1
done

echo "== MPI"
for call in $(sed -nE 's/^MPI_CALL\(([A-Za-z_]+),.*/\1/p' "$project/tests/failpoints/calls_mpi.def"); do
    for nth in 1 2 5 20; do
        rm -rf run
        ended=0
        DNN_FAILPOINT="$call:$nth:error@rank=1" timeout --kill-after=5 60 "$MPIEXEC" -q --oversubscribe -n 2 "$build/dnn-mpi" train run.yaml >out 2>err || ended=$?
        [ "$ended" -eq 70 ] || [ "$ended" -eq 0 ] || { echo "$call:$nth: ended with $ended: $(tail -1 err)"; status=1; }
        run_ranks 2 train run.yaml --resume auto >out 2>err || { echo "$call:$nth: cannot go on: $(tail -1 err)"; status=1; }
    done
done
exit $status
