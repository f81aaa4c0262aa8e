"""`python -m tests.e2e.rpc URL DEPLOYMENT ABIS`: every step of the story, against a fresh deployment.

URL is a development node's JSON-RPC, DEPLOYMENT the file with the contracts' addresses, ABIS a folder with a
`<contract>.json` for each.
"""

import sys
from pathlib import Path

from tests.e2e.rpc.stage import Stage
from tests.e2e.rpc.story import STEPS


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    url, deployment, abis = sys.argv[1:]
    stage = Stage.of(url, Path(deployment), Path(abis))
    for step in STEPS:
        step(stage)
        print(f"{step.__name__.replace('_', ' ')}: {step.__doc__}", flush=True)


if __name__ == "__main__":
    main()
