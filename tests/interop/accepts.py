"""Reads a CESR stream from stdin and prints, as JSON, what keripy accepts of it.

Arguments are credentials whose state in their registry is printed as well.

Needs Python 3.13 and `pip install keri==1.2.12`.
Credentials are left out: keripy asks for their official schemas, which are not part of this project.
"""

import json
import logging
import sys

from keri.app import habbing
from keri.core import eventing, parsing
from keri.vdr import eventing as veventing, viring

STALLS_MAX = 5
ROUNDS_MAX = 40


def drain(parser, stream, **takers):
    """Parses everything; a generator that no longer takes bytes is left."""
    steps = parser.allParsator(ims=stream, **takers)
    left, stalls = len(stream), 0
    for _ in steps:
        stalls = stalls + 1 if len(stream) == left else 0
        left = len(stream)
        if stalls == STALLS_MAX:
            return


def main():
    logging.disable(logging.CRITICAL)
    stream = bytearray(sys.stdin.buffer.read())
    with habbing.openHby(name="interop", temp=True) as hby:
        reger = viring.Reger(name="interop", temp=True)
        kevery = eventing.Kevery(db=hby.db, lax=False, local=False)
        tevery = veventing.Tevery(reger=reger, db=hby.db, lax=False, local=False)
        drain(parsing.Parser(framed=True), stream, kvy=kevery, tvy=tevery)
        seen = None
        for _ in range(ROUNDS_MAX):
            kevery.processEscrows()
            tevery.processEscrows()
            logs = {prefix: [kever.sn, kever.serder.said] for prefix, kever in hby.db.kevers.items()}
            found = (dict(logs), sorted(reger.tevers))
            if found == seen:
                break
            seen = found
        logs.pop(hby.signator.pre, None)
        states = {}
        for credential in sys.argv[1:]:
            for registry, tever in reger.tevers.items():
                state = tever.vcState(credential)
                if state is not None:
                    states[credential] = [registry, state.et, state.s]
        found = {"left": len(stream), "logs": logs, "registries": sorted(reger.tevers), "states": states}
        print(json.dumps(found))


if __name__ == "__main__":
    main()
