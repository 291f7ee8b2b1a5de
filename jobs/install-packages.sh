#!/usr/bin/env bash
# Installs the Debian (or Ubuntu) packages that dnn-mpi is built from. The one place that knows their names.
#
#   ./jobs/install-packages.sh            to build and run
#   ./jobs/install-packages.sh --tests    to test as well
#
# Run as root, or with sudo at hand. Says what it installs; does nothing where all is there. Without root, on a cluster, load
# the same libraries as modules instead: docs/building-on-a-cluster.md.
set -euo pipefail

# "a|b": either will do, and the first is installed where neither is there. Why these and not others: docs/libraries.md.
packages=(gcc libc6-dev cmake ninja-build pkg-config libopenmpi-dev openmpi-bin
    'libopenblas-openmp-dev|libopenblas-pthread-dev' libhdf5-dev libfyaml-dev libjansson-dev librandom123-dev
    zlib1g-dev libxxhash-dev libonnx-dev protobuf-c-compiler libprotobuf-c-dev)
case ${1:-} in
    '') ;;
    --tests) packages+=(libcmocka-dev python3-h5py python3-numpy python3-onnx 'curl|wget') ;;
    *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "install-packages: no Debian or Ubuntu; going on without installing. Needed are: ${packages[*]%%|*}" >&2
    exit 0
fi

missing=()
for choice in "${packages[@]}"; do
    found=
    for package in ${choice//|/ }; do
        if installed "$package"; then found=yes; fi
    done
    [ -n "$found" ] || missing+=("${choice%%|*}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=(env DEBIAN_FRONTEND=noninteractive)
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-packages: missing: ${missing[*]}" >&2
        echo "install-packages: neither root nor sudo; ask an administrator for: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo "${root[@]}")
fi

echo "Installing Debian packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Old package lists are no reason to stop: what is wrong with them shows in the installation.
"${root[@]}" apt-get -q update >"$log" 2>&1 || true
if ! "${root[@]}" apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "${missing[@]}" >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    echo "install-packages: apt-get could not install ${missing[*]}; its last lines are above" >&2
    exit 1
fi
