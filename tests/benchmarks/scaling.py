#!/usr/bin/env python3
"""Time of a step over several hosts, from what a step takes on one and what the network is good for (docs/scaling.md has the reasons).

    scaling.py predict             the tables of docs/scaling.md
    scaling.py check FILE          lines that benchmark_between_hosts printed, measured and predicted; status 1 where adding by teams was slower than
                                   MPI_Allreduce over all ranks of hosts with several each, a megabyte or more
"""
import json
import math
import sys

ADDING = 10e9                 # bytes a second at which one rank adds what came
HIDDEN = 2 / 3                # of an exchange that runs beside a backward pass as long as itself, as measured (docs/performance.md)
RECORD = 64                   # bytes a rank and step: losses, metrics, flags


def factors(teams):
    """Sizes of the groups in which teams meet (src/comm/hops.c)."""
    sizes = []
    while teams > 1:
        size = 4 if teams % 4 == 0 else next((f for f in range(2, math.isqrt(teams) + 1) if teams % f == 0), teams)
        sizes.append(size)
        teams //= size
    return sizes


def exchange(size, teams, start_up, rate):
    """Seconds until every team has the sum of `size` bytes of each: there in groups, adding, and back. Two swap all they have at once."""
    if teams == 1:
        return 0.0
    if teams == 2:
        return start_up + size / rate + size / ADDING
    travels = (teams - 1) / teams * size
    return 2 * len(factors(teams)) * start_up + 2 * travels / rate + travels / ADDING


def meeting(size, teams, start_up, rate):
    """Seconds until every team has `size` bytes of each: in as many rounds as doubling takes (Bruck)."""
    return math.ceil(math.log2(teams)) * start_up + (teams - 1) * size / rate if teams > 1 else 0.0


# One machine with four cores: ms of a step at 4 ranks and of its backward pass (docs/performance.md); bytes of the gradient; bytes of each meeting for
# the sums of a batch norm, forward and backward.
WORKLOADS = {
    'A': (0.16, 0.058, 1.07e6, []),
    'B': (0.92, 0.313, 1.08e6, [4800, 1600, 1600, 4800]),
    'C': (1.73, 0.77, 5.03e6, []),
    'D': (165.0, 101.5, 40.1e6, []),
    'E': (28.5, 17.4, 4.80e6, []),
}
NETWORKS = {'10 GbE, TCP': (25e-6, 1.1e9), '25 GbE, RoCE': (3e-6, 2.8e9), 'HDR InfiniBand': (1.5e-6, 23e9)}


def step(workload, teams, network, compression=False, overlap=False):
    """Milliseconds, every host with the batch that it has alone."""
    alone, backward, gradient, sums = WORKLOADS[workload]
    start_up, rate = NETWORKS[network]
    between = exchange(gradient / (2 if compression else 1), teams, start_up, rate) * 1e3
    if overlap:
        between -= min(HIDDEN * between, backward)
    return alone + between + sum(meeting(s, teams, start_up, rate) for s in sums + [4 * RECORD]) * 1e3


def predict():
    print('| network | hosts | ' + ' | '.join(WORKLOADS) + ' |\n| --- | --- |' + ' --- |' * len(WORKLOADS))
    print('| | 1 | ' + ' | '.join(f'{w[0]:g}' for w in WORKLOADS.values()) + ' |')
    for network in NETWORKS:
        for teams in (16, 256):
            cells = []
            for name, (alone, *_) in WORKLOADS.items():
                plain, best = step(name, teams, network), step(name, teams, network, compression=True, overlap=True)
                cells.append(f'{plain:.3g} ({alone / plain:.0%}); {best:.3g} ({alone / best:.0%})')
            print(f'| {network} | {teams} | ' + ' | '.join(cells) + ' |')


def check(path):
    """The network's figures of all lines, because those of one are noisy; best of the network counts."""
    lines = [json.loads(line) for line in open(path)]
    start_up, rate = min(l['start_up_us'] for l in lines) * 1e-6, max(l['gb_per_s'] for l in lines) * 1e9
    print(f'one way {start_up * 1e6:.0f} us, {rate / 1e6:.1f} MB/s\n')
    print('| hosts | ranks | KiB | by teams, ms: predicted | measured | bfloat16: predicted | measured | all ranks, MPI_Allreduce | times by teams |')
    print('| --- |' + ' --- |' * 8)
    slower = False
    for l in lines:
        plain, half = (exchange(l['bytes'] / part, l['hosts'], start_up, rate) * 1e3 for part in (1, 2))
        print(f"| {l['hosts']} | {l['ranks']} | {l['bytes'] // 1024} | {plain:.1f} | {l['teams_ms']:.1f} | {half:.1f} | {l['teams_bfloat16_ms']:.1f} "
              f"| {l['flat_ms']:.1f} | {l['flat_ms'] / l['teams_ms']:.1f} |")
        slower |= l['ranks'] > l['hosts'] and l['bytes'] >= 1 << 20 and l['teams_ms'] > l['flat_ms']
    return slower


if __name__ == '__main__':
    if sys.argv[1:] == ['predict']:
        predict()
    elif len(sys.argv) == 3 and sys.argv[1] == 'check':
        sys.exit(check(sys.argv[2]))
    else:
        sys.exit(__doc__)
