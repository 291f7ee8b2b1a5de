#!/usr/bin/env bash
# Trainings killed at random moments, rank 0, another rank or mpirun itself, go on to the same weights and the same history; what is lost is less
# than what lies between two checkpoints, and no folder becomes unusable. DNN_KILLS (default 100) of them, seeded by DNN_KILLS_SEED (1).
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"

cat >run.yaml <<'Y'
seed: 7
output: whole
data:
  source: {moons: {n_samples: 6300, noise: 0.2, random_state: 1}}
  split: {validation: 300}
  scale: {features: standardize}
model:
  layers: [{dense: {units: 300, activation: relu}}, batch_normalization, {dropout: {rate: 0.3}}, {dense: {units: 300, activation: relu}},
           {dense: {units: 1, activation: sigmoid}}]
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {adam: {learning_rate: 0.01}}
  batch_size: 60
  epochs: 20
  shards: 4
  log_every: 1
  callbacks: [{early_stopping: {patience: 400, restore_best_weights: true}}]
checkpoint: {every: {steps: 60}, keep: 3}
Y
/usr/bin/python3 "$DNN_TEST_SOURCE/campaign/kills.py" "${DNN_KILLS:-100}" "${DNN_KILLS_SEED:-1}" "$DNN_MPI" "$MPIEXEC"
