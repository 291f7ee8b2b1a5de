#!/usr/bin/env bash
# How jobs end in which something goes wrong, over several machines (tests/support/hosts.bash): every planted fault of tests/support/faults.bash on
# two machines of as many ranks each, and of one and two, and what networks of two and three machines can do. About half an hour. By hand:
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
    local name=$1 text=$2 ready=$3 job status=0 began took host trouble="" arguments=()
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
    for host in $(seq "$hosts_count"); do
        hosts_heal "$host"
        hosts_pids "$host" | xargs -r kill -KILL 2>/dev/null || true
    done
}

network_faults() {
    local how host place other
    for host in 1 2; do
        other=$((3 - host))
        for how in unplug mute; do
            network_case "$how node$host while training" "no word from node" "Epoch 20/" training.epochs=1000000 -- hosts_$how "$host"
            for place in start evaluation checkpoint; do # it is held there, or its being at work again would be progress
                export DNN_FAILPOINT="$place:1:sleep=1000@rank=$((host == 1 ? 0 : ranks - 1))"
                network_case "$how node$host, $place" "no word from node" "asleep at $place" -- hosts_$how "$host"
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

# Of three machines those that still hear each other end together.
three_machines() {
    local host
    for host in 1 2 3; do
        network_case "mute node$host of three" "no word from node" "Epoch 20/" training.epochs=1000000 -- hosts_mute "$host"
    done
    network_case "all of node2 killed" "" "Epoch 20/" training.epochs=1000000 -- kill_host 2
    network_case "all of node2 stopped, the daemon too" "no word from node2" "Epoch 20/" training.epochs=1000000 -- stop_host 2
}
kill_host() { hosts_pids "$1" | xargs kill -KILL; }
stop_host() { hosts_pids "$1" | xargs kill -STOP; }

bad=0
layout() { # TEAM LEADERS SLOTS… -- WHAT…
    team=$1 leaders=$2 ranks=0 slots=() cases=0 wrong=0 slowest=0
    shift 2
    while [ "$1" != -- ]; do
        slots+=("$1")
        ranks=$((ranks + $1))
        shift
    done
    shift
    hosts_up "${slots[@]}"
    fault_set_up
    for part in "$@"; do $part; done
    echo "slots on machines: ${slots[*]}"
    fault_summary
    bad=$((bad + wrong))
    hosts_down
}
network() {
    network_faults
    without_words
    survives "a job stopped as a whole" stop_all continue_all
    survives "a slow network" slow_down speed_up
}

case $what in *planted*)
    layout node "0 2" 2 2 -- fault_matrix fault_full_disk
    layout node "0 1" 1 2 -- fault_matrix fault_full_disk
    layout rank "0 1 2 3" 2 2 -- fault_matrix
    ;;
esac
case $what in *network*)
    layout node "0 2" 2 2 -- network
    layout node "0 1" 1 2 -- network
    layout node "0 1 3" 1 2 1 -- three_machines
    ;;
esac
[ "$bad" -eq 0 ] || fail "$bad faults ended wrongly"
