"""Looks at README.md and docs/*.md as a reader would who tries what they say, for documents.sh.
Usage: documents.py look ROOT KEYS HELP    whether files, keys, commands and options that they name exist (KEYS: `dnn-mpi list run`,
                                           HELP: a folder with COMMAND for each `dnn-mpi COMMAND --help`)
       documents.py commands ROOT          the commands to run, one a line
       documents.py files ROOT FOLDER      the run files that they show, completed where they show a part, as FOLDER/NAME.yaml"""
import fnmatch
import os
import re
import sys

# Commands that are not run by documents.sh: beginning -> why.
ELSEWHERE = {
    "./jobs/quickstart.sh": "its run file: drawn_digits.sh", "./tests/run.sh": "this is within it", "./jobs/fetch-fashion-mnist.sh": "fetch_fashion_mnist.sh",
    "cc ": "plugins.sh", "dnn-mpi list --plugin scale_by.so": "plugins.sh", "mpicc ": "needs an installation",
    "dnn-mpi check run.yaml --gradients": "plugins.sh",
    "module ": "a cluster's", "export ": "a cluster's", "(cd ": "a cluster's", "cmake ": "tests/run.sh", "ctest ": "a cluster's, or takes minutes",
    "sbatch ": "batch_job.sh, campaign/slurm_chain.sh", "DNN_FAILPOINT=": "campaign/faults.sh",
    "dnn-mpi train jobs/runs/large-batch.yaml": "large_batch.sh", "mpirun -n 4 dnn-mpi train jobs/runs/large-batch.yaml": "large_batch.sh",
    "dnn-mpi check jobs/runs/large-batch.yaml": "large_batch.sh", "tests/campaign/": "a campaign", "build/tests/benchmark_": "takes minutes",
}
MINUTES = re.compile(r"(mpirun -n \d+ )?dnn-mpi bench( [B-E])?( --json)?$")  # all five networks, or a large one

# What the run files that are shown in part lack: (page, how manieth) -> more sections; None: runs elsewhere.
TRAIN = "training: {loss: %s, epochs: 1}\n"
PARTS = {
    ("README.md", 0): "",
    ("adding-a-component.md", 0): None,  # plugins.sh
    ("networks.md", 0): "output: run\n",
    ("networks.md", 1): "output: run\ndata: {source: {hdf5: {path: pairs.h5, x: {left: /left, right: /right}, y: /y}}}\n" + TRAIN % "binary_crossentropy",
    ("networks.md", 2): "output: run\ndata: {source: {glyphs: {train: 100, test: 50}}}\n" + TRAIN % "sparse_categorical_crossentropy",
    ("networks.md", 3): "output: run\ndata: {source: {csv: {path: prices.csv, target: price}}}\nmodel: {layers: [{dense: {units: 1}}]}\n",
}
# Names that look like a file or a key and are none of ours.
PLACEHOLDERS = {"model.save", "model.h5", "data.csv", "keras.models.load_model", "docs/examples"}


def pages(root):
    names = ["README.md"] + sorted("docs/" + name for name in os.listdir(root + "/docs") if name.endswith(".md"))
    return [(name, open(os.path.join(root, name), encoding="utf-8").read()) for name in names]


def blocks(text, language):
    return re.findall(r"^```%s\n(.*?)^```" % language, text, re.S | re.M)


def commands(text):
    """Of blocks of shell, and indented lines that begin with the program or the launcher."""
    lines = [line for block in blocks(text, "sh") for line in block.splitlines()]
    lines += [line[4:] for line in text.splitlines() if re.match(r"    (dnn-mpi |mpirun |DNN_\w+=)(?!.*: )", line)]
    return [re.sub(r"\s+#.*", "", line).strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def spans(text):
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def wrong_files(root, page, text):
    files = [os.path.relpath(os.path.join(at, name), root) for folder in ("src", "include", "tests", "jobs", "docs") for at, _, names in os.walk(os.path.join(root, folder))
             for name in names]
    folders = {os.path.dirname(name)[:i] for name in files for i in range(len(os.path.dirname(name)) + 1)}
    rooms = os.listdir(root + "/src")
    for link in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in link and not os.path.exists(os.path.join(root, os.path.dirname(page), link)):
            yield "links to %s, which is not there" % link
    for span in spans(text):
        word = span.split()[0]
        if not re.fullmatch(r"[\w./*-]+", word) or word in PLACEHOLDERS or "/" not in word:
            continue
        first = word.split("/")[0]
        if first in ("src", "tests", "jobs", "include", "docs"):
            wanted = [word]
        elif first in rooms:
            wanted = [folder + "/" + word + ending for folder in ("src", "include/dnn") for ending in ("", ".c", ".h")]
        else:
            continue
        if not any(fnmatch.fnmatch(name, one) for name in files for one in wanted) and not any(one.rstrip("/") in folders for one in wanted):
            yield "names %s, which is not there" % word


def wrong_keys(keys, text):
    for span in spans(text):
        found = re.match(r"~?((?:data|model|training|checkpoint|comm)\.[a-z_0-9.]+)", span)
        if not found or found[1] in PLACEHOLDERS or span[found.end():found.end() + 1] in ("/", "(", "*"):
            continue
        key = found[1].rstrip(".")
        parts = key.split(".")
        if not any(".".join(parts[:i]) in keys for i in range(2, len(parts) + 1)) and not any(known.startswith(key + ".") for known in keys):
            yield "names the key %s, which is not there" % key


def wrong_calls(help_folder, text):
    known = {name: open(os.path.join(help_folder, name), encoding="utf-8").read() for name in os.listdir(help_folder)}
    for span in spans(text) + commands(text):
        for command, rest in re.findall(r"dnn-mpi ([a-z-]+)([^;&|]*)", span):
            if command not in known and command != "help" and not command.startswith("-"):
                yield "names the command %s, which is not there" % command
            for option in re.findall(r" (--[a-z][a-z-]*)", rest) if command in known else []:
                if option + " " not in known[command] and option + "\n" not in known[command] and option != "--markdown":
                    yield "gives %s the option %s, which it does not have" % (command, option)


def look(root, keys_file, help_folder):
    keys = set(re.findall(r"^  ([a-z_0-9.]+) ", open(keys_file, encoding="utf-8").read(), re.M))
    wrong = []
    for page, text in pages(root):
        for finding in [*wrong_files(root, page, text), *wrong_keys(keys, text), *wrong_calls(help_folder, text)]:
            wrong.append("%s %s" % (page, finding))
    readme = dict(pages(root))["README.md"]
    wrong += ["README.md does not link to docs/%s" % name for name in sorted(os.listdir(root + "/docs")) if name.endswith(".md") and "(docs/%s)" % name not in readme]
    wrong += ["README.md has no line for the command %s" % name for name in sorted(os.listdir(help_folder)) if not re.search(r"^\| `%s\b" % name, readme, re.M)]
    if wrong:
        sys.exit("\n".join(wrong))


def next_steps(root):
    """What the quickstart tells people to try, with the run file of the quickstart."""
    text = open(root + "/jobs/quickstart.sh", encoding="utf-8").read()
    for line in re.search(r"<<'TEXT'\n(.*?)\nTEXT", text, re.S)[1].splitlines():
        line = re.sub(r"   .*", "", line.strip())
        if line.startswith("build/dnn-mpi"):
            yield line
        elif line.startswith("./jobs/quickstart.sh"):
            yield "dnn-mpi check %s/jobs/runs/quickstart.yaml%s" % (root, line[len("./jobs/quickstart.sh"):])


def print_commands(root):
    for page, text in pages(root):
        for line in commands(text):
            if MINUTES.fullmatch(line) or any(line.startswith(beginning) for beginning in ELSEWHERE):
                continue
            if "dnn-mpi" not in line.split("'")[0]:
                sys.exit("%s: no test runs '%s': see ELSEWHERE in documents.py" % (page, line))
            print(line.replace("RUN.yaml", "run.yaml"))
    print("\n".join(next_steps(root)))


def write_files(root, folder):
    for page, text in pages(root):
        for i, block in enumerate(blocks(text, "yaml")):
            key = (os.path.basename(page), i)
            if key not in PARTS:
                sys.exit("%s: no test reads its run file number %d: see PARTS in documents.py" % (page, i + 1))
            if PARTS[key] is not None:
                with open("%s/%s-%d.yaml" % (folder, key[0], i), "w", encoding="utf-8") as f:
                    f.write(PARTS[key] + block)


{"look": look, "commands": print_commands, "files": write_files}[sys.argv[1]](*sys.argv[2:])
