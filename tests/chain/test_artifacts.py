"""Artifacts are what Brownie wants, map each counter to the right source, and are remade exactly when stale."""

import json
import os
import time
from pathlib import Path

import pytest
from vyper.exceptions import VyperException

from chain import artifacts
from chain.errors import ArtifactMissing

CONTRACT = """# pragma version 0.4.3
from .modules import gate
initializes: gate

total: public(uint256)

@deploy
def __init__():
    gate.__init__()

@external
def add(amount: uint256):
    gate._check(amount)
    if amount > 3:
        assert amount != 5  # dev: five is right out
    self.total += amount
"""
MODULE = """# pragma version ~=0.4.3
limit: uint256

@deploy
def __init__():
    self.limit = 10

@internal
@view
def _check(amount: uint256):
    assert amount < self.limit, "gate: too much"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one contract that uses one module."""
    (tmp_path / "contracts" / "modules").mkdir(parents=True)
    (tmp_path / "contracts" / "Adder.vy").write_text(CONTRACT)
    (tmp_path / "contracts" / "modules" / "gate.vy").write_text(MODULE)
    return tmp_path


def built(project: Path) -> dict:
    path = artifacts.ensure(project / "contracts" / "Adder.vy", project)
    return json.loads(path.read_text())


def test_artifact__has_every_key_that_brownie_wants(project):
    from brownie.project.build import BUILD_KEYS

    assert set(BUILD_KEYS) <= set(built(project))


def test_artifact__names_every_input(project):
    assert set(built(project)["inputs"]) == {"contracts/Adder.vy", "contracts/modules/gate.vy"}


def test_ensure__when_fresh__writes_nothing(project):
    target = artifacts.artifact_path("Adder", project)
    built(project)
    before = target.stat().st_mtime_ns
    built(project)
    assert target.stat().st_mtime_ns == before


def test_is_fresh__needs_no_compiler_and_little_time(project):
    built(project)
    started = time.perf_counter()
    assert artifacts.is_fresh(artifacts.artifact_path("Adder", project), project)
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("name", ["contracts/Adder.vy", "contracts/modules/gate.vy"])
def test_ensure__after_a_change_of_an_input__compiles_again(project, name):
    first = built(project)
    path = project / name
    path.write_text(path.read_text().replace("> 3", "> 4").replace("self.limit = 10", "self.limit = 11"))
    assert not artifacts.is_fresh(artifacts.artifact_path("Adder", project), project)
    assert built(project)["bytecode"] != first["bytecode"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(artifacts._FORMAT, "openledger-artifact/0"),
        lambda text: text.replace('"version": "0.4.3"', '"version": "0.4.2"'),
        lambda text: text.replace("contracts/modules/gate.vy", "contracts/modules/gone.vy"),
        lambda text: "[]",
    ],
    ids=["half", "format", "compiler", "missing input", "not an object"],
)
def test_is_fresh__of_a_damaged_or_old_artifact__is_false(project, damage):
    built(project)
    target = artifacts.artifact_path("Adder", project)
    target.write_text(damage(target.read_text()))
    assert not artifacts.is_fresh(target, project)
    assert built(project)["contractName"] == "Adder"


def test_ensure__of_a_source_that_does_not_compile__keeps_the_last_artifact(project):
    last = built(project)
    (project / "contracts" / "Adder.vy").write_text("# pragma version 0.4.3\nfoo: nothing\n")
    with pytest.raises(VyperException):
        artifacts.ensure(project / "contracts" / "Adder.vy", project)
    target = artifacts.artifact_path("Adder", project)
    assert json.loads(target.read_text()) == last
    assert os.listdir(target.parent) == [target.name]


def test_ensure__without_a_source__says_so(project):
    with pytest.raises(ArtifactMissing, match=r"no source .*Nothing\.vy"):
        artifacts.ensure(project / "contracts" / "Nothing.vy", project)


def test_ensure_all__makes_an_artifact_of_a_module_without_bytecode(project):
    made = artifacts.ensure_all(project)
    assert [path.stem for path in made] == ["Adder", "gate"]
    assert json.loads(made[1].read_text())["bytecode"] == ""


def test_pc_map__has_one_entry_for_each_instruction(project):
    artifact = built(project)
    operations = {int(pc): entry["op"] for pc, entry in artifact["pcMap"].items()}
    expected = 0
    for pc, op in sorted(operations.items()):
        assert pc == expected
        expected = pc + 1 + (int(op.removeprefix("PUSH")) if op.startswith("PUSH") else 0)
    # what follows the code (jump tables, metadata) may read as a PUSH that runs over the end
    assert max(operations) < len(artifact["deployedBytecode"]) // 2


def test_pc_map__of_a_revert_in_a_module__points_into_the_module(project):
    artifact = built(project)
    (entry,) = [e for e in artifact["pcMap"].values() if e["op"] == "REVERT" and e.get("fn") == "gate._check"]
    assert artifact["allSourcePaths"][entry["path"]] == "contracts/modules/gate.vy"
    start, end = entry["offset"]
    assert MODULE[start:end] in 'assert amount < self.limit, "gate: too much"'


def test_pc_map__of_a_revert_without_a_reason__carries_the_dev_comment(project):
    devs = {e["dev"]: e["fn"] for e in built(project)["pcMap"].values() if "dev" in e and "fn" in e}
    assert devs["dev: five is right out"] == "Adder.add"
    assert devs["safeadd"] == "Adder.add"


def test_coverage_map__names_the_branches_of_contract_and_module(project):
    branches = built(project)["coverageMap"]["branches"]
    found = {fn: len(spots) for functions in branches.values() for fn, spots in functions.items()}
    assert found == {"Adder.add": 2, "gate._check": 1}
