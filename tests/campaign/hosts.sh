#!/usr/bin/env bash
# Training over several hosts (network namespaces, tests/support/hosts.bash): the same losses as on one host with ranks spread unevenly, the same bits with
# training.shards however they are spread, resumed on other hosts, and what adding a gradient takes by teams and by MPI_Allreduce over all ranks, against
# what tests/benchmarks/scaling.py says it should. About five minutes; times are printed and compared as ratios only. By hand:
#   DNN_MPI=build/dnn-mpi tests/campaign/hosts.sh [DELAY_US [MBIT]]
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/../program/common.sh"
# shellcheck source=tests/support/hosts.bash
. "$DNN_TEST_SOURCE/support/hosts.bash"
delay=${1:-500} rate=${2:-200}
between_hosts=$(dirname "$DNN_MPI")/tests/benchmark_between_hosts

cat >run.yaml <<'YAML'
output: run
seed: 7
data: {source: {glyphs: {train: 600, test: 100}}, split: {validation: 100}, scale: {features: standardize}}
model:
  layers:
    - flatten
    - dense: {units: 40, activation: relu}
    - batch_normalization
    - dropout: {rate: 0.2}
    - dense: {units: 10, activation: softmax}
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: {nadam: {global_clipnorm: 1}}, batch_size: 50, epochs: 2}
checkpoint: {every: {steps: 7}}
YAML

trained() { # NAME SLOTS ARGUMENT…: over so many ranks on each host
    local name=$1 slots=$2
    shift 2
    IFS=, read -ra on_each <<<"$slots"
    hosts_up "${on_each[@]}"
    hosts_mpirun -q --map-by slot "$DNN_MPI" train "$PWD/run.yaml" "output=$PWD/$name" "$@" >out 2>err || { cat err >&2; fail "$name on $slots ends with $?"; }
}

losses() { # NAME: epoch and the columns behind the times
    python3 - "$1" <<'END'
import csv, sys
for row in csv.DictReader(open(sys.argv[1] + '/history.csv')):
    print(*(value for key, value in row.items() if 'seconds' not in key and 'samples_per' not in key))
END
}

same_losses() { # NAME: as `one`, to rounding
    python3 - <(losses one) <(losses "$1") <<'END' || fail "$1: the losses are not those of one host"
import sys
a, b = ([float(v) for line in open(f) for v in line.split()] for f in sys.argv[1:])
worst = max(abs(x - y) / max(abs(x), 1e-3) for x, y in zip(a, b))
print(f'{len(a)} values, largest relative difference {worst:.1e}')
sys.exit(len(a) != len(b) or len(a) < 8 or worst > 1e-4)
END
}

same_bits() { # NAME: as `exact`
    "$DNN_MPI" checkpoint diff "exact/model.h5" "$1/model.h5" >out 2>err || { cat out err >&2; fail "$1: the weights are not those of one host"; }
    diff <(losses exact) <(losses "$1") || fail "$1: the history is not that of one host"
}

hosts_possible || skip "see above"
run_ranks 2 train run.yaml output=one >out 2>err || { cat err >&2; fail "one host"; }
run_ranks 2 train run.yaml output=exact training.shards=6 >out 2>err || { cat err >&2; fail "one host, shards"; }
for slots in 1,1 2,1 1,3 2,1,1; do
    trained "fast-$slots" "$slots"
    printf 'ranks %-6s losses: ' "$slots"
    same_losses "fast-$slots"
    trained "exact-$slots" "$slots" training.shards=6
    same_bits "exact-$slots"
    echo "ranks $slots  shards: the same bits"
done
trained moved 2,1 training.shards=6 training.epochs=1
trained moved 1,1,2 training.shards=6 --resume auto
same_bits moved
echo "begun on 2,1 and gone on with on 1,1,2: the same bits"

[ -x "$between_hosts" ] || skip "benchmark_between_hosts is not beside $DNN_MPI; the trainings above agree"
for n in 2 3 4; do
    for ranks in 1 2; do
        mapfile -t slots < <(yes $ranks | head -n "$n")
        hosts_up_behind "$delay" "$rate" "${slots[@]}"
        for kilobytes in 64 1024; do
            timeout --kill-after=5 120 "$hosts_files/mpirun" -q --map-by slot "$between_hosts" $kilobytes 9 >>measured.json
        done
    done
done
hosts_down
python3 "$DNN_TEST_SOURCE/benchmarks/scaling.py" check measured.json || fail "teams are slower than MPI_Allreduce over all ranks"
