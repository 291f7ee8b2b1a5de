#!/usr/bin/env bash
# `bench` measures each of its networks and any run file, alone, over ranks, threads and teams. Times are not judged: that they are there, and what
# follows from sizes alone, is.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

judge() { # WORKERS TEAMS: the last line of JSON
    tail -n 1 out | /usr/bin/python3 -c '
import json, math, sys
b = json.loads(sys.stdin.read())
workers, teams = map(int, sys.argv[1:])
assert (b["workers"], b["teams"]) == (workers, teams), b
times = [b[k + "_ms"] for k in ("step", "step_best", "floor", "products", "forward", "backward", "update")]
assert all(t > 0 and math.isfinite(t) for t in times), b
assert b["step_best_ms"] <= b["step_ms"]
assert abs(b["step_over_floor"] * b["floor_ms"] / b["step_ms"] - 1) < 1e-9
assert abs(b["samples_per_second"] * b["step_ms"] / 1000 / b["batch"] - 1) < 1e-9
assert (b["exchange_ms"] > 0) == (teams > 1) and (b["overlap"] is None) == (teams == 1)
if b["name"] == "A":  # y = x w and dw = x^T dy in three layers, dx = dy w^T in two
    assert b["parameters"] == 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10
    rows = math.ceil(b["batch"] / b["shards"]) * b["shards"]  # a short shard has the products of a full one
    operations = 2 * rows * (2 * 784 * 300 + 3 * (300 * 100 + 100 * 10))
    assert abs(b["products_gflops"] * b["products_ms"] * 1e6 / operations - 1) < 1e-9, (b, operations)
' "$@"
}

expect_status 0 "$DNN_MPI" bench A --rounds 1 --json
judge 1 1
expect_status 0 run_ranks 3 bench A --rounds 1 --json
judge 3 1
expect_status 0 run_ranks 2 bench A --rounds 1 --json comm.team=rank
judge 2 2
expect_status 0 "$DNN_MPI" bench C --rounds 1 --json --threads 2 training.optimizer=adam
judge 2 1

cat >run.yaml <<'Y'
output: never
data: {source: {blobs: {n_samples: 64}}}
model: {layers: [{dense: {units: 3, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, batch_size: 8}
Y
expect_status 0 "$DNN_MPI" bench run.yaml --rounds 1
expect_text "step / floor" out
[ ! -e never ] || fail "bench wrote an output folder"
expect_status 2 "$DNN_MPI" bench F
expect_text "F" err
