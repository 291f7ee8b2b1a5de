#!/usr/bin/env bash
# What others may have prepared: links planted in an output folder, files under names that will be temporary ones, files that crash
# whoever reads them. Nothing outside the folder is touched, the umask holds, and one line says what is wrong.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

cat >run.yaml <<'YAML'
output: run
data:
  source: {moons: {n_samples: 60, noise: 0.2}}
  split: {validation: 20}
model:
  layers: [{dense: {units: 2, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]
training:
  loss: binary_crossentropy
  optimizer: adam
  batch_size: 20
  epochs: 2
  log_every: 1
  diagnose: true
  trace: true
  callbacks: [tensorboard, csv_logger]
YAML
one_line() { [ "$(wc -l <err)" -eq 1 ] || { cat err >&2; fail "not one line: $1"; }; }

# ---- the umask holds for all that a run leaves ----
for mask in 077 002; do
    (umask $mask && "$DNN_MPI" train run.yaml output=mask-$mask --quiet) || fail "trains under umask $mask"
    "$DNN_MPI" predict mask-$mask/model.h5 --part train --out mask-$mask/p.h5 >/dev/null 2>&1
    chmod --reference=mask-$mask/model.h5 mask-$mask/p.h5
done
[ -z "$(find mask-077 -perm /077)" ] || fail "umask 077: $(find mask-077 -perm /077)"
[ -z "$(find mask-002 -type f ! -perm 664)" ] || fail "umask 002: $(find mask-002 -type f ! -perm 664)"
find mask-077 -type f -printf '%P\n' | sed 's/tfevents.*/tfevents/' | sort -u >names
[ "$(wc -l <names)" -ge 12 ] || fail "the run left fewer files than this test means to look at"

# ---- a link under the name of each file that a run leaves: refused, or replaced by the file itself; its target stays as it is ----
echo precious >target
cp target same
plant() { # NAME LINK_TARGET: in a folder of its own
    local name=$1 at status=0
    at=linked-$(echo "$name" | tr / -)
    mkdir -p "$at/$(dirname "$name")" "$at.said"
    ln -s "$2" "$at/$name"
    "$DNN_MPI" train run.yaml output="$at" training.epochs=1 --overwrite --quiet >"$at.said/out" 2>"$at.said/err" || status=$?
    case $status in
        0) [ ! -L "$at/$name" ] || echo "$name: is still a link, and the run ended well" ;;
        5) grep -q "symbolic link" "$at.said/err" && [ "$(wc -l <"$at.said/err")" -eq 1 ] || echo "$name: $(cat "$at.said/err")" ;;
        *) echo "$name: ended with $status: $(cat "$at.said/err")" ;;
    esac >"$at.said/wrong"
}
to=$folder/target
while read -r name; do # four at a time: most of a run of this size is waiting
    while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n || true; done
    plant "$name" "$to" &
    if [ "$to" = "$folder/target" ]; then to=$folder/dangling; else to=$folder/target; fi
done < <(find mask-002 -type f ! -name 'events*' ! -path '*/p.h5' -printf '%P\n' | sort)
wait
cat linked-*.said/wrong >wrong
[ ! -s wrong ] || { cat wrong >&2; fail "links were not refused or replaced"; }
[ "$(find . -path './linked-*.said/wrong' | wc -l)" -ge 10 ] || fail "links were planted under too few names"
cmp -s target same || fail "what a link leads to was written to"
[ ! -e dangling ] || fail "what a link leads to was made"
rm -rf linked-*

# ---- folders within it ----
mkdir elsewhere
touch elsewhere/step-0000000001.h5 elsewhere/a.h5.tmp-1-1 elsewhere/events.out.tfevents.1
find elsewhere -type f | sort >before
for name in checkpoints tensorboard tensorboard/train tensorboard/validation; do
    rm -rf linked
    mkdir -p "linked/$(dirname $name)"
    ln -s "$folder/elsewhere" "linked/$name"
    expect_status 5 "$DNN_MPI" train run.yaml output=linked training.epochs=1 --overwrite --quiet
    expect_text "linked/$name" err
    one_line $name
    find elsewhere -type f | sort | cmp -s - before || fail "$name: another folder's files were touched"
done
ln -s "$folder/elsewhere" chosen # but whoever names a link as the folder means what it leads to
expect_status 0 "$DNN_MPI" train run.yaml output=chosen --overwrite --quiet

# ---- a pipe under the name of a file: nobody waits for a reader ----
mkdir -p pipe
mkfifo pipe/history.csv pipe/steps.csv
expect_status 0 timeout 60 "$DNN_MPI" train run.yaml output=pipe --overwrite --quiet
[ -f pipe/history.csv ] || fail "a pipe in place of history.csv"

# ---- a file that makes the HDF5 library crash: one line, on any number of ranks, 4 for models and 3 for data ----
printf '#!/bin/sh\nkill -SEGV $$\n' >crash
chmod +x crash
printf '\211HDF\r\n\032\n' >any.h5
export DNN_READER=$folder/crash
for ranks in 1 2; do
    for model in any.h5 mask-002/model.h5; do
        expect_status 4 run_ranks $ranks evaluate $model --part train
        expect_text "$model: cannot be read: the process that reads it crashed (Segmentation fault): the file is damaged, or made to do harm" err
        one_line $model
    done
    expect_status 3 run_ranks $ranks train run.yaml output=none data.source='{hdf5: {path: any.h5, x: /x, y: /y}}'
    expect_text "any.h5: cannot be read: the process that reads it crashed" err
    one_line data
done
expect_status 4 "$DNN_MPI" summary any.h5
unset DNN_READER
expect_status 4 "$DNN_MPI" summary any.h5

# ---- another file's contents are not shown as weights, nor does a path lead out ----
for file in /etc/passwd /dev/zero /proc/self/mem .; do
    expect_status 4 timeout 20 "$DNN_MPI" summary "$file.h5"
    ln -sf $file link.h5
    expect_status 4 timeout 20 "$DNN_MPI" summary link.h5
    one_line $file
    expect_no_text root: err out
done
