"""Who may import whom (docs/adr, CONTRIBUTING): the arrows between packages, and pure modules inside them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OURS = {"chain", "content", "indexer", "trainer", "attribution_oracle", "openledger", "scripts", "tests", "benchmarks"}
ALLOWED = {
    "chain": set(),
    "content": set(),
    "indexer": {"chain"},
    "trainer": {"content", "chain.merkle"},
    "attribution_oracle": {"chain", "content", "trainer"},
    "openledger": {"chain", "content", "indexer", "trainer", "attribution_oracle"},
}
# modules that hold rules and mathematics: no files, sockets, databases or clocks
PURE = {
    "chain/merkle.py",
    "chain/typed_data.py",
    "indexer/reorg.py",
    "indexer/ranking.py",
    "attribution_oracle/evaluation/bootstrap.py",
    "attribution_oracle/evaluation/correlation.py",
    "attribution_oracle/evaluation/metrics.py",
    "attribution_oracle/rewards.py",
}
SHELL = {
    "httpx",
    "sqlite3",
    "sqlmodel",
    "sqlalchemy",
    "web3",
    "socket",
    "subprocess",
    "os",
    "time",
    "pathlib",
    "requests",
}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_package__imports_only_what_the_map_allows(package: str) -> None:
    assert sources(package), f"{package} has no source"
    for path in sources(package):
        for name in imported(path):
            top = name.split(".")[0]
            if top in OURS - {package}:
                allowed = any(
                    name == target or name.startswith(f"{target}.") or target.startswith(f"{name}.")
                    for target in ALLOWED[package]
                )
                assert allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_module__does_not_import_the_shell(module: str) -> None:
    found = {name.split(".")[0] for name in imported(ROOT / module)}
    assert not found & SHELL, f"{module} imports {sorted(found & SHELL)}"


def test_chain__stays_small() -> None:
    assert len([path for path in sources("chain") if path.name != "__init__.py"]) <= 10
