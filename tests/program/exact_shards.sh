#!/usr/bin/env bash
# Under training.shards the number of ranks, threads and teams does not show: the same weights and moments, history and predictions to the last
# bit, with everything in the net that could let it show. In the fast path it does show, in the last bits alone.
#   exact_shards.sh          a few arrangements, for every day
#   exact_shards.sh whole    all of them (campaign)
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
whole=${1:-}

cat >run.yaml <<'YAML'
seed: 11
output: one
data:
  source: {glyphs: {train: 1100, test: 150}}
  split: {validation: 130}
  scale: {features: standardize}
model:
  defaults: {dense: {kernel_regularizer: {l2: {l2: 0.0005}}}}
  layers:
    - reshape: {target_shape: [28, 28, 1]}
    - random_translation: {height_factor: 0.08, width_factor: 0.08}
    - random_rotation: {factor: 0.03}
    - flatten
    - gaussian_noise: {stddev: 0.1}
    - dense: {units: 96, activation: elu, use_bias: false}
    - batch_normalization
    - dropout: {rate: 0.2}
    - dense: {units: 40, activation: relu}
    - batch_normalization
    - dense: {units: 10, activation: softmax}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  optimizer: {nadam: {learning_rate: 0.004, global_clipnorm: 1.0, clipnorm: 0.6, clipvalue: 0.05}}
  batch_size: 60
  epochs: 12
  shards: 8
  log_every: 1
  callbacks: [{early_stopping: {monitor: val_loss, patience: 1, restore_best_weights: true}}]
YAML

train() { # RANKS FOLDER ARGUMENT…
    expect_status 0 run_ranks "$1" train run.yaml output="$2" "${@:3}"
    expect_status 0 run_ranks "$1" predict "$2/model.h5" --out "$2/predictions.csv"
}

same() { # FOLDER: as `one`; the two times of history.csv are left out
    local file last
    cmp <(cut -d, -f1,2,5- one/history.csv) <(cut -d, -f1,2,5- "$1/history.csv") >&2 || fail "$1: another history"
    cmp one/steps.csv "$1/steps.csv" >&2 || fail "$1: other steps"
    cmp one/predictions.csv "$1/predictions.csv" >&2 || fail "$1: other predictions"
    last=$(ls "one/checkpoints" | tail -n 1)
    for file in model.h5 "checkpoints/$last"; do
        expect_status 0 "$DNN_MPI" checkpoint diff "one/$file" "$1/$file"
        expect_text "Equal to the last bit" out
    done
}

losses_near() { # FOLDER: the first 50 losses are those of `fast1` to 1e-5
    awk -F, 'NR == FNR { loss[$1] = $5; next }
             $1 <= 50 && $1 != "step" { d = $5 / loss[$1] - 1; if (d < 0) d = -d; if (d > worst) { worst = d; at = $1 } n++ }
             END { printf "%d steps, largest relative difference of the loss %.1e at step %s\n", n, worst, at; exit !(n == 50 && worst <= 1e-5) }' \
        fast1/steps.csv "$1/steps.csv" || fail "$1: losses differ from those of one rank"
}

train 1 one
epochs=$(($(wc -l <one/history.csv) - 1))
[ "$epochs" -lt 12 ] || fail "the training was to stop early"
echo "one rank: stopped after $epochs epochs"

arrangements() { # ranks and arguments, one arrangement a line
    printf '%s\n' '3' '5 comm.team=rank' '1 --threads 3'
    [ -n "$whole" ] || return 0
    printf '%s\n' 2 4 5 8 '1 --threads 2' '1 --threads 4' '2 --threads 2' '3 --threads 3' '2 comm.team=rank' '3 comm.team=rank' \
        '8 comm.team=rank' '2 comm.team=rank --threads 2'
}

while read -ra words; do
    train "${words[0]}" other "${words[@]:1}" </dev/null
    same other
    echo "ranks ${words[*]}: the same to the last bit"
    rm -rf other
done < <(arrangements)

# Workers beyond V idle, and say so.
expect_status 0 run_ranks 4 train run.yaml output=idle training.shards=3 training.epochs=1 data.limit.train=130
expect_text "training.shards = 3: 1 of 4 workers stay idle" err
expect_status 0 "$DNN_MPI" train run.yaml output=three training.shards=3 training.epochs=1 data.limit.train=130
expect_status 0 "$DNN_MPI" checkpoint diff idle/model.h5 three/model.h5
expect_text "Equal to the last bit" out

# The control: without shards the weights are not the same bits, or the comparison above could not fail.
expect_status 0 run_ranks 1 train run.yaml output=fast1 training.shards=auto training.epochs=3
others='2 4'
[ -z "$whole" ] || others='2 3 4'
for ranks in $others; do
    expect_status 0 run_ranks "$ranks" train run.yaml output="fast$ranks" training.shards=auto training.epochs=3
    expect_status 0 "$DNN_MPI" checkpoint diff fast1/model.h5 "fast$ranks/model.h5"
    expect_no_text "Equal to the last bit" out
    losses_near "fast$ranks"
done
