#!/usr/bin/env bash
# Penalties, averages and accumulated gradients as a user meets them: asked for, refused, reported, compared.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cat >run.yaml <<'YAML'
seed: 3
output: run
data:
  source: {moons: {n_samples: 300, noise: 0.1}}
  split: {test: 60}
model:
  layers: [{dense: {units: 16, activation: tanh, kernel_regularizer: {l2: 0.01}, kernel_constraint: max_norm}}, {dense: {units: 1, activation: sigmoid}}]
training:
  loss: binary_crossentropy
  optimizer: {adam: {use_ema: true, gradient_accumulation_steps: 3}}
  epochs: 2
  shards: 4
YAML
expect_status 0 "$DNN_MPI" check run.yaml --gradients

# What `train` would refuse, `check` refuses.
expect_status 2 "$DNN_MPI" check run.yaml training.shards=many
expect_text "training.shards" err
expect_text "many" err
expect_status 2 "$DNN_MPI" check run.yaml training.shards=0
expect_status 2 "$DNN_MPI" check run.yaml training.optimizer.adam.gradient_accumulation_steps=2.5
expect_text "gradient_accumulation_steps = 2.5" err
expect_status 2 "$DNN_MPI" check run.yaml 'model.layers.0.dense.kernel_constraint={max_norm: {axis: 2}}'
expect_text "axis = 2" err
expect_status 2 "$DNN_MPI" check run.yaml 'model.layers.0.dense.kernel_regularizer={l2: -1}'
expect_status 2 "$DNN_MPI" check run.yaml model.layers.0.dense.kernel_regularizer=l3
expect_text "did you mean 'l1'" err

expect_status 0 run_ranks 2 train run.yaml
head -1 run/history.csv >head
expect_text ",loss,data_loss" head
expect_status 0 "$DNN_MPI" evaluate run/model.h5
expect_text "data_loss" out

# 240 rows in batches of 32 are 8 steps: the 8 and 16 of the checkpoints are in the middle of an update.
expect_status 0 "$DNN_MPI" checkpoint diff run/checkpoints/step-0000000008.h5 run/checkpoints/step-0000000016.h5
for vector in average gradient_accumulator momentum velocity; do expect_text "dense/kernel ($vector)" out; done
expect_text "They differ." out
expect_status 0 "$DNN_MPI" checkpoint diff run/model.h5 run/model.h5
expect_text "Equal to the last bit." out

# Of an optimizer that keeps something else only the weights can be compared.
expect_status 0 "$DNN_MPI" train run.yaml output=plain training.optimizer=adam
expect_status 0 "$DNN_MPI" checkpoint diff run/model.h5 plain/model.h5
expect_text "left out" out
expect_no_text "(momentum)" out
