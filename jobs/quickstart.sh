#!/usr/bin/env bash
# From nothing to a trained network: installs packages, builds, trains on 2 ranks on digits drawn inside, and tests the result.
#
#   ./jobs/quickstart.sh                        about a minute, installation aside
#   ./jobs/quickstart.sh training.epochs=3      with keys of the run file changed
#
# Run as root, or with sudo at hand. RANKS=4 ./jobs/quickstart.sh trains on 4 ranks.
set -euo pipefail
cd "$(dirname "$0")/.."
. jobs/quietly.sh
. jobs/mpi-env.sh
ranks=${RANKS:-2}

./jobs/install-packages.sh
quietly "Configuring build" cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF
quietly "Building" cmake --build build

echo "Training jobs/runs/quickstart.yaml on $ranks ranks"
mpirun -q -n "$ranks" build/dnn-mpi train jobs/runs/quickstart.yaml --overwrite "$@" output=runs/quickstart

echo
echo "On images it has never seen:"
build/dnn-mpi evaluate runs/quickstart/model.h5 --part test

cat <<'TEXT'

The model is runs/quickstart/model.h5, in the HDF5 layout of Keras: keras.models.load_model opens it. The curves are in
runs/quickstart/history.csv. What to try next:

  build/dnn-mpi summary runs/quickstart/model.h5
  build/dnn-mpi predict runs/quickstart/model.h5 --out predictions.csv
  build/dnn-mpi list                                              everything a run file can say
  ./jobs/quickstart.sh model.layers.1.dense.units=100             a smaller network
  ./jobs/quickstart.sh 'model.layers=[flatten, {dense: {units: 10, activation: softmax}}]'   a linear one: 0.91
  ./jobs/quickstart.sh data.source.glyphs.distortion=1.5          worse handwriting
  ./jobs/fetch-fashion-mnist.sh && mpirun -n 4 build/dnn-mpi train jobs/runs/fashion-mnist.yaml
TEXT
if [ "$(id -u)" -eq 0 ]; then
    echo "As root, or with more ranks than cores, run '. jobs/mpi-env.sh' before mpirun."
fi
