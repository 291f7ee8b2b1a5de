#!/usr/bin/env bash
# A small convolutional network on drawn digits: trained on 1, 2 and 3 ranks to the same bits, evaluated from its file, its gradients checked.
# shellcheck source=tests/program/common.sh
. "$(dirname "$0")/common.sh"
cat >run.yaml <<'YAML'
seed: 3
output: unset
data:
  source: {glyphs: {train: 1500, test: 500}}
  scale: {features: {divide: 255}}
model:
  defaults: {conv2d: {kernel_size: 3, activation: relu, kernel_initializer: he_normal}}
  layers:
    - reshape: {target_shape: [28, 28, 1]}
    - random_translation: {height_factor: 0.04, width_factor: 0.04}
    - conv2d: {filters: 8, padding: same}
    - max_pooling2d
    - conv2d: {filters: 16, use_bias: false, activation: linear}
    - batch_normalization
    - prelu: {shared_axes: [1, 2], alpha_initializer: {constant: 0.25}}
    - max_pooling2d: {pool_size: 3, strides: 2, padding: same}
    - flatten
    - dense: {units: 10, activation: softmax}
training:
  {loss: sparse_categorical_crossentropy, metrics: [accuracy], batch_size: 50, epochs: 4, shards: 6, optimizer: {adam: {learning_rate: 0.005}}}
YAML
expect_status 0 "$DNN_MPI" summary run.yaml output=one
expect_text "[14, 14, 8]" out
expect_text "[6, 6, 16]" out
# Without relu, at whose corner the blank parts of an image lie.
expect_status 0 "$DNN_MPI" check run.yaml output=one --gradients model.defaults.conv2d.activation=elu
expect_text "ready to train" out
expect_status 0 "$DNN_MPI" check run.yaml output=one --gradients model.defaults.conv2d.activation=elu \
    'model.layers=[{reshape: {target_shape: [28, 28, 1]}}, {conv2d: {filters: 3}}, {activity_regularization: {l1: 0.01, l2: 0.1}}, flatten,
                   {dense: {units: 10, activation: softmax}}]'
for ranks in 1 2 3; do
    expect_status 0 run_ranks "$ranks" train run.yaml output="$ranks"
    expect_status 0 "$DNN_MPI" checkpoint diff 1/model.h5 "$ranks/model.h5"
    expect_text "Equal to the last bit" out
done
expect_status 0 "$DNN_MPI" evaluate 1/model.h5 --part test --json
accuracy=$(sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' out | awk '{ printf "%d\n", 10000 * $1 + 0.5 }')
echo "of ten thousand: $accuracy"
[ "$accuracy" -gt 8500 ] || fail "$accuracy of ten thousand right"
expect_status 2 "$DNN_MPI" check run.yaml output=one 'model.layers=[{conv2d: {filters: 8, kernel_size: 3}}, flatten, {dense: {units: 10, activation: softmax}}]'
expect_text "put reshape: {target_shape: [28, 28, 1]} in front" err
