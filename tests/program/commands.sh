#!/usr/bin/env bash
# What a newcomer does after a training: look at it, evaluate, predict, go on, compare.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cat >run.yaml <<'YAML'
seed: 3
output: run
data:
  source: {moons: {n_samples: 551, noise: 0.1}}
  split: {test: 101, validation: 50}
model:
  layers: [{dense: {units: 16, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: adam, epochs: 3}
YAML
expect_status 0 "$DNN_MPI" check run.yaml --gradients
expect_text "4 of 4 tensors agree" out
expect_text "ready to train" out
expect_status 0 "$DNN_MPI" summary run.yaml
expect_text "parameters: 65, trainable: 65, non-trainable: 0" out
[ ! -e run ] || fail "check or summary made the output folder"

expect_status 0 run_ranks 2 train run.yaml
expect_text "Epoch 3/3" err
expect_text "wrote run/model.h5" out
expect_text "started: dnn-mpi train run.yaml" run/log.txt
[ "$(grep -c '^Epoch' err)" -eq 3 ] || fail "not one line an epoch"
expect_status 2 run_ranks 2 train run.yaml
expect_text "--resume auto" err
expect_text "--overwrite" err
cp run/model.h5 three.h5
expect_status 0 run_ranks 3 train run.yaml --resume auto --quiet training.epochs=4
[ ! -s err ] || fail "--quiet is not quiet: $(cat err)"
[ "$(grep -c ' Epoch [1-4]/' run/log.txt)" -eq 4 ] || fail "log.txt does not tell of 4 epochs: $(cat run/log.txt)"
[ "$(grep -c ' started: ' run/log.txt)" -eq 2 ] || fail "log.txt does not tell of 2 starts"
expect_text "going on from run/checkpoints/" run/log.txt

expect_status 0 "$DNN_MPI" checkpoint list run
[ "$(grep -c whole out)" -eq 4 ] || fail "3 checkpoints are kept, and the model"
expect_status 0 "$DNN_MPI" checkpoint verify run
expect_status 0 "$DNN_MPI" checkpoint diff run/model.h5 run/model.h5
expect_text "Equal to the last bit" out
expect_status 0 "$DNN_MPI" checkpoint diff run/model.h5 three.h5
expect_text "They differ" out
head -c 3000 run/model.h5 >torn.h5
expect_status 4 "$DNN_MPI" checkpoint verify torn.h5 run
expect_text "1 of 5 files are damaged" err
expect_status 4 "$DNN_MPI" summary torn.h5

# Each sample once at any number of ranks: 101 rows on 3 ranks.
expect_status 0 "$DNN_MPI" evaluate run/model.h5 --json
cp out one.json
expect_text '"samples": 101' out
expect_status 0 run_ranks 3 evaluate run/model.h5 --json
expect_text '"samples": 101' out
/usr/bin/python3 - one.json out <<'PYTHON' || fail "1 and 3 ranks disagree"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
assert a.keys() == b.keys() and all(abs(a[k] - b[k]) < 1e-6 for k in a), (a, b)
PYTHON
expect_status 0 "$DNN_MPI" evaluate run/model.h5 --part validation data.limit.validation=7
expect_text "7 (validation)" out

expect_status 0 run_ranks 2 predict run/model.h5 --out p.csv
[ "$(wc -l <p.csv)" -eq 102 ] || fail "101 rows and a head are expected"
expect_status 2 "$DNN_MPI" predict run/model.h5 --out p.csv
expect_text "--overwrite" err
expect_status 0 "$DNN_MPI" summary run/model.h5
expect_text "dense_1" out
