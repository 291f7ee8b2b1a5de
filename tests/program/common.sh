# shellcheck shell=bash
# For tests of the whole program, to be sourced first: `. "$(dirname "$0")/common.sh"`. The test then stands in a folder of its own
# that goes when it ends. ctest gives DNN_MPI (the program), MPIEXEC and DNN_TEST_SOURCE (tests/); by hand they may be left out.
set -euo pipefail
DNN_TEST_SOURCE=${DNN_TEST_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)}
project=$(cd "$DNN_TEST_SOURCE/.." && pwd)
DNN_MPI=${DNN_MPI:-$project/build-tests/dnn-mpi}
MPIEXEC=${MPIEXEC:-mpiexec}
export DNN_TEST_SOURCE DNN_MPI MPIEXEC
. "$project/jobs/mpi-env.sh"

leave() { # what a test started and left behind ends with it, then its folder goes
    local status=$? pid
    for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    cd /
    rm -rf "$folder"
    exit "$status"
}
folder=$(mktemp -d "${TMPDIR:-/tmp}/dnn-mpi-test-XXXXXX")
trap leave EXIT
cd "$folder"

fail() { # TEXT: the test has failed
    echo "${0##*/}: $*" >&2
    exit 1
}

skip() { # TEXT: the test cannot be done here; ctest shows it as skipped
    echo "${0##*/}: skipped: $*"
    exit 77
}

run_ranks() { # RANKS ARGUMENT…: the program on so many ranks; no test may hang
    local ranks=$1
    shift
    timeout --kill-after=10 "${DNN_TEST_TIMEOUT:-120}" "$MPIEXEC" -q --oversubscribe -n "$ranks" "$DNN_MPI" "$@"
}

expect_status() { # STATUS COMMAND…: runs it, keeps what it says in the files `out` and `err`
    local expected=$1 status=0
    shift
    "$@" >out 2>err || status=$?
    [ "$status" -eq "$expected" ] && return
    sed 's/^/out: /' out >&2
    sed 's/^/err: /' err >&2
    fail "$* ended with $status instead of $expected"
}

expect_text() { # TEXT FILE…: one of the files has the text in one of its lines, letter by letter
    local text=$1
    shift
    grep -qF -- "$text" "$@" && return
    sed 's/^/  /' "$@" >&2
    fail "\"$text\" is not in $*"
}

expect_no_text() { # TEXT FILE…
    local text=$1
    shift
    if grep -nF -- "$text" "$@" >&2; then fail "\"$text\" is in $*"; fi
}

data_folder() { # NAME: path of a large data set, or nothing and a failure where it is not at hand
    local path=${DNN_DATA_DIR:-$project/../shared/data}/$1
    [ -d "$path" ] && (cd "$path" && pwd)
}
