#!/usr/bin/env bash
# Layers of a saved model in front of new ones, and training in phases: model A knows eight of the drawn digits, model B tells the two others
# apart from its first 200 rows, on top of A's layers.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"

cat >a.yaml <<END
seed: 1
output: A
data:
  source: {glyphs: {noise: 0.6, train: 9000}}
  classes: {exclude: [5, 6]}
  scale: {features: {divide: 255}}
model:
  defaults: {dense: {activation: elu, kernel_initializer: he_normal}}
  layers: [flatten, {repeat: {times: 3, layers: [{dense: {units: 60}}]}}, {dense: {units: 8, activation: softmax, name: eight}}]
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  optimizer: {sgd: {learning_rate: 0.02, momentum: 0.9}}
  epochs: 6
END
cat >b.yaml <<END
seed: 2
output: B
data:
  source: {glyphs: {noise: 0.6, train: 2000}}
  classes: {include: [5, 6]}
  limit: {train: 200}
  scale: {features: {divide: 255}}
model:
  reuse: {file: A/model.h5, drop_last: 1}
  layers: [{dense: {units: 1, activation: sigmoid}}]
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {sgd: {learning_rate: 0.02, momentum: 0.9}}
  epochs: 3
END
nothing='model={defaults: {dense: {activation: elu, kernel_initializer: he_normal}}, layers: [flatten, {repeat: {times: 3, layers: [{dense: {units: 60}}]}}, {dense: {units: 1, activation: sigmoid}}]}'

losses() { cut -d, -f1,2,5- "$1/history.csv"; } # without the times

# ---- reuse ----
expect_status 0 "$DNN_MPI" train a.yaml
expect_status 0 "$DNN_MPI" train b.yaml output=plain
expect_status 0 "$DNN_MPI" summary b.yaml
expect_text dense_3 out
expect_status 0 "$DNN_MPI" train plain/run.yaml output=again
[ "$(losses plain)" = "$(losses again)" ] || fail "the resolved run file does not repeat a run on reused layers"
# Nothing dropped, added or trained: A again.
expect_status 0 "$DNN_MPI" train a.yaml output=untrained training.epochs=0 'model={reuse: {file: A/model.h5}}'
[ "$("$DNN_MPI" evaluate A/model.h5 --json)" = "$("$DNN_MPI" evaluate untrained/model.h5 --json)" ] || fail "all layers of a model are not that model"

wrong() { # STATUS TEXT OVERRIDE: says what does not fit, and where
    expect_status "$1" "$DNN_MPI" check b.yaml "$3"
    expect_text "$2" err
}
wrong 2 'drop_last = 5: A/model.h5 has 5 layers (flatten, dense, dense_1, dense_2, eight)' model.reuse.drop_last=5
wrong 2 "no layer 'hidden' in A/model.h5, which has flatten, dense, dense_1, dense_2, eight" 'model.reuse={file: A/model.h5, layers: [flatten, hidden]}'
wrong 4 "weight 'dense_1/kernel' is [60, 60] in A/model.h5 and [784, 60] in this model" 'model.reuse={file: A/model.h5, layers: [flatten, dense_1]}'
wrong 2 'name = "dense_1": another layer has it already (A/model.h5)' model.layers.0.dense.name=dense_1
wrong 2 'model.weights' model.weights=A/model.h5
wrong 4 'none.h5' model.reuse.file=none.h5
expect_status 0 "$DNN_MPI" train b.yaml output=globs 'model.reuse={file: A/model.h5, layers: [flatten, "dense*"]}'
[ "$(losses plain)" = "$(losses globs)" ] || fail "layers by a glob are others than all but the last"

# ---- phases ----
phases=(training.phases='[{epochs: 4, freeze: reused}, {epochs: 16, learning_rate: 0.01}]' '~training.epochs')
expect_status 2 "$DNN_MPI" train b.yaml output=wrong 'training.phases=[{epochs: 4}]'
expect_text 'training.epochs' err
wrong_phases() { # TEXT PHASES
    expect_status 2 "$DNN_MPI" check b.yaml '~training.epochs' "training.phases=$2"
    expect_text "$1" err
}
wrong_phases "no layer of the model is called 'hidden'" '[{epochs: 4, freeze: [dense, hidden]}]'
wrong_phases "unfreeze: no layer of the model is called 'dens'; did you mean 'dense'?" '[{epochs: 4, freeze: '"'*'"', unfreeze: [dens]}]'
wrong_phases 'all layers with weights are frozen' '[{epochs: 4}, {epochs: 4, freeze: "*"}]'
wrong_phases 'training.phases.0' '[{epoch: 4}]'

# Frozen weights stay as they are to the bit, statistics of batch norms too; the others move; freed ones move as well.
normed='model={layers: [flatten, {dense: {units: 20}}, batch_normalization, {activation: relu}, {dense: {units: 1, activation: sigmoid, name: out}}]}'
saved=(checkpoint.every.epochs=1 checkpoint.keep=9 "$normed" '~training.epochs')
expect_status 0 run_ranks 2 train b.yaml output=frozen "${saved[@]}" \
    'training.phases=[{epochs: 1}, {epochs: 2, freeze: [dense, "batch*"]}, {epochs: 1, freeze: "*", unfreeze: dense}]'
differing() { "$DNN_MPI" checkpoint diff "frozen/checkpoints/step-00000000$1.h5" "frozen/checkpoints/step-00000000$2.h5" | awk '$3 > 0 && $1 ~ "/" && !/[(]/ { print $1 }' | tr '\n' ' '; }
[ "$(differing 07 21)" = 'out/kernel out/bias ' ] || fail "dense and the batch norm are frozen, but what moves is: $(differing 07 21)"
[ "$(differing 21 28)" = 'dense/kernel dense/bias ' ] || fail "all but dense is frozen, but what moves is: $(differing 21 28)"

# Interrupted in either phase and at their border, gone on with at another number of ranks: the bits of one never interrupted.
bits=("${phases[@]}" training.shards=4 'model.layers=[{dropout: {rate: 0.2}}, {dense: {units: 1, activation: sigmoid}}]'
    'training.phases.1={epochs: 5, optimizer: adam, learning_rate: {exponential_decay: {initial_learning_rate: 0.01, decay_steps: 7, decay_rate: 0.5}}}')
expect_status 0 run_ranks 2 train b.yaml output=whole "${bits[@]}" checkpoint.every.steps=5 checkpoint.every.epochs=1 checkpoint.keep=40
cut -d, -f1,5 whole/history.csv | sed -n '5,7p' >rates
expect_text '4,0.02' rates
expect_text '5,0.0055' rates # the schedule begins with the phase
for from in 15:1 28:3 45:3; do
    rm -rf going && mkdir going
    expect_status 0 run_ranks "${from#*:}" train b.yaml output=going "${bits[@]}" --resume "whole/checkpoints/step-00000000${from%:*}.h5"
    "$DNN_MPI" checkpoint diff whole/model.h5 going/model.h5 >out
    expect_text 'Equal to the last bit' out
done
expect_status 0 "$DNN_MPI" train whole/run.yaml output=repeated
[ "$(losses whole)" = "$(losses repeated)" ] || fail "the resolved run file does not repeat a run in phases"

# Patience starts anew: the first phase is stopped, the second trains as if nothing had been.
stop='training.callbacks={early_stopping: {monitor: loss, min_delta: 100, patience: 2}}'
expect_status 0 "$DNN_MPI" train b.yaml output=impatient "${phases[@]}" "$stop"
[ "$(tail -n 1 impatient/history.csv | cut -d, -f1)" = 6 ] || fail "two phases with a patience of 2 end after $(tail -n 1 impatient/history.csv | cut -d, -f1) epochs"

# ---- what it is good for ----
wrong_rows() { # FOLDER
    "$DNN_MPI" evaluate "$1/model.h5" --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | awk '{ printf "%d\n", 800 * (1 - $1) + 0.5 }'
}
expect_status 0 "$DNN_MPI" train b.yaml output=transferred "${phases[@]}"
expect_status 0 "$DNN_MPI" train b.yaml output=nothing training.epochs=20 "$nothing"
on_top=$(wrong_rows transferred) alone=$(wrong_rows nothing)
echo "of 800: $on_top wrong on top of A, $alone from nothing"
[ "$alone" -ge $((3 * on_top)) ] || fail "reuse does not make a third of the errors"
[ "$alone" -gt 3 ] || fail "there is hardly anything to gain"
