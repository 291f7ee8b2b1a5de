#!/usr/bin/env bash
# Model files and checkpoints that are missing or damaged (status 4), output that cannot be written (5), options that say what cannot be
# (2): one line, on every rank, and nothing that was there before is lost.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
# shellcheck source=tests/program/wrong.bash
. "$DNN_TEST_SOURCE/program/wrong.bash"

cat >"$data/moons.yaml" <<'YAML'
output: run
data:
  source: {moons: {n_samples: 100, noise: 0.2}}
  split: {validation: 30}
model:
  layers: [{dense: {units: 4, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training: {loss: binary_crossentropy, metrics: [accuracy], optimizer: adam, batch_size: 20, epochs: 2}
YAML
expect_status 0 "$DNN_MPI" train "$data/moons.yaml" output="$data/old"
cd "$data"
cp old/model.h5 good.h5
size=$(stat -c %s good.h5)
head -c $((size / 2)) good.h5 >half.h5
head -c $((size - 1)) good.h5 >short.h5
{ cat good.h5; echo; } >long.h5
tail -c +513 good.h5 >beheaded.h5
: >empty.h5
echo 'seed: 1' >text.h5
{ head -c 512 good.h5; head -c $((size - 512)) /dev/zero; } >zeros.h5
for offset in 3 20 $((size / 3)) $((size / 2)) $((size - 7)); do
    cp good.h5 "flip-$offset.h5"
    flip "flip-$offset.h5" "$offset"
done
mkdir folder.h5
cd "$folder"

for file in "$data"/{half,short,long,flip-*}.h5; do wrong 4 "${file##*/}: is" "damaged" -- evaluate "${file##*/}" --part train; done
for file in "$data"/{half,short,long,zeros,flip-*}.h5; do
    WRONG_RANKS=1 wrong 4 "${file##*/}: is" "damaged" -- summary "${file##*/}"
    WRONG_RANKS=1 wrong 4 "${file##*/}: is" "damaged" -- checkpoint diff good.h5 "${file##*/}"
done
for file in half zeros flip-20; do
    wrong 4 "$file.h5: is" "damaged" -- predict $file.h5 --part train --out p.csv
    wrong 4 "$file.h5: is" "damaged" -- train moons.yaml --resume $file.h5
    wrong 4 "$file.h5: is" "damaged" -- train moons.yaml model.weights=$file.h5
done
for file in beheaded empty text folder absent; do
    wrong 4 "$file.h5: " -- evaluate $file.h5 --part train
    wrong 4 "$file.h5: " -- predict $file.h5 --part train --out p.h5
    wrong 4 "$file.h5: " -- train moons.yaml --resume $file.h5
done
for file in beheaded empty text absent; do WRONG_RANKS=1 wrong 4 "$file.h5: " -- summary $file.h5; done

# Another network, other data.
wrong 4 "dense" "[2, 4]" "[2, 5]" -- train moons.yaml model.layers.0.dense.units=5 model.weights=good.h5
wrong 4 "dense" "[2, 4]" "[2, 5]" -- train moons.yaml model.layers.0.dense.units=5 --resume good.h5
wrong 2 "has shape [2], the data bring [3]" -- evaluate good.h5 'data.source={blobs: {n_features: 3, centers: 2}}'
wrong 3 "from 0 to 1" -- evaluate good.h5 'data.source={blobs: {n_features: 2, centers: 5}}'
wrong 3 "no test part; choose one with --part train|validation" -- evaluate good.h5
wrong 3 "no test part" -- predict good.h5 --part test --out p.csv
wrong 2 "data.sorce: unknown key 'sorce'; did you mean 'source'?" -- evaluate good.h5 data.sorce=moons
wrong 3 "absent.csv: cannot open" -- evaluate good.h5 'data.source={csv: {path: absent.csv, target: y}}'

# Where results cannot go.
touch "$data/there.csv"
wrong 2 "there.csv: exists; replace it with --overwrite" -- predict good.h5 --part train --out there.csv
wrong 2 "p.txt: must end in .h5 or .csv" -- predict good.h5 --part train --out p.txt
for name in p.csv p.h5; do
    wrong 5 "absent/$name" "cannot" "No such file or directory" -- predict good.h5 --part train --out absent/$name
done
wrong 5 "there.csv: is a file, a folder is needed" -- train moons.yaml output=there.csv
wrong 5 "there.csv: is a file, a folder is needed" -- train moons.yaml output=there.csv/deeper
wrong 5 "/proc/run: cannot make the folder" -- train moons.yaml output=/proc/run
if [ "$(id -u)" -ne 0 ]; then
    mkdir "$data/readonly"
    chmod a-w "$data/readonly"
    wrong 5 "readonly/run" "Permission denied" -- train moons.yaml output=readonly/run
    wrong 5 "readonly" "Permission denied" -- train moons.yaml output=readonly
    wrong 5 "readonly/p.csv" "Permission denied" -- predict good.h5 --part train --out readonly/p.csv
fi

# A folder that holds a run is left as it is, whatever goes wrong, until a new run really begins.
cp -R "$data/old" kept
WRONG_AT_ONCE=1
wrong 2 "old already holds a run" "--resume auto" "--overwrite" "output=" -- train moons.yaml output=old
wrong 2 "old already holds a run" -- train moons.yaml output=old --resume never
wrong 2 "--resume auto goes on with the run that --overwrite would remove" -- train moons.yaml output=old --resume auto --overwrite
wrong 3 "absent.csv: cannot open" -- train moons.yaml output=old --overwrite 'data.source={csv: {path: absent.csv, target: y}}'
wrong 2 "unknown layer 'dens'" -- train moons.yaml output=old --overwrite 'model.layers.0={dens: {units: 3}}'
wait
unset WRONG_AT_ONCE
diff -r --exclude=lock kept "$data/old" >&2 || fail "the run that was there is not whole any more"

# What options cannot be; nothing has started then, so one rank tells it.
WRONG_RANKS=1
wrong 2 "--part tests: must be one of train|validation|test" -- evaluate good.h5 --part tests
wrong 2 "--part needs a value: train|validation|test" -- evaluate good.h5 --part
wrong 2 "--json takes no value" -- evaluate good.h5 --json=yes
wrong 2 "'other.h5' is neither an option nor KEY=VALUE" -- evaluate good.h5 other.h5
wrong 2 "--out FILE.h5|FILE.csv is missing" -- predict good.h5
wrong 2 "--mc 0: must be a whole number >= 1" -- predict good.h5 --out p.csv --mc 0
wrong 2 "--mc x: must be a whole number >= 1" -- predict good.h5 --out p.csv --mc x
wrong 2 "--threads 0: must be a whole number >= 1" -- train moons.yaml --threads 0
wrong 2 "unknown option '--part'" -- train moons.yaml --part test
wrong 2 "unknown option '-x'" -- train moons.yaml -x
wrong 2 "--resume needs a value" -- train moons.yaml --resume
wrong 2 "checkpoint diff: wants two files" -- checkpoint diff good.h5
wrong 2 "good.h5: holds zero bytes" -- train good.h5
unset WRONG_RANKS
verdict 75
