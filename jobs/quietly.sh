# shellcheck shell=bash
# For scripts: quietly "Building" COMMAND … says what is being done, and shows the end of the command's output only where it fails.
quietly() {
    local what=$1 log status=0
    shift
    log=$(mktemp)
    echo "$what …"
    "$@" >"$log" 2>&1 || status=$?
    [ $status -eq 0 ] || tail -n 40 "$log" >&2
    rm -f "$log"
    [ $status -eq 0 ] || echo "$what failed (status $status); the end of its output is above" >&2
    return $status
}
