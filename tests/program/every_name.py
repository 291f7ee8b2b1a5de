"""Makes run files in which every component stands, and their data, for every_name.sh. A name of `dnn-mpi list` that is here in no run file, or that
the resolved run.yaml of its run does not have, is a failure: a new component needs a way to be used in this file, most of them none beside its name.
Usage: every_name.py make FOLDER < output of `dnn-mpi list` | check FOLDER < the same"""
import gzip
import os
import re
import struct
import sys

BLOBS = "{blobs: {n_samples: 36, centers: 2, n_features: 16, random_state: 5}}"  # 3 steps of 12 rows
DENSE = "{dense: {units: 2, activation: softmax}}"

# What a name needs beside itself; of the others the bare name will do.
ARGUMENTS = {
    ("initializers", "constant"): "{constant: 0.1}", ("activations", "threshold"): "{threshold: {threshold: 0.1, default_value: 0}}",
    ("layers", "reshape"): "{reshape: {target_shape: [8, 4]}}", ("layers", "dense"): "{dense: {units: 3}}", ("layers", "activation"): "{activation: tanh}",
    ("layers", "dropout"): "{dropout: 0.2}", ("layers", "alpha_dropout"): "{alpha_dropout: 0.2}", ("layers", "gaussian_noise"): "{gaussian_noise: 0.1}",
    ("layers", "gaussian_dropout"): "{gaussian_dropout: 0.2}", ("layers", "rescaling"): "{rescaling: {scale: 0.5}}",
    ("layers", "activity_regularization"): "{activity_regularization: {l2: 0.01}}", ("layers", "conv2d"): "{conv2d: {filters: 2, kernel_size: 2}}",
    ("layers", "random_translation"): "{random_translation: {height_factor: 0.2, width_factor: 0.2}}", ("layers", "random_rotation"): "{random_rotation: 0.1}",
    ("layers", "random_zoom"): "{random_zoom: 0.2}",
    ("layers", "permute"): "{permute: {dims: [3, 1, 2]}}", ("layers", "repeat_vector"): "{repeat_vector: {n: 2}}",
    ("layers", "conv1d"): "{conv1d: {filters: 2, kernel_size: 3, padding: causal}}", ("layers", "group_normalization"): "{group_normalization: {groups: 2}}",
    ("layers", "conv1d_transpose"): "{conv1d_transpose: {filters: 2, kernel_size: 2}}",
    ("layers", "conv2d_transpose"): "{conv2d_transpose: {filters: 2, kernel_size: 3, strides: 2, padding: same}}",
    ("layers", "depthwise_conv1d"): "{depthwise_conv1d: {kernel_size: 2}}", ("layers", "depthwise_conv2d"): "{depthwise_conv2d: {kernel_size: 2}}",
    ("layers", "separable_conv1d"): "{separable_conv1d: {filters: 2, kernel_size: 2}}",
    ("layers", "separable_conv2d"): "{separable_conv2d: {filters: 2, kernel_size: 2}}",
    ("layers", "embedding"): "{embedding: {input_dim: 2, output_dim: 3}}",
    ("layers", "cropping3d"): "{cropping3d: {cropping: [[0, 1], 0, 1]}}",
    ("metrics", "top_k_categorical_accuracy"): "{top_k_categorical_accuracy: 1}",
    ("metrics", "sparse_top_k_categorical_accuracy"): "{sparse_top_k_categorical_accuracy: 1}",
    ("metrics", "precision_at_recall"): "{precision_at_recall: {recall: 0.5}}", ("metrics", "recall_at_precision"): "{recall_at_precision: {precision: 0.5}}",
    ("metrics", "sensitivity_at_specificity"): "{sensitivity_at_specificity: {specificity: 0.5}}",
    ("metrics", "specificity_at_sensitivity"): "{specificity_at_sensitivity: {sensitivity: 0.5}}",
    ("metrics", "iou"): "{iou: {num_classes: 2, target_class_ids: [0]}}", ("metrics", "mean_iou"): "{mean_iou: {num_classes: 2}}",
    ("metrics", "one_hot_iou"): "{one_hot_iou: {num_classes: 2, target_class_ids: [0]}}",
    ("metrics", "one_hot_mean_iou"): "{one_hot_mean_iou: {num_classes: 2}}",
    ("scalers", "divide"): "{divide: 2}",
    ("schedules", "constant"): "{constant: 0.01}",
    ("schedules", "exponential_decay"): "{exponential_decay: {initial_learning_rate: 0.01, decay_steps: 2, decay_rate: 0.5}}",
    ("schedules", "inverse_time_decay"): "{inverse_time_decay: {initial_learning_rate: 0.01, decay_steps: 2, decay_rate: 0.5}}",
    ("schedules", "piecewise_constant_decay"): "{piecewise_constant_decay: {boundaries: [1], values: [0.01, 0.001]}}",
    ("schedules", "polynomial_decay"): "{polynomial_decay: {initial_learning_rate: 0.01, decay_steps: 3}}",
    ("schedules", "cosine_decay"): "{cosine_decay: {initial_learning_rate: 0.01, decay_steps: 3}}",
    ("schedules", "cosine_decay_restarts"): "{cosine_decay_restarts: {initial_learning_rate: 0.01, first_decay_steps: 2}}",
    ("schedules", "power"): "{power: {initial_learning_rate: 0.01, decay_steps: 2}}",
    ("schedules", "one_cycle"): "{one_cycle: {max_rate: 0.01, cycle_momentum: true}}",
    ("schedules", "warmup"): "{warmup: {steps: 2, of: 0.01}}", ("schedules", "scale_with_batch"): "{scale_with_batch: {of: 0.01}}",
    ("callbacks", "early_stopping"): "{early_stopping: {monitor: loss, patience: 1}}", ("callbacks", "model_checkpoint"): "{model_checkpoint: {monitor: loss}}",
    ("callbacks", "reduce_lr_on_plateau"): "{reduce_lr_on_plateau: {monitor: loss}}", ("callbacks", "exec"): "{exec: {on: epoch_end, command: 'true'}}",
    ("callbacks", "tensorboard"): "{tensorboard: {histogram_freq: 1, gradients: true}}",
    ("callbacks", "learning_rate_scheduler"): "{learning_rate_scheduler: {epochs: {0: 0.01}}}",
}
MERGES = ("concatenate", "add", "subtract", "multiply", "average", "maximum", "minimum")
FORMS = {"1d": "line", "1d_transpose": "line", "3d": "volume", "vector": "x", "embedding": "shares"}  # what layers whose name ends so want in place of an image
MOVE_RATES = ("reduce_lr_on_plateau", "learning_rate_scheduler", "learning_rate_range_test")


def wants_rows(name):
    """A loss or metric that wants an output of a unit for each class."""
    return "categorical" in name or name.startswith("one_hot") or name.endswith("_correlation") or name == "confusion_matrix"


def takes_numbers(name):
    """And of classes, not one-hot rows."""
    return name.startswith("sparse_") or name == "categorical_generalized_cross_entropy"


def spell(kind, name):
    return ARGUMENTS.get((kind, name), name)


def run(layers, training="", source=BLOBS, data="", model="", loss="loss: sparse_categorical_crossentropy", epochs="epochs: 1"):
    return ("seed: 3\ndata: {source: %s%s}\nmodel:\n  layers:\n%s%s\ntraining: {%s, batch_size: 12, %s%s}\n"
            % (source, data, "".join("    - %s\n" % layer for layer in layers), model, loss, epochs, training))


def with_inputs(text, inputs, name):
    """A layer as spelled, with its inputs and a name of its own."""
    kind, _, rest = text.strip("{}").partition(": ")
    if not text.startswith("{"):
        kind, rest = text, ""
    if rest and not rest.startswith("{"):
        first = {"dropout": "rate", "alpha_dropout": "rate", "gaussian_dropout": "rate", "gaussian_noise": "stddev", "activation": "activation",
                 "random_rotation": "factor", "random_zoom": "height_factor"}[kind]
        rest = "{%s: %s}" % (first, rest)
    inner = rest[1:-1] if rest.endswith("}") else rest[1:]
    return "{%s: {%s%sinputs: %s, name: %s}}" % (kind, inner, ", " if inner else "", inputs, name)


def branches(kind, names, key):
    layers = ["{dense: {units: 16, inputs: x, name: %s_, %s: %s}}" % (name, key, spell(kind, name)) for name in names]
    return run(layers + ["{concatenate: {inputs: [%s]}}" % ", ".join(name + "_" for name in names + [names[0]][:len(names) == 1]), DENSE], model="  inputs: {x: [16]}\n")


def of_layers(names):
    layers, ends = ["{reshape: {target_shape: [4, 4, 1], inputs: x, name: image}}", "{conv2d: {filters: 2, kernel_size: 2, padding: same, inputs: image, name: below}}",
                    "{conv2d: {filters: 2, kernel_size: 1, inputs: image, name: beside}}",
                    "{reshape: {target_shape: [8, 4], inputs: below, name: line}}", "{reshape: {target_shape: [2, 2, 4, 2], inputs: below, name: volume}}",
                    "{activation: {activation: sigmoid, inputs: x, name: shares}}"], []
    for name in names:
        if name == "input":
            continue
        form = next((FORMS[end] for end in FORMS if name.endswith(end)), "below")
        layers += [with_inputs(spell("layers", name), "[below, beside]" if name in MERGES else form, name + "_"),
                   "{flatten: {inputs: %s_, name: %s_flat}}" % (name, name)]
        ends.append(name + "_flat")
    first = ["{input: {shape: [16], name: x}}"]
    return run(first + layers + ["{concatenate: {inputs: [%s], name: all}}" % ", ".join(ends), DENSE])


def of_losses(names):
    layers = ["{dense: {units: 4, inputs: x, name: below}}"]
    layers += ["{dense: {units: %d, activation: %s, inputs: below, name: %s_}}" % ((2, "softmax", name) if wants_rows(name) else (1, "sigmoid", name)) for name in names]
    return run(layers, model="  inputs: {x: [16]}\n  outputs: [%s]\n" % ", ".join(name + "_" for name in names),
               loss="loss: {%s}" % ", ".join("%s_: %s" % (name, name) for name in names))


def of_metrics(names):
    outputs = {"classes": [], "rows": [], "one": []}  # targets as numbers of classes, as one-hot rows, as one value
    for name in names:
        outputs["one" if not wants_rows(name) else "classes" if takes_numbers(name) else "rows"].append(spell("metrics", name))
    layers = ["{dense: {units: 4, inputs: x, name: below}}", "{dense: {units: 2, activation: softmax, inputs: below, name: classes}}",
              "{dense: {units: 2, activation: softmax, inputs: below, name: rows}}", "{dense: {units: 1, activation: sigmoid, inputs: below, name: one}}"]
    return run(layers, model="  inputs: {x: [16]}\n  outputs: [classes, rows, one]\n",
               loss="loss: {classes: sparse_categorical_crossentropy, rows: categorical_crossentropy, one: binary_crossentropy}",
               training=", metrics: {%s}" % ", ".join("%s: [%s]" % (key, ", ".join(value)) for key, value in outputs.items()))


def of_phases(optimizers):
    return run(["{dense: {units: 4, activation: tanh}}", DENSE], epochs="phases: [%s]" % ", ".join("{epochs: 1, optimizer: %s}" % o for o in optimizers))


def write_idx(path, values, shape):
    with open(path, "wb") as f:
        f.write(bytes([0, 0, 8, len(shape)]) + struct.pack(">%dI" % len(shape), *shape) + bytes(values))


def sources(folder):
    """A run for each source, on made-up files where it reads some."""
    import h5py
    import numpy as np
    pixels = [(i * 37 + i // 16 * 11) % 256 for i in range(36 * 16)]
    labels = [i % 2 for i in range(36)]
    write_idx(folder + "/x.idx", pixels, (36, 4, 4))
    write_idx(folder + "/y.idx", labels, (36,))
    for name in ("mnist", "fashion_mnist"):
        os.mkdir("%s/%s" % (folder, name))
        for part in ("train", "t10k"):
            for what, values, shape in (("images-idx3", [(i * 31) % 256 for i in range(36 * 784)], (36, 28, 28)), ("labels-idx1", labels, (36,))):
                path = "%s/%s/%s-%s-ubyte" % (folder, name, part, what)
                write_idx(path, values, shape)
                with open(path, "rb") as plain, gzip.open(path + ".gz", "wb") as packed:
                    packed.write(plain.read())
                os.remove(path)
    with open(folder + "/table.csv", "w") as f:
        f.write("a,b,y\n" + "".join("%d,%g,%d\n" % (i % 7, i / 36, i % 2) for i in range(36)))
    with h5py.File(folder + "/data.h5", "w") as f:
        f["x"], f["y"] = np.reshape(pixels, (36, 16)).astype("f4"), np.array(labels, "i4")
    return {"mnist": "{mnist: {path: mnist}}", "fashion_mnist": "{fashion_mnist: {path: fashion_mnist}}", "idx": "{idx: {x: x.idx, y: y.idx}}",
            "csv": "{csv: {path: table.csv, target: y}}", "hdf5": "{hdf5: {path: data.h5, x: x, y: y}}",
            "moons": "{moons: {n_samples: 36}}", "circles": "{circles: {n_samples: 36}}", "blobs": "{blobs: {n_samples: 36, centers: 2}}",
            "regression": "{regression: {n_samples: 36, n_features: 4}}", "glyphs": "{glyphs: {train: 36, test: 12}}"}


def runs(names, folder):
    """Name of a run -> (text, kind, names it uses)."""
    made = {}
    for name in names["sources"]:
        text = sources.texts.get(name)
        if text is None:
            sys.exit("every_name.py: give source %s in sources() a way to be used" % name)
        last = ("{dense: 1}", "loss: mse") if name == "regression" else ("{dense: {units: 10, activation: softmax}}", "loss: sparse_categorical_crossentropy")
        made["source-" + name] = (run(["flatten", last[0]], source=text, loss=last[1]), "sources", [name])
    for name in names["scalers"]:
        made["scaler-" + name] = (run([DENSE], data=", scale: {features: %s}" % spell("scalers", name)), "scalers", [name])
    for name in names["presets"]:
        made["preset-" + name] = (run(["{dense: {units: 4}}", DENSE], data=", split: {validation: 6}") + "preset: %s\n" % name, "presets", [name])
    for kind, key in (("activations", "activation"), ("initializers", "kernel_initializer"), ("regularizers", "kernel_regularizer")):
        made[kind] = (branches(kind, names[kind], key), kind, names[kind])
    radial = [name for name in names["constraints"] if name == "radial_constraint"]
    others = [name for name in names["constraints"] if name not in radial]
    made["constraints"] = (branches("constraints", others, "kernel_constraint"), "constraints", others)
    made["radial"] = (run(["{reshape: {target_shape: [4, 4, 1]}}", "{conv2d: {filters: 2, kernel_size: 3, kernel_constraint: radial_constraint}}", "flatten", DENSE]),
                      "constraints", radial)
    made["layers"] = (of_layers(names["layers"]), "layers", names["layers"])
    for i in range(0, len(names["losses"]), 8):  # as many outputs as a network may have
        made["losses-%d" % i] = (of_losses(names["losses"][i:i + 8]), "losses", names["losses"][i:i + 8])
    own = [name for name in names["metrics"] if name not in names["losses"]]
    for group in (own[:len(own) // 2], own[len(own) // 2:], names["losses"]):  # 32 values may be reported
        made["metrics-" + group[0]] = (of_metrics(group), "metrics", group)
    made["optimizers"] = (of_phases(names["optimizers"]), "optimizers", names["optimizers"])
    made["schedules"] = (of_phases(["{sgd: {learning_rate: %s}}" % spell("schedules", name) for name in names["schedules"]]), "schedules", names["schedules"])
    together = [name for name in names["callbacks"] if name not in MOVE_RATES]
    for group in [together] + [[name] for name in names["callbacks"] if name in MOVE_RATES]:
        made["callbacks-" + group[0]] = (run([DENSE], training=", callbacks: [%s]" % ", ".join(spell("callbacks", name) for name in group)), "callbacks", group)
    return made


def listed(text):
    kinds = {}
    for line in text[text.index("Components"):].splitlines()[1:]:
        found = re.fullmatch(r"  ([a-z]+) +([a-z].*)", line)
        if found:
            kinds[found[1]] = found[2].split()
    return kinds


def main(task, folder):
    names = listed(sys.stdin.read())
    sources.texts = sources(folder) if task == "make" else dict.fromkeys(names["sources"], "")
    made = runs(names, folder)
    used = {(kind, name) for _, kind, group in made.values() for name in group}
    missing = [(kind, name) for kind in names for name in names[kind] if (kind, name) not in used]
    if missing:
        sys.exit("every_name.py: no run file uses %s" % ", ".join("%s of the %s" % (name, kind) for kind, name in missing))
    for stem, (text, kind, group) in made.items():
        if task == "make":
            with open("%s/%s.yaml" % (folder, stem), "w") as f:
                f.write("output: %s\n%s" % (stem, text))
            continue
        with open("%s/%s/run.yaml" % (folder, stem)) as f:
            resolved = f.read()
        for name in group:  # as a word, and not only as the name or input of a layer, which end in _
            if kind != "presets" and not re.search(r"(?<![\w.-])%s(?![\w.-])" % name, resolved):
                sys.exit("%s/run.yaml does not have %s of the %s" % (stem, name, kind))
    print("%d names of %d kinds in %d run files" % (len(used), len(names), len(made)))


main(*sys.argv[1:])
