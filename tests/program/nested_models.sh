#!/usr/bin/env bash
# Layers used twice and models as layers: in run files, in files of Keras's with nested models, trained the same at any number of ranks, with
# gradients that finite differences confirm; and the counts of parameters that the books give.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

data='source: {moons: {n_samples: 300, noise: 0.1}}, split: {validation: 60, test: 40}, scale: {features: standardize}'
cat >part.yaml <<END
output: part
data: {$data}
model: {layers: [{dense: {units: 6, activation: relu}}, batch_normalization, {dense: {units: 3, activation: softmax, name: code}}]}
training: {loss: sparse_categorical_crossentropy, epochs: 2}
END
cat >whole.yaml <<END
output: one
data: {$data}
model:
  layers:
    - dense: {units: 2, activation: tanh, name: turn}
    - call: {layer: turn}
    - model: {file: part/model.h5, name: part, trainable: false}
    - dense: {units: 2, activation: relu, name: mid}
    - call: {layer: part, name: again}
    - concatenate: {inputs: [part, again]}
    - model: {file: part/model.h5, name: free, inputs: mid}
    - concatenate: {inputs: [concatenate, free]}
    - dense: {units: 1, activation: sigmoid}
training: {loss: binary_crossentropy, metrics: accuracy, epochs: 2, optimizer: {sgd: {learning_rate: 0.1}}, shards: 4}
END
values() { cut -d, -f 1,2,5- "$1/history.csv"; }
expect_status 0 "$DNN_MPI" train part.yaml
expect_status 0 "$DNN_MPI" check whole.yaml --gradients
expect_text "turn/kernel" out
expect_no_text DIFFERS out
expect_no_text "part.dense/kernel" out # frozen: there is no gradient to compare
expect_text "free.dense/kernel" out
expect_status 0 "$DNN_MPI" summary whole.yaml
expect_text "parameters: 150, trainable: 75, non-trainable: 75" out
grep -qE '^turn_call +turn, called again .* 0  turn$' out || fail "summary does not show the second use"
grep -qE '^concatenate .* part.code, again.code$' out || fail "summary does not show the connections of the parts"
expect_status 0 "$DNN_MPI" train whole.yaml
expect_status 0 run_ranks 3 train whole.yaml output=three
expect_status 0 "$DNN_MPI" train one/run.yaml output=written
for other in three written; do [ "$(values one)" = "$(values $other)" ] || fail "$other trains otherwise than the run file on one rank"; done
expect_status 0 "$DNN_MPI" evaluate one/model.h5 --json

# A second use has the weights of the first: with a rate of 0 both give what the part gives.
cat >twice.yaml <<END
output: twice
data: {$data}
model:
  inputs: {x: [2]}
  layers: [{model: {file: part/model.h5, name: p, inputs: x}}, {call: {layer: p, name: q, inputs: x}}, {subtract: {inputs: [p, q]}}]
training: {loss: mse, epochs: 0}
END
expect_status 0 "$DNN_MPI" train twice.yaml data.targets=inputs data.scale.features=none 'model.layers=[{model: {file: part/model.h5, name: p, inputs: x}}, {call: {layer: p, name: q, inputs: x}},
    {subtract: {inputs: [p, q]}}, {dense: {units: 2, kernel_initializer: ones}}]'
expect_status 0 "$DNN_MPI" predict twice/model.h5 --out difference.csv
[ "$(tail -n +2 difference.csv | tr ',' '\n' | sed 's/^-//' | sort -u)" = 0 ] || fail "the second use of a model does not give what the first gives"

# Repeated, each is a part of its own.
cat >repeated.yaml <<END
output: repeated
data: {$data}
model: {layers: [{repeat: {times: 2, layers: [{model: {file: part/model.h5, name: p}}, {dense: {units: 2, name: d}}]}}, {dense: {units: 1, activation: sigmoid, name: end}}]}
training: {loss: binary_crossentropy, epochs: 2}
END
expect_status 0 "$DNN_MPI" train repeated.yaml
expect_status 0 "$DNN_MPI" train repeated.yaml output=by-hand 'model.layers=[{model: {file: part/model.h5, name: p}}, {dense: {units: 2, name: d}},
    {model: {file: part/model.h5, name: p_1}}, {dense: {units: 2, name: d_1}}, {dense: {units: 1, activation: sigmoid, name: end}}]'
[ "$(values repeated)" = "$(values by-hand)" ] || fail "a repeated model trains otherwise than one written twice"

# Reused: both uses of a layer come along, with one set of weights.
expect_status 0 "$DNN_MPI" train whole.yaml output=reused '~training.epochs' 'training.phases=[{epochs: 1, freeze: reused}, {epochs: 1}]' \
    'model={reuse: {file: one/model.h5, drop_last: 1}, layers: [{dense: {units: 1, activation: sigmoid, name: new}}]}'
expect_status 0 "$DNN_MPI" summary reused/model.h5
expect_text "turn, called again" out
expect_text "parameters: 150, trainable: 126" out

# What does not fit, where it is written.
expect_status 2 "$DNN_MPI" check whole.yaml model.layers.1='{call: {layer: tern}}'
expect_text "did you mean 'turn'?" err
sed -i 's/units: 2, activation: tanh/units: 3, activation: tanh/' whole.yaml
expect_status 2 "$DNN_MPI" check whole.yaml
expect_text "whole.yaml:6:7: turn_call: the kernel of 'turn' is [2, 3]; on what is read here it would be [3, 3]" err
expect_status 2 "$DNN_MPI" check whole.yaml model.layers.2.model.inputs='[turn, turn]'
expect_text "model 'part': has 1 input, 2 are given" err
expect_status 4 "$DNN_MPI" check whole.yaml model.layers.2.model.file=none.h5
expect_text none.h5 err

# Géron, chapter 11: batch normalization in front of, between and behind 300 and 100 units.
cat >count.yaml <<'END'
output: o
data: {source: {glyphs: {train: 40}}}
model: {layers: [flatten, batch_normalization, {dense: {units: 300, use_bias: true}}, batch_normalization, {activation: elu},
    {dense: {units: 100, use_bias: true}}, batch_normalization, {activation: elu}, {dense: {units: 10, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy}
END
expect_status 0 "$DNN_MPI" summary count.yaml
expect_text "parameters: 271,346, trainable: 268,978, non-trainable: 2,368" out
expect_status 0 "$DNN_MPI" summary count.yaml model.layers.2.dense.use_bias=false model.layers.5.dense.use_bias=false
expect_text "parameters: 270,946" out

# Files with nested models as Keras writes them.
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy make the files; all else has passed"
$python3 "$DNN_TEST_SOURCE/program/nested_models.py"
for file in siamese functional autoencoder; do
    x=/x
    [ $file = autoencoder ] || x='{left: /left, right: /right}'
    expect_status 0 run_ranks 2 predict $file.h5 "data.source={hdf5: {path: $file.data.h5, x: $x}}" --out $file.out.h5
    $python3 "$DNN_TEST_SOURCE/program/nested_models.py" check $file.npz $file.out.h5 || fail "$file: other outputs than the formulas give"
done
# Written anew in Keras's form, with a layer's uses as its nodes, and read from that.
expect_status 0 "$DNN_MPI" export siamese.h5 --to keras --out flat.h5
expect_status 0 "$DNN_MPI" predict flat.h5 'data.source={hdf5: {path: siamese.data.h5, x: {left: /left, right: /right}}}' --out flat.out.h5
$python3 "$DNN_TEST_SOURCE/program/nested_models.py" check siamese.npz flat.out.h5 || fail "the model written anew gives other outputs"
expect_status 4 "$DNN_MPI" export siamese.h5 --to keras --fold-batch-norm --out folded.h5
expect_text "used at more than one place" err
