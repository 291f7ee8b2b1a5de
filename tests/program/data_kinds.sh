#!/usr/bin/env bash
# Every source of data trains, at one rank and at three alike; those made inside are what scikit-learn makes.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
runs=$project/jobs/runs
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy make the data"
history() { $python3 "$DNN_TEST_SOURCE/program/data_kinds.py" "$@" || fail "history $*"; }

train() { # NAME RUN_FILE KEY=VALUE…: at 1 and 3 ranks, into NAME-1 and NAME-3, the same to the last bit
    local name=$1 file=$2 ranks
    shift 2
    for ranks in 1 3; do expect_status 0 run_ranks $ranks train "$file" output="$name-$ranks" training.shards=3 "$@"; done
    history same "$name-1/history.csv" "$name-3/history.csv" 0
}

# Made inside. What the run files say they reach, after a part of their epochs.
train moons "$runs/moons.yaml" training.epochs=300 "checkpoint.every={epochs: 100}"
history above moons-1/history.csv val_accuracy 0.8
train circles "$runs/circles.yaml" training.epochs=40
history above circles-1/history.csv val_accuracy 0.78
train blobs "$runs/blobs.yaml" training.epochs=20
history above blobs-1/history.csv val_accuracy 0.78
train regression "$runs/regression.yaml" training.epochs=20
history below regression-1/history.csv val_loss 0.05
train glyphs "$runs/quickstart.yaml" training.epochs=2 data.source.glyphs.train=4000 data.source.glyphs.test=0 data.split.validation=400
history above glyphs-1/history.csv val_accuracy 0.7

# One table in three forms: the same numbers, so the same training.
mkdir made
history make made
cat >images.yaml <<'YAML'
seed: 2
output: images
data:
  source: {idx: {x: made/train.x.idx, y: made/train.y.idx.gz, validation_x: made/validation.x.idx, validation_y: made/validation.y.idx.gz,
                 test_x: made/test.x.idx, test_y: made/test.y.idx.gz}}
  scale: {features: {divide: 255}}
model:
  layers: [flatten, {dense: {units: 12, activation: relu}}, {dense: {units: 3, activation: softmax}}]
training:
  loss: sparse_categorical_crossentropy
  metrics: [accuracy]
  optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}}
  batch_size: 32
  epochs: 12
YAML
train idx images.yaml
history below idx-1/history.csv loss 0.5
parts='validation_x: /validation/x, validation_y: /validation/y, test_x: /test/x, test_y: /test/y'
train hdf5 images.yaml "data.source={hdf5: {path: made/data.h5, x: /train/x, y: /train/y, $parts}}"
history same idx-1/history.csv hdf5-1/history.csv 0
train csv images.yaml 'data.source={csv: {path: made/table.csv, target: y}}' 'data.split={test: 40, validation: 40, from: end}'
history same idx-1/history.csv csv-1/history.csv 0
for form in idx hdf5 csv; do
    expect_status 0 "$DNN_MPI" evaluate $form-1/model.h5 --json
    expect_text '"samples": 40' out
    cp out $form.json
    cmp idx.json $form.json >&2 || fail "idx and $form have other tests"
done

# Two inputs by name, of different types.
cat >two.yaml <<'YAML'
seed: 2
output: two
data:
  source:
    hdf5:
      path: made/data.h5
      x: {left: /train/left, right: /train/right}
      y: /train/y
      validation_x: {left: /validation/left, right: /validation/right}
      validation_y: /validation/y
  scale: {features: standardize}
model:
  inputs: {left: [6, 2], right: [6, 4]}
  layers:
    - flatten: {name: flat_left, inputs: [left]}
    - flatten: {name: flat_right, inputs: [right]}
    - concatenate: {inputs: [flat_left, flat_right]}
    - dense: {units: 12, activation: relu}
    - dense: {units: 3, activation: softmax}
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9}}, epochs: 8}
YAML
train two two.yaml
history below two-1/history.csv loss 0.6

# What scikit-learn has made: the first epochs are those of our own.
if cases=$(data_folder case-studies); then
    kind() { # NAME FILE: as RUN_FILE, with the table in place of the source; two epochs each
        expect_status 0 "$DNN_MPI" train "$runs/$1.yaml" output="made-$1" training.epochs=2 "${@:3}"
        expect_status 0 "$DNN_MPI" train "$runs/$1.yaml" output="read-$1" training.epochs=2 "data.source={csv: {path: $cases/$2, target: y}}"
        history same "made-$1/history.csv" "read-$1/history.csv" 1e-5
    }
    kind moons moons_n100_noise0.2_rs1.csv
    kind circles circles_n1000_noise0.1_rs1.csv
    kind blobs blobs_n1000_c3_f2_std2_rs2.csv
    kind regression regression_n1000_f20_noise0.1_rs1.csv
else
    echo "the case studies' tables are not at hand: sources made inside are not compared with them"
fi

if housing=$(data_folder california-housing); then
    run=$runs/california-housing.yaml
    train housing "$run" "data.source.csv.path=$housing/california_8features.csv.gz" "data.split.file=$housing/split_rs42.csv.gz" training.epochs=3
    history below housing-1/history.csv loss 0.7 # least squares has 0.5246 in the end, the mean alone 1.3
    expect_text "11610 train, 3870 validation, 5160 test" err
    # A table with words and with gaps: 20,640 rows, of which 207 have one.
    source="path: $housing/housing.csv.gz, target: median_house_value, categorical: {ocean_proximity: one_hot}"
    whole() { # NAME MISSING ROWS
        expect_status 0 run_ranks 2 train "$run" output="$1" data.split='{test: 0.2, shuffle: true}' "data.source={csv: {$source, missing: $2}}" \
            data.scale.targets=standardize training.epochs=2
        expect_text "$3 train" err
        history below "$1/history.csv" loss 0.6
    }
    whole mean mean 16512
    whole drop drop 16347
    expect_status 3 "$DNN_MPI" train "$run" output=error data.split='{test: 0.2}' "data.source={csv: {$source}}"
    expect_text "housing.csv.gz:292: column 'total_bedrooms': the value is missing" err
else
    echo "the housing tables are not at hand: not trained on"
fi

if fashion=$(data_folder fashion-mnist); then
    run=$runs/fashion-mnist.yaml
    train fashion "$run" data.source.fashion_mnist.path="$fashion" data.limit.train=2000 data.limit.validation=500 training.epochs=2 training.optimizer.sgd.learning_rate=0.01
    history above fashion-1/history.csv val_accuracy 0.5
    expect_text "2000 train, 500 validation, 10000 test, [28, 28] uint8, 10 classes" err
    plain="x: $fashion/train-images-idx3-ubyte.gz, y: $fashion/train-labels-idx1-ubyte.gz"
    expect_status 0 "$DNN_MPI" train "$run" output=plain training.shards=3 "data.source={idx: {$plain}}" data.limit.train=2000 data.limit.validation=500 training.epochs=2 training.optimizer.sgd.learning_rate=0.01
    history same plain/history.csv fashion-1/history.csv 0
else
    echo "Fashion-MNIST is not at hand: not trained on"
fi
