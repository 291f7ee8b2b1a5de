#!/usr/bin/env bash
# Layers of a saved model in front of new ones, and training in phases: model A knows eight of the drawn digits, model B tells the two others
# apart from its first 200 rows, on top of A's layers.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"

cat >a.yaml <<END
seed: 1
output: A
data:
  source: {glyphs: {noise: 0.6}}
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
  source: {glyphs: {noise: 0.6}}
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
    expect_status "$1" "$DNN_MPI" train b.yaml output=wrong "$3"
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
