#!/usr/bin/env bash
# Fetches Fashion-MNIST (Xiao, Rasul and Vollgraf 2017; MIT license) from where it is published into data/fashion-mnist/ of this
# project, or FOLDER, and checks the published md5 sums. Files that are there already and right are not fetched again; a broken
# transfer goes on where it stopped.
#
#   ./jobs/fetch-fashion-mnist.sh [FOLDER]
#
# FASHION_MNIST_URL names another place that holds the four files, for machines without a way out.
set -euo pipefail
folder=${1:-$(cd "$(dirname "$0")/.." && pwd)/data/fashion-mnist}
# As the data set's README links them, and as its repository holds them
places="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"
places=${FASHION_MNIST_URL:-$places}

sums='8d4fb7e6c68d591d4c3dfef9ec88bf0d train-images-idx3-ubyte.gz
25c81989df183df01b3e8a0aad5dffbe train-labels-idx1-ubyte.gz
bef4ecab320f06d8554ea6380940ec79 t10k-images-idx3-ubyte.gz
bb300cfdad3c16e7a12a480ee83cd310 t10k-labels-idx1-ubyte.gz'

say() { echo "fetch-fashion-mnist: $*" >&2; }

transfer() { # URL FILE: goes on with FILE where it is begun
    if command -v curl >/dev/null; then
        curl -fL --retry 3 --connect-timeout 20 --no-progress-meter -C - -o "$2" "$1"
    elif command -v wget >/dev/null; then
        wget -nv --tries=3 --timeout=20 -c -O "$2" "$1"
    else
        say "needs curl or wget: apt-get install curl"
        return 1
    fi
}

is_right() { # FILE SUM
    [ -f "$1" ] && echo "$2  $1" | md5sum --status -c -
}

fetch_from() { # PLACE NAME SUM
    local url=${1%/}/$2 part=$folder/.$2.part
    if [ -s "$part" ]; then
        # Fails where the server cannot send the rest, or the part is of something else: then from the start.
        if transfer "$url" "$part" && is_right "$part" "$3"; then return; fi
        say "$2: cannot go on where the last transfer stopped, from the start"
        rm -f "$part"
    fi
    if ! transfer "$url" "$part"; then # what came so far stays for the next time
        say "cannot fetch $url"
        return 1
    fi
    is_right "$part" "$3" && return
    rm -f "$part"
    say "$url: md5 is not the published $3: not kept"
    return 1
}

fetch() { # NAME SUM: from the first place that gives it right
    local place
    for place in $places; do
        if fetch_from "$place" "$1" "$2"; then
            mv "$folder/.$1.part" "$folder/$1"
            return
        fi
    done
    say "$1 could not be fetched. Try again to go on, or name another place that has it:"
    say "FASHION_MNIST_URL=… $0 $folder"
    return 1
}

mkdir -p "$folder"
while read -r sum name; do
    if is_right "$folder/$name" "$sum"; then
        echo "$folder/$name: there"
        continue
    fi
    fetch "$name" "$sum"
    echo "$folder/$name: fetched"
done <<<"$sums"
