#!/usr/bin/env bash
# Wrong usage ends with status 2 on every rank and one line that says what would be right; help and lists go to stdout.
set -euo pipefail
. "$(dirname "$0")/common.sh"

one_line() { # TEXT: the error is one line, with this text, and nothing is on stdout
    [ "$(wc -l <err)" -eq 1 ] || { cat err >&2; fail "more than one line"; }
    [ ! -s out ] || fail "an error and results"
    expect_text "dnn-mpi: " err
    expect_text "$1" err
}

expect_status 2 "$DNN_MPI"
one_line "a command is missing (try 'dnn-mpi --help')"
expect_status 2 "$DNN_MPI" trian run.yaml
one_line "unknown command 'trian'; did you mean 'train'?"
expect_status 2 "$DNN_MPI" --zzz
one_line "unknown option '--zzz'"
expect_status 2 "$DNN_MPI" --threads 2 train run.yaml
one_line "options like '--threads' follow it"
expect_status 2 "$DNN_MPI" train
one_line "train: RUN.yaml is missing (try 'dnn-mpi train --help')"
expect_status 2 "$DNN_MPI" train run.yaml --resmue auto
one_line "did you mean '--resume'?"
expect_status 2 "$DNN_MPI" check no-such.yaml
one_line "no-such.yaml"
expect_status 2 "$DNN_MPI" list layer dens
one_line "did you mean 'dense'?"
expect_status 2 "$DNN_MPI" list zebra
one_line "'dnn-mpi list' prints all of them"
expect_status 2 "$DNN_MPI" checkpoint look .
one_line "none of list, verify, diff"
expect_status 4 "$DNN_MPI" checkpoint list no-such-folder
one_line "no such file or folder"

# A file that cannot be used: which one was probably meant.
printf 'output: run\n' >moons.yaml
mkdir run
cp "$DNN_TEST_SOURCE/exchange/data/mlp_relu.h5" run/model.h5
cp moons.yaml run/run.yaml
expect_status 2 "$DNN_MPI" check ./mons.yaml
one_line "did you mean './moons.yaml'?"
expect_status 2 "$DNN_MPI" check run
one_line "did you mean 'run/run.yaml'?"
expect_status 2 "$DNN_MPI" check run/model.h5
one_line "a run file (YAML) is wanted"
expect_status 4 "$DNN_MPI" export run --to onnx --out x.onnx
one_line "did you mean 'run/model.h5'?"
expect_status 4 "$DNN_MPI" export run/modle.h5 --to onnx --out x.onnx
one_line "did you mean 'run/model.h5'?"
expect_status 4 "$DNN_MPI" export moons.yaml --to onnx --out x.onnx
one_line "a model file is wanted"
expect_status 2 "$DNN_MPI" check moons.yaml 'model.layers[0].dense.units=3'
one_line "a position in a list follows a point"
expect_status 2 "$DNN_MPI" check moons.yaml epochs=3
one_line "did you mean 'training.epochs'?"

# Behind a launcher as well: one line, from rank 0, and the launcher hands the status on.
expect_status 2 run_ranks 3 train
one_line "RUN.yaml is missing"
expect_status 2 run_ranks 3 train no-such.yaml
one_line "no-such.yaml"

for words in "--help" "help" "help train" "train --help" "list" "list run" "list layers" "list layers dense" "list training" "--version" "list --version"; do
    # shellcheck disable=SC2086
    expect_status 0 "$DNN_MPI" $words
    [ -s out ] || fail "$words prints nothing"
    [ ! -s err ] || fail "$words prints to stderr"
done
expect_status 0 "$DNN_MPI" --version
for library in MPI BLAS HDF5; do expect_text "$library" out; done
expect_status 0 "$DNN_MPI" list dropout
expect_text "[0, 1)" out

# Commands without ranks are acted on once, and results that cannot be written are no success.
expect_status 0 run_ranks 3 list layers
[ "$(grep -c '^dense ' out)" -eq 1 ] || fail "list is printed by more than one rank"
if [ -e /dev/full ]; then
    status=0
    "$DNN_MPI" list >/dev/full 2>err || status=$?
    [ $status -eq 5 ] || fail "a full disk gives $status"
    expect_text "standard output: cannot write" err
fi
