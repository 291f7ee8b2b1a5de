#!/usr/bin/env bash
# Ten thousand damaged model files and more, through the library and, a sample of them, through the program: 0 crashes, 0 hangs, and
# 0 files of our own that are read in spite of their damage. About five minutes. By hand:
#   DNN_MPI=build/dnn-mpi DNN_MUTATIONS_PROGRAM=build/tests/exchange_test_mutations tests/campaign/mutated_files.sh [SEED]
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
seed=${1:-1}

# Of each number n: 2 n of our own, n of Keras's, n/3 of our own with a header that fits the damage.
DNN_MUTATIONS=4000 DNN_MUTATIONS_SEED=$seed "$DNN_MUTATIONS_PROGRAM" >bulk 2>&1 || { cat bulk; fail "see above"; }
grep tried bulk

cat >moons.yaml <<'YAML'
output: run
data:
  source: {moons: {n_samples: 100, noise: 0.2}}
model:
  layers: [{dense: {units: 4, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, optimizer: adam, batch_size: 20, epochs: 2}
YAML
expect_status 0 "$DNN_MPI" train moons.yaml

mutate() { # FILE NUMBER: bad.h5, damaged as the number says
    local size at
    size=$(stat -c %s "$1")
    RANDOM=$((seed * 1000 + $2))
    at=$(((RANDOM * 32768 + RANDOM) % size))
    cp "$1" bad.h5
    case $(($2 % 3)) in
        0) printf '%b' "\\x$(printf %02x $((RANDOM % 256)))" | dd of=bad.h5 bs=1 seek=$at conv=notrunc status=none ;;
        1) head -c 64 /dev/zero | dd of=bad.h5 bs=1 seek=$at conv=notrunc status=none ;;
        2) head -c "$at" "$1" >bad.h5 ;;
    esac
    ! cmp -s "$1" bad.h5
}

lines=0
judge() { # STATUS… : the last call ended with one of these, and in one line if not well
    local wanted
    for wanted in "$@"; do
        if [ "$status" -eq "$wanted" ]; then
            [ "$status" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] || { cat err; fail "more than one line"; }
            lines=$((lines + 1))
            return
        fi
    done
    cat err
    cp bad.h5 "${TMPDIR:-/tmp}/mutated-$number.h5"
    fail "number $number ended with $status instead of $*; kept as ${TMPDIR:-/tmp}/mutated-$number.h5"
}

for number in $(seq 1 150); do
    mutate run/model.h5 "$number" || continue
    status=0
    timeout 60 "$DNN_MPI" summary bad.h5 >out 2>err || status=$?
    judge 4
done
for number in $(seq 1 150); do
    mutate "$DNN_TEST_SOURCE/exchange/data/mlp_bn.h5" "$number" || continue
    status=0
    timeout 60 "$DNN_MPI" summary bad.h5 >out 2>err || status=$?
    judge 0 4
done
for number in $(seq 1 12); do
    mutate run/model.h5 "$number" || continue
    status=0
    run_ranks 2 evaluate bad.h5 --part train >out 2>err || status=$?
    judge 4
done
echo "the program: $lines damaged files, each judged in one line"
