#!/usr/bin/env bash
# Fetches Fashion-MNIST (Xiao, Rasul and Vollgraf 2017; MIT license) from where it is published into data/fashion-mnist/ and
# checks the published md5 sums. What is there already and right is not fetched again.
#
#   ./jobs/fetch-fashion-mnist.sh [FOLDER]
#
# FASHION_MNIST_URL names another place that holds the four files, for machines without a way out.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-data/fashion-mnist}
url=${FASHION_MNIST_URL:-http://fashion-mnist.s3-website.eu-central-1.amazonaws.com}

sums='8d4fb7e6c68d591d4c3dfef9ec88bf0d train-images-idx3-ubyte.gz
25c81989df183df01b3e8a0aad5dffbe train-labels-idx1-ubyte.gz
bef4ecab320f06d8554ea6380940ec79 t10k-images-idx3-ubyte.gz
bb300cfdad3c16e7a12a480ee83cd310 t10k-labels-idx1-ubyte.gz'

fetch() { # URL FILE
    if command -v curl >/dev/null; then
        curl -fL --retry 3 --no-progress-meter -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1"
    elif command -v python3 >/dev/null; then
        python3 -c 'import sys, urllib.request as u; u.urlretrieve(sys.argv[1], sys.argv[2])' "$1" "$2"
    else
        echo "fetch-fashion-mnist: needs curl, wget or python3" >&2
        return 1
    fi
}

is_right() { # FILE SUM
    [ -f "$1" ] && echo "$2  $1" | md5sum --status -c -
}

mkdir -p "$folder"
while read -r sum name; do
    if is_right "$folder/$name" "$sum"; then
        echo "$folder/$name: there"
        continue
    fi
    part=$folder/.$name.part
    if ! fetch "$url/$name" "$part"; then
        rm -f "$part"
        echo "fetch-fashion-mnist: cannot fetch $url/$name; FASHION_MNIST_URL names another place" >&2
        exit 1
    fi
    if ! is_right "$part" "$sum"; then
        rm -f "$part"
        echo "fetch-fashion-mnist: $url/$name: md5 is not the published $sum; nothing kept" >&2
        exit 1
    fi
    mv "$part" "$folder/$name"
    echo "$folder/$name: fetched"
done <<<"$sums"
