#!/usr/bin/env bash
# Every run file in jobs/runs passes `check`, so none has a key, a layer or a shape that the program does not know.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

ln -s "$(data_folder .)" data || true   # the folder that the run files name; absent where the large data sets are
checked=0 absent=()
for file in "$project"/jobs/runs/*.yaml; do
    paths=$(grep -oE 'data/[A-Za-z0-9_./-]+' "$file" | grep -vE '^data/[a-z-]+$|\.sh$' || true)
    folder_named=$(grep -oE 'path: data/[a-z-]+}' "$file" | grep -oE 'data/[a-z-]+' || true)
    missing=
    for path in $paths $folder_named; do [ -e "$path" ] || missing=$path; done
    if [ -n "$missing" ]; then
        absent+=("${file##*/}")
        continue
    fi
    for model in $(grep -oE 'runs/[a-z-]+/model\.h5' "$file" | sort -u); do # of another run file: its untrained model has the same layers
        name=${model#runs/}
        [ -e "$model" ] || expect_status 0 "$DNN_MPI" train "$project/jobs/runs/${name%/model.h5}.yaml" training.epochs=0
    done
    expect_status 0 "$DNN_MPI" check "$file"
    expect_text "ready to train" out
    checked=$((checked + 1))
done
[ "$checked" -ge 5 ] || fail "only $checked run files could be checked"
[ ${#absent[@]} -eq 0 ] || echo "data not at hand for: ${absent[*]}"
