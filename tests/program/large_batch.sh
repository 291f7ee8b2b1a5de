#!/usr/bin/env bash
# The commands of docs/large-batch.md do what the page has them for, on fewer and other pictures: each trains, by the optimizer and at the rate that it names.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
page=$project/docs/large-batch.md
small=('data.source={glyphs: {train: 8648, test: 100}}' data.split.validation=200 training.epochs=3)
ln -s "$project/jobs" jobs

# shellcheck disable=SC2317
dnn-mpi() { "$DNN_MPI" "$@" "${small[@]}"; }
# shellcheck disable=SC2317
mpirun() { # -n RANKS dnn-mpi ARGUMENT…
    run_ranks "$2" "${@:4}" "${small[@]}"
}

# shellcheck disable=SC2016
sed -n '/^```sh$/,/^```$/p' "$page" | grep -v '^```' >commands
[ "$(grep -c 'dnn-mpi' commands)" -eq 6 ] || fail "the page has other commands than this test knows"
# shellcheck disable=SC1091
. ./commands >out 2>err || fail "a command of the page fails: $(cat err)"

rate() { awk -F, -v e="$2" '$1 == e { print $5 }' "runs/$1/history.csv"; } # RUN EPOCH: at the end of that epoch
is() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 1e-9 && b - a < 1e-9) }' || fail "$3: $1 instead of $2"; }
is "$(rate large-batch 3)" 0.16 "the linear rule"
is "$(rate large-batch-root 3)" 0.08 "the square-root rule"
is "$(rate large-batch-lars 3)" 16 "lars"
is "$(rate large-batch-lamb 3)" 0.04 "lamb"
# Of a warm-up of two epochs the first ends one step short of half way, whether an epoch has 17 steps or 2.
is "$(rate large-batch 1)" "$(awk 'BEGIN { printf "%.17g", 0.16 * 16 / 34 }')" "a warm-up of two epochs"
is "$(rate large-batch-lamb 1)" 0.01 "a warm-up of two epochs"
is "$(rate large-batch-bfloat16 3)" 0.16 "compressed gradients"
expect_text "more than the linear rule is known to hold for" err # of the command that shows it
expect_no_text "comm.compression has no effect" err
run_ranks 2 train jobs/runs/large-batch.yaml output=runs/one-team comm.compression=bfloat16 "${small[@]}" training.epochs=0 >out 2>err
expect_text "comm.compression has no effect on one team" err
