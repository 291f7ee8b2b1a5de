#!/usr/bin/env bash
# A training that Keras began, gone on with here without shuffling, has Keras's loss at every step, at any number of ranks.
set -euo pipefail
. "$(dirname "$0")/common.sh"
golden=$DNN_TEST_SOURCE/program/golden
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy make the data"
$python3 "$DNN_TEST_SOURCE/program/golden_training.py" data "$golden/mlp_relu.train.npz" data.h5
for ranks in 1 2 3 4; do
    run_ranks "$ranks" train "$golden/training.yaml" "output=run-$ranks" "model.file=$golden/mlp_relu.train.init.h5"
    $python3 "$DNN_TEST_SOURCE/program/golden_training.py" compare "$golden/mlp_relu.train.npz" loss32 "run-$ranks/steps.csv"
done
