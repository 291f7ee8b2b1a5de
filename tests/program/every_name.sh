#!/usr/bin/env bash
# Every name that `list` shows, of every kind, trains three steps at 2 ranks. A component that every_name.py has no run file for fails here.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
python3=/usr/bin/python3
$python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py and python3-numpy make the data"

"$DNN_MPI" list >listed
$python3 "$DNN_TEST_SOURCE/program/every_name.py" make . <listed || fail "the run files could not be made"
for file in *.yaml; do
    expect_status 0 run_ranks 2 train "$file"
    steps=$(sed -nE 's/.*"step": ([0-9]+),.*/\1/p' "${file%.yaml}/status.json")
    [ "${steps:-0}" -ge 3 ] || fail "$file trained ${steps:-no} steps"
done
$python3 "$DNN_TEST_SOURCE/program/every_name.py" check . <listed || fail "a name was not used"
# The picture of that callback's table.
expect_text "suggested:" callbacks-learning_rate_range_test/learning_rate_range_test.svg
# The test must see a name that nobody has thought of.
sed -E 's/^(  schedules .*)/\1 no_such_schedule/' listed >longer
if $python3 "$DNN_TEST_SOURCE/program/every_name.py" check . <longer >/dev/null 2>&1; then fail "a name without a run would not be seen"; fi
# What a training does to labels without being asked it says.
expect_status 0 "$DNN_MPI" train source-blobs.yaml output=rows training.loss=categorical_crossentropy
expect_text "its labels become one-hot rows of 10, which the loss of output 'dense' wants (data.to_categorical)" out err
