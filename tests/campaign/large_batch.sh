#!/usr/bin/env bash
# What a network on Fashion-MNIST reaches in ten epochs with batches of 32 to 8,192 rows, by each way of choosing the rate: the table of docs/large-batch.md, and
# what of it must hold. Eight minutes on one idle core. By hand: DNN_MPI=build/dnn-mpi tests/campaign/large_batch.sh [SEED …]; `grid` in place of the
# seeds: the search that the rates below come from, with seed 0 and the validation part.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
data=$(data_folder fashion-mnist) || skip "data/fashion-mnist is not here: jobs/fetch-fashion-mnist.sh, or DNN_DATA_DIR"
batches=(512 2048 8192)
declare -A sgd=([512]=0.32 [2048]=0.16 [8192]=0.08) lars=([512]=4 [2048]=16 [8192]=16) lamb=([512]=0.005 [2048]=0.02 [8192]=0.04) mean=()

falling() { # RATE EPOCHS: to nothing
    echo "{polynomial_decay: {initial_learning_rate: $1, end_learning_rate: 0, decay_steps: $2, step_unit: epoch}}"
}
warmed() { echo "{warmup: {epochs: 2, of: $(falling "$1" 8)}}"; }
scaled() { echo "{scale_with_batch: {base: 32, power: $1, of: $(falling 0.01 "$2")}}"; } # POWER EPOCHS

train() { # SEED BATCH OPTIMIZER: the run stands in out/; one that diverges has ended with 6
    local status=0
    "$DNN_MPI" train "$project/jobs/runs/large-batch.yaml" --quiet --overwrite output=out seed="$1" "data.source.fashion_mnist.path=$data" \
        training.batch_size="$2" "training.optimizer=$3" checkpoint.every.epochs=100 >log 2>&1 || status=$?
    [ "$status" -eq 0 ] || [ "$status" -eq 6 ] || fail "batch $2, $3: ended with $status: $(cat log)"
    [ "$status" -eq 0 ]
}

sgd() { echo "{sgd: {momentum: 0.9, learning_rate: $1}}"; } # SCHEDULE
in_validation() { tail -n 1 out/history.csv | cut -d, -f9; }
in_test() { "$DNN_MPI" evaluate out/model.h5 --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p'; }

grid() {
    local batch rate
    for rate in 0.005 0.01 0.02 0.04; do train 0 32 "$(sgd "$(falling $rate 10)")" && echo "32 sgd $rate $(in_validation)"; done
    for batch in "${batches[@]}"; do
        for rate in 0.04 0.08 0.16 0.32 0.64; do train 0 "$batch" "$(sgd "$(warmed $rate)")" && echo "$batch sgd $rate $(in_validation)"; done
        for rate in 2 4 8 16 32; do train 0 "$batch" "{lars: {learning_rate: $(warmed $rate)}}" && echo "$batch lars $rate $(in_validation)"; done
        for rate in 0.005 0.01 0.02 0.04 0.08; do train 0 "$batch" "{lamb: {learning_rate: $(warmed $rate)}}" && echo "$batch lamb $rate $(in_validation)"; done
    done
}

measure() { # NAME BATCH OPTIMIZER: a line of the table; one that diverged counts as guessing
    local seed results=()
    for seed in "${seeds[@]}"; do
        if train "$seed" "$2" "$3"; then results+=("$(in_test)"); else results+=(0.1); fi
    done
    mean[$1-$2]=$(printf '%s\n' "${results[@]}" | awk '{ s += $1 } END { printf "%.4f", s / NR }')
    printf '%5d  %-38s %s  (%s)\n' "$2" "$1" "${mean[$1-$2]}" "${results[*]}"
}

above() { # NAME BATCH NAME BATCH MARGIN: the first is better than the second by the margin; a negative one: at most so much worse
    awk -v a="${mean[$1-$2]}" -v b="${mean[$3-$4]}" -v m="$5" 'BEGIN { exit !(a - b > m) }' ||
        fail "$1 with $2 rows reaches ${mean[$1-$2]}, $3 with $4 rows ${mean[$3-$4]}: not $5 above"
}

seeds=("$@")
if [ "${1:-}" = grid ]; then
    grid || true
    exit 0
fi
[ $# -gt 0 ] || seeds=(1 2 3)
echo "accuracy on the test part: mean of ${#seeds[@]} seeds (each)"
measure baseline 32 "$(sgd "$(falling 0.01 10)")"
for batch in "${batches[@]}"; do
    measure unchanged "$batch" "$(sgd "$(falling 0.01 10)")"
    measure linear "$batch" "$(sgd "$(scaled 1 10)")"
    measure linear+warmup "$batch" "$(sgd "{warmup: {epochs: 2, of: $(scaled 1 8)}}")"
    measure root+warmup "$batch" "$(sgd "{warmup: {epochs: 2, of: $(scaled 0.5 8)}}")"
    measure sgd+warmup "$batch" "$(sgd "$(warmed "${sgd[$batch]}")")"
    measure lars+warmup "$batch" "{lars: {learning_rate: $(warmed "${lars[$batch]}")}}"
    measure lamb+warmup "$batch" "{lamb: {learning_rate: $(warmed "${lamb[$batch]}")}}"
done
above linear+warmup 512 baseline 32 -0.01
above linear+warmup 512 unchanged 512 0.01
above lamb+warmup 2048 baseline 32 -0.015
above lamb+warmup 2048 unchanged 2048 0.03
above baseline 32 linear+warmup 2048 0.1 # the linear rule has an end
above root+warmup 8192 unchanged 8192 0.02
above lamb+warmup 8192 root+warmup 8192 0.01
above lamb+warmup 8192 unchanged 8192 0.05
