"""docs/attribution.md says what the benchmark printed: figures, methods, commands, plots; its example makes a bank."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from attribution_oracle.evaluation.bank import load_bank
from attribution_oracle.influence.methods import METHODS
from openledger.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "attribution.md").read_text(encoding="utf-8")
KEPT = ("attribution.md", "provenance.md")
RESULTS = "".join((ROOT / "benchmarks" / "results" / name).read_text(encoding="utf-8") for name in KEPT)
FIGURES = sorted(set(re.findall(r"(?<![\d.])[-−+]?\d\.\d{3}\b", PAGE)))


def test_figures__are_found() -> None:
    assert len(FIGURES) > 20


@pytest.mark.parametrize("figure", FIGURES)
def test_figure__was_printed_by_the_benchmark(figure: str) -> None:
    bare = figure.replace("−", "-").lstrip("+")
    assert re.search(rf"(?<![\d.]){re.escape(bare)}(?!\d)", RESULTS.replace("+", ""))


@pytest.mark.parametrize("path", re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE))
def test_plot__is_there(path: str) -> None:
    content = (ROOT / "docs" / path).read_text(encoding="utf-8")
    assert content.lstrip().startswith("<?xml") and "</svg>" in content


@pytest.mark.parametrize("line", re.findall(r"^ *\$ openledger (.+)$", PAGE, re.M))
def test_command__exists_with_its_options(line: str) -> None:
    words = shlex.split(line)
    shown = CliRunner().invoke(app, [*words[:2], "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert {word for word in words if word.startswith("--")} <= set(re.findall(r"--[\w-]+", shown.output))
    methods = [words[place + 1] for place, word in enumerate(words) if word == "--method"]
    assert methods and set(methods) <= set(METHODS)


def test_results__are_of_the_shipped_bank() -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "attribution.json").read_text(encoding="utf-8"))
    assert kept["setting"]["bank"] == load_bank(ROOT / "benchmarks" / "attribution" / "bank").digest
    assert {row["method"] for row in kept["one_model"]["rows"]} >= set(METHODS)


def test_example_of_a_bank__makes_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/attribution.md", "exec"), {"__name__": "example"})
    bank = load_bank(tmp_path / "my-bank")
    assert bank.adapter_seeds and set(bank.groups) == {"half"}
