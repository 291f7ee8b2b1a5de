#!/usr/bin/env bash
# The memory that `summary` tells is what a training takes: the largest resident size of each rank, within 15 %.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

grep -qa __asan_init "$DNN_MPI" && skip "sanitizers have memory of their own"

cat >run.yaml <<'Y'
output: run
data: {source: {blobs: {n_samples: 4000, n_features: 784, centers: 10}}, split: {validation: 500}}
model: {layers: [{repeat: {times: 2, layers: [{dense: {units: 1536, activation: relu}}]}}, {dense: {units: 10, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 512, epochs: 2}
Y
cat >peak.py <<'P'
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, flush=True)
sys.exit(status)
P

bytes_told() { sed -nE "s/.*$1 ([0-9.]+) MiB.*/\1/p" out; }

for ranks in 1 3; do
    expect_status 0 "$DNN_MPI" summary run.yaml --ranks "$ranks"
    rank=$(bytes_told "of a rank")
    first=$(bytes_told "writes checkpoints")
    expect_status 0 timeout 100 "$MPIEXEC" -q --oversubscribe -n "$ranks" /usr/bin/python3 peak.py "$DNN_MPI" train run.yaml --overwrite --quiet
    /usr/bin/python3 -c '
import re, sys
rank, first = map(float, sys.argv[1:])
peaks = sorted(map(float, re.findall("peak ([0-9.]+)", open("out").read())))  # lines of ranks may run into each other
told = [rank] * (len(peaks) - 1) + [first]
print("peaks", peaks, "told", told)
for peak, size in zip(peaks, told):
    assert abs(peak / size - 1) < 0.15, (peak, size)
' "$rank" "$first" >told 2>&1 || fail "$ranks ranks: $(cat told)"
    cat told
done
