#!/usr/bin/env bash
# The wide-and-deep network of Géron's chapter 10: two inputs that share columns, an auxiliary output with a loss and a weight of its own, the same
# bits at any number of ranks; and what does not fit is told at its line.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

awk 'BEGIN { srand(3); print "a,b,c,d,e,price"
    for (i = 0; i < 240; i++) { for (k = 0; k < 5; k++) { x[k] = 4 * rand() - 2; printf "%.4f,", x[k] } printf "%.4f\n", 3 + x[0] + 2 * x[1] - x[2] * x[3] } }' >h.csv
cat >run.yaml <<'END'
output: one
data:
  source: {csv: {path: h.csv, target: price}}
  inputs: {wide: {columns: [0, 1, 2]}, deep: {columns: [1, 2, 3, 4]}}
  split: {validation: 40, test: 40}
  scale: {features: standardize, targets: standardize}
model:
  layers:
    - dense: {units: 10, activation: relu, inputs: deep}
    - dense: {units: 10, activation: relu, name: hidden}
    - concatenate: {inputs: [wide, hidden]}
    - dense: {units: 1, name: main}
    - dense: {units: 1, name: aux, inputs: hidden}
  outputs: [main, aux]
training:
  loss: {main: mse, aux: mae}
  loss_weights: {main: 0.9, aux: 0.1}
  metrics: {main: [mae]}
  optimizer: {sgd: {learning_rate: 0.05}}
  epochs: 12
  shards: 4
END
values() { cut -d, -f 1,2,5- "$1/history.csv"; }
expect_status 0 "$DNN_MPI" train run.yaml
for ranks in 2 3; do
    expect_status 0 run_ranks $ranks train run.yaml output="on-$ranks"
    [ "$(values one)" = "$(values "on-$ranks")" ] || fail "$ranks ranks train otherwise than one"
done
head -n 1 one/history.csv | grep -q 'learning_rate,loss,main_loss,aux_loss,main_mae,val_loss,val_main_loss,val_aux_loss,val_main_mae$' ||
    fail "names of values: $(head -n 1 one/history.csv)"
# loss = 0.9 main + 0.1 aux, and it falls
awk -F, 'NR > 1 { d = $6 - 0.9 * $7 - 0.1 * $8; if (d < 0) d = -d; if (d > 1e-6 * $6) exit 1; if (NR == 2) first = $6; last = $6 }
    END { exit !(last < first / 2) }' one/history.csv || fail "the loss is not the weighted sum, or does not fall"
expect_status 0 "$DNN_MPI" check run.yaml --gradients
expect_no_text DIFFERS out
expect_status 0 "$DNN_MPI" summary run.yaml
grep -qE '^concatenate .* wide, hidden$' out || fail "summary does not show the connections"
expect_status 0 "$DNN_MPI" predict one/model.h5 --out p.csv
[ "$(head -n 1 p.csv)" = main,aux ] || fail "predictions are called $(head -n 1 p.csv)"

wrong() { # TEXT OVERRIDE…
    local text=$1
    shift
    expect_status 2 "$DNN_MPI" check run.yaml "$@"
    expect_text "$text" err
}
wrong "run.yaml:13:7: aux: its output is not used" 'model.outputs=[main]' 'training.loss={main: mse}' '~training.loss_weights'
wrong "a cycle: hidden reads aux, which reads hidden" 'model.layers.1.dense.inputs=aux'
wrong "there is no layer or input 'wyde'; did you mean 'wide'?" 'model.layers.2.concatenate.inputs=[wyde, hidden]'
wrong "inputs have shapes [3] and [10]" 'model.layers.2={add: {inputs: [wide, hidden]}}'
wrong "input 'third' is read by no layer" 'data.inputs.third={columns: [4]}'
wrong "input 'wide' has shape [5] here, but the data bring [3]" 'model.inputs={wide: [5], deep: [4]}'
wrong "loss.auxx: no output of the model has that name; did you mean 'aux'" 'training.loss={main: mse, auxx: mae}'
wrong "metrics.mein: no output of the model has that name; did you mean 'main'" 'training.metrics={mein: mae}'
