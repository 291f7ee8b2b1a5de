#!/usr/bin/env bash
# Metrics that are more than one number: no column in the history, a table in evaluate, a list of lists as JSON, at any number of ranks.
set -euo pipefail
. "$(dirname "$0")/common.sh"
cat >run.yaml <<'YAML'
seed: 3
output: run
data: {source: {glyphs: {train: 400, test: 203}}, scale: {features: {divide: 255}}}
model: {layers: [flatten, {dense: {units: 10, activation: softmax}}]}
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy, confusion_matrix, f1_score, {recall: {thresholds: [0.2, 0.5]}}, auc]
  optimizer: adam
  epochs: 2
YAML
expect_status 0 run_ranks 2 train run.yaml --quiet
head -1 run/history.csv >head
expect_text "loss,accuracy,f1_score,recall,auc" head
expect_no_text "confusion_matrix" head
expect_status 0 "$DNN_MPI" evaluate run/model.h5
expect_text "confusion_matrix: true class down, predicted class across" out
expect_text "f1_score_by_class" out
expect_status 0 "$DNN_MPI" evaluate run/model.h5 --json
cp out one.json
expect_status 0 run_ranks 3 evaluate run/model.h5 --json
/usr/bin/python3 - one.json out <<'PYTHON' || fail "the tables do not fit the values, or 1 and 3 ranks disagree"
import json, sys
a, b = (json.load(open(f)) for f in sys.argv[1:])
m = a["confusion_matrix"]
assert m == b["confusion_matrix"] and len(m) == 10 and all(len(row) == 10 for row in m)
assert sum(map(sum, m)) == a["samples"] == 203 and all(isinstance(n, int) for row in m for n in row)
assert abs(sum(m[i][i] for i in range(10)) / 203 - a["accuracy"]) < 1e-12
f1 = [2 * m[i][i] / max(sum(m[i]) + sum(row[i] for row in m), 1) for i in range(10)]
assert max(abs(x - y) for x, y in zip(f1, a["f1_score_by_class"])) < 1e-6 and abs(sum(f1) / 10 - a["f1_score"]) < 1e-6
assert abs(sum(a["recall_by_threshold"]) / 2 - a["recall"]) < 1e-12
assert a.keys() == b.keys() and all(abs(a[k] - b[k]) < 1e-6 for k in a if not isinstance(a[k], list))
PYTHON
