"""Makes data that are wrong, each file in one way. Usage: wrong_data.py [hdf5] - without it, no HDF5 files."""
import gzip
import struct
import sys

FEATURES = [[((7 * i + 3 * j) % 11 - 5) / 4 for j in range(3)] for i in range(60)]
CLASSES = [int(sum(row) > 0) for row in FEATURES]
ROWS = ["%g,%g,%g,%d" % (*row, c) for row, c in zip(FEATURES, CLASSES)]


def write(name, content):
    with open(name, "wb") as f:
        f.write(content)


def idx(name, kind, shape, body):
    write(name, struct.pack(">I", 0x800 if kind == "u" else 0x900)[:3] + bytes([len(shape)])
          + b"".join(struct.pack(">I", d) for d in shape) + body)


def csv(name, rows, head="a,b,c,y"):
    write(name, ("\n".join([head] + rows) + "\n").encode())


def spoilt(name, line):
    """Line 12 of the file is `line`."""
    csv(name, ROWS[:10] + [line] + ROWS[11:])


images = bytes((37 * i) % 256 for i in range(960))
labels = bytes(i % 3 for i in range(60))
idx("x.idx", "u", (60, 4, 4), images)
idx("y.idx", "u", (60,), labels)
idx("fewer.idx", "u", (50,), labels[:50])
idx("negative.idx", "i", (60,), bytes([255]) + labels[1:])
idx("torn.idx", "u", (60, 4, 4), images[:500])
write("head.idx", struct.pack(">III", 0x0803, 60, 4))
write("magic.idx", b"\x01\x23" + struct.pack(">IIII", 0x0803, 60, 4, 4)[2:] + images)
idx("longer.idx", "u", (60, 4, 4), images + b"abc")
idx("huge.idx", "u", (0xffffffff,) * 3, images)
idx("none.idx", "u", (0, 4, 4), b"")

csv("good.csv", ROWS)
spoilt("text.csv", "0.5,abc,0.1,1")
spoilt("empty.csv", "0.5,,0.1,1")
spoilt("nan.csv", "0.5,nan,0.1,1")
spoilt("infinite.csv", "0.5,inf,0.1,1")
spoilt("few.csv", "0.5,0.1,1")
spoilt("many.csv", "0.5,0.1,0.2,0.3,1")
spoilt("quote.csv", '0.5,"0.1,0.2,1')
spoilt("seven.csv", "0.5,0.1,0.2,7")
spoilt("minus.csv", "0.5,0.1,0.2,-1")
csv("twice.csv", ROWS, "a,b,a,y")
csv("norows.csv", [])
write("nothing.csv", b"")
write("zeros.csv", b"a,b\n\0\0\n")
packed = gzip.compress(("\n".join(["a,b,c,y"] + ROWS) + "\n").encode())
write("torn.csv.gz", packed[:len(packed) // 2])
csv("split.csv", ["train,0", "train,1", "valid,2", "test,999"], "subset,row")
csv("parts.csv", ["train,0", "trian,1"], "subset,row")

if sys.argv[1:] == ["hdf5"]:
    import h5py
    import numpy as np
    x = np.array(FEATURES, "f4")
    with h5py.File("good.h5", "w") as f:
        f["x"], f["y"], f["fewer"] = x, CLASSES, CLASSES[:50]
        f["words"] = np.array([b"a"] * 60)
        f["group/x"] = x
        f["scalar"] = 1.0
        x[13, 1] = np.nan
        f["nan"] = x
    with open("good.h5", "rb") as f:
        whole = f.read()
    write("torn.h5", whole[:len(whole) // 2])
    write("text.h5", b"this is text\n" * 99)
