#!/usr/bin/env bash
# Pretraining on an auxiliary task that has many rows, for one that has few, and letting the reused layers go from the top in stages.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy make the data"

# Thirty measurements of two hidden numbers. What is wanted is on which side of a ring they lie, known for 60 rows; what lies about in plenty is
# the number of the sector, which takes the same hidden numbers to find.
$python3 - <<'PY'
import h5py
import numpy as np
random = np.random.default_rng(11)
mix, turn = random.normal(size=(2, 40)), random.normal(size=(40, 30)) / 6
hidden = random.normal(size=(7060, 2))
x = np.tanh(hidden @ mix) @ turn + 0.05 * random.normal(size=(7060, 30))
sector = np.floor((np.arctan2(hidden[:, 1], hidden[:, 0]) / np.pi + 1) * 4).astype(int) % 8 + 8 * (np.hypot(*hidden.T) > 1.6)
ring = (np.abs(np.hypot(*hidden.T) - 1.2) < 0.55).astype(int)
with h5py.File("rows.h5", "w") as f:
    f["many/x"], f["many/sector"] = x[:5000].astype("f4"), sector[:5000]
    f["few/x"], f["few/ring"] = x[5000:5060].astype("f4"), ring[5000:5060]
    f["test/x"], f["test/ring"] = x[5060:].astype("f4"), ring[5060:]
PY

cat >auxiliary.yaml <<'YAML'
seed: 3
output: auxiliary
data: {source: {hdf5: {path: rows.h5, x: /many/x, y: /many/sector}}}
model:
  defaults: {dense: {activation: elu, kernel_initializer: he_normal}}
  layers: [{dense: {units: 40, name: low}}, {dense: {units: 30, name: middle}}, {dense: {units: 20, name: high}}, {dense: {units: 16, activation: softmax, name: sectors}}]
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: {adam: {learning_rate: 0.003}}, epochs: 30}
YAML
cat >wanted.yaml <<'YAML'
seed: 4
output: wanted
data: {source: {hdf5: {path: rows.h5, x: /few/x, y: /few/ring, test_x: /test/x, test_y: /test/ring}}}
model:
  reuse: {file: auxiliary/model.h5, drop_last: 1}
  layers: [{dense: {units: 10, activation: elu, name: head}}, {dense: {units: 1, activation: sigmoid, name: out}}]
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {adam: {learning_rate: 0.01}}
  batch_size: 10
  phases:
    - {epochs: 40, freeze: reused}
    - {epochs: 4, freeze: [low, middle], learning_rate: 0.001}
    - {epochs: 4, freeze: low, learning_rate: 0.0005}
    - {epochs: 4, learning_rate: 0.0002}
checkpoint: {every: {epochs: 4}, keep: 20}
YAML
right() { "$DNN_MPI" evaluate "$1/model.h5" --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | awk '{ printf "%d\n", 2000 * $1 + 0.5 }'; }

expect_status 0 run_ranks 2 train auxiliary.yaml
expect_status 0 run_ranks 2 train wanted.yaml
expect_status 0 "$DNN_MPI" train wanted.yaml output=nothing '~training.phases' training.epochs=52 \
    'model={defaults: {dense: {activation: elu, kernel_initializer: he_normal}}, layers: [{dense: 40}, {dense: 30}, {dense: 20}, {dense: 10}, {dense: {units: 1, activation: sigmoid}}]}'
echo "of two thousand: $(right wanted) right with pretraining, $(right nothing) without"
[ "$(right wanted)" -gt $(($(right nothing) + 100)) ] || fail "pretraining on the auxiliary task does not help"

# Six steps an epoch; a checkpoint each fourth epoch, the borders of the phases among them. What moves in a stage is what it lets go.
moving() { # FROM TO: layers whose weights differ
    "$DNN_MPI" checkpoint diff "wanted/checkpoints/step-$(printf %010d "$1").h5" "wanted/checkpoints/step-$(printf %010d "$2").h5" |
        awk '$3 > 0 && $1 ~ "/kernel$" && !/[(]/ { sub("/.*", "", $1); print $1 }' | tr '\n' ' '
}
expect_moving() { [ "$(moving "$1" "$2")" = "$3 " ] || fail "from step $1 to $2 what moves is $(moving "$1" "$2"), not $3"; }
expect_moving 216 240 'head out'
expect_moving 240 264 'high head out'
expect_moving 264 288 'middle high head out'
expect_moving 288 312 'low middle high head out'

# As patterns and exceptions, which say the same; and summary shows what is reused.
expect_status 0 "$DNN_MPI" train wanted.yaml output=patterns \
    'training.phases.1={epochs: 4, freeze: reused, unfreeze: high, learning_rate: 0.001}' 'training.phases.2={epochs: 4, freeze: "l*", learning_rate: 0.0005}'
expect_status 0 "$DNN_MPI" train wanted.yaml output=alone
"$DNN_MPI" checkpoint diff patterns/model.h5 alone/model.h5 >out
expect_text 'Equal to the last bit' out
expect_status 0 "$DNN_MPI" check wanted.yaml
