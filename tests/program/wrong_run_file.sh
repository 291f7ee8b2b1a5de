#!/usr/bin/env bash
# What is wrong with a run file, or with KEY=VALUE, ends every rank with status 2 and one line that names the place, the key and a way out.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/program/wrong.bash
. "$DNN_TEST_SOURCE/program/wrong.bash"

cat >"$data/base.yaml" <<'YAML'
seed: 1
output: run
data:
  source: {moons: {n_samples: 100, noise: 0.2, random_state: 1}}
  split: {validation: 30, from: end}
  scale: {features: standardize}
model:
  layers:
    - dense: {units: 8, activation: relu}
    - dropout: {rate: 0.2}
    - dense: {units: 1, activation: sigmoid}
training:
  loss: binary_crossentropy
  metrics: [accuracy]
  optimizer: {sgd: {learning_rate: 0.1}}
  batch_size: 20
  epochs: 3
YAML
expect_status 0 "$DNN_MPI" train "$data/base.yaml" # or all that follows would be wrong for another reason
expect() { edited base.yaml "$@"; }

# A name that is not known, with the nearest that is.
expect 's/^seed: 1/sead: 1/'             2 "run.yaml:1:1: sead: unknown key" "'seed'"
expect 's/split:/splitt:/'               2 "run.yaml:5:3: data.splitt: unknown key" "'split'"
expect 's/batch_size: 20/batchsize: 20/' 2 "run.yaml:16:3: training.batchsize: unknown key" "'batch_size'"
expect 's/noise: 0.2/nois: 0.2/'         2 "run.yaml:4:36: data.source.moons.nois: unknown key" "'noise'"
expect 's/units: 8/unit: 8/'             2 "run.yaml:9:15: dense.unit: unknown key" "'units'"
expect 's/dropout:/dropuot:/'            2 "run.yaml:10:7: unknown layer 'dropuot'" "'dropout'"
expect 's/relu/rellu/'                   2 "run.yaml:9:37: dense.activation: unknown activation 'rellu'" "'relu'"
expect 's/binary_cross/binary_cros/'     2 "run.yaml:13:9: unknown loss 'binary_crosentropy'" "'binary_crossentropy'"
expect 's/\[accuracy/[acuracy/'          2 "run.yaml:14:13: unknown metric 'acuracy'" "'accuracy'"
expect 's/sgd:/sdg:/'                    2 "run.yaml:15:15: training.optimizer: unknown optimizer 'sdg'" "'sgd'"
expect 's/moons:/mons:/'                 2 "run.yaml:4:12: data.source: unknown source 'mons'" "'moons'"
expect 's/standardize/standardise/'      2 "run.yaml:6:21: data.scale.features: unknown scaler 'standardise'" "'standardize'"
expect 's/from: end/from: middle/'       2 "run.yaml:5:33: data.split.from = \"middle\"" "front, end"

# A value of another type, or out of its range.
expect 's/units: 8/units: eight/'        2 "run.yaml:9:22: dense.units = \"eight\": must be a whole number"
expect 's/units: 8/units: 8.5/'          2 "run.yaml:9:22: dense.units = 8.5: must be a whole number"
expect 's/units: 8/units: [8]/'          2 "run.yaml:9:22: dense.units = a list: must be a whole number"
expect 's/units: 8/units: 99999999999999999999/' 2 "dense.units = 99999999999999999999"
expect 's/units: 8/units: 9000000000000000000/' 2 "run.yaml:9:7: dense" "too many"
expect 's/units: 8/units: 0/'            2 "run.yaml:9:22: dense.units = 0: must be >= 1"
expect 's/units: 8/units: -3/'           2 "run.yaml:9:22: dense.units = -3: must be >= 1"
expect 's/rate: 0.2}/rate: 1.0}/'        2 "run.yaml:10:23: dropout.rate = 1.0: must lie in [0, 1)"
expect 's/rate: 0.2}/rate: .nan}/'       2 "run.yaml:10:23: dropout.rate = .nan: must be a number"
expect 's/_rate: 0.1/_rate: -1/'         2 "run.yaml:15:36: training.optimizer.sgd.learning_rate" "-1: must be >= 0"
expect 's/_rate: 0.1/_rate: .inf/'       2 "run.yaml:15:36: training.optimizer.sgd.learning_rate" "finite"
expect 's/batch_size: 20/batch_size: 0/' 2 "run.yaml:16:15: training.batch_size = 0: must be >= 1"
expect 's/seed: 1/seed: -1/'             2 "run.yaml:1:7: seed = -1: must be >= 0"
expect 's/validation: 30/validation: 1.5/' 2 "run.yaml:5:23: data.split.validation = 1.5" "[0, 1)"
expect 's/validation: 30/validation: 300/' 2 "run.yaml:5:23: data.split" "300" "100 training rows"
expect 's/epochs: 3/callbacks: [{early_stopping: {monitor: val_los}}]/' 2 "run.yaml:17" "'val_los'" "val_loss"

# Missing, repeated, beside each other.
expect '/^output/d'                      2 "run.yaml:1:1: output: missing"
expect '/  loss/d'                       2 "run.yaml:13:3: training.loss: missing"
expect '/source/d'                       2 "run.yaml:4:3: data.source: missing"
expect 's/{units: 8, /{/'                2 "run.yaml:9:14: dense.units: missing"
expect '/^data/,/scale/d'                2 "run.yaml:1:1: data: missing"
expect '/layers/,/sigmoid/d'             2 "run.yaml:7:1: model: has no value"
expect '/units: 8/,/sigmoid/d'           2 "run.yaml:8:3: model.layers: has no value"
expect 's/epochs: 3/epochs: 3\n  epochs: 4/' 2 "run.yaml:18:3: key \"epochs\" is repeated (first in line 17)"
expect 's/units: 8,/units: 8, units: 9,/' 2 "run.yaml:9:25: key \"units\" is repeated"
expect 's/{moons: {.*}}/{moons: {n_samples: 5}, circles: {n_samples: 4}}/' 2 "run.yaml:4:44: data.source: 'circles' stands beside 'moons'"
expect 's/- dropout: .*/- [dense, dense]/' 2 "run.yaml:10:7: a list: must be a layer"

# What fits no output: shapes and losses.
expect 's/binary_cross/sparse_categorical_cross/' 2 "run.yaml:13:9: loss = sparse_categorical_crossentropy" "1 unit"
expect 's/layers:/inputs: {x: [5]}\n  layers:/' 2 "input 'x' has shape [5] here, but the data bring [2]"

# No YAML, or YAML that is no run file.
expect 's/split: {/split: {{/'           2 "run.yaml:6:3: "
expect 's/split: {/split: [/'            2 "run.yaml:5:36: "
expect 's/^  split/\tsplit/'             2 "run.yaml:5:1: tab"
expect 's/seed: 1/seed: *x/'             2 "run.yaml:1:7: aliases"
expect '1,$d'                            2 "run.yaml: the file says nothing"
expect 's/.*/# nothing/'                 2 "run.yaml: the file says nothing"
expect 's/.*/- word/'                    2 "run.yaml:1:1: a list: must be a map"
expect 's/seed: 1/seed: \x00/'           2 "run.yaml" "zero bytes"
wrong 2 "none.yaml: cannot open" -- train none.yaml
wrong 2 "." "Is a directory" -- train .

# On the command line.
base() { wrong "$@"; }
base 2 "'training.epochs' is neither an option nor KEY=VALUE" -- train base.yaml training.epochs
base 2 "overrides are KEY=VALUE" -- train base.yaml =3
base 2 "command line: training.epoch: unknown key" "'epochs'" -- train base.yaml training.epoch=3
base 2 "command line: training.epochs: no value given" -- train base.yaml training.epochs=
base 2 "command line: training.epochs = \"x\": must be a whole number" -- train base.yaml training.epochs=x
base 2 "command line: model.layers: \"[\"" -- train base.yaml 'model.layers=['
base 2 "'sgd' is written there (base.yaml:15:14)" "training.optimizer={adam: {" -- train base.yaml training.optimizer.adam.beta_1=0.1
base 2 "'dense' is written there (base.yaml:9:7)" "'model.layers.0={dropout: {" -- train base.yaml model.layers.0.dropout.rate=0.1
base 2 "no position 9; the list has 3 items" -- train base.yaml model.layers.9.dense.units=3
base 2 "'x' is no position in a list" -- train base.yaml model.layers.x.dense.units=3
base 2 "training.epochs is a single value" -- train base.yaml training.epochs.x=3
base 2 "a key is missing" -- train base.yaml training..epochs=3
base 2 "command line: training = 3: must be a map" -- train base.yaml training=3
base 2 "training.optimizer.sgd.momentum = 2: must lie in [0, 1]" -- train base.yaml training.optimizer.sgd.momentum=2
base 2 "output: has no value" -- train base.yaml output=null
base 2 "command line: training.epoch: unknown key" -- train base.yaml '~training.epoch'

verdict 68
