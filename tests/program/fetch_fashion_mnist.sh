#!/usr/bin/env bash
# The script that fetches Fashion-MNIST notices what is missing, wrong or broken off, and goes on where a transfer stopped. The
# web server is one of our own; the real files are needed for the cases that end well.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"
fetch=$project/jobs/fetch-fashion-mnist.sh
python3=$(command -v /usr/bin/python3 || command -v python3) || skip "python3 makes the web server"
names="train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz"

serve() { # FOLDER: sets $server
    local port
    : >requests
    "$python3" "$DNN_TEST_SOURCE/program/serve.py" "$1" "$folder/requests" >port 2>server-errors &
    for _ in $(seq 100); do
        [ -s port ] && break
        sleep 0.1
    done
    port=$(head -n 1 port)
    [ -n "$port" ] || fail "the web server does not start: $(cat server-errors)"
    server=http://127.0.0.1:$port
}

from() { # WAY: fetches into data/ from the server's way of answering
    FASHION_MNIST_URL=$server/$1 "$fetch" data
}

# Files of the right names and wrong contents
mkdir wrong
for name in $names; do echo "this is not $name" | gzip >"wrong/$name"; done
serve "$folder/wrong"
expect_status 1 from whole
expect_text "train-images-idx3-ubyte.gz: md5 is not the published 8d4fb7e6c68d591d4c3dfef9ec88bf0d" err
[ -z "$(ls -A data)" ] || fail "something wrong was kept: $(ls -A data)"

# A file that is not there
rm wrong/train-images-idx3-ubyte.gz
expect_status 1 from whole
expect_text "cannot fetch $server/whole/train-images-idx3-ubyte.gz" err
expect_text "FASHION_MNIST_URL=" err
[ ! -e data/train-images-idx3-ubyte.gz ] || fail "a page of errors was kept"

# No server at all
expect_status 1 env FASHION_MNIST_URL=http://127.0.0.1:1 "$fetch" data
expect_text "could not be fetched" err

real=$(data_folder fashion-mnist) || {
    echo "${0##*/}: fetching the real files is skipped: no fashion-mnist in DNN_DATA_DIR"
    exit 0
}
serve "$real"
rm -rf data

# All four, then none again
expect_status 0 from whole
for name in $names; do cmp "data/$name" "$real/$name"; done
[ "$(wc -l <requests)" -eq 4 ] || fail "$(wc -l <requests) requests for four files"
expect_status 0 from whole
[ "$(wc -l <requests)" -eq 4 ] || fail "files that were there and right have been fetched again"
[ "$(ls -A data | wc -l)" -eq 4 ] || fail "left over: $(ls -A data)"

# A damaged file is put right, the others stay
truncate -s 1000 data/t10k-labels-idx1-ubyte.gz
expect_status 0 from whole
cmp data/t10k-labels-idx1-ubyte.gz "$real/t10k-labels-idx1-ubyte.gz"
[ "$(wc -l <requests)" -eq 5 ] || fail "more than the damaged file has been fetched"

# A transfer broken off leaves a part, and the next one asks for the rest of it alone
rm data/t10k-images-idx3-ubyte.gz
: >requests
expect_status 1 from cut
half=$(stat -c %s data/.t10k-images-idx3-ubyte.gz.part)
[ "$half" -gt 1000000 ] || fail "only $half bytes of the broken transfer were kept"
expect_status 0 from whole
expect_text "/whole/t10k-images-idx3-ubyte.gz bytes=$half-" requests
cmp data/t10k-images-idx3-ubyte.gz "$real/t10k-images-idx3-ubyte.gz"

# A part of something else, and a server that cannot send the rest: from the start
head -c 2000000 /dev/zero >data/.train-images-idx3-ubyte.gz.part
rm data/train-images-idx3-ubyte.gz
expect_status 0 from whole
expect_text "from the start" err
cmp data/train-images-idx3-ubyte.gz "$real/train-images-idx3-ubyte.gz"
rm data/t10k-labels-idx1-ubyte.gz
head -c 1000 "$real/t10k-labels-idx1-ubyte.gz" >data/.t10k-labels-idx1-ubyte.gz.part
expect_status 0 from plain
cmp data/t10k-labels-idx1-ubyte.gz "$real/t10k-labels-idx1-ubyte.gz"
[ "$(ls -A data | wc -l)" -eq 4 ] || fail "left over: $(ls -A data)"
