#!/usr/bin/env bash
# What the quickstart promises of its run file: above 0.97 on the test part after a training on 2 ranks (a third of its epochs will do), and a linear model clearly behind.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"
run=$project/jobs/runs/quickstart.yaml

accuracy() { # FOLDER: of the test part, as a whole number of ten-thousandths
    "$DNN_MPI" evaluate "$1/model.h5" --part test --json >evaluated.json
    sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' evaluated.json | head -n 1 | awk '{ printf "%d\n", 10000 * $1 + 0.5 }'
}

expect_status 0 run_ranks 2 train "$run" output=deep training.epochs=4
deep=$(accuracy deep)
expect_status 0 run_ranks 2 train "$run" output=linear training.epochs=4 'model.layers=[flatten, {dense: {units: 10, activation: softmax}}]'
linear=$(accuracy linear)
echo "of ten thousand: $deep by the network, $linear by a linear model"
[ "$deep" -gt 9700 ] || fail "the network has $deep of ten thousand right"
# Three times the errors at least.
[ $((10000 - linear)) -gt $((3 * (10000 - deep))) ] || fail "a linear model has $linear of ten thousand right, the network $deep"
[ "$linear" -gt 8000 ] || fail "a linear model has $linear of ten thousand right: hardly to be learned"
