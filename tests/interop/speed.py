"""Times the verification of credential chains: this project's command beside keripy, on the same streams.

Needs Python 3.13, `pip install keri==1.2.12`, the official credential schemas (files with a SAID as `$id`),
and a release build.

    python tests/interop/speed.py --countersign target/release/countersign --schemas DIR \
        --root AID --geda AID --as-of 2026-06-01T00:00:00Z STREAM...

The runs take turns, so that what else the machine does falls on both, and ratios are taken turn by turn:

- `countersign`: the whole process, from its start to its exit, with its processor time;
- `keripy chain`: parsing and judging one chain in a process that has run before, stores already open;
- `keripy process`: the same in a process of its own (`--processes` of them; each takes seconds).
"""

import argparse
import logging
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROUNDS_MAX = 40
STALLS_MAX = 5


def drain(parser, stream, **takers):
    """Parses everything; a generator that no longer takes bytes is left."""
    left, stalls = len(stream), 0
    for _ in parser.allParsator(ims=stream, **takers):
        stalls = stalls + 1 if len(stream) == left else 0
        left = len(stream)
        if stalls == STALLS_MAX:
            return


def keripy_chain(stream, schemas):
    """Seconds in which keripy judges a chain in memory-backed stores; it must accept every credential."""
    from keri.app import habbing
    from keri.core import eventing, parsing, scheming
    from keri.vdr import eventing as veventing, verifying, viring

    expected = len(re.findall(rb'"v":"ACDC10JSON', stream))
    with habbing.openHby(name="speed", temp=True) as hby:
        reger = viring.Reger(name="speed", temp=True)
        try:
            for schema in schemas:
                schemer = scheming.Schemer(raw=schema)
                hby.db.schema.pin(schemer.said, schemer)
            kevery = eventing.Kevery(db=hby.db, lax=False, local=False)
            tevery = veventing.Tevery(reger=reger, db=hby.db, lax=False, local=False)
            verifier = verifying.Verifier(hby=hby, reger=reger)
            saved = lambda: sum(1 for _ in reger.saved.getItemIter())
            begin = time.perf_counter()
            drain(parsing.Parser(framed=True), bytearray(stream), kvy=kevery, tvy=tevery, vry=verifier)
            rounds = 0
            while saved() < expected and rounds < ROUNDS_MAX:
                kevery.processEscrows()
                tevery.processEscrows()
                verifier.processEscrows()
                rounds += 1
            took = time.perf_counter() - begin
            if saved() != expected:
                sys.exit(f"keripy accepted {saved()} of {expected} credentials")
            return took
        finally:
            reger.close(clear=True)


def process(command):
    """Wall and processor seconds of a command that must succeed."""
    begin = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - begin
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{command[0]} ended with status {child.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def told(seconds):
    values = [value * 1000 for value in seconds]
    return f"{min(values):9.2f} {statistics.median(values):9.2f}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--countersign")
    arguments.add_argument("--schemas", required=True, type=pathlib.Path)
    arguments.add_argument("--root")
    arguments.add_argument("--geda")
    arguments.add_argument("--as-of")
    arguments.add_argument("--runs", type=int, default=20)
    arguments.add_argument("--processes", type=int, default=3)
    arguments.add_argument("--once", action="store_true", help="only judge the stream with keripy")
    arguments.add_argument("streams", nargs="+", type=pathlib.Path)
    asked = arguments.parse_args()

    logging.disable(logging.CRITICAL)
    if pathlib.Path("/dev/shm").is_dir():
        # keripy's stores in memory: a disk's sync would be measured otherwise.
        from hio.base import filing
        from keri.app import keeping
        from keri.db import dbing

        for store in (filing.Filer, dbing.LMDBer, keeping.Keeper):
            store.TempHeadDir = "/dev/shm"
    schemas = [path.read_bytes() for path in sorted(asked.schemas.glob("*.json"))]
    if asked.once:
        for path in asked.streams:
            keripy_chain(path.read_bytes(), schemas)
        return
    trusted = ["--root", asked.root, "--geda", asked.geda, "--as-of", asked.as_of]
    print(f"{'ms':28} {'min':>9} {'median':>9}")
    for path in asked.streams:
        stream = path.read_bytes()
        ours = [asked.countersign, "credential", "verify", str(path), *trusted]
        theirs = [sys.executable, __file__, "--once", "--schemas", str(asked.schemas), str(path)]
        process(ours), keripy_chain(stream, schemas)
        walls, cpus, chains, whole = [], [], [], []
        for _ in range(asked.runs):
            wall, cpu = process(ours)
            walls.append(wall)
            cpus.append(cpu)
            chains.append(keripy_chain(stream, schemas))
        for _ in range(asked.processes):
            whole.append(process(theirs)[0])
        ratios = [chain / wall for chain, wall in zip(chains, walls)]
        print(f"{path.name:28}")
        print(f"{'  countersign':28} {told(walls)}")
        print(f"{'  countersign, cpu':28} {told(cpus)}")
        print(f"{'  keripy chain':28} {told(chains)}")
        if whole:
            print(f"{'  keripy process':28} {told(whole)}")
        print(f"  keripy chain / countersign: {min(chains) / min(walls):.1f} by minima, "
              f"{statistics.median(ratios):.1f} by median of turns")


if __name__ == "__main__":
    main()
