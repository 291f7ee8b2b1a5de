#!/usr/bin/env bash
# Gradients that travel as bfloat16 against gradients that travel as floats, on four ranks that are teams of their own: loss and accuracy on the test part,
# the same seeds either way. What rounding changes is small beside what the seed changes. Fifteen minutes on four cores, most of them for
# the hundred layers. By hand: DNN_MPI=build/dnn-mpi tests/campaign/compression.sh [SEED …]
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
data=$(data_folder fashion-mnist) || skip "data/fashion-mnist is not here: jobs/fetch-fashion-mnist.sh, or DNN_DATA_DIR"
seeds=("$@")
[ $# -gt 0 ] || seeds=(1 2 3 4 5)
export DNN_TEST_TIMEOUT=1200
falling="training.optimizer={sgd: {momentum: 0.9, learning_rate: {polynomial_decay: {initial_learning_rate: 0.08, end_learning_rate: 0, decay_steps: 5, step_unit: epoch}}}}"

reached() { # RUN SEED COMPRESSION KEY=VALUE…: loss and accuracy on the test part
    expect_status 0 run_ranks 4 train "$project/jobs/runs/$1.yaml" --quiet --overwrite output=run seed="$2" comm.team=rank comm.compression="$3" \
        "data.source.fashion_mnist.path=$data" checkpoint.every.epochs=100 "${@:4}"
    expect_status 0 "$DNN_MPI" evaluate run/model.h5 --json
    tr -d '\n' <out | sed -nE 's/.*"loss": *([0-9.e-]+).*"accuracy": *([0-9.]+).*/\1 \2/p'
}

compare() { # RUN KEY=VALUE…: a line of the table, from a file with a line "LOSS ACCURACY LOSS ACCURACY" per seed, floats first
    local seed floats halves
    : >"$1.pairs"
    for seed in "${seeds[@]}"; do
        floats=$(reached "$1" "$seed" none "${@:2}")
        halves=$(reached "$1" "$seed" bfloat16 "${@:2}")
        echo "$floats $halves" >>"$1.pairs"
    done
    awk -v name="$1" '
        function spread(sum, squares) { return NR > 1 ? sqrt((squares - sum * sum / NR > 0 ? squares - sum * sum / NR : 0) / (NR - 1)) : 0 }
        NF != 4 { bad = 1; exit }
        { for (i = 1; i <= 4; i++) s[i] += $i; for (i = 1; i <= 2; i++) { q[i] += $i * $i; d = $(i + 2) - $i; t[i] += d; u[i] += d * d; if (d != 0) differs = 1 } }
        END {
            if (bad || !differs) exit 1
            printf "%-24s loss %.4f, spread of seeds %.4f; bfloat16 %+.4f, spread %.4f   accuracy %.4f, spread of seeds %.4f; bfloat16 %+.4f, spread %.4f\n", name,
                s[1] / NR, spread(s[1], q[1]), t[1] / NR, spread(t[1], u[1]), s[2] / NR, spread(s[2], q[2]), t[2] / NR, spread(t[2], u[2])
        }' "$1.pairs" || fail "$1: nothing was compressed, or a run has no result: $(cat "$1.pairs")"
}

within() { # RUN LOSS ACCURACY: the means with and without differ by no more
    awk -v l="$2" -v a="$3" '{ x += $3 - $1; y += $4 - $2 } END { exit !(x * x <= l * l * NR * NR && y * y <= a * a * NR * NR) }' "$1.pairs" ||
        fail "$1: bfloat16 changes more than $2 in loss or $3 in accuracy"
}

compare large-batch "$falling" training.epochs=5
compare fashion-mnist-batch-norm "$falling" training.epochs=5 training.batch_size=512
compare deep-selu training.epochs=2 training.diagnose=false
within large-batch 0.005 0.005
within fashion-mnist-batch-norm 0.005 0.005
