"""Puts Keras's arrays into an HDF5 source, or compares steps.csv with Keras's losses.

golden_training.py data NPZ OUT.h5
golden_training.py compare NPZ NAME STEPS.csv   (NAME: loss32, the losses that Keras in float32 had)"""
import csv
import sys

import h5py
import numpy


def data(npz, out):
    arrays = numpy.load(npz)
    with h5py.File(out, "w") as f:
        f["x"] = arrays["x0"]
        f["y"] = arrays["t"]


def compare(npz, name, steps):
    expected = numpy.load(npz)[name]
    with open(steps) as f:
        got = [float(row["loss"]) for row in csv.DictReader(f)][:len(expected)]
    if len(got) < len(expected):
        sys.exit(f"{steps}: {len(got)} steps, Keras has {len(expected)}")
    worst = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(got, expected))
    print(f"{len(expected)} steps, worst difference to Keras's losses {worst:.2e} of max(1, loss)")
    if not worst < 1e-5:
        sys.exit("\n".join(f"step {i + 1}: {a!r}, Keras {b!r}" for i, (a, b) in enumerate(zip(got, expected))))


{"data": data, "compare": compare}[sys.argv[1]](*sys.argv[2:])
