"""Holds a model file of ours against the file of the same model that Keras wrote: the same groups, attributes, names, shapes, types and
values, and a description that says nothing Keras would not say. Usage: check_layout.py KERAS.h5 OURS.h5. Prints what differs."""
import json
import sys

import h5py
import numpy as np

# Keys of ours that Keras reads under another name.
RENAMED = {"batch_input_shape": "batch_shape"}
# Attributes of the root that need not be equal: a version and a backend are named, and JSON is compared by content.
ROOT = {"backend", "keras_version", "model_config", "training_config"}

problems = []


def differ(what, keras, ours):
    problems.append(f"{what}: Keras {keras!r}, ours {ours!r}")


def texts(value):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in np.ravel(value)]


def tree(file):
    found = {}
    file.visititems(lambda name, item: found.__setitem__(name, item))
    return {name: item for name, item in found.items() if name.split("/")[0] != "dnn_mpi"}


def compare_attributes(name, keras, ours):
    if set(keras) != set(ours):
        differ(f"{name}: attributes", sorted(keras), sorted(ours))
    for key in set(keras) & set(ours):
        if key in ("layer_names", "weight_names"):
            if texts(keras[key]) != texts(ours[key]):
                differ(f"{name}@{key}", texts(keras[key]), texts(ours[key]))
            if np.size(keras[key]) == 0 and (ours[key].shape != (0,) or ours[key].dtype != np.float64):
                differ(f"{name}@{key}: empty", (keras[key].shape, keras[key].dtype), (ours[key].shape, ours[key].dtype))
        elif key in ("backend", "keras_version") and np.shape(ours[key]) != ():
            differ(f"{name}@{key}: shape", (), np.shape(ours[key]))


def compare_objects(keras, ours):
    a, b = tree(keras), tree(ours)
    if set(a) != set(b):
        differ("objects", sorted(set(a) - set(b)), sorted(set(b) - set(a)))
    for name in sorted(set(a) & set(b)):
        if isinstance(a[name], h5py.Dataset) != isinstance(b[name], h5py.Dataset):
            differ(f"{name}: kind", type(a[name]), type(b[name]))
            continue
        compare_attributes(name, a[name].attrs, b[name].attrs)
        if isinstance(a[name], h5py.Dataset):
            if (a[name].shape, a[name].dtype) != (b[name].shape, b[name].dtype):
                differ(f"{name}: shape and type", (a[name].shape, a[name].dtype), (b[name].shape, b[name].dtype))
            elif a[name][()].tobytes() != b[name][()].tobytes():
                differ(f"{name}: values", a[name][()], b[name][()])


def compare_config(where, keras, ours):
    """What ours says must be what Keras says; it may leave keys out."""
    if isinstance(keras, dict) and isinstance(ours, dict):
        for key, value in ours.items():
            name = RENAMED.get(key, key)
            if name not in keras:
                differ(f"{where}.{key}", "no such key", value)
            elif name == "dtype":
                if value != "float32":
                    differ(f"{where}.dtype", "float32", value)
            elif name == "inbound_nodes":
                compare_nodes(f"{where}.{key}", keras[name], value)
            else:
                compare_config(f"{where}.{key}", keras[name], value)
    elif isinstance(keras, list) and isinstance(ours, list) and len(keras) == len(ours):
        for i, (a, b) in enumerate(zip(keras, ours)):
            compare_config(f"{where}[{i}]", a, b)
    elif isinstance(keras, float) and isinstance(ours, (int, float)):
        if np.float32(keras) != np.float32(ours):
            differ(where, keras, ours)
    elif keras != ours:
        differ(where, keras, ours)


def history(node):
    """The tensors that a node of Keras 3 names."""
    if isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            return [node["config"]["keras_history"]]
        return [t for value in node.values() for t in history(value)]
    return [t for value in node for t in history(value)] if isinstance(node, list) else []


def compare_nodes(where, keras, ours):
    a = history(keras)
    b = [tensor[:3] for node in ours for tensor in node]
    if a != b or any(tensor[3] != {} for node in ours for tensor in node):
        differ(where, a, ours)


def by_name(config):
    """Layers by name, inputs first: Keras may write the inputs of a Functional model in between."""
    layers = config["config"]["layers"]
    return {layer["config"]["name"]: layer for layer in layers}


def compare_models(keras, ours):
    if keras["class_name"] != ours["class_name"]:
        differ("class_name", keras["class_name"], ours["class_name"])
    a, b = by_name(keras), by_name(ours)
    if set(a) != set(b):
        differ("layers", sorted(a), sorted(b))
    for name in set(a) & set(b):
        compare_config(name, a[name], b[name])
    for key in ("input_layers", "output_layers"):
        if key in keras["config"]:
            x, y = keras["config"][key], ours["config"].get(key)
            if x != y:
                differ(key, x, y)


def main():
    with h5py.File(sys.argv[1], "r") as keras, h5py.File(sys.argv[2], "r") as ours:
        if ours.userblock_size != 512:
            differ("user block", 512, ours.userblock_size)
        if not ROOT <= set(ours.attrs):
            differ("root attributes", sorted(ROOT), sorted(ours.attrs))
        for key in ours.attrs:
            if not isinstance(ours.attrs[key], (str, bytes)) and np.shape(ours.attrs[key]) != ():
                differ(f"@{key}", "one string", ours.attrs[key])
        functional = json.loads(keras.attrs["model_config"])["class_name"] == "Functional"
        keras_layers = texts(keras["model_weights"].attrs["layer_names"])
        ours_layers = texts(ours["model_weights"].attrs["layer_names"])
        compare_objects(keras, ours)
        if functional and sorted(keras_layers) == sorted(ours_layers):
            # Only the order of layers with weights counts; inputs may stand elsewhere.
            problems[:] = [p for p in problems if not p.startswith("model_weights@layer_names")]
            def weighted(file, names):
                return [n for n in names if np.size(file["model_weights"][n].attrs["weight_names"])]
            if weighted(keras, keras_layers) != weighted(ours, ours_layers):
                differ("layers with weights", weighted(keras, keras_layers), weighted(ours, ours_layers))
        compare_models(*(json.loads(f.attrs["model_config"]) for f in (keras, ours)))
        training = [json.loads(f.attrs["training_config"]) for f in (keras, ours)]
        for key in ("loss", "loss_weights", "metrics", "optimizer_config"):
            if key not in training[1]:
                differ("training_config", key, "missing")
        compare_config("training_config", *training)
    print("\n".join(problems))
    return 1 if problems else 0


sys.exit(main())
