#!/usr/bin/env bash
# verify agrees with what the engine does, at any number of ranks, threads, teams and shards, for networks and trainings of every kind, and tells wrong run
# files as train does. That it finds faults is shown by campaign/planted_faults.sh.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

cat >digits.yaml <<'YAML'
output: unused
data: {source: {glyphs: {train: 170, test: 20}}, scale: {features: standardize}}
model:
  layers:
    - reshape: {target_shape: [28, 28, 1]}
    - random_translation: {height_factor: 0.1, width_factor: 0.1}
    - conv2d: {filters: 4, kernel_size: 3, strides: 2, activation: relu}
    - batch_normalization
    - flatten
    - dense: {units: 20, activation: elu, kernel_regularizer: l2, kernel_constraint: max_norm}
    - dropout: {rate: 0.3}
    - dense: {units: 10, activation: softmax}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy, f1_score]
  optimizer: {nadam: {global_clipnorm: 0.5, clipvalue: 0.1}}
  batch_size: 48
  class_weights: balanced
YAML
cat >numbers.yaml <<'YAML'
output: unused
data: {source: {regression: {n_samples: 90, n_features: 5, noise: 0.1}}, scale: {features: standardize, targets: standardize}}
model: {layers: [{dense: {units: 12, activation: selu, kernel_regularizer: {l1: {l1: 0.001}}}}, {dense: {units: 1}}]}
training: {loss: mean_squared_error, metrics: [mean_absolute_error], batch_size: 25, shuffle: false,
           optimizer: {adam: {gradient_accumulation_steps: 3, use_ema: true, ema_overwrite_frequency: 2, weight_decay: 0.01}}}
YAML

agrees() { # RANKS RUN-FILE ARGUMENT…
    expect_status 0 run_ranks "$1" verify "${@:2}"
    expect_text "quantities agree" out
    [[ $(tail -n 1 out) =~ ^([0-9]+)\ of\ ([0-9]+)\ quantities && ${BASH_REMATCH[1]} -gt 15 && ${BASH_REMATCH[1]} -eq ${BASH_REMATCH[2]} ]] ||
        fail "$*: $(tail -n 1 out)"
}
agrees 1 digits.yaml
agrees 3 digits.yaml comm.team=rank training.label_noise=0.1
agrees 2 digits.yaml training.shards=5 --threads 2
expect_text "same bits as one worker" out
agrees 4 numbers.yaml training.shards=7 comm.team=rank
agrees 4 numbers.yaml training.weight_noise.stddev=0.01 training.gradient_noise.stddev=0.1

# Every optimizer has a serial rule: without one there would be no next weights in the table.
for optimizer in $("$DNN_MPI" list optimizer | awk '/^[a-z]/ { print $1 }'); do
    expect_status 0 "$DNN_MPI" verify numbers.yaml training.optimizer="$optimizer"
    expect_text "next weights" out
    count=$((${count:-0} + 1))
done
[ "$count" -ge 13 ] || fail "only $count optimizers were tried"

# behind a batch norm the means of the next one are nothing but rounding
agrees 2 numbers.yaml 'model.layers=[{dense: {units: 12}}, batch_normalization, {dense: {units: 8}}, batch_normalization, {dense: {units: 1}}]' \
    comm.team=rank --threads 2

expect_status 2 "$DNN_MPI" verify digits.yaml training.optimizer=adm
expect_text "did you mean 'adam'" err
expect_status 2 "$DNN_MPI" verify
