#!/usr/bin/env bash
# Threads that share memory without saying so: the program under ThreadSanitizer, with everything at work that is a thread of its own: workers, the one that
# saves, the watchdog, signals. One rank, since the sanitizer sees into our own code alone and not into MPI and its libraries. Half a minute, and some more where the
# program is built here first: DNN_MPI_TSAN names one built with -fsanitize=thread.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
program=${DNN_MPI_TSAN:-}
if [ -z "$program" ]; then
    cmake -S "$project" -B build -DBUILD_TESTING=OFF -DCMAKE_C_FLAGS='-fsanitize=thread -g' -DCMAKE_EXE_LINKER_FLAGS=-fsanitize=thread >log 2>&1 &&
        cmake --build build --target dnn-mpi -j 3 >log 2>&1 || { tail log >&2; fail "it cannot be built"; }
    program=$folder/build/dnn-mpi
fi
fixed() { setarch -R "$program" "$@"; } # the sanitizer wants addresses that it knows
fixed list >out 2>err || skip "the sanitizer does not run here: $(head -n 1 err)"
# What the watchdog says of a place in the source may be torn (comm/board.h): it is read where a rank has not moved for long.
echo race:report_make >known
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TSAN_OPTIONS="history_size=4 exitcode=66 suppressions=$folder/known"

cat >run.yaml <<'YAML'
seed: 3
output: run
data: {source: {blobs: {n_samples: 600, centers: 3, n_features: 8, random_state: 2}}, split: {validation: 100}}
model: {layers: [{dense: {units: 64}}, batch_normalization, {activation: relu}, {dropout: {rate: 0.2}}, {dense: {units: 3, activation: softmax}}]}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  batch_size: 16
  epochs: 6
  log_every: 3
  diagnose: true
  trace: true
  optimizer: {adam: {learning_rate: 0.01, use_ema: true, global_clipnorm: 1.0}}
  callbacks: [{early_stopping: {patience: 20, restore_best_weights: true}}, model_checkpoint, tensorboard, csv_logger]
checkpoint: {every: {steps: 3, epochs: 1}}
YAML
trains() { # ARGUMENT…
    local status=0
    fixed train run.yaml --overwrite "$@" >out 2>err || status=$?
    if grep -q 'WARNING: ThreadSanitizer' err; then sed -n '/WARNING: ThreadSanitizer/,/SUMMARY/p' err >&2; fail "$*: see above"; fi
    [ "$status" -eq 0 ] || fail "$*: status $status: $(tail -n 3 err)"
}
trains --threads 2
trains --threads 4 training.shards=8 training.weight_noise.stddev=0.01 training.gradient_noise.stddev=0.01 training.label_noise=0.1
trains --threads 3 'training.optimizer={lamb: {gradient_accumulation_steps: 2, clipnorm: 1.0}}' checkpoint.every.steps=1
trains --threads 2 checkpoint.background=false 'training.phases=[{epochs: 2, freeze: dense}, {epochs: 2}]' '~training.epochs'

# Signals while steps are made and files are written.
setarch -R "$program" train run.yaml --overwrite --threads 2 training.epochs=100000 >out 2>err &
job=$!
for _ in $(seq 600); do if [ -e run/history.csv ] && [ "$(wc -l <run/history.csv)" -gt 2 ]; then break; fi; sleep 0.1; done
kill -CONT $job
sleep 2
kill -CONT $job
sleep 1
kill -USR1 $job
status=0
wait $job || status=$?
if grep -q 'WARNING: ThreadSanitizer' err; then sed -n '/WARNING: ThreadSanitizer/,/SUMMARY/p' err >&2; fail "signals: see above"; fi
[ "$status" -eq 75 ] || fail "signals: status $status: $(tail -n 3 err)"
echo "no races"
