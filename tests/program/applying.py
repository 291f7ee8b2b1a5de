"""What evaluate and predict must give, computed from the model file by other means.
Usage: applying.py data | forward MODEL.h5 PREDICTED.{h5,csv} ROWS.csv FITTED_ON.csv | same A B [TOLERANCE] | json A B | history RUN A.json"""
import csv
import shlex
import json
import sys

import h5py
import numpy as np


def table(name):
    with open(name) as f:
        rows = list(csv.reader(f))
    return rows[0], np.array(rows[1:], float)


def predicted(name):
    if name.endswith(".csv"):
        head, values = table(name)
        return {h: values[:, i].astype("f4") for i, h in enumerate(head)}
    with h5py.File(name) as f:
        return {k: np.array(f[k])[:, 0] for k in f}


def data():
    rng = np.random.default_rng(5)
    for name, rows, shift in (("known.csv", 203, 0.0), ("new.csv", 57, 3.0)):
        x = rng.normal(size=(rows, 3)) * [1, 20, 300] + [shift, 5, -100]
        y = 1000 + 40 * x[:, 0] - 2 * x[:, 1] + 0.1 * x[:, 2] + rng.normal(size=rows)
        np.savetxt(name, np.column_stack([x, y]), "%.6f", ",", header="a,b,c,price", comments="")
    head, values = table("new.csv")
    np.savetxt("unlabelled.csv", values[:, :3], "%.6f", ",", header="a,b,c", comments="")


def forward(model, rows, fitted_on):
    """Standardized by mean and deviation (over n) of the rows fitted on; dense elu, dense linear; back to the units of the target."""
    known = table(fitted_on)[1]
    mean, sd = known.mean(0), known.std(0)
    h = (table(rows)[1][:, :3] - mean[:3]) / sd[:3]
    kernels = {}

    def take(name, item):
        if isinstance(item, h5py.Dataset):
            kernels["/".join(name.split("/")[-2:])] = np.array(item, float)
    with h5py.File(model) as f:
        f["model_weights"].visititems(take)
    h = h @ kernels["dense/kernel"] + kernels["dense/bias"]
    h = np.where(h > 0, h, np.expm1(h))
    return (h @ kernels["dense_1/kernel"] + kernels["dense_1/bias"])[:, 0] * sd[3] + mean[3]


def check(truth, what):
    if not truth:
        sys.exit(what)


def main(task, *words):
    if task == "data":
        data()
    elif task == "forward":
        model, name, rows, fitted_on = words
        want, have = forward(model, rows, fitted_on), predicted(name)["y"]
        check(want.shape == have.shape, "%s has %s rows, %s are expected" % (name, have.shape, want.shape))
        error = np.abs(want - have).max() / np.abs(want).max()
        check(error < 1e-5, "%s is off by %g, relative to the largest" % (name, error))
    elif task == "same":
        a, b = predicted(words[0]), predicted(words[1])
        tolerance = float(words[2]) if len(words) > 2 else 0
        check(sorted(a) == sorted(b), "columns %s and %s" % (sorted(a), sorted(b)))
        for key in a:
            error = np.abs(a[key] - b[key]).max() / (np.abs(a[key]).max() + 1e-300)
            check(error <= tolerance, "%s and %s differ in %s by %g" % (words[0], words[1], key, error))
    elif task == "json":
        a, b = (json.load(open(w)) for w in words)
        check(list(a) == list(b), "keys %s and %s" % (list(a), list(b)))
        check(all(abs(a[k] - b[k]) <= 1e-5 * abs(a[k]) for k in a), "%s and %s" % (a, b))
    elif task == "history":
        head, values = table(words[0] + "/history.csv")
        got = json.load(open(words[1]))
        for key in got:
            if key != "samples":
                want = values[-1][head.index("val_" + key)]
                check(abs(got[key] - want) <= 1e-6 * abs(want), "%s is %r, in the history %r" % (key, got[key], want))
    elif task == "mean":
        head, values = table(words[0])
        check(head == ["mean", "std"], "columns %s" % head)
        check((values[:, 1] > 0).all(), "passes that do not differ: dropout is not at work")
    elif task == "loss":
        results, model, rows, fitted_on = words
        got, known = json.load(open(results)), table(fitted_on)[1]
        error = (forward(model, rows, fitted_on) - table(rows)[1][:, 3]) / known.std(0)[3]
        check(got["samples"] == len(error), "%s samples" % got["samples"])
        check(abs(got["loss"] / np.mean(error ** 2) - 1) < 1e-4, "loss %g, expected %g" % (got["loss"], np.mean(error ** 2)))
        check(abs(got["mean_absolute_error"] / np.mean(abs(error)) - 1) < 1e-4, "mean_absolute_error")
    else:
        sys.exit("no task " + task)


for words in [shlex.split(line) for line in sys.stdin] if sys.argv[1:] == ["all"] else [sys.argv[1:]]:
    print(*words, flush=True)  # what was looked at last, where it is not as it should be
    main(*words)
