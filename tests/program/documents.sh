#!/usr/bin/env bash
# README.md and docs/ tell the truth: the files, keys, commands and options that they name are there, the run files that they show can be trained
# on, and the commands that they show do what they should.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
python3=/usr/bin/python3
$python3 -c 'import h5py' 2>/dev/null || skip "python3-h5py makes the data"
documents() { $python3 "$DNN_TEST_SOURCE/program/documents.py" "$@"; }

mkdir help shown bin build
"$DNN_MPI" list run >keys
for command in $("$DNN_MPI" help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do "$DNN_MPI" "$command" --help >"help/$command"; done
[ -e help/train ] || fail "no commands were found"
documents look "$project" keys help || fail "the documents name what is not there"

# What the commands find: the program under its names, a run file that has all the keys they set, tables, a model.
ln -s "$DNN_MPI" bin/dnn-mpi
ln -s "$DNN_MPI" build/dnn-mpi
printf '#!/bin/sh\nexec "%s" -q --oversubscribe "$@"\n' "$MPIEXEC" >bin/mpirun
chmod +x bin/mpirun
PATH=$folder/bin:$PATH
cat >run.yaml <<'YAML'
output: run
data: {source: {moons: {n_samples: 300}}, split: {validation: 40}}
model: {layers: [flatten, {dense: {units: 8, activation: relu}}, {dropout: {rate: 0.1}}, {dense: {units: 2, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, optimizer: sgd, batch_size: 16, epochs: 1}
YAML
{ echo a,b,c,d,e,f,y,price; for i in $(seq 60); do echo "$((i % 7)),$((i % 3)),$i,$((i % 4)),$((i % 6)),1,$((i % 2)),$((i * 3))"; done; } >a.csv
cut -d, -f1-5,8 a.csv >prices.csv
$python3 -c 'import h5py
with h5py.File("pairs.h5", "w") as f: f["left"], f["right"], f["y"] = [[0.5] * 20] * 30, [[0.1] * 20] * 30, [0, 1, 1] * 10'
small=(data.source.glyphs.train=400 data.source.glyphs.test=60 data.split.validation=40)
expect_status 0 "$DNN_MPI" train "$project/jobs/runs/autoencoder.yaml" "${small[@]}" training.epochs=1
expect_status 0 "$DNN_MPI" train "$project/jobs/runs/quickstart.yaml" "${small[@]}" training.epochs=1

documents files "$project" shown || fail "a run file that is shown is not looked at"
for file in shown/*.yaml; do
    expect_status 0 "$DNN_MPI" check "$file"
    expect_text "ready to train" out
done

documents commands "$project" >commands || fail "a command that is shown is not run"
while read -r line; do
    case $line in *" train "*) line="$line training.epochs=1 --overwrite" ;; esac
    expect_status 0 bash -c "$line" </dev/null
done <commands
[ "$(wc -l <commands)" -ge 10 ] || fail "only $(wc -l <commands) commands were found"
echo "$(find shown -name '*.yaml' | wc -l) run files, $(wc -l <commands) commands"
