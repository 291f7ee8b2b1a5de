"""What other programs make of exported models: a NumPy evaluator of ONNX graphs, written from the operators' definitions.

  export.py data FILE.h5                          inputs for the models of export.sh
  export.py onnx MODEL.onnx DATA.h5 X PREDICTED.h5 TOLERANCE [OPERATION …]
                                                  the checker passes, opset 13, the graph gives what predict gave where x is the data set X,
                                                  and has these operations; -OPERATION: has none of it
  export.py same A.h5 B.h5 TOLERANCE              two files of predictions
  export.py clean MODEL.h5 DTYPE                  a Keras file without anything of ours, weights of that type, statistics float32
"""
import math
import shlex
import sys

import h5py
import numpy as np

erf = np.vectorize(math.erf, otypes=[float])


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def windows(x, kernel, strides, pads, dilations, fill):
    """[n, c, places…, cells…] from [n, c, lengths…]"""
    axes = len(kernel)
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[i], pads[axes + i]) for i in range(axes)], constant_values=fill)
    out = [(x.shape[2 + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(axes)]
    y = np.empty(x.shape[:2] + tuple(out) + tuple(kernel))
    for at in np.ndindex(*kernel):
        first = [at[i] * dilations[i] for i in range(axes)]
        y[(Ellipsis,) + at] = x[(slice(None),) * 2 + tuple(slice(first[i], first[i] + strides[i] * out[i], strides[i]) for i in range(axes))]
    return y


def conv(x, w, b=0.0, *, strides, pads, dilations, group, kernel_shape):
    assert list(w.shape[2:]) == kernel_shape
    out, cells = "hw"[:len(kernel_shape)], "st"[:len(kernel_shape)]
    parts = []
    for x_part, w_part in zip(np.split(x, group, 1), np.split(w, group, 0)):
        parts.append(np.einsum("nc%s%s,oc%s->no%s" % (out, cells, cells, out), windows(x_part, kernel_shape, strides, pads, dilations, 0.0), w_part))
    return np.concatenate(parts, 1) + np.reshape(b, (1, -1) + (1,) * len(kernel_shape))


def conv_transpose(x, w, b=0.0, *, strides, pads, dilations, kernel_shape, output_padding):
    axes = len(kernel_shape)
    full = [strides[i] * (x.shape[2 + i] - 1) + (kernel_shape[i] - 1) * dilations[i] + 1 + output_padding[i] for i in range(axes)]
    y = np.zeros((x.shape[0], w.shape[1]) + tuple(full))
    for at in np.ndindex(*kernel_shape):
        first = [at[i] * dilations[i] for i in range(axes)]
        places = tuple(slice(first[i], first[i] + strides[i] * x.shape[2 + i], strides[i]) for i in range(axes))
        y[(slice(None),) * 2 + places] += np.einsum("nc...,co->no...", x, w[(slice(None),) * 2 + at])
    y = y[(slice(None),) * 2 + tuple(slice(pads[i], full[i] - pads[axes + i]) for i in range(axes))]
    return y + np.reshape(b, (1, -1) + (1,) * axes)


def max_pool(x, *, kernel_shape, strides, pads):
    return windows(x, kernel_shape, strides, pads, (1,) * len(kernel_shape), -np.inf).max(tuple(range(-len(kernel_shape), 0)))


def average_pool(x, *, kernel_shape, strides, pads):
    return np.nanmean(windows(x, kernel_shape, strides, pads, (1,) * len(kernel_shape), np.nan), tuple(range(-len(kernel_shape), 0)))


def cut(x, starts, ends, axes):
    places = [slice(None)] * x.ndim
    for start, end, axis in zip(starts, ends, axes):
        places[axis] = slice(start, end)
    return x[tuple(places)]


def resize(x, roi, scales, *, mode, coordinate_transformation_mode, nearest_mode=b""):
    for axis, scale in enumerate(scales):
        at, n = np.arange(int(x.shape[axis] * scale)), x.shape[axis]
        if mode == b"nearest":
            assert (coordinate_transformation_mode, nearest_mode) == (b"asymmetric", b"floor")
            x = x.take(np.floor(at / scale).astype(int), axis)
            continue
        assert (mode, coordinate_transformation_mode) == (b"linear", b"half_pixel")
        middle = (at + 0.5) / scale - 0.5
        low = np.floor(middle).astype(int)
        share = (middle - low).reshape([-1 if a == axis else 1 for a in range(x.ndim)])
        x = x.take(np.clip(low, 0, n - 1), axis) * (1 - share) + x.take(np.clip(low + 1, 0, n - 1), axis) * share
    return x


def reshape(x, shape):
    return x.reshape([x.shape[i] if d == 0 else d for i, d in enumerate(shape)])


def pad(x, pads):
    half = len(pads) // 2
    return np.pad(x, list(zip(pads[:half], pads[half:])))


def batch_norm(x, scale, shift, mean, variance, *, epsilon):
    rest = (1, -1) + (1,) * (x.ndim - 2)
    return (x - mean.reshape(rest)) / np.sqrt(variance.reshape(rest) + epsilon) * scale.reshape(rest) + shift.reshape(rest)


def expm1_below(x, slope):
    return np.where(x > 0, x, slope(np.minimum(x, 0)))


OPERATIONS = {
    "Reshape": reshape, "Conv": conv, "ConvTranspose": conv_transpose, "Gather": lambda x, at: x[at], "MaxPool": max_pool, "AveragePool": average_pool, "Pad": pad, "BatchNormalization": batch_norm,
    "Gemm": lambda a, b, c=0.0: a @ b + c, "MatMul": np.matmul,
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Max": np.maximum, "Min": np.minimum,
    "Where": np.where, "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal,
    "Abs": np.abs, "Neg": np.negative, "Sqrt": np.sqrt, "Exp": np.exp, "Tanh": np.tanh, "Erf": erf, "Identity": lambda x: x,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)), "Relu": lambda x: np.maximum(x, 0),
    "LeakyRelu": lambda x, alpha: np.where(x < 0, alpha * x, x), "PRelu": lambda x, slope: np.where(x < 0, slope * x, x),
    "ThresholdedRelu": lambda x, alpha: np.where(x > alpha, x, 0),
    "Elu": lambda x, alpha: expm1_below(x, lambda m: alpha * np.expm1(m)),
    "Celu": lambda x, alpha: expm1_below(x, lambda m: alpha * np.expm1(m / alpha)),
    "Selu": lambda x, alpha, gamma: gamma * expm1_below(x, lambda m: alpha * np.expm1(m)),
    "Softplus": lambda x: np.logaddexp(x, 0), "Softsign": lambda x: x / (1 + np.abs(x)),
    "HardSigmoid": lambda x, alpha, beta: np.clip(alpha * x + beta, 0, 1),
    "Softmax": lambda x, axis: softmax(x, axis), "LogSoftmax": lambda x, axis: np.log(softmax(x, axis)),
    "ReduceMean": lambda x, axes, keepdims: x.mean(tuple(axes), keepdims=bool(keepdims)),
    "ReduceMax": lambda x, axes, keepdims: x.max(tuple(axes), keepdims=bool(keepdims)),
    "ReduceSum": lambda x, axes, keepdims=1: x.sum(tuple(axes), keepdims=bool(keepdims)),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)), "Tile": np.tile, "Slice": cut, "Resize": resize, "Less": np.less, "Greater": np.greater,
    "Clip": lambda x, low=-np.inf, high=np.inf: np.clip(x, low, high),
    "Transpose": lambda x, perm: x.transpose(perm), "Concat": lambda *x, axis: np.concatenate(x, axis),
    "Cast": lambda x, to: x if to == 1 else np.trunc(x).astype(int) if to == 7 else sys.exit("a cast to something else"),
}


def evaluate(model, inputs):
    from onnx import helper, numpy_helper
    values = {k: v.astype(float) for k, v in inputs.items()}
    for t in model.graph.initializer:
        a = numpy_helper.to_array(t)
        values[t.name] = a if a.dtype.kind == "i" else a.astype(float)
    for node in model.graph.node:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = OPERATIONS[node.op_type](*[values[i] for i in node.input], **attributes)
    return {o.name: values[o.name] for o in model.graph.output}


def difference(a, b):
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.max(np.abs(a - b)))


def data(path):
    random = np.random.default_rng(3)
    with h5py.File(path, "w") as f:
        f["image"] = random.normal(size=(48, 9, 7, 4)).astype("f4")
        f["flat"] = random.normal(0.3, 1.5, size=(48, 6)).astype("f4")
        f["other"] = random.normal(size=(48, 6)).astype("f4")
        f["y"] = random.normal(size=(48, 3)).astype("f4")


def check_onnx(path, data_path, x, predicted, tolerance, *operations):
    import onnx
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)] and model.ir_version == 7
    there = {n.op_type for n in model.graph.node}
    for o in operations:
        assert (o[1:] not in there) if o[0] == "-" else (o in there), f"{path}: {o}: {sorted(there)}"
    with h5py.File(data_path) as f, h5py.File(predicted) as p:
        outputs = evaluate(model, {i.name: f[x if i.name == "x" else i.name][()] for i in model.graph.input})
        assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
        for name, y in outputs.items():
            want = p["y" if len(outputs) == 1 else name][()]
            d = difference(y.reshape(want.shape), want)
            assert np.std(want) > 1e-3, f"{path}: {name} is the same for all rows"
            print(f"{path}: {name}: {d:.2g} over {sorted(there)}")
            assert d <= tolerance * max(1.0, np.abs(want).max()), f"{path}: {name} differs by {d}"


def same(a, b, tolerance):
    with h5py.File(a) as f, h5py.File(b) as g:
        assert sorted(f) == sorted(g)
        for name in f:
            d = difference(f[name][()], g[name][()])
            assert d <= tolerance * max(1.0, np.abs(f[name][()]).max()), f"{a}, {b}: {name} differs by {d}"


def clean(path, dtype):
    with open(path, "rb") as f:
        assert f.read(8) == b"\x89HDF\r\n\x1a\n", "there is a user block"
    with h5py.File(path) as f:
        assert sorted(f) == ["model_weights"] and sorted(f.attrs) == ["backend", "keras_version", "model_config"], list(f)
        config = f.attrs["model_config"]
        assert "dnn_mpi" not in (config.decode() if isinstance(config, bytes) else config)
        arrays = []
        f["model_weights"].visititems(lambda name, o: arrays.append((name, o.dtype)) if isinstance(o, h5py.Dataset) else None)
        statistics = ("mean", "variance", "count")
        assert arrays and all(d == np.dtype("f4" if name.endswith(statistics) else dtype) for name, d in arrays), arrays


def look(command, *arguments):
    if command == "data":
        data(*arguments)
    elif command == "onnx":
        check_onnx(*arguments[:4], float(arguments[4]), *arguments[5:])
    elif command == "same":
        same(*arguments[:2], float(arguments[2]))
    else:
        clean(*arguments)


if __name__ == "__main__":
    for words in [shlex.split(line) for line in sys.stdin] if sys.argv[1:] == ["all"] else [sys.argv[1:]]:
        print(*words, flush=True)  # what was looked at last, where it is not as it should be
        look(*words)
