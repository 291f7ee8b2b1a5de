#!/usr/bin/env bash
# Installs what the tests need, builds with warnings as errors in build-tests/ and runs every test.
#
#   ./tests/run.sh                all of them
#   ./tests/run.sh -R '^io/'      those of a room; options are ctest's
#
# Ends with ctest's summary, and with a failure where a test failed or none was found.
set -euo pipefail
cd "$(dirname "$0")/.."
. jobs/quietly.sh

./jobs/install-packages.sh --tests
quietly "Configuring build-tests" cmake -S . -B build-tests -G Ninja -DDNN_WERROR=ON -DBUILD_TESTING=ON
quietly "Building" cmake --build build-tests
exec ctest --test-dir build-tests --output-on-failure --no-tests=error --parallel "$(nproc)" "$@"
