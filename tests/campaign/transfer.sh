#!/usr/bin/env bash
# Model B (sandal or shirt, 200 pictures) on top of model A (the other eight classes) against B from nothing: the error on the 2,000 test
# pictures falls at least threefold, over five seeds together, and with a rate at which both are trained. About three minutes on two cores.
# By hand: DNN_MPI=build/dnn-mpi tests/campaign/transfer.sh [SEED …]
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
data=$(data_folder fashion-mnist) || skip "data/fashion-mnist is not here: jobs/fetch-fashion-mnist.sh, or DNN_DATA_DIR"
seeds=("$@")
[ $# -gt 0 ] || seeds=(1 2 3 4 5)
train() { # RUN SEED OUTPUT KEY=VALUE…
    expect_status 0 "$DNN_MPI" train "$project/jobs/runs/transfer-$1.yaml" seed="$2" output="$3" "data.source.fashion_mnist.path=$data" "${@:4}"
}
wrong() { "$DNN_MPI" evaluate "$1/model.h5" --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | awk '{ printf "%d\n", 2000 * (1 - $1) + 0.5 }'; }

for seed in "${seeds[@]}"; do train a "$seed" "a-$seed"; done
for rate in 0.01 0.001; do # 0.001: from nothing it hardly begins to learn
    on=0 none=0
    for seed in "${seeds[@]}"; do
        train b "1$seed" "b-$seed-$rate" model.reuse.file="a-$seed/model.h5" training.optimizer.sgd.learning_rate=$rate
        train none "1$seed" "none-$seed-$rate" training.optimizer.sgd.learning_rate=$rate
        echo "rate $rate, seed $seed: of 2,000 on A $(wrong "b-$seed-$rate") wrong, from nothing $(wrong "none-$seed-$rate")"
        on=$((on + $(wrong "b-$seed-$rate"))) none=$((none + $(wrong "none-$seed-$rate")))
    done
    echo "rate $rate: together $on on A, $none from nothing: $(awk -v a=$none -v b=$on 'BEGIN { printf "%.1f", a / b }')-fold"
    [ "$none" -ge $((3 * on)) ] || fail "the error does not fall threefold"
    [ "$none" -gt 20 ] || fail "there is hardly anything to gain"
done
