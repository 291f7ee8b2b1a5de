"""kills.py COUNT SEED PROGRAM MPIEXEC: what kills.sh says, in the present folder with its run.yaml."""
import csv, os, random, shutil, signal, subprocess, sys, time

count, seed, program, mpiexec = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
INTERVAL = 60  # steps between checkpoints, as run.yaml says
draw = random.Random(seed)


def start(ranks, output):
    """A training that goes on from whatever the folder holds, in a session of its own so that nothing of it can be missed."""
    return subprocess.Popen([mpiexec, "-q", "--oversubscribe", "-n", str(ranks), program, "train", "run.yaml", "--resume", "auto", "--quiet",
                             "output=" + output], stdout=subprocess.DEVNULL, stderr=open("err", "w"), start_new_session=True)


def ranks_of(launcher):
    """Process ids of the ranks, in order of rank."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
            if parent == launcher:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    for entry in f.read().split(b"\0"):
                        if entry.startswith(b"OMPI_COMM_WORLD_RANK="):
                            found[int(entry.split(b"=")[1])] = int(pid)
        except (OSError, IndexError, ValueError):
            pass
    return [found[r] for r in sorted(found)]


def wait_for_ghosts(session):
    """Ranks that outlive a killed mpirun end by themselves."""
    end = time.time() + 20
    while time.time() < end:
        left = [p for p in filter(str.isdigit, os.listdir("/proc")) if session_of(p) == session]
        if not left:
            return
        time.sleep(0.05)
    sys.exit(f"processes left 20 s after a kill: {left}")


def session_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[3]) if fields[0] != "Z" else None
    except (OSError, IndexError, ValueError):
        return None


def steps_done(output):
    try:
        with open(output + "/steps.csv") as f:
            return max((int(line.split(",")[0]) for line in f if line[:1].isdigit()), default=0)
    except OSError:
        return 0


def newest(output):
    names = sorted(os.listdir(output + "/checkpoints")) if os.path.isdir(output + "/checkpoints") else []
    steps = [int(n[5:-3]) for n in names if n.startswith("step-") and n.endswith(".h5")]
    return max(steps, default=0)


def course(output):
    with open(output + "/history.csv") as f:
        return [{k: v for k, v in row.items() if k not in ("seconds", "samples_per_second")} for row in csv.DictReader(f)]


def must(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


begin = time.time()
if start(1, "whole").wait() != 0:
    sys.exit("the undisturbed training fails: " + open("err").read())
length = time.time() - begin
print(f"undisturbed: {length:.1f} s, {len(course('whole'))} epochs", flush=True)

killed = courses = most_lost = 0
victims = {"mpirun": 0, "rank 0": 0, "another rank": 0}
while killed < count:
    output = "killed"
    shutil.rmtree(output, ignore_errors=True)
    while True:
        ranks = draw.choice([1, 2, 4])
        moment = draw.uniform(0.2, 0.6 * length)
        before = newest(output)
        training = start(ranks, output)
        try:
            status = training.wait(moment)
            if status != 0:
                sys.exit(f"going on at {ranks} ranks from step {before} ended with {status}: {open('err').read()}")
            break
        except subprocess.TimeoutExpired:
            pass
        pids = ranks_of(training.pid)
        which = draw.choice(["mpirun", "rank 0", "another rank"])
        victim = training.pid if which == "mpirun" or not pids else pids[0] if which == "rank 0" else pids[-1]
        done = steps_done(output)
        os.kill(victim, signal.SIGKILL)
        training.wait()
        wait_for_ghosts(training.pid)
        killed += 1
        victims[which] += 1
        lost = done - newest(output)
        most_lost = max(most_lost, lost)
        if lost > INTERVAL + 1:  # the save that was under way when the kill came
            if lost > 2 * INTERVAL:
                sys.exit(f"kill {killed} ({which} of {ranks}): {lost} steps lost, {INTERVAL} lie between checkpoints")
        if newest(output):
            must([program, "checkpoint", "verify", output])
    if course(output) != course("whole"):
        sys.exit(f"after {killed} kills: history.csv differs from that of the undisturbed training")
    different = must([program, "checkpoint", "diff", "whole/model.h5", output + "/model.h5"])
    if "Equal to the last bit." not in different:
        sys.exit("weights differ:\n" + different)
    courses += 1
print(f"{killed} kills ({', '.join(f'{n} of {w}' for w, n in victims.items())}) in {courses} trainings, all of which ended with the same weights and "
      f"history; {most_lost} steps lost at most, {INTERVAL} between checkpoints; {time.time() - begin:.0f} s")
