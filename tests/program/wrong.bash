# shellcheck shell=bash
# For tables of what users do wrong, to be sourced after common.sh. Three cases of four are run on three ranks, the fourth alone (all of them
# both ways with WRONG_RANKS="1 3"), several side by side, each in a folder of its own in which `data` holds the files that the table begins
# with. A case passes if every rank ends within 30 s with the status of the table, the launcher with it, if stderr is one line with all texts
# of the table, and if no output folder is left that was not there before.
data=$folder/data
mkdir "$data" cases
: >failures
cases=0
cat >rank.sh <<'SH'
#!/bin/sh
trap '' TERM  # the launcher sends it to all once one has failed, and the status of the others would be lost
"$DNN_MPI" "$@"
status=$?
echo $status >status.$OMPI_COMM_WORLD_RANK
exit $status
SH
chmod +x rank.sh

blame() { # CASE TEXT: several cases may write at once, each a single line
    echo "$(cat "$1/name"): $2: $(tr '\n' '|' <"$1/err")" >>"$folder/failures"
}

judge() { # CASE STATUS EXPECTED_STATUS TEXT…
    local at=$1 status=$2 expected=$3 text
    shift 3
    if [ "$status" -ne "$expected" ]; then blame "$at" "status $status instead of $expected"; fi
    [ "$(wc -l <"$at/err")" -eq 1 ] || blame "$at" "not one line on stderr"
    grep -q '^dnn-mpi: ' "$at/err" || blame "$at" "the line is not ours"
    [ ! -s "$at/out" ] || blame "$at" "something on stdout"
    for text in "$@"; do grep -qF -- "$text" "$at/err" || blame "$at" "does not say \"$text\""; done
    [ ! -e "$at/run" ] || [ -e "$at/before" ] || blame "$at" "leaves an output folder"
    for text in "$at"/status.*; do
        [ ! -e "$text" ] || [ "$(cat "$text")" -eq "$expected" ] || blame "$at" "rank ${text##*.} ends with $(cat "$text")"
    done
}

run_case() { # CASE RANKS EXPECTED_STATUS TEXT… -- ARGUMENT…
    local at=$1 ranks=$2 expected=$3 texts=() status=0
    shift 3
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    echo "on $ranks: dnn-mpi $*" >"$at/name"
    [ ! -f "$at/edit" ] || echo "on $ranks: $(cat "$at/edit")" >"$at/name"
    cd "$at"
    if [ "$ranks" -eq 1 ]; then timeout -k 5 30 "$DNN_MPI" "$@" >out 2>err || status=$?
    else timeout -k 5 30 "$MPIEXEC" -q --oversubscribe -n "$ranks" "$folder/rank.sh" "$@" >out 2>err || status=$?; fi
    judge "$at" "$status" "$expected" "${texts[@]}"
}

begin_case() { # on RANKS: a folder for the next case, in the variable `at`
    cases=$((cases + 1))
    at=$folder/cases/$cases-on-$1
    mkdir "$at"
    ln -s "$data"/* "$at"
}

ranks_of_next() {
    if [ -n "${WRONG_RANKS:-}" ]; then echo "$WRONG_RANKS"; elif [ $((cases % 4)) -eq 1 ]; then echo 1; else echo 3; fi
}

limit() { # four at a time: more would only wait for each other; one at a time where cases share a folder
    while [ "$(jobs -rp | wc -l)" -ge "${WRONG_AT_ONCE:-4}" ]; do wait -n || true; done
}

wrong() { # STATUS TEXT… -- ARGUMENT…
    local ranks at
    for ranks in $(ranks_of_next); do
        begin_case "$ranks"
        limit
        run_case "$at" "$ranks" "$@" &
    done
}

edited() { # FILE SED_PROGRAM STATUS TEXT…: `train` with a run file that the program has spoilt
    local file=$1 program=$2 ranks at
    shift 2
    for ranks in $(ranks_of_next); do
        begin_case "$ranks"
        echo "$program" >"$at/edit"
        sed "$program" "$data/$file" >"$at/run.yaml"
        limit
        run_case "$at" "$ranks" "$@" -- train run.yaml &
    done
}

verdict() { # LEAST: of all cases, of which there must be so many
    wait
    [ ! -s "$folder/failures" ] || { sort "$folder/failures" >&2; fail "$(wc -l <"$folder/failures") things are not as they should be in $cases cases"; }
    [ "$cases" -ge "$1" ] || fail "only $cases cases were run"
    echo "$cases cases"
}

flip() { # FILE OFFSET: the byte becomes its complement
    local byte
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %x $((255 - byte)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
