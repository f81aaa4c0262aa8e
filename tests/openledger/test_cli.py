"""The command line: help for everything, and errors that say what, what was expected, and what to do next."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openledger.checks import Reason, verdict_of
from openledger.cli import app
from openledger.errors import AppError
from openledger.home import Addresses, Home
from openledger.units import in_open, to_wei

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    *("demo", "up", "accounts", "status", "contribute", "review", "train", "deposit", "ask", "redeem", "audit"),
    *("claim", "take-down", "appeal", "datanet create", "datanet fund", "epoch close", "dev advance"),
    *("validator join", "validator leave", "validator collect", "validator step"),
    *("govern stake", "govern delegate", "govern list", "govern propose-void", "govern vote"),
    *("govern queue", "govern execute", "eval lds", "eval loo", "eval provenance"),
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, so that exit codes and streams are the real ones."""
    return subprocess.run(
        [sys.executable, "-m", "openledger.cli", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help__of_every_command__says_what_it_does(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_readme__names_only_commands_that_exist() -> None:
    lines = re.findall(r"bin/openledger (.+)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert lines
    for line in lines:
        assert line.startswith("--help") or any(line.startswith(command) for command in COMMANDS), line


def test_status__without_services__fails_with_the_next_step(tmp_path: Path) -> None:
    result = run("status", "--home", str(tmp_path))
    assert result.returncode == 1
    assert "openledger up" in result.stderr
    assert "Traceback" not in result.stderr


def test_status__with_an_unreadable_addresses_file__says_so(tmp_path: Path) -> None:
    (tmp_path / "services.json").write_text("{}")
    result = run("status", "--home", str(tmp_path))
    assert result.returncode == 1
    assert "not readable" in result.stderr


def test_addresses__round_trip_and_are_forgotten(tmp_path: Path) -> None:
    home, addresses = Home(tmp_path), Addresses("a", "b", "c", "d", "e")
    home.write_addresses(addresses)
    assert home.read_addresses() == addresses
    home.forget_addresses()
    with pytest.raises(AppError, match="no services"):
        home.read_addresses()


def test_keys__are_for_the_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    assert home.keystores.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "inf", "one", "", "0.0000000000000000001"])
def test_to_wei__of_no_amount__is_refused(amount: str) -> None:
    with pytest.raises(AppError, match="expected a positive number"):
        to_wei(amount)


def test_to_wei__is_exact_beyond_floats() -> None:
    assert to_wei("123456789.123456789123456789") == 123456789123456789123456789
    assert in_open(to_wei("1.9999999")) == "1.999999"


@pytest.mark.parametrize(
    ("accept", "reject", "expected"),
    [(101, "", "1 to 100"), (50, "duplicate", "one of them"), (0, "boring", "no reason")],
)
def test_verdict__that_makes_no_sense__is_refused(accept: int, reject: str, expected: str) -> None:
    with pytest.raises(AppError, match=expected):
        verdict_of(accept=accept, reject=reject, because="")


def test_verdict__of_a_validator__is_taken_as_said() -> None:
    accepted = verdict_of(accept=70, reject="", because="good")
    rejected = verdict_of(accept=0, reject="off_topic", because="about cars")
    assert accepted is not None and accepted.is_accepted and accepted.score == 70
    assert rejected is not None and rejected.reason is Reason.OFF_TOPIC
    assert verdict_of(accept=0, reject="", because="") is None
