#!/usr/bin/env bash
# What signals do to a training: USR1 saves and ends it, early, late, twice and within a validation; CONT saves and lets it go on; the second TERM ends it at once; and the
# end of a Slurm job is seen coming. Slurm is not here: its environment is, and a `squeue` of our own.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

cat >run.yaml <<'YAML'
seed: 7
output: run
data: {source: {moons: {n_samples: 2000, noise: 0.2, random_state: 1}}}
model: {layers: [{dense: {units: 64, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]}
training: {loss: binary_crossentropy, optimizer: adam, batch_size: 20, epochs: 100000, shards: 2}
checkpoint: {every: {epochs: 100000}}
YAML
cat >rank.sh <<'SH'
#!/bin/sh
echo $$ >pid.${OMPI_COMM_WORLD_RANK:-0}
exec "$DNN_MPI" "$@"
SH
chmod +x rank.sh

start() { # RANKS FOLDER [KEY=VALUE …]: in the background, `job`
    local ranks=$1 at=$2
    shift 2
    rm -f pid.*
    if [ "$ranks" -eq 1 ]; then ./rank.sh train run.yaml output="$at" "$@" >out 2>err &
    else "$MPIEXEC" -q --oversubscribe -n "$ranks" ./rank.sh train run.yaml output="$at" "$@" >out 2>err & fi
    job=$!
}

under_way() { # FOLDER: steps are being made
    for _ in $(seq 1000); do
        if [ -e "$1/history.csv" ] && [ "$(wc -l <"$1/history.csv")" -gt 3 ]; then return; fi
        sleep 0.01
    done
    fail "no training in $1: $(cat err)"
}

ends_with() { # STATUS
    local status=0
    wait "$job" || status=$?
    [ "$status" -eq "$1" ] || fail "status $status instead of $1: $(cat err)"
}

newest() { find "$1/checkpoints" -name 'step-*.h5' | sort | tail -n 1; }

# USR1 to one rank of two: out in less than two seconds. Twice is as good as once.
start 2 usr1
under_way usr1
began=$(date +%s%N)
kill -USR1 "$(cat pid.1)"
kill -USR1 "$(cat pid.0)" 2>/dev/null || true
lives() { grep -q '^State:[[:space:]]*[^Z]*$' "/proc/$1/status" 2>/dev/null; } # the launcher takes a second to notice who has ended
while lives "$(cat pid.0)" || lives "$(cat pid.1)"; do sleep 0.01; done
took=$((($(date +%s%N) - began) / 1000000))
ends_with 75
echo "USR1 to the ranks' end: $took ms"
[ "$took" -lt 2000 ] || fail "USR1 to exit took $took ms"
expect_text '"state": "stopped"' usr1/status.json
step=$(sed -nE 's/.*"step": ([0-9]+).*/\1/p' usr1/status.json)
[ "$(newest usr1)" = "usr1/checkpoints/step-$(printf %010d "$step").h5" ] || fail "no checkpoint of step $step"

# USR1 before MPI has started: heard, acted on at the first step.
start 1 early
for _ in $(seq 500); do if [ -s pid.0 ] && grep -q dnn-mpi "/proc/$job/comm"; then break; fi; done
for _ in $(seq 500); do # as soon as it listens
    if [ $((0x$(sed -nE 's/^SigCgt:\s*//p' "/proc/$job/status") & 1 << 9)) -ne 0 ]; then break; fi
done
kill -USR1 "$job"
ends_with 75
expect_text "stopped on request after step" err
[ -e early/history.csv ] && [ "$(wc -l <early/history.csv)" -le 2 ] || fail "it was not stopped early"

# USR1 while a file is being written, again and again.
start 2 busy checkpoint.every='{steps: 1}'
under_way busy
kill -USR1 "$(cat pid.1)"
ends_with 75
expect_status 0 "$DNN_MPI" checkpoint verify busy
step=$(sed -nE 's/.*"step": ([0-9]+).*/\1/p' busy/status.json)
[ "$(newest busy)" = "busy/checkpoints/step-$(printf %010d "$step").h5" ] || fail "no checkpoint of step $step"

# CONT: one file for all ranks' signals, and the training goes on.
start 2 cont
under_way cont
sleep 1.1 # signals ask for at most one save a second
kill -CONT "$(cat pid.1)"
kill -CONT "$(cat pid.0)"
for _ in $(seq 500); do if [ -n "$(newest cont)" ]; then break; fi; sleep 0.01; done
[ "$(find cont/checkpoints -name 'step-*.h5' | wc -l)" -eq 1 ] || fail "not one checkpoint after CONT: $(ls cont/checkpoints)"
before=$(wc -l <cont/history.csv)
sleep 0.5
[ "$(wc -l <cont/history.csv)" -gt "$before" ] || fail "the training stands still after CONT"
kill -USR1 "$(cat pid.0)"
ends_with 75

# In a long validation: CONT saves where the epoch's last step has led to, USR1 ends it without the validation's end, which comes when the training goes on.
cp run.yaml short.yaml
cat >run.yaml <<'YAML'
seed: 7
output: run
data: {source: {moons: {n_samples: 150000, noise: 0.2, random_state: 1}}, split: {validation: 149800}}
model: {layers: [{dense: {units: 512, activation: relu}}, {dense: {units: 512, activation: relu}}, {dense: {units: 1, activation: sigmoid}}]}
training: {loss: binary_crossentropy, optimizer: adam, batch_size: 50, epochs: 1, log_every: 1, shards: 2}
YAML
start 2 validates
for _ in $(seq 3000); do if [ "$(wc -l 2>/dev/null <validates/steps.csv || echo 0)" -eq 5 ]; then break; fi; sleep 0.01; done
kill -CONT "$(cat pid.1)"
for _ in $(seq 500); do if [ -n "$(newest validates)" ]; then break; fi; sleep 0.01; done
[ "$(newest validates)" = validates/checkpoints/step-0000000004.h5 ] || fail "no checkpoint after CONT in a validation"
[ "$(wc -l <validates/history.csv)" -eq 1 ] || fail "the validation has ended before it could be interrupted"
kill -USR1 "$(cat pid.1)"
ends_with 75
[ "$(wc -l <validates/history.csv)" -eq 1 ] || fail "the validation went on to its end after USR1"
expect_status 0 run_ranks 2 train run.yaml output=validates --resume auto
expect_status 0 "$DNN_MPI" train run.yaml output=never-interrupted
[ "$(cut -d, -f 1,2,5- validates/history.csv)" = "$(cut -d, -f 1,2,5- never-interrupted/history.csv)" ] || fail "an interrupted validation gives other values"
mv short.yaml run.yaml

# The second TERM does not wait for anything: not for a rank that will never make its step.
start 2 twice
under_way twice
kill -STOP "$(cat pid.1)"
kill -TERM "$(cat pid.0)"
sleep 0.5
kill -0 "$(cat pid.0)" 2>/dev/null || fail "the first TERM ended the rank at once"
kill -TERM "$(cat pid.0)"
status=0
wait "$job" || status=$?
[ "$status" -eq 143 ] || fail "two TERM give $status: $(cat err)"
start 1 once
under_way once
kill -TERM "$job"
ends_with 75

# The end of the batch job, said by the environment, by squeue, and by nobody.
limit() { # SECONDS FROM NOW
    echo $(($(date +%s) + $1))
}
began=$(date +%s)
end=$(limit 5)
SLURM_JOB_ID=17 SLURM_JOB_END_TIME=$end start 2 limit
ends_with 75
told=$(stat -c %Y limit/status.json) # the launcher takes its time to see that all have ended
echo "a job of 5 s was stopped after $((told - began)) s"
[ $((told - began)) -ge 2 ] && [ "$told" -le "$end" ] || fail "a job of 5 s was stopped after $((told - began)) s"
expect_text "stopped before the batch job's end after step" err
expect_text '"code": 75' limit/status.json
mkdir bin
cat >bin/squeue <<'SH'
#!/bin/sh
echo "$*" >>asked
date -d "@$(cat end)" +%Y-%m-%dT%H:%M:%S
SH
chmod +x bin/squeue
limit 3 >end
export SLURM_JOB_ID=17
PATH=$folder/bin:$PATH start 1 queue
ends_with 75
expect_text "stopped before the batch job's end after step" err
expect_text "--jobs 17" asked
[ "$(wc -l <asked)" -eq 1 ] || fail "squeue was asked more than once"
printf '#!/bin/sh\necho N/A\n' >bin/squeue
PATH=$folder/bin:$PATH expect_status 0 "$DNN_MPI" train run.yaml output=endless training.epochs=2
expect_no_text "batch job" err
SLURM_JOB_END_TIME=1000000000 expect_status 0 "$DNN_MPI" train run.yaml output=past training.epochs=2
expect_no_text "batch job" err
