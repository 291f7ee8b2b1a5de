# shellcheck shell=bash
# For scripts: quietly "Building" COMMAND … says what is being done, on a terminal with the command's last line as it moves, and shows the end of
# its output only where it fails.
quietly() {
    local what=$1 log status=0 columns job
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 &
    job=$!
    if [ -t 1 ] && columns=$(tput cols 2>/dev/null) && [ "$columns" -gt 40 ]; then
        while kill -0 $job 2>/dev/null; do
            printf '\r%s … %s\033[K' "$what" "$(tail -n 1 "$log" | tr -cd '[:print:]' | cut -c "1-$((columns - ${#what} - 6))")"
            sleep 0.5
        done
        printf '\r%s …\033[K\n' "$what"
    else
        echo "$what …"
    fi
    wait $job || status=$?
    [ $status -eq 0 ] || tail -n 40 "$log" >&2
    rm -f "$log"
    [ $status -eq 0 ] || echo "$what failed (status $status); the end of its output is above" >&2
    return $status
}
