#!/usr/bin/env bash
# A job in which nothing moves any more is ended by its watchdogs, with the rank that is at fault named. What needs planted faults is
# tried by tests/faults.sh.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
timeout=2

cat >run.yaml <<YAML
output: run
data: {source: {moons: {n_samples: 400, noise: 0.2, random_state: 1}}}
model: {layers: [{dense: {units: 16, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]}
training: {loss: binary_crossentropy, optimizer: adam, batch_size: 20, epochs: 1000000}
comm: {timeout: $timeout}
YAML
cat >rank.sh <<'SH'
#!/bin/sh
echo $$ >"pid.$OMPI_COMM_WORLD_RANK"
exec "$DNN_MPI" train run.yaml output="$OUT"
SH
chmod +x rank.sh

start_job() { # OUT RANKS: in the background, until it trains
    export OUT=$1
    rm -f pid.*
    timeout --kill-after=10 60 "$MPIEXEC" -q --oversubscribe -n "$2" ./rank.sh >out 2>err &
    job=$!
    for _ in $(seq 2000); do
        if compgen -G "$OUT/checkpoints/step-*.h5" >/dev/null; then return; fi
        sleep 0.01
    done
    cat err >&2
    fail "$OUT does not begin to train"
}

end_job() { # STATUS
    local status=0
    wait "$job" || status=$?
    [ "$status" -eq "$1" ] || { cat err >&2; fail "the job ended with $status instead of $1"; }
}

runs() { # PID: is there a process that is more than an entry nobody has collected?
    [ -e "/proc/$1/stat" ] && ! grep -q ') [ZX] ' "/proc/$1/stat" 2>/dev/null
}

# A stopped rank takes its own watchdog with it: the others see it.
for victim in 0 2; do
    start_job "stopped-$victim" 3
    kill -STOP "$(cat pid.$victim)"
    since=$SECONDS
    end_job 76
    [ $((SECONDS - since)) -le $((timeout + 5)) ] || fail "it took $((SECONDS - since)) s"
    [ "$(grep -c '^dnn-mpi: stalled: ' err)" -eq 1 ] || { cat err >&2; fail "not one message"; }
    expect_text "rank $victim is stopped by a signal" err
    expect_text '"state": "stalled"' "stopped-$victim/status.json"
    expect_text '"code": 76' "stopped-$victim/status.json"
    for pid in pid.*; do if runs "$(cat "$pid")"; then fail "${pid#pid.} still runs"; fi; done
done

# A job stopped as a whole, as by a debugger or a batch system, has not stalled.
start_job whole 2
kill -STOP $(cat pid.*)
sleep $((timeout + 2))
kill -CONT $(cat pid.*)
sleep 1
kill -USR1 "$(cat pid.1)"
end_job 75
expect_no_text stalled err

# Alone, without a launcher: whatever does not come to an end.
expect_status 76 timeout 30 "$DNN_MPI" train run.yaml output=alone comm.timeout=1 \
    'training.callbacks=[{exec: {command: "echo $$ >sleeper; exec sleep 60"}}]'
kill "$(cat sleeper)" # a command that a callback has started is not the watchdog's to end
expect_text "rank 0 did not come out of 'callbacks'" err
expect_text '"state": "stalled"' alone/status.json
