"""Makes the HDF5 file and the IDX files of data_kinds.sh from one table, and compares histories.
Usage: data_kinds.py make FOLDER | same A/history.csv B/history.csv TOLERANCE | below HISTORY COLUMN LIMIT | above HISTORY COLUMN LIMIT"""
import csv
import gzip
import math
import struct
import sys


def read(name):
    with open(name) as f:
        rows = list(csv.reader(f))
    return rows[0], [[float(v) for v in row] for row in rows[1:]]


def make(folder):
    import h5py
    import numpy as np
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (240, 6, 6), dtype=np.uint8)
    y = (x[:, :3].astype(int).sum((1, 2)) > x[:, 3:].astype(int).sum((1, 2))).astype(np.uint8) + (x[:, 0, 0] > 200)
    y = y.astype(np.uint8)
    np.savetxt(folder + "/table.csv", np.column_stack([x.reshape(240, 36), y]), "%d", ",",
               header=",".join("p%d" % i for i in range(36)) + ",y", comments="")
    parts = {"train": slice(0, 160), "validation": slice(160, 200), "test": slice(200, 240)}
    with h5py.File(folder + "/data.h5", "w") as f:
        for part, rows in parts.items():
            f[part + "/x"] = x[rows]
            f.create_dataset(part + "/y", data=y[rows].astype("i4"), chunks=(7,), compression="gzip")
            f[part + "/left"], f[part + "/right"] = x[rows, :, :2].astype("f8"), x[rows, :, 2:]
    for part, rows in parts.items():
        for letter, values, opener in (("x", x[rows], open), ("y", y[rows], gzip.open)):
            with opener("%s/%s.%s.idx%s" % (folder, part, letter, "" if opener is open else ".gz"), "wb") as f:
                f.write(bytes([0, 0, 8, values.ndim]) + struct.pack(">%dI" % values.ndim, *values.shape) + values.tobytes())


def main(task, *words):
    if task == "make":
        return make(words[0])
    head, rows = read(words[0])
    if task == "same":
        other, others = read(words[1])
        if head != other or len(rows) != len(others):
            sys.exit("%s and %s have other columns or other lines" % words[:2])
        for a, b in zip(rows, others):
            for key, u, v in zip(head, a, b):
                if key not in ("seconds", "samples_per_second") and not abs(u - v) <= float(words[2]) * max(abs(u), 1e-3):
                    sys.exit("%s and %s: epoch %d: %s is %r and %r" % (*words[:2], a[0], key, u, v))
    else:
        value, limit = rows[-1][head.index(words[1])], float(words[2])
        if not all(math.isfinite(v) for row in rows for v in row):
            sys.exit("%s: not finite" % words[0])
        if not (value < limit if task == "below" else value > limit):
            sys.exit("%s: %s is %r, should be %s %g" % (words[0], words[1], value, task, limit))


main(*sys.argv[1:])
