#!/usr/bin/env bash
# Exported models compute what the model file computes: ONNX evaluated by NumPy, Keras's layout read back as any Keras file is.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy look at what was exported"
look() { printf '%q ' "$@" >>looks && echo >>looks; } # all at once in look_all: starting Python takes longer than looking
look_all() {
    $python3 "$DNN_TEST_SOURCE/program/export.py" all <looks >looked || fail "$(tail -n 1 looked)"
    rm looks
}
onnx=
if $python3 -c 'import onnx' 2>/dev/null; then onnx=yes; else echo "python3-onnx is not there: ONNX files are written and not evaluated"; fi
look data data.h5
look_all

model() { # NAME SOURCE MODEL: trained a little, so that statistics and biases are not those of the start; and its predictions
    cat >"$1.yaml" <<YAML
seed: 7
output: $1
data: {source: {hdf5: {path: data.h5, x: $2, y: ${4:-/y}}}}
model: $3
training: {loss: mean_squared_error, optimizer: {sgd: {learning_rate: 0.02}}, batch_size: 8, epochs: 3}
YAML
    expect_status 0 "$DNN_MPI" train "$1.yaml" --quiet
    expect_status 0 "$DNN_MPI" predict "$1/model.h5" --part train --out "$1.predicted.h5"
}
export_to() { # FORMAT NAME ENDING OPTION…
    local format=$1 name=$2 ending=$3
    shift 3
    expect_status 0 "$DNN_MPI" export "$name/model.h5" --to "$format" --out "$name.$ending" "$@"
}
evaluate() { # FILE.onnx NAME X TOLERANCE OPERATION…: what predict said of model NAME, x being the data set X
    if [ -z "$onnx" ]; then return; fi
    look onnx "$1" data.h5 "$3" "$2.predicted.h5" "${@:4}"
}
both() { # NAME X OPERATION…: to ONNX, and to Keras and back
    export_to onnx "$1" onnx
    evaluate "$1.onnx" "$1" "$2" 1e-5 "${@:3}"
    export_to keras "$1" keras.h5
    look clean "$1.keras.h5" f4
    expect_status 0 "$DNN_MPI" predict "$1.keras.h5" "data.source={hdf5: {path: data.h5, x: /$2, y: /y}}" --part train --out "$1.read.h5"
    look same "$1.read.h5" "$1.predicted.h5" 0
}

# ---- layers on images ----
model image /image '{layers: [
  {rescaling: {scale: 0.8, offset: 0.1}}, {normalization: {axis: -1}}, {random_flip: {}}, {gaussian_noise: {stddev: 0.1}},
  {batch_normalization: {axis: 1}}, {batch_normalization: {axis: 2}},
  {zero_padding2d: {padding: [[1, 2], [0, 3]]}}, {conv2d: {filters: 6, kernel_size: [3, 2], strides: 2, padding: same, activation: relu}},
  {batch_normalization: {}}, {conv2d: {filters: 8, kernel_size: 2, groups: 2, use_bias: false}}, {prelu: {shared_axes: [1, 2]}},
  {max_pooling2d: {pool_size: 2, strides: 1, padding: same}}, {average_pooling2d: {pool_size: 3, strides: 2, padding: same}},
  {conv2d: {filters: 5, kernel_size: 2, padding: same, dilation_rate: 2, activation: tanh}}, {layer_normalization: {axis: [1, 3]}},
  {dense: {units: 4}}, {global_average_pooling2d: {keepdims: true, name: mean}}, {global_max_pooling2d: {name: most}},
  {dropout: {rate: 0.3}}, {dense: {units: 3}}]}'
both image image Conv MaxPool AveragePool Pad ReduceMax PRelu MatMul Gemm Transpose BatchNormalization -Dropout

# ---- sequences, volumes and what makes them larger or smaller ----
model forms /image '{layers: [
  {group_normalization: {groups: 2}}, {group_normalization: {groups: 3, axis: 1}}, {cropping2d: {cropping: [[1, 0], [0, 1]]}},
  {up_sampling2d: {size: [1, 2], interpolation: bilinear}}, {up_sampling2d: {size: [2, 1]}}, {permute: {dims: [2, 3, 1]}}, {rms_normalization: {axis: [1, 3]}}, {softmax: {axis: [1, -1]}}, {rescaling: {scale: 40}},
  {reshape: {target_shape: [12, 64]}}, {conv1d: {filters: 6, kernel_size: 3, padding: causal, dilation_rate: 2, activation: tanh}},
  {conv1d: {filters: 8, kernel_size: 2, strides: 2, groups: 2}}, {zero_padding1d: {padding: [2, 1]}}, {max_pooling1d: {pool_size: 3, strides: 2, padding: same}},
  {up_sampling1d: {size: 4}}, {average_pooling1d: {pool_size: 3, strides: 1, padding: same}}, {cropping1d: {cropping: [3, 1]}}, {unit_normalization: {axis: -1}},
  identity, {reshape: {target_shape: [2, 4, 4, 4]}}, {zero_padding3d: {padding: [[0, 1], 1, [1, 0]]}}, {up_sampling3d: {size: [1, 2, 1]}},
  {cropping3d: {cropping: [[1, 0], [0, 2], 1]}}, {global_max_pooling3d: {}}, {repeat_vector: {n: 3}}, {flatten: {}}, {dense: {units: 3}}]}'
both forms image Conv MaxPool AveragePool Resize Slice Pad Tile Unsqueeze ReduceSum ReduceMean ReduceMax Transpose

model turned /image '{layers: [
  {conv2d_transpose: {filters: 5, kernel_size: [3, 2], strides: 2, padding: same, activation: relu}}, {depthwise_conv2d: {kernel_size: 3, strides: 2, depth_multiplier: 2}},
  {spatial_dropout2d: {rate: 0.2}}, {conv2d_transpose: {filters: 3, kernel_size: 2, strides: 3, use_bias: false}},
  {separable_conv2d: {filters: 4, kernel_size: [2, 3], padding: same, dilation_rate: 2, activation: tanh}}, {max_pooling2d: {}}, {reshape: {target_shape: [-1, 4]}},
  {depthwise_conv1d: {kernel_size: 3, use_bias: false}}, {conv1d_transpose: {filters: 3, kernel_size: 4, strides: 2, padding: same}},
  {separable_conv1d: {filters: 6, kernel_size: 3, strides: 4}}, {global_average_pooling1d: {name: mean}},
  {rescaling: {scale: 9.9, name: rows, inputs: mean}}, {activation: {activation: relu}}, {activation: {activation: relu6}}, {embedding: {input_dim: 7, output_dim: 3}},
  {flatten: {name: named}}, {dense: {units: 4, name: beside, inputs: mean}}, {concatenate: {inputs: [named, beside]}}, {dense: {units: 3}}]}'
both turned image Conv ConvTranspose Gather Cast MaxPool

# ---- graphs: two inputs, two outputs, all merges ----
model graph '{flat: /flat, other: /other}' '{layers: [
  {dense: {units: 6, activation: elu, name: a, inputs: flat}}, {dense: {units: 6, activation: softmax, name: b, inputs: other}},
  {batch_normalization: {name: bn, inputs: a}}, {add: {name: s, inputs: [a, b, bn]}}, {subtract: {name: d, inputs: [s, b]}},
  {multiply: {name: m, inputs: [d, a]}}, {average: {name: v, inputs: [m, s, bn]}}, {maximum: {name: g, inputs: [v, b]}},
  {minimum: {name: l, inputs: [g, s]}}, {concatenate: {name: c, inputs: [l, a, other]}}, {reshape: {target_shape: [3, 6], name: r}},
  {multiply: {name: w, inputs: [r, flat]}},
  {layer_normalization: {name: n}}, {flatten: {name: f}}, {alpha_dropout: {rate: 0.1, name: x}},
  {dense: {units: 3, activation: sigmoid, name: main}}, {dense: {units: 3, name: aux, inputs: b}}], outputs: [main, aux]}' '{main: /y, aux: /y}'
export_to onnx graph onnx
evaluate graph.onnx graph flat 1e-5 BatchNormalization Concat Max Min Mul Sub Div Softmax
export_to keras graph keras.h5
look clean graph.keras.h5 f4

# ---- activations: all that the program has, side by side; those that are layers of their own one after the other ----
layers='' names=''
for name in $("$DNN_MPI" list activation | sed -nE 's/^([a-z_0-9]+) .*/\1/p'); do
    [ "$name" != threshold ] || continue # has parameters, which Keras has no name for: among the kinds below
    layers+="{dense: {units: 3, activation: $name, name: a_$name, inputs: x}}, "
    names+="a_$name, "
done
[ "$(echo "$names" | wc -w)" -ge 25 ] || fail "only $(echo "$names" | wc -w) activations"
model activations /flat "{inputs: {x: [6]}, layers: [$layers{concatenate: {inputs: [${names%, }]}}, {dense: {units: 3}}]}"
both activations flat Erf Selu Celu HardSigmoid LogSoftmax Where
model kinds /flat '{layers: [{dense: {units: 12}}, {relu: {negative_slope: 0.1, max_value: 1.5, threshold: 0.2}}, {dense: {units: 12}}, {leaky_relu: {}},
  {dense: {units: 12}}, {elu: {alpha: 0.7}}, {dense: {units: 12}}, {thresholded_relu: {theta: 0.1}}, {dense: {units: 12}}, {rrelu: {}},
  {activation: {activation: {threshold: {threshold: -0.3, default_value: -0.5}}}}, {activation: {activation: {gelu: {approximate: true}}}}, {normalization: {mean: 0.2, variance: 1.7}}, {dense: {units: 6}}, {softmax: {}}, {dense: {units: 3}}]}'
export_to onnx kinds onnx
evaluate kinds.onnx kinds flat 1e-5 LeakyRelu ThresholdedRelu Elu Where
expect_status 4 "$DNN_MPI" export kinds/model.h5 --to keras --out kinds.h5
expect_text "layer 'rrelu': Keras has no rrelu" err
[ ! -e kinds.h5 ] || fail "a file is left of an export that was refused"

# ---- batch norms folded: before and after, with and without biases, behind flatten, on images ----
model folded /image '{layers: [{batch_normalization: {}}, {dropout: {rate: 0.1}}, flatten, {dense: {units: 12, use_bias: false}}, {batch_normalization: {scale: false}},
  {activation: elu}, {dense: {units: 8}}, {batch_normalization: {center: false}}, {activation: tanh}, {batch_normalization: {}}, {dense: {units: 3}}]}'
export_to onnx folded onnx --fold-batch-norm
expect_text '4; outputs changed by at most' out
evaluate folded.onnx folded image 1e-5 Gemm -BatchNormalization
export_to keras folded keras.h5 --fold-batch-norm
look clean folded.keras.h5 f4
expect_status 0 "$DNN_MPI" summary folded.keras.h5
expect_no_text batch_normalization out
expect_status 0 "$DNN_MPI" predict folded.keras.h5 'data.source={hdf5: {path: data.h5, x: /image, y: /y}}' --part train --out folded.read.h5
look same folded.read.h5 folded.predicted.h5 1e-5
model convolved /image '{layers: [{conv2d: {filters: 4, kernel_size: 3, padding: same}}, {batch_normalization: {name: n}}, {activation: relu}, flatten, {dense: {units: 3}}]}'
export_to onnx convolved onnx --fold-batch-norm
evaluate convolved.onnx convolved image 1e-5 Conv -BatchNormalization
model last /flat '{layers: [{dense: {units: 3, name: d}}, {batch_normalization: {name: n}}]}'
export_to onnx last onnx --fold-batch-norm
evaluate last.onnx last flat 1e-5 Gemm -BatchNormalization
# In between: an activation before, a sum behind; and a layer before that another reads as well.
expect_status 4 "$DNN_MPI" export graph/model.h5 --to onnx --out no.onnx --fold-batch-norm
expect_text "batch normalization 'bn' cannot be folded" err
[ ! -e no.onnx ] || fail "a file is left of an export that was refused"
expect_status 0 "$DNN_MPI" export activations/model.h5 --to onnx --out none.onnx --fold-batch-norm
expect_text 'nothing to fold' err

# ---- half precision ----
export_to onnx image half.onnx --half
expect_text 'half precision  outputs changed by at most' out
evaluate image.half.onnx image image 1e-2 Cast Conv
export_to keras image half.h5 --half
look clean image.half.h5 f2
expect_status 0 "$DNN_MPI" predict image.half.h5 'data.source={hdf5: {path: data.h5, x: /image, y: /y}}' --part train --out half.read.h5
look same half.read.h5 image.predicted.h5 1e-2

# ---- how it is called ----
expect_status 2 "$DNN_MPI" export image/model.h5 --to onnx --out image.onnx
expect_text '--overwrite' err
export_to onnx image onnx --overwrite
expect_status 2 "$DNN_MPI" export image/model.h5 --to torch --out x
expect_status 2 "$DNN_MPI" export image/model.h5 --to onnx
expect_status 4 "$DNN_MPI" export none.h5 --to onnx --out x
expect_status 5 "$DNN_MPI" export image/model.h5 --to onnx --out none/x.onnx
sed 's/^data: .*/data: {source: {hdf5: {path: data.h5, x: \/flat, y: \/y}}, scale: {features: {divide: 4}, targets: standardize}}/; s/^output: .*/output: scaled/' last.yaml >scaled.yaml
expect_status 0 "$DNN_MPI" train scaled.yaml --quiet
export_to onnx scaled onnx
expect_text "features 'x'" err
expect_text 'factor 0.25' err
expect_text "targets 'y'" err
# The scaling in the network: raw values in, values in units of the targets out, as predict takes and gives them.
sed 's/^data: .*/data: {source: {hdf5: {path: data.h5, x: \/image, y: \/y}}, scale: {features: standardize, targets: {min_max: {range: [0, 3]}}}}/
    s/^output: .*/output: units/' convolved.yaml >units.yaml
expect_status 0 "$DNN_MPI" train units.yaml --quiet
expect_status 0 "$DNN_MPI" predict units/model.h5 --part train --out units.predicted.h5
export_to onnx units onnx --scaling --fold-batch-norm
expect_text 'scalings put in     2' out
expect_no_text advice err
evaluate units.onnx units image 1e-5 Sub Div Mul -BatchNormalization
export_to keras units keras.h5 --scaling --half
expect_status 0 "$DNN_MPI" predict units.keras.h5 'data.source={hdf5: {path: data.h5, x: /image, y: /y}}' --part train --out units.read.h5
look same units.read.h5 units.predicted.h5 1e-2
sed 's/^data: .*/data: {source: {hdf5: {path: data.h5, x: {flat: \/flat, other: \/other}, y: {main: \/y, aux: \/y}}}, scale: {features: standardize, targets: standardize}}/
    s/^output: .*/output: scaled_graph/' graph.yaml >scaled_graph.yaml
expect_status 0 "$DNN_MPI" train scaled_graph.yaml --quiet
expect_status 0 "$DNN_MPI" predict scaled_graph/model.h5 --part train --out scaled_graph.predicted.h5
export_to onnx scaled_graph onnx --scaling
expect_text 'scalings put in  4' out
evaluate scaled_graph.onnx scaled_graph flat 1e-5 Concat
expect_status 0 "$DNN_MPI" export last/model.h5 --to onnx --out unscaled.onnx --scaling
expect_text 'no scaling' err
# Under a launcher one rank alone acts: a second one would find the file there.
expect_status 0 run_ranks 3 export image/model.h5 --to onnx --out ranks.onnx
cmp -s ranks.onnx image.onnx || fail "the same export is another under a launcher"
look_all
