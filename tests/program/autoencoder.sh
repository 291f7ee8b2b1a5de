#!/usr/bin/env bash
# Unsupervised pretraining: an autoencoder learns drawn digits without their labels, and its encoder helps a classifier that has 300 labels.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"
runs=$project/jobs/runs

right() { "$DNN_MPI" evaluate "$1/model.h5" --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | awk '{ printf "%d\n", 10000 * $1 + 0.5 }'; }

expect_status 0 run_ranks 2 train "$runs/autoencoder.yaml" training.epochs=6 # of 15
expect_text 'which are the targets as well' out err
# The mean picture alone leaves the variance of the pixels, 0.06; a network of 24 numbers in the middle must do far better.
"$DNN_MPI" evaluate runs/autoencoder/model.h5 --json >evaluated.json
awk -F'[:,]' '{ exit !($2 > 0 && $2 < 0.02) }' evaluated.json || fail "pictures come back with an error of $(cat evaluated.json)"
expect_status 0 "$DNN_MPI" train "$runs/autoencoder-reuse.yaml"
expect_status 0 "$DNN_MPI" train "$runs/autoencoder-reuse.yaml" output=nothing '~training.phases' training.epochs=60 \
    'model={defaults: {dense: {activation: elu, kernel_initializer: he_normal}}, layers: [flatten, {dense: 200}, {dense: 24}, {dense: {units: 10, activation: softmax}}]}'
helped=$(right runs/autoencoder-reuse) alone=$(right nothing)
echo "of ten thousand: $helped right on the encoder, $alone from nothing"
[ "$helped" -gt $((alone + 300)) ] || fail "the encoder does not help"

# Predictions come back in the units of the inputs; a scaling of the targets would be a second one.
expect_status 0 "$DNN_MPI" predict runs/autoencoder/model.h5 --out pictures.h5 --part test
expect_status 2 "$DNN_MPI" train "$runs/autoencoder.yaml" output=wrong data.scale.targets=standardize
expect_text 'data.scale.targets' err
expect_status 3 "$DNN_MPI" train "$runs/autoencoder.yaml" output=wrong training.loss=sparse_categorical_crossentropy
