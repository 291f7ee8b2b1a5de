#!/usr/bin/env bash
# A preset trains, `summary` shows what it became, and the run file it leaves behind repeats the run without it.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

cat >run.yaml <<'END'
output: first
preset: default
data: {source: {moons: {n_samples: 400, noise: 0.2}}, split: {validation: 100}, scale: {features: standardize}}
model:
  layers: [{repeat: {times: 5, layers: [{dense: 12}]}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, metrics: accuracy, epochs: 6, shards: 2}
END
for preset in default self_normalizing '{self_normalizing: {alpha_dropout: 0.1}}'; do
    expect_status 0 "$DNN_MPI" train run.yaml preset="$preset" --overwrite
    expect_no_text preset first/run.yaml
    expect_status 0 run_ranks 2 train first/run.yaml output=again --overwrite
    cut -d, -f 1,2,5- first/history.csv >a
    cut -d, -f 1,2,5- again/history.csv >b
    cmp a b || fail "preset $preset: its resolved run file trains otherwise"
done
expect_status 0 "$DNN_MPI" summary run.yaml
[ "$(grep -c '^batch_normalization' out)" -eq 6 ] || fail "summary does not show the batch normalization of a deep network" # the first round's is that of the inputs
expect_status 0 "$DNN_MPI" summary run.yaml preset=self_normalizing
expect_no_text batch_normalization out
