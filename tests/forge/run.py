"""Run the forge suites on the Vyper bytecode: `python -m tests.forge.run`; prints a table and a one-line verdict.

What counts is what forge counted itself: the calls of each action, and how many of them reverted.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.anchors.solidity import MODULES, solc_path
from chain.artifacts import ensure
from chain.deploy import git_commit

ROOT = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).resolve().parent
WORK = ROOT / "build" / "forge"

MAX_REVERT_RATE = 0.40


@dataclass(frozen=True, slots=True)
class Profile:
    """How much a campaign does: `runs` sequences of `depth` calls each."""

    runs: int
    depth: int


# snekmate's own invariant runs are 375 × 500 = 187,500 calls a contract
PROFILES = {
    "quick": Profile(runs=4, depth=100),
    "ci": Profile(runs=60, depth=500),
    "fuzz": Profile(runs=375, depth=500),
}


@dataclass(frozen=True, slots=True)
class Action:
    """What forge counted of one action of one suite."""

    name: str
    calls: int
    reverts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one campaign did, and why it failed if it did."""

    suite: str
    actions: tuple[Action, ...]
    failure: str | None

    @property
    def calls(self) -> int:
        """All calls of the campaign."""
        return sum(action.calls for action in self.actions)

    @property
    def reverts(self) -> int:
        """The calls that reverted."""
        return sum(action.reverts for action in self.actions)

    @property
    def complaints(self) -> Iterator[str]:
        """Why the campaign does not count as passed."""
        if self.failure:
            yield f"{self.suite}: {self.failure}"
        elif not self.calls:
            yield f"{self.suite}: nothing was called"
        elif self.reverts > MAX_REVERT_RATE * self.calls:
            yield f"{self.suite}: {self.reverts / self.calls:.0%} of its calls revert, above {MAX_REVERT_RATE:.0%}"
        # a campaign of thousands of calls in which one action never works tests less than it says
        elif self.calls > 1_000:
            for action in self.actions:
                if action.calls == action.reverts:
                    yield f"{self.suite}: {action.name} always reverts"


def main() -> int:
    """Run what the command line names; 1 if a suite failed, or tested less than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", choices=sorted(PROFILES), default="ci")
    parser.add_argument("--match", default=".*", help="a regular expression that names the suites")
    parser.add_argument("--path", default="suites/invariants/*", help="the files of the suites")
    parser.add_argument("--contracts", type=Path, default=ROOT, help="the folder whose contracts/ are tested")
    parser.add_argument("--seed", type=int, help="of the random calls; otherwise a new one, which is printed")
    parser.add_argument("--at-least", type=int, default=0, help="calls in all below which the run has failed")
    parser.add_argument("--json", type=Path, help="where to keep what was counted")
    chosen = parser.parse_args()
    start = time.monotonic()
    # other calls each time, but calls that can be made again
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    code = bytecode(chosen.contracts)
    outcomes = run(code, PROFILES[chosen.profile], match=chosen.match, path=chosen.path, seed=seed)
    print(f"profile {chosen.profile}, seed {seed}, commit {git_commit(ROOT)}")
    return report(outcomes, seconds=time.monotonic() - start, at_least=chosen.at_least, target=chosen.json)


def bytecode(root: Path) -> Path:
    """A folder with the creation code, in hexadecimal, of every deployable under `root`/contracts."""
    target = WORK / "bytecode" / root.resolve().as_posix().strip("/").replace("/", "-")
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted((root / "contracts").glob("*.vy")):
        made = json.loads(ensure(path, root).read_bytes())
        (target / f"{path.stem}.hex").write_text(f"0x{made['bytecode']}")
    return target


def run(
    code: Path,
    profile: Profile,
    *,
    match: str = ".*",
    path: str = "suites/**",
    seed: int,
    shrink_runs: int = 2_000,
) -> list[Outcome]:
    """Let forge call the contracts whose bytecode lies in `code`; one outcome a campaign.

    Raises:
        RuntimeError: forge did not get as far as running a suite, for it could not compile one or found none.
    """
    options = ["--json", "--match-contract", match, "--match-path", path, "--fuzz-seed", str(seed)]
    options += ["--threads", str(os.cpu_count() or 1)]
    forge = MODULES / "@foundry-rs" / "forge-linux-amd64" / "bin" / "forge"
    # forge would try failures that it kept before all else, also those of other bytecode
    with tempfile.TemporaryDirectory() as failures:
        done = subprocess.run(
            [str(forge), "test", *options],
            cwd=PROJECT,
            env={
                **os.environ,
                "FOUNDRY_SOLC": str(solc_path()),
                "FOUNDRY_INVARIANT_RUNS": str(profile.runs),
                "FOUNDRY_INVARIANT_DEPTH": str(profile.depth),
                "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": str(shrink_runs),
                "FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR": failures,
                "OPENLEDGER_BYTECODE": str(code),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        suites = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise RuntimeError(f"forge ran no suite:\n{done.stdout[-4000:]}{done.stderr[-4000:]}") from error
    if not suites:
        raise RuntimeError(f"forge found no suite for {match!r} in {path!r} under {PROJECT}; check the names")
    return [outcome for name, suite in sorted(suites.items()) for outcome in _outcomes(name, suite)]


def report(outcomes: list[Outcome], *, seconds: float, at_least: int = 0, target: Path | None = None) -> int:
    """Print each suite's actions and the verdict; the exit status."""
    print(f"{'suite and action':<48} {'calls':>9} {'reverts':>9} {'rate':>6}")
    for outcome in outcomes:
        print(_line(outcome.suite, outcome.calls, outcome.reverts))
        for action in outcome.actions:
            print(_line(f"  {action.name}", action.calls, action.reverts))
    calls, reverts = sum(outcome.calls for outcome in outcomes), sum(outcome.reverts for outcome in outcomes)
    complaints = [complaint for outcome in outcomes for complaint in outcome.complaints]
    if calls < at_least:
        complaints.append(f"{calls:,} calls, expected at least {at_least:,}")
    for complaint in complaints:
        print(f"- {complaint}")
    if target is not None:
        target.write_text(json.dumps([_plain(outcome) for outcome in outcomes], indent=1) + "\n")
    verdict = "failed" if complaints else "passed"
    share = f"{reverts / calls:.0%} reverted" if calls else "nothing was called"
    print(f"forge: {verdict}: {len(outcomes)} campaigns, {calls:,} calls, {share}, {seconds:.0f} s")
    return 1 if complaints else 0


def _line(name: str, calls: int, reverts: int) -> str:
    return f"{name:<48} {calls:>9,} {reverts:>9,} {reverts / calls if calls else 0.0:>6.0%}"


def _plain(outcome: Outcome) -> dict[str, Any]:
    actions = {action.name: {"calls": action.calls, "reverts": action.reverts} for action in outcome.actions}
    return {"suite": outcome.suite, "calls": outcome.calls, "reverts": outcome.reverts, "actions": actions}


def _outcomes(name: str, suite: dict[str, Any]) -> Iterator[Outcome]:
    title = name.rpartition(":")[2]
    for test, result in sorted(suite["test_results"].items()):
        kind = result["kind"].get("Invariant")
        metrics = kind["metrics"] if kind else {}
        actions = tuple(
            Action(action.rpartition(".")[2], counted["calls"], counted["reverts"])
            for action, counted in sorted(metrics.items())
        )
        failure = None if result["status"] == "Success" else _failure(test, result)
        yield Outcome(title, actions, failure)


def _failure(test: str, result: dict[str, Any]) -> str:
    example = result.get("counterexample") or {}
    calls = example.get("Sequence") or example.get("sequence") or []
    steps = calls[-1] if len(calls) == 2 and isinstance(calls[-1], list) else calls
    lines = [f"    {_step(step)}" for step in steps]
    return "\n".join([f"{test}: {result.get('reason')}", *lines])


def _step(step: dict[str, Any]) -> str:
    return f"{step.get('signature') or step.get('func_name')}({step.get('args') or step.get('raw_args')})"


if __name__ == "__main__":
    sys.exit(main())
