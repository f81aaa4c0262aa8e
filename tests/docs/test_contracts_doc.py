"""docs/contracts.md says what the code says: contracts, powers, constants with their defaults, tests that exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
OPEN = 10**18

# what asks who calls; in a body with one of these the function belongs to a role
GUARD = re.compile(
    r"_check_(owner|curator|court|disputes|setter|governance|role|seat)\(|_only_role_or_open_role\("
    r"|assert (is_withdrawal or )?msg\.sender == |is_operator\(adapter_id, msg\.sender\)"
)
EXTERNAL = re.compile(
    r"^(?:@\w+[^\n]*\n)*@external\b[^\n]*\n(?:@\w+[^\n]*\n)*def (\w+)(\(.*?)(?=^@|^def |\Z)", re.M | re.S
)
# of snekmate's modules: what the deployables export of them and only a role may call
EXPORTED = {
    "ownable.transfer_ownership": "transfer_ownership",
    "access_control.grantRole": "grantRole",
    "access_control.revokeRole": "revokeRole",
}
KNOWN = {"accrue", "begin_review", "cancel", "penalize", "record_snapshot", "resolve_challenge", "set_guardian"}
ROWS = {*range(1, 23), 26, *range(28, 32), 34, 36, 37, 38}
TEST = re.compile(r"`([\w./-]+)::(\w+)`")


def guarded() -> set[str]:
    """The external functions that look at who calls, and those of libraries that do."""
    names: set[str] = set()
    for path in CONTRACTS.rglob("*.vy"):
        source = path.read_text(encoding="utf-8")
        names |= {name for name, body in EXTERNAL.findall(source) if GUARD.search(body)}
        names |= {name for exported, name in EXPORTED.items() if exported in source}
    return names


def constants(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every key of a table with its value as the page writes it."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from constants(value, f"{prefix}{name}.")
        elif name.endswith("_wei"):
            whole, rest = divmod(int(value), OPEN)
            yield f"{prefix}{name}", f"{whole:,}" + f".{rest:018d}".rstrip("0").rstrip(".") + " OPEN"
        else:
            yield f"{prefix}{name}", f"{value:,}"


def threats() -> dict[int, list[str]]:
    """The rows of the threat table by number, as cells."""
    section = PAGE.partition("\n## 5. Threats\n")[2].partition("\n## ")[0]
    rows = (line.strip().strip("|").split("|") for line in section.splitlines() if re.match(r"\| \d", line))
    return {int(cells[0]): cells for cells in rows}


DEFAULTS = dict(constants(tomllib.loads((ROOT / "configs" / "protocol.toml").read_text(encoding="utf-8"))))


@pytest.mark.parametrize("name", sorted(path.stem for path in CONTRACTS.glob("*.vy")))
def test_contract__has_its_section(name: str) -> None:
    section = PAGE.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert "- **Powers.**" in section and "- **Halt.**" in section and "- **Never changes.**" in section
    assert f"| `{name}` |" in PAGE.partition("## 2.")[0]


def test_guards__are_found() -> None:
    assert guarded() >= KNOWN


@pytest.mark.parametrize("name", sorted(guarded()))
def test_function_of_a_role__is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("key", sorted(DEFAULTS))
def test_constant__stands_with_its_default(key: str) -> None:
    assert f"\n| `{key}` | {DEFAULTS[key]} |" in PAGE


def test_constants__are_all_of_the_configuration() -> None:
    named = set(re.findall(r"^\| `(\w+\.[\w.]+)` \|", PAGE, re.M))
    assert named == set(DEFAULTS)


def test_threats__have_every_row_in_four_cells() -> None:
    rows = threats()
    assert set(rows) == ROWS
    assert {len(cells) for cells in rows.values()} == {4}


@pytest.mark.parametrize("number", sorted(ROWS))
def test_threat__names_tests_or_says_that_there_are_none(number: int) -> None:
    proofs = threats()[number][3]
    assert TEST.search(proofs) or "no test" in proofs


@pytest.mark.parametrize(("path", "name"), sorted(set(TEST.findall(PAGE))))
def test_named_test__exists(path: str, name: str) -> None:
    file = ROOT / "tests" / path
    assert file.is_file()
    keyword = "function" if path.endswith(".sol") else "def"
    assert re.search(rf"^\s*{keyword} {name}\(", file.read_text(encoding="utf-8"), re.M)
