#!/usr/bin/env bash
# evaluate and predict give what numpy computes from the model file, the same at any number of ranks, in row order and in the units of
# the targets; other data are taken with the scalers of the training.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy compute what is expected"
check() { printf '%q ' "$@" >>checks && echo >>checks; } # all at once in check_all: starting Python takes longer than looking
check_all() {
    $python3 "$DNN_TEST_SOURCE/program/applying.py" all <checks >checked || fail "$(tail -n 1 checked)"
    rm checks
}
check data
check_all

cat >prices.yaml <<'YAML'
seed: 4
output: prices
data:
  source: {csv: {path: known.csv, target: price}}
  scale: {features: standardize, targets: standardize}
model:
  layers: [{dense: {units: 9, activation: elu}}, {dense: {units: 1}}]
training: {loss: mean_squared_error, metrics: [mean_absolute_error], optimizer: adam, batch_size: 30, epochs: 2}
YAML
expect_status 0 run_ranks 2 train prices.yaml
for ranks in 1 3; do # 203 rows: no two ranks of three have as many
    expect_status 0 run_ranks $ranks evaluate prices/model.h5 --json
    cp out known-$ranks.json
    check loss known-$ranks.json prices/model.h5 known.csv known.csv
    check json known-1.json known-$ranks.json
    for kind in csv h5; do
        expect_status 0 run_ranks $ranks predict prices/model.h5 --out p$ranks.$kind
        expect_text "p$ranks.$kind" out
        check forward prices/model.h5 p$ranks.$kind known.csv known.csv
    done
    check same p$ranks.csv p$ranks.h5 0 # a float's digits read back to that float
    check same p1.csv p$ranks.csv 1e-6
done
expect_status 0 "$DNN_MPI" evaluate prices/model.h5
expect_text "203 (train)" out
expect_text "mean_absolute_error" out

# Other rows, with and without targets: scaled as the training's were.
new='data.source={csv: {path: new.csv, target: price}}'
expect_status 0 run_ranks 3 evaluate prices/model.h5 --json "$new"
cp out new.json
check loss new.json prices/model.h5 new.csv known.csv
expect_status 0 run_ranks 3 predict prices/model.h5 --out new.csv.csv "$new"
check forward prices/model.h5 new.csv.csv new.csv known.csv
expect_status 0 "$DNN_MPI" predict prices/model.h5 --out unlabelled.h5 'data.source={csv: {path: unlabelled.csv}}'
check forward prices/model.h5 unlabelled.h5 unlabelled.csv known.csv
expect_status 0 "$DNN_MPI" evaluate prices/model.h5 --json data.limit.train=17
expect_text '"samples": 17' out
expect_status 0 "$DNN_MPI" evaluate prices/model.h5 --json data.split.test=50 --part test
expect_text '"samples": 50' out

# Categories have the codes of the training, whichever of them another file holds; unknown ones are named with their line.
{
    echo size,colour,kind
    for i in $(seq 60); do
        case $((i % 3)) in 0) echo "$((i % 7)),red,plum" ;; 1) echo "$((i % 5)),green,pear" ;; *) echo "$((i % 4)),yellow,fig" ;; esac
    done
} >fruit.csv
grep -E '^size|yellow|red' fruit.csv >some.csv
cut -d, -f1,2 some.csv >unnamed.csv
{ cat some.csv; echo 3,blue,fig; } >blue.csv
cat >fruit.yaml <<'YAML'
seed: 6
output: fruit
data:
  source: {csv: {path: fruit.csv, target: kind, categorical: {colour: one_hot, kind: ordinal}}}
model: {layers: [{dense: {units: 8, activation: relu}}, {dense: {units: 3, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: {adam: {learning_rate: 0.05}}, batch_size: 20, epochs: 25}
YAML
expect_status 0 run_ranks 2 train fruit.yaml
kinds='categorical: {colour: one_hot, kind: ordinal}'
expect_status 0 run_ranks 3 evaluate fruit/model.h5 --json "data.source={csv: {path: some.csv, target: kind, $kinds}}"
expect_text '"accuracy": 1.0' out
expect_text '"samples": 40' out
expect_status 0 "$DNN_MPI" predict fruit/model.h5 --out fruit.csv.out.csv data.source.csv.path=some.csv
expect_status 0 "$DNN_MPI" predict fruit/model.h5 --out unnamed.out.csv "data.source={csv: {path: unnamed.csv, $kinds}}"
cmp -s fruit.csv.out.csv unnamed.out.csv || fail "the outputs are others where the file has no targets"
expect_status 3 run_ranks 2 evaluate fruit/model.h5 data.source.csv.path=blue.csv
expect_text "blue.csv:42: column 'colour': 'blue' is none of the 3 categories that the model was trained on: green, red, yellow" err
expect_status 0 "$DNN_MPI" evaluate fruit/model.h5 --json "data.source={csv: {path: some.csv, target: kind, categorical: {colour: {one_hot: [green, red, yellow]}, kind: {ordinal: [plum, pear, fig]}}}}"
expect_no_text '"accuracy": 1.0' out # codes that are given are taken

# What is there stays, unless told otherwise.
check_all
echo mine >p1.csv
expect_status 2 "$DNN_MPI" predict prices/model.h5 --out p1.csv
[ "$(cat p1.csv)" = mine ] || fail "a file was replaced without --overwrite"
expect_status 0 "$DNN_MPI" predict prices/model.h5 --out p1.csv --overwrite
check same p1.csv p3.csv 1e-6
expect_status 0 "$DNN_MPI" predict prices/model.h5 --out p1.h5 --overwrite
check same p1.h5 p3.h5 1e-6

# Three parts, and dropout that is off but for --mc.
cat >moons.yaml <<'YAML'
seed: 5
output: moons
data:
  source: {moons: {n_samples: 211, noise: 0.2}}
  split: {test: 31, validation: 41, shuffle: true}
model:
  layers:
    - dense: {units: 16, activation: relu}
    - batch_normalization
    - dropout: {rate: 0.4}
    - dense: {units: 1, activation: sigmoid}
training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}}, batch_size: 23, epochs: 3}
YAML
expect_status 0 run_ranks 3 train moons.yaml
for ranks in 1 4; do
    expect_status 0 run_ranks $ranks evaluate moons/model.h5 --part validation --json
    cp out validation-$ranks.json
    expect_text '"samples": 41' validation-$ranks.json
    check history moons validation-$ranks.json
done
expect_status 0 "$DNN_MPI" evaluate moons/model.h5 --json
expect_text '"samples": 31' out
cp out test.json
expect_status 0 "$DNN_MPI" evaluate moons/model.h5 --json --part test
cp out said.json
check json test.json said.json
expect_status 0 "$DNN_MPI" evaluate moons/model.h5 --json --part train
expect_text '"samples": 139' out
for ranks in 1 4; do
    expect_status 0 run_ranks $ranks predict moons/model.h5 --out plain$ranks.csv
    expect_status 0 run_ranks $ranks predict moons/model.h5 --mc 5 --out mc$ranks.csv
    check mean mc$ranks.csv
    check same plain1.csv plain$ranks.csv 1e-6
    check same mc1.csv mc$ranks.csv 1e-4 # a deviation is a small difference
done
expect_status 0 "$DNN_MPI" predict moons/model.h5 --mc 5 --out again.h5
check same mc1.csv again.h5 0
[ "$(wc -l <mc1.csv)" -eq 32 ] || fail "31 rows and a head are expected"

# Several units: a column each; a folder of its own for three classes.
sed -e 's/output: moons/output: blobs/' -e 's/{moons: .*}}/{blobs: {n_samples: 90, n_features: 2, centers: 3}}/' -e '/^  split/d' \
    -e 's/units: 1, activation: sigmoid/units: 3, activation: softmax/' -e 's/binary_/sparse_categorical_/' moons.yaml >blobs.yaml
expect_status 0 run_ranks 2 train blobs.yaml
expect_status 0 run_ranks 2 predict blobs/model.h5 --out three.csv
[ "$(head -n 1 three.csv)" = y0,y1,y2 ] || fail "columns $(head -n 1 three.csv)"
awk -F, 'NR > 1 && ($1 + $2 + $3 < 0.999999 || $1 + $2 + $3 > 1.000001) { exit 1 }' three.csv || fail "probabilities do not add up to 1"
expect_status 0 run_ranks 2 predict blobs/model.h5 --out three-mc.csv --mc 3
[ "$(head -n 1 three-mc.csv)" = mean0,mean1,mean2,std0,std1,std2 ] || fail "columns $(head -n 1 three-mc.csv)"

# A model of Keras compiled with a loss of its author's: outputs need none, evaluate asks for one.
$python3 - "$DNN_TEST_SOURCE/exchange/data/mlp_relu.h5" <<'PY'
import h5py, json, shutil, sys
shutil.copy(sys.argv[1], "foreign.h5")
with h5py.File("foreign.h5", "a") as f:
    f.attrs["training_config"] = json.dumps({"loss": "my_loss", "metrics": None, "weighted_metrics": None, "loss_weights": None,
                                             "optimizer_config": {"class_name": "SGD", "config": {"learning_rate": 0.1}}})
    units = f["model_weights"][f["model_weights"].attrs["layer_names"][0]]
    found = []
    units.visititems(lambda name, item: found.append(item.shape[0]) if getattr(item, "ndim", 0) == 2 else None)
with h5py.File("rows.h5", "w") as f:
    f["x"] = [[0.5] * found[0]] * 3
    f["y"] = [[0.0]] * 3
PY
expect_status 0 "$DNN_MPI" predict foreign.h5 'data.source={hdf5: {path: rows.h5, x: /x}}' --part train --out foreign.csv
[ "$(wc -l <foreign.csv)" -eq 4 ] || fail "3 rows and a head are expected"
expect_status 4 "$DNN_MPI" evaluate foreign.h5 'data.source={hdf5: {path: rows.h5, x: /x, y: /y}}' --part train
expect_text 'it says no loss; give one: training.loss=' err
expect_status 0 "$DNN_MPI" evaluate foreign.h5 'data.source={hdf5: {path: rows.h5, x: /x, y: /y}}' --part train training.loss=sparse_categorical_crossentropy
check_all
