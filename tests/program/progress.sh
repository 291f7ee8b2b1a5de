#!/usr/bin/env bash
# The moving line is for terminals alone; elsewhere there is a line an epoch, and no escape sequences.
set -euo pipefail
. "$(dirname "$0")/common.sh"
command -v script >/dev/null || skip "script (bsdutils) makes the terminal"
escape=$(printf '\033')
cat >run.yaml <<'YAML'
output: run
data: {source: {glyphs: {train: 4000, test: 100}}, split: {validation: 100}, scale: {features: {divide: 255}}}
model: {layers: [flatten, {dense: {units: 300, activation: relu}}, {dense: {units: 10, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: adam, epochs: 2, batch_size: 4}
YAML

on_terminal() { # COMMAND: its screen, of 100 columns, into the file `screen`
    TERM=xterm script -qec "stty cols 100 rows 30; $1" /dev/null >screen </dev/null || { cat screen >&2; fail "$1 failed"; }
}

on_terminal "'$DNN_MPI' train run.yaml --overwrite"
expect_text "${escape}[K" screen
expect_text "${escape}[32m" screen
expect_text "Epoch 2/2" screen
on_terminal "NO_COLOR=1 '$DNN_MPI' train run.yaml --overwrite"
expect_text "${escape}[K" screen
expect_no_text "${escape}[32m" screen
on_terminal "TERM=dumb '$DNN_MPI' train run.yaml --overwrite"
expect_no_text "$escape" screen
on_terminal "'$DNN_MPI' train run.yaml --overwrite --quiet"
expect_no_text "Epoch" screen

# A line never runs over the edge of the screen.
on_terminal "stty cols 40; NO_COLOR=1 '$DNN_MPI' train run.yaml --overwrite"
longest=$(tr '\r' '\n' <screen | grep -F "${escape}[K" | sed "s/$escape.*//" | wc -L)
[ "$longest" -gt 20 ] && [ "$longest" -lt 40 ] || fail "a moving line of $longest characters on a screen of 40"

# Behind mpirun a rank sees a pseudo-terminal on stdout and a pipe on stderr, whatever mpirun itself writes to.
on_terminal "'$MPIEXEC' -q --oversubscribe -n 2 '$DNN_MPI' train run.yaml --overwrite"
expect_text "${escape}[K" screen
expect_status 0 run_ranks 2 train run.yaml --overwrite
expect_no_text "$escape" out err
expect_text "Epoch 2/2" err
[ "$(grep -c '^Epoch' err)" -eq 2 ] || fail "not one line an epoch"

# What takes longer than two seconds without a bar of its own says that it is at work, and its line is gone when results come.
mkfifo slow.yaml
on_terminal "{ sleep 3; cat run.yaml; } >slow.yaml & NO_COLOR=1 '$DNN_MPI' check slow.yaml"
expect_text "check: reading slow.yaml … 2." screen
tr '\r' '\n' <screen | sed "s/^.*$escape\[K//" >left
expect_text "data:  glyphs" left
expect_no_text "…" left
