#!/usr/bin/env bash
# A schedule whose parameters do not fit each other is refused before anything is read, on every rank, with the place and what would be right.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
cat >run.yaml <<'YAML'
output: run
data:
  source: {blobs: {n_samples: 60}}
model:
  layers: [{dense: {units: 3, activation: softmax}}]
training:
  loss: sparse_categorical_crossentropy
  optimizer: {sgd: {learning_rate: {piecewise_constant_decay: {boundaries: [2, 4], values: [0.1, 0.01]}}}}
YAML
expect_status 2 run_ranks 2 train run.yaml
expect_text "run.yaml:8:" err
expect_text "values has 2 entries: there must be one more than the 2 boundaries" err
[ ! -e run ] || fail "a run that cannot be has left its folder"

rate='training.optimizer.sgd.learning_rate.piecewise_constant_decay.values=[0.1, 0.01, 0.001]'
expect_status 0 run_ranks 2 train run.yaml "$rate" training.batch_size=20 training.epochs=2
[ "$(tail -n 1 run/history.csv | cut -d, -f5)" = 0.001 ] || fail "the rate of the last update is not that after the last boundary: $(tail -n 1 run/history.csv)"
