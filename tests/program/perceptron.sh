#!/usr/bin/env bash
# A threshold unit under the perceptron rule: it learns AND, which a line separates, without an error in a few epochs (the perceptron convergence
# theorem), and XOR never.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"
printf 'a,b,and,xor\n0,0,0,0\n0,1,0,1\n1,0,0,1\n1,1,1,0\n' >gates.csv
unit() { # TARGET: the accuracy after a training on this column
    cat >run.yaml <<YAML
seed: 1
output: $1
data: {source: {csv: {path: gates.csv, target: $1, features: [a, b]}}}
model: {layers: [{dense: {units: 1, kernel_initializer: zeros}}, step]}
training: {loss: mean_absolute_error, metrics: [accuracy], batch_size: 1, shuffle: false, epochs: 30, optimizer: {sgd: {learning_rate: 1.0}}}
YAML
    expect_status 0 "$DNN_MPI" train run.yaml
    expect_status 0 "$DNN_MPI" evaluate "$1/model.h5" --part train --json
    sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' out
}
right=$(unit and)
[ "$right" = 1 ] || [ "$right" = 1.0 ] || fail "AND is right in $right of all cases"
right=$(unit xor)
awk -v right="$right" 'BEGIN { exit !(right <= 0.75) }' || fail "one line separates XOR in $right of all cases"
