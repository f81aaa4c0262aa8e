"""`openledger eval` as a user runs it, on the shipped bank and on folders that are none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BANK = ROOT / "benchmarks" / "attribution" / "bank"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "openledger.cli", "eval", *arguments],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip


def test_lds__of_the_shipped_bank__is_a_table_with_intervals() -> None:
    result = run("lds", "--bank", str(BANK), "--method", "grad-dot", "--seeds", "10")
    assert result.returncode == 0, result.stderr
    head, row, *rest = result.stdout.splitlines()
    assert head.split()[:3] == ["method", "adapters", "LDS"]
    value, low, high = (float(cell.strip("[,]")) for cell in row.split()[2:5])
    assert row.startswith("grad-dot") and 0.3 < low < value < high < 0.6
    assert any(line.startswith("LDS of a perfect predictor: 0.8") for line in rest)


def test_loo__as_json__has_every_adapter_of_its_own_and_the_difference() -> None:
    arguments = ("--method", "grad-dot", "--seeds", "0,1", "--served", "--json")
    result = run("loo", "--bank", str(BANK), *arguments)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    (row,) = found["rows"]
    assert (row["method"], row["adapters"]) == ("grad-dot", 1)
    assert row["Pearson"]["low"] < row["Pearson"]["value"] < row["Pearson"]["high"]
    assert row["less_the_first"]["Pearson"]["value"] == 0.0
    assert len(found["bank"]) == 64


def test_provenance__by_tag__is_better_than_chance() -> None:
    arguments = ("--method", "grad-dot", "--seeds", "10", "--tag", "planted", "--json")
    result = run("provenance", "--bank", str(BANK), *arguments)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["rows"][0]["top-1"]["low"] > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lds", "--method", "guess"), 'no method is called "guess"; expected one of'),
        (("lds", "--method", "grad-dot", "--seeds", "99"), "has no adapter of seed 99"),
        (("lds", "--method", "grad-dot", "--seeds", "one"), "expected numbers parted by commas"),
        (("loo", "--method", "grad-dot", "--seeds", "10", "--served"), "nobody was left out with seed 10"),
        (("provenance", "--method", "grad-dot", "--bank", "docs"), "docs/bank.json does not exist"),
    ],
)
def test_bad_input__is_refused_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    if "--bank" not in arguments:
        arguments = (*arguments, "--bank", str(BANK))
    result = run(*arguments)
    assert result.returncode == 1
    assert result.stdout == "" and result.stderr.startswith("error:") and len(result.stderr.splitlines()) == 1
    assert message in result.stderr
