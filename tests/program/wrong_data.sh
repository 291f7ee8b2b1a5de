#!/usr/bin/env bash
# Data that are missing, damaged or unfit end every rank with status 3 and one line that names the file, the place in it and what is
# wanted; what a run file says of data that are whole is its own fault: status 2.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/program/wrong.bash
. "$DNN_TEST_SOURCE/program/wrong.bash"
python3=/usr/bin/python3
$python3 -c 'import sys' || skip "python3 makes the data"
hdf5=
if $python3 -c 'import h5py, numpy' 2>/dev/null; then hdf5=hdf5; else echo "python3-h5py is missing: no HDF5 sources"; fi
cd "$data"
# shellcheck disable=SC2086
$python3 "$DNN_TEST_SOURCE/program/wrong_data.py" $hdf5
cat >table.yaml <<'YAML'
output: run
data:
  source: {csv: {path: good.csv, target: y}}
model:
  layers: [{dense: {units: 4, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: sgd, batch_size: 20, epochs: 2}
YAML
cat >images.yaml <<'YAML'
output: run
data:
  source: {idx: {x: x.idx, y: y.idx}}
  scale: {features: {divide: 255}}
model:
  layers: [flatten, {dense: {units: 3, activation: softmax}}]
training: {loss: sparse_categorical_crossentropy, metrics: [accuracy], optimizer: sgd, batch_size: 20, epochs: 2}
YAML
cd "$folder"
(cd "$data" && expect_status 0 "$DNN_MPI" train table.yaml output="$folder/table")
(cd "$data" && expect_status 0 "$DNN_MPI" train images.yaml output="$folder/images")
rm -f "$data/out" "$data/err"

table() { # KEY=VALUE STATUS TEXT…: the table's run file with that change
    local change=$1
    shift
    wrong "$@" -- train table.yaml "$change"
}
images() {
    local change=$1
    shift
    wrong "$@" -- train images.yaml "$change"
}

images data.source.idx.x=absent.idx     3 "absent.idx: cannot open"
images data.source.idx.x=.              3 ".: is no regular file"
images data.source.idx.x=torn.idx       3 "torn.idx: declares 60 x 4 x 4 values, which make a file of 976 bytes" "it has 516"
images data.source.idx.x=head.idx       3 "head.idx: ends within the header"
images data.source.idx.x=magic.idx      3 "magic.idx: is no IDX file"
images data.source.idx.x=longer.idx     3 "longer.idx: goes on behind the 960 bytes"
images data.source.idx.x=huge.idx       3 "huge.idx: declares" "more than memory can address"
images data.source.idx.x=none.idx       3 "none.idx: 0 samples, but y.idx has 60"
images data.source.idx.y=good.csv       3 "good.csv: is no IDX file"
images data.source.idx.y=fewer.idx      3 "x.idx: 60 samples, but fewer.idx has 50"
images data.source.idx.y=negative.idx   3 "negative.idx: training row 0: label -1"
images data.source.idx.y=x.idx          3 "target 'y' has shape [4, 4]"
images model.layers.1.dense.units=2     3 "y.idx: training row 2: label 2, but output 'dense' has 2 units" "0 … 1"
images data.classes.exclude=[7]         2 "data.classes.exclude: 7: the labels are 0 to 2"
images '~data.source.idx.y'             2 "training needs targets"
images 'training.class_weights={9: 1}'  2 "training.class_weights: '9' is no class; classes are 0 … 2"
images data.source.idx.test_y=y.idx     2 "data.source.idx.test_y" "test_x"

for file in absent.csv torn.csv.gz; do table data.source.csv.path=$file 3 "$file: "; done
table data.source.csv.path=text.csv     3 "text.csv:12: column 'b': 'abc' is not a finite number" "categorical"
table data.source.csv.path=empty.csv    3 "empty.csv:12: column 'b': the value is missing" "missing: drop"
table data.source.csv.path=nan.csv      3 "nan.csv:12: column 'b': the value is missing"
table data.source.csv.path=infinite.csv 3 "infinite.csv:12: column 'b': 'inf' is not a finite number"
table data.source.csv.path=few.csv      3 "few.csv:12: 3 fields, but the header has 4"
table data.source.csv.path=many.csv     3 "many.csv:12: 5 fields, but the header has 4"
table data.source.csv.path=quote.csv    3 "quote.csv:12: a quote is opened here and never closed"
table data.source.csv.path=seven.csv    3 "is 7, but" "from 0 to 1" "softmax"
table data.source.csv.path=minus.csv    3 "is -1, but" "from 0 to 1"
table data.source.csv.path=twice.csv    3 "twice.csv:1: two columns are named \"a\""
table data.source.csv.path=norows.csv   3 "norows.csv: no rows"
table data.source.csv.path=nothing.csv  3 "nothing.csv: is empty"
table data.source.csv.path=zeros.csv    3 "zeros.csv: holds zero bytes"
table data.source.csv.target=z          3 "data.source.csv.target: good.csv: no column \"z\""
table data.source.csv.target=9          3 "data.source.csv.target = 9: good.csv has columns 0 to 3"
table 'data.source.csv.features=[a, q]' 3 "data.source.csv.features: good.csv: no column \"q\""
table 'data.source.csv.features=[a, y]' 2 "data.source.csv.features: column 'y' is the target as well"
table data.source.csv.missing=fill      2 "data.source.csv.missing = \"fill\": must be one of error, mean, drop"
table data.split.validation=60          2 "data.split" "60"
table data.split.file=absent.csv        3 "absent.csv: cannot open"
table data.split.file=good.csv          3 "good.csv" "subset"
table data.split.file=parts.csv         3 "parts.csv:3" "trian"
table data.split.file=split.csv         3 "split.csv:5" "row '999'" "0 to 59"
table 'data.inputs={x: {columns: [0, 7]}}' 2 "data.inputs.x.columns: 7: the source has features 0 to 2"

if [ -n "$hdf5" ]; then
    source() { # PARAMETERS STATUS TEXT…
        local parameters=$1
        shift
        table "data.source={hdf5: {$parameters}}" "$@"
    }
    source 'path: absent.h5, y: /y'              3 "absent.h5: cannot open"
    source 'path: torn.h5, y: /y'                3 "torn.h5: "
    source 'path: text.h5, y: /y'                3 "text.h5: is no HDF5 file"
    source 'path: good.h5, y: /z'                3 "good.h5: /z: is missing"
    source 'path: good.h5, x: /group, y: /y'     3 "good.h5: /group: is a group"
    source 'path: good.h5, y: /fewer'            3 "good.h5:/fewer: 50 rows" "60"
    source 'path: good.h5, y: /words'            3 "good.h5:/words: must hold numbers"
    source 'path: good.h5, x: /scalar, y: /y'    3 "good.h5:/scalar: has 0 axes"
    source 'path: good.h5, x: /nan, y: /y'       3 "good.h5:/nan: training row 13: column 1" "NaN"
    source 'path: good.h5, x: [/x], y: /y'       2 "data.source.hdf5.x: must be the path"
    source 'path: good.h5'                       2 "training needs targets"
fi
verdict 40
