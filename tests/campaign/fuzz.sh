#!/usr/bin/env bash
# Each fuzz target under libFuzzer for a while, two at a time; fails with what was found. A build of its own, by clang:
#   cmake -S . -B build-fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DDNN_FUZZ=ON && ninja -C build-fuzz
#   DNN_FUZZ_TARGETS=build-fuzz/tests tests/campaign/fuzz.sh [SECONDS, default 600] [TARGET…]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
seconds=${1:-600}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(yaml json csv idx header keras_config model run_file hdf5)
first=${DNN_FUZZ_TARGETS:=$root/build-fuzz/tests}/fuzz_${targets[0]}
if [ ! -x "$first" ] || [[ $("$first" -help=1 2>&1 || true) != *max_total_time* ]]; then
    echo "fuzz.sh: skipped: no libFuzzer programs in $DNN_FUZZ_TARGETS (how to build them is at the top of this script)"
    exit 77
fi
DNN_FUZZ_TARGETS=$(cd "$DNN_FUZZ_TARGETS" && pwd)
work=${DNN_FUZZ_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/dnn-fuzz-XXXXXX")}
mkdir -p "$work"
export LSAN_OPTIONS=suppressions=$root/tests/support/lsan.supp:print_suppressions=0
cd "$work"

fuzz() { # TARGET
    local seeds=("$root/tests/fuzz/corpus/$1")
    [ "$1" != hdf5 ] || seeds=("$root/tests/exchange/data")
    [ "$1" != run_file ] || seeds+=("$root/jobs/runs")
    mkdir -p "$1"
    "$DNN_FUZZ_TARGETS/fuzz_$1" -max_total_time="$seconds" -max_len=60000 -timeout=20 -rss_limit_mb=2048 \
        -artifact_prefix="$1-" -print_final_stats=1 "$1" "${seeds[@]}" >"$1.log" 2>&1 ||
        { touch "$1.failed"; grep -E "ERROR|SUMMARY|fuzz.*\.c:" "$1.log" | head -5; }
    grep -E "number_of_executed_units|peak_rss_mb" "$1.log" | sed "s/^/$1: /"
}

for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
    fuzz "$target" &
done
wait
if compgen -G '*.failed' >/dev/null; then
    echo "fuzz.sh: findings and logs are in $work" >&2
    exit 1
fi
[ -n "${DNN_FUZZ_WORK:-}" ] || rm -rf "$work"
echo "fuzz.sh: ${#targets[@]} targets, $seconds seconds each, nothing found"
