#!/usr/bin/env bash
# The pages that are printed from the registries say what the program says.
set -euo pipefail
. "$(dirname "$0")/common.sh"

compare() { # PAGE ARGUMENT…
    local page=$1
    shift
    "$DNN_MPI" "$@" >printed
    diff -u "$project/docs/$page" printed >&2 || fail "docs/$page is old; print it anew: dnn-mpi $* > docs/$page"
}
compare run-file.md list --markdown
compare command-reference.md help --markdown
