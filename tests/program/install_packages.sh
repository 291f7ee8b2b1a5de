#!/usr/bin/env bash
# The script that installs packages asks apt-get for just what is missing, for nothing where all is there, and shows what went wrong.
# apt-get and dpkg-query are ours here: `there` lists the installed packages, `asked` what apt-get was told.
# shellcheck source=tests/program/common.sh disable=SC2154
. "$(dirname "$0")/common.sh"

mkdir bin
cat >bin/dpkg-query <<'SH'
#!/bin/sh
for package; do :; done
grep -qx "$package" "$FOLDER/there" && printf installed
SH
cat >bin/apt-get <<'SH'
#!/bin/sh
echo "$*" >>"$FOLDER/asked"
case "$*" in *install*) if [ -e "$FOLDER/broken" ]; then echo "E: the mirror is gone"; exit 100; fi ;; esac
SH
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
chmod +x bin/*
export FOLDER=$folder PATH=$folder/bin:$PATH
install=$project/jobs/install-packages.sh

: >there
: >asked
expect_status 0 "$install"
expect_text "Installing Debian packages: gcc" out
expect_text "libopenblas-openmp-dev" asked
expect_no_text "libcmocka-dev" asked
expect_no_text "|" asked

expect_status 0 "$install" --tests
expect_text "libcmocka-dev" asked

# All there: not a word, not a call
grep install asked | tail -n 1 | tr ' ' '\n' | grep -E '^[a-z]' >there
: >asked
expect_status 0 "$install" --tests
[ ! -s asked ] || fail "apt-get was called though nothing is missing: $(cat asked)"
[ ! -s out ] || fail "something was said though nothing is missing: $(cat out)"

# The other build of OpenBLAS does as well
sed -i 's/libopenblas-openmp-dev/libopenblas-pthread-dev/' there
expect_status 0 "$install" --tests
[ ! -s asked ] || fail "a second OpenBLAS was installed"

# One missing: that one alone
sed -i '/^libfyaml-dev$/d' there
expect_status 0 "$install" --tests
expect_text "install libfyaml-dev" asked

touch broken
expect_status 1 "$install" --tests
expect_text "E: the mirror is gone" err
expect_text "could not install libfyaml-dev" err

expect_status 2 "$install" --unknown
