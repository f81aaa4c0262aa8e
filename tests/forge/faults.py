"""Show that the suites find faults: `python -m tests.forge.faults`; each fault of faults.toml into a copy, one verdict.

A fault is a change of the source's text. It is put into a copy of the contracts, what depends on the changed file is
compiled anew, and the suite that the fault names must fail on that bytecode, as it passes on ours.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

from chain.artifacts import artifact, ensure
from tests.forge.run import PROJECT, ROOT, WORK, Profile, bytecode, run

_PROFILE = Profile(runs=40, depth=300)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One change of one source file, and the suites of which one must notice it."""

    name: str
    file: str
    find: str
    replace: str
    suite: str


def main() -> int:
    """Seed each fault that the command line names; 1 if one of them went unnoticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--match", default="", help="a regular expression that names the faults, by default all")
    parser.add_argument("--contracts", type=Path, default=ROOT, help="the folder whose contracts/ the faults go into")
    chosen = parser.parse_args()
    listed = tomllib.loads((PROJECT / "faults.toml").read_text(encoding="utf-8"))["fault"]
    faults = [fault for fault in (Fault(**entry) for entry in listed) if re.search(chosen.match, fault.name)]
    start = time.monotonic()
    sound = bytecode(chosen.contracts)
    missed = [fault.name for fault in faults if not _is_found(fault, sound, chosen.contracts)]
    verdict = f"failed: unnoticed are {', '.join(missed)}" if missed else "passed"
    print(f"faults: {verdict}: {len(faults) - len(missed)} of {len(faults)} found, {time.monotonic() - start:.0f} s")
    return 1 if missed or not faults else 0


def _is_found(fault: Fault, sound: Path, root: Path) -> bool:
    outcomes = run(_faulty(fault, sound, root), _PROFILE, match=fault.suite, seed=_SEED, shrink_runs=0)
    reasons = [outcome.failure for outcome in outcomes if outcome.failure]
    said = reasons[0].splitlines()[0] if reasons else f"nothing in {sum(o.calls for o in outcomes):,} calls"
    print(f"{fault.name:<44} {'found' if reasons else 'MISSED':<7} {said}", flush=True)
    return bool(reasons)


def _faulty(fault: Fault, sound: Path, root: Path) -> Path:
    """The bytecode of the contracts with the fault in them.

    Raises:
        ValueError: the text to change is not there exactly once, or changing it changes no bytecode.
    """
    target = WORK / "bytecode" / f"fault-{fault.name}"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(sound, target)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(root / "contracts", copy / "contracts")
        source = (copy / fault.file).read_text(encoding="utf-8")
        if source.count(fault.find) != 1:
            raise ValueError(
                f"fault {fault.name}: {fault.find!r} occurs {source.count(fault.find)} times in {fault.file}, expected "
                "once; bring faults.toml up to date"
            )
        (copy / fault.file).write_text(source.replace(fault.find, fault.replace), encoding="utf-8")
        for path in _dependents(fault.file, root):
            made = artifact(copy / "contracts" / path.name, copy)
            (target / f"{path.stem}.hex").write_text(f"0x{made['bytecode']}")
    if all(path.read_bytes() == (sound / path.name).read_bytes() for path in target.glob("*.hex")):
        raise ValueError(f"fault {fault.name} changes no bytecode; bring faults.toml up to date")
    return target


def _dependents(file: str, root: Path) -> list[Path]:
    """The deployables that are made from a file, itself among them."""
    deployables = sorted((root / "contracts").glob("*.vy"))
    return [path for path in deployables if file in json.loads(ensure(path, root).read_bytes())["inputs"]]


if __name__ == "__main__":
    sys.exit(main())
