# shellcheck shell=bash disable=SC2154
# How a job ends in which something goes wrong, to be sourced after common.sh: every fault at every place on the first and the last rank ends the job
# within comm.timeout + 5 s of its beginning, with its status, the rank named, and nothing left running.
#   ranks=3 team=node leaders=0         what the job looks like; leaders: the ranks that read data, one of each team
#   fault_set_up                        run file, data, and a program in which faults can be planted
#   fault_launch COMMAND…               starts the ranks, fault_none_left looks behind it; a script over several machines has its own
#   fault_matrix, fault_full_disk, fault_summary, fault_end
#   fault_case NAME STATUS RANK [TIMES] one fault, which is in the environment; STATUS 0: any but 0; RANK empty: none need be named; TIMES: how often
#                                       a stall may be told, 1 unless said otherwise
fault_timeout=3 start_up=3 # seconds; the latter for MPI's own start and the way to the fault

fault_set_up() {
    cat >run.yaml <<YAML
output: run
data: {source: {csv: {path: data.csv, target: y}}, split: {validation: 100}}
model: {layers: [{dense: {units: 16, activation: relu}}, {dense: {units: 3, activation: softmax}}]}
training: {loss: sparse_categorical_crossentropy, optimizer: adam, batch_size: 20, epochs: 2}
checkpoint: {max_failures: 1}
comm: {timeout: $fault_timeout, team: $team}
YAML
    awk 'BEGIN { print "a,b,y"; for (i = 0; i < 500; i++) print i % 7 / 7 "," i % 11 / 11 "," i % 3 }' >data.csv
    head -c 3000 data.csv >whole.csv
    printf '0.5,' >>whole.csv

    DNN_FAILPOINT=none "$DNN_MPI" train run.yaml >out 2>err || true
    if ! grep -q 'DNN_FAILPOINT:' err; then
        echo "building a program in which faults can be planted"
        cmake -S "$project" -B build -DDNN_FAILPOINTS=ON -DBUILD_TESTING=OFF >log 2>&1 && cmake --build build --target dnn-mpi -j 3 >log 2>&1 ||
            { tail log >&2; fail "it cannot be built"; }
        DNN_MPI=$folder/build/dnn-mpi
    fi

    cat >rank.sh <<'SH'
#!/bin/bash
echo $$ >"pid.$OMPI_COMM_WORLD_RANK"
if [ "$OMPI_COMM_WORLD_RANK" = "$SHORT" ]; then
    mkdir -p "short.$SHORT" && cp run.yaml "short.$SHORT/" && cp whole.csv "short.$SHORT/data.csv" && cd "short.$SHORT"
fi
exec "$DNN_MPI" train run.yaml "output=$folder/run" --overwrite $MORE
SH
    chmod +x rank.sh
    export folder DNN_MPI SHORT="" MORE=""
}

fault_launch() { timeout --kill-after=5 60 "$MPIEXEC" --oversubscribe -n "$ranks" "$@"; }

fault_none_left() { :; } # what a launcher may leave behind itself

runs() { # PID: is there a process that is more than an entry nobody has collected?
    [ -e "/proc/$1/stat" ] && ! grep -q ') [ZX] ' "/proc/$1/stat" 2>/dev/null
}

cases=0 wrong=0 slowest=0
fault_case() {
    local status=0 began ended seconds trouble="" pid text="rank $3[^0-9]|\],$3\]"
    rm -rf pid.* run
    began=$(date +%s%N)
    fault_launch ./rank.sh >out 2>err || status=$?
    ended=$(date +%s%N)
    seconds=$(((ended - began) / 1000000))
    cases=$((cases + 1))
    [ "$status" -ne 0 ] || trouble="status 0"
    # where a machine was silent mpirun may have been ended with the job (src/comm/outlive.c)
    [ "$2" -eq 0 ] || [ "$status" -eq "$2" ] || { [ "$status" -eq 137 ] && grep -q "no word from" err; } || trouble="status $status instead of $2"
    [ "$seconds" -le $(((fault_timeout + 5 + start_up) * 1000)) ] || trouble="$trouble, $seconds ms"
    [ -z "$3" ] || grep -qE "$text" err || trouble="$trouble, rank $3 is not named"
    [ "$(grep -c '^dnn-mpi: [a-z]* *stalled' err)" -le "${4:-1}" ] || trouble="$trouble, told more than once"
    for _ in 1 2 3 4 5 6 7 8; do # what mpirun has killed may take a moment to go
        for pid in pid.*; do if runs "$(cat "$pid")"; then sleep 0.25; fi; done
    done
    for pid in pid.*; do if runs "$(cat "$pid")"; then trouble="$trouble, rank ${pid#pid.} still runs"; fi; done
    fault_none_left || trouble="$trouble, the launcher left something running"
    if [ "$seconds" -gt "$slowest" ]; then slowest=$seconds; fi
    if [ -n "$trouble" ]; then
        wrong=$((wrong + 1))
        echo "WRONG $1: $trouble"
        sed 's/^/    /' err
    fi
}

fault_matrix() {
    local victim place nth failed fault who last=$((ranks - 1))
    for victim in 0 $last; do
        for place in start forward backward evaluation checkpoint; do
            nth=1
            case $place in forward | backward) nth=12 ;; esac
            failed=70
            if [ $place = checkpoint ]; then failed=5; fi
            for fault in "error $failed" "exit=3 3" "exit=0 0" "kill 137" "stop 76" "sleep=1000 76"; do
                export DNN_FAILPOINT="$place:$nth:${fault% *}@rank=$victim"
                fault_case "$DNN_FAILPOINT" "${fault#* }" "$victim"
            done
        done
        for place in forward backward; do
            export DNN_FAILPOINT="$place:12:nan@rank=$victim"
            fault_case "$DNN_FAILPOINT" 6 "$victim"
        done
        unset DNN_FAILPOINT
    done
    # each team reads for itself: one finds another file than the others, which ends within a line
    for victim in $leaders; do
        SHORT=$victim fault_case "short data file on rank $victim" 3 "$([ "$leaders" = 0 ] || echo "$victim")"
    done
}

fault_full_disk() {
    mkdir -p full
    if mount -t tmpfs -o size=1m none full 2>/dev/null; then
        MORE="model.layers.0.dense.units=60000 training.epochs=1 output=full/run" fault_case "full disk" 5 ""
        umount full
    else
        echo "no file system of a small size can be had (root alone): the full disk is left to tests/program/ends.sh"
    fi
}

fault_summary() {
    echo "$cases faults with $ranks ranks, team: $team: $wrong ended wrongly; the slowest took $slowest ms with comm.timeout $fault_timeout"
}

fault_end() {
    fault_summary
    [ "$wrong" -eq 0 ] || fail "see above"
}
