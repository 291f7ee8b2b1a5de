#!/usr/bin/env bash
# How jobs end in which something goes wrong, over two machines (tests/support/hosts.bash) with as many ranks each, and with one and two: every planted
# fault of tests/support/faults.bash, and what a network can do. About half an hour. By hand:
#   DNN_MPI=build/dnn-mpi tests/campaign/host_faults.sh [planted|network]
# DNN_MPI as in faults.sh.
# shellcheck source=tests/program/common.sh disable=SC2034,SC2154
. "$(dirname "$0")/../program/common.sh"
# shellcheck source=tests/support/hosts.bash
. "$DNN_TEST_SOURCE/support/hosts.bash"
# shellcheck source=tests/support/faults.bash
. "$DNN_TEST_SOURCE/support/faults.bash"
hosts_possible || skip "see above"
what=${1:-planted network}
team=node
fault_launch() { timeout --kill-after=5 60 "$hosts_files/mpirun" -n "$ranks" "$@"; }

fault_none_left() { # nothing of the job or its launcher runs on any machine
    local host
    for _ in $(seq 12); do
        for host in $(seq "$hosts_count"); do
            if [ -n "$(hosts_pids "$host")" ]; then sleep 0.25; fi
        done
    done
    for host in $(seq "$hosts_count"); do
        if [ -n "$(hosts_pids "$host")" ]; then return 1; fi
    done
}

wrong_here() { # NAME TROUBLE
    wrong=$((wrong + 1))
    echo "WRONG $1: $2"
    sed 's/^/    /' err
}

wait_for() { # TEXT: until the job has said it; at most a minute
    for _ in $(seq 600); do
        if grep -q "$1" err; then return; fi
        sleep 0.1
    done
}

# A job is started, something is done to its network when it has said READY, and it must end, with something said that matches TEXT.
network_case() { # NAME TEXT READY ARGUMENT… -- COMMAND…
    local name=$1 text=$2 ready=$3 job status=0 began took trouble="" arguments=()
    shift 3
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    shift
    rm -rf pid.* run
    MORE="${arguments[*]}" fault_launch ./rank.sh >out 2>err &
    job=$!
    wait_for "$ready"
    kill -0 $job 2>/dev/null || trouble="it had ended before"
    "$@"
    began=$(date +%s%N)
    wait $job || status=$?
    took=$((($(date +%s%N) - began) / 1000000))
    cases=$((cases + 1))
    [ $status -ne 0 ] || trouble="$trouble status 0"
    [ $took -le $(((fault_timeout + 5) * 1000)) ] || trouble="$trouble $took ms"
    grep -qE "$text" err || trouble="$trouble, nothing is said of '$text'"
    fault_none_left || trouble="$trouble, something is left running"
    if [ $took -gt "$slowest" ]; then slowest=$took; fi
    [ -z "$trouble" ] || wrong_here "$name" "$trouble"
    hosts_heal 1
    hosts_heal 2
    for host in 1 2; do hosts_pids "$host" | xargs -r kill -KILL 2>/dev/null || true; done
}

network_faults() {
    local how host place other
    for host in 1 2; do
        other=$((3 - host))
        for how in unplug mute; do
            network_case "$how node$host while training" "no word from node" "Epoch 20/" training.epochs=1000000 -- hosts_$how "$host"
            for place in start evaluation checkpoint; do # it is held there while the network goes
                export DNN_FAILPOINT="$place:1:sleep=3@rank=$((host == 1 ? 0 : ranks - 1))"
                network_case "$how node$host, $place" "no word from node|did not enter" "asleep at $place" -- hosts_$how "$host"
                unset DNN_FAILPOINT
            done
        done
    done
    network_case "no more than 100 bits a second" "no word from node|what they send each other does not arrive|did not enter" "Epoch 20/" \
        training.epochs=1000000 -- hosts_slow 2 100bit
}

# Where the watchdogs of the machines do not hear each other, each must still end its part in time.
without_words() {
    local victim place
    for victim in 0 $((ranks - 1)); do
        for place in start forward checkpoint; do
            export DNN_FAILPOINT="datagram:1:error;$place:1:stop@rank=$victim"
            fault_case "$DNN_FAILPOINT" 0 "" 2
        done
    done
    unset DNN_FAILPOINT
    export DNN_FAILPOINT="datagram:1:error"
    network_case "unplug node2 without words" "did not enter" "Epoch 20/" training.epochs=1000000 -- hosts_unplug 2
    unset DNN_FAILPOINT
}

# What must not end a job: a network that is slow, and a job that is stopped as a whole for longer than comm.timeout.
survives() { # NAME BEGIN END
    local job status=0
    rm -rf pid.* run
    MORE="training.epochs=1000000" fault_launch ./rank.sh >out 2>err &
    job=$!
    wait_for "Epoch 20/"
    $2
    sleep $((2 * fault_timeout))
    $3
    sleep 1.5
    cases=$((cases + 1))
    kill -USR1 "$(cat pid.0)" 2>/dev/null || true
    wait $job || status=$?
    [ $status -eq 75 ] || wrong_here "$1" "status $status instead of 75"
    if grep -q stalled err; then wrong_here "$1" "a false alarm"; fi
}
stop_all() { cat pid.* | xargs kill -STOP; }
continue_all() { cat pid.* | xargs kill -CONT; }
slow_down() { hosts_slow 2 30kbit; }
speed_up() { hosts_heal 2; }

bad=0
for slots in "2 2" "1 2"; do
    # shellcheck disable=SC2086
    hosts_up $slots
    ranks=$((${slots% *} + ${slots#* })) leaders="0 ${slots% *}" cases=0 wrong=0 slowest=0
    fault_set_up
    case $what in *planted*)
        fault_matrix
        fault_full_disk
        ;;
    esac
    case $what in *network*)
        network_faults
        without_words
        survives "a job stopped as a whole" stop_all continue_all
        survives "a slow network" slow_down speed_up
        ;;
    esac
    fault_summary
    bad=$((bad + wrong))
    hosts_down
done
[ "$bad" -eq 0 ] || fail "$bad faults ended wrongly"
