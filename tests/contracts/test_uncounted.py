"""What coverage leaves out has to be there, once, and must not have run."""

from dataclasses import replace

import pytest

from tests.vyper_coverage import ROOT, UNCOUNTED, FileCoverage, Uncounted, leave_out

FILE = "contracts/modules/proposer_suffix.vy"
FOUND = Uncounted(FILE, 'if slice(ending, 0, 12) != "#proposer=0x":', "a reason", jump=(0, 1))
SOURCE = (ROOT / FILE).read_text(encoding="utf-8").splitlines()
LINE = SOURCE.index(f"    {FOUND.text}") + 1
NEXT = LINE + 1
WAYS = {(LINE, 4, jump, way) for jump in (0, 1) for way in (0, 1)}


@pytest.fixture
def part() -> FileCoverage:
    """Everything ran but one way out of the first jump."""
    return FileCoverage({LINE, NEXT}, {LINE, NEXT}, set(WAYS), WAYS - {(LINE, 4, 0, 1)})


def test_leave_out__a_branch_that_did_not_run__counts_it_no_more(part: FileCoverage) -> None:
    told = f"modules/proposer_suffix.vy:{LINE}, one branch: a reason."
    assert leave_out([FOUND], {FILE: part}) == ([told], [])
    assert part.branches == part.branches_run == WAYS - {(LINE, 4, 0, 1)}
    assert part.lines == {LINE, NEXT}


def test_leave_out__a_line_that_did_not_run__counts_it_no_more(part: FileCoverage) -> None:
    part.lines_run.remove(LINE)
    left_out, stale = leave_out([replace(FOUND, jump=None)], {FILE: part})
    assert left_out == [f"modules/proposer_suffix.vy:{LINE}, the line: a reason."]
    assert (stale, part.lines, part.branches) == ([], {NEXT}, WAYS)


@pytest.mark.parametrize("jump", [(0, 0), (1, 1), None])
def test_leave_out__what_ran__is_a_fault(part: FileCoverage, jump: tuple[int, int] | None) -> None:
    left_out, stale = leave_out([replace(FOUND, jump=jump)], {FILE: part})
    assert left_out == []
    assert stale == [f"modules/proposer_suffix.vy:{LINE}: runs after all: drop the entry"]
    assert (part.lines, part.branches) == ({LINE, NEXT}, WAYS)


@pytest.mark.parametrize(
    "changes", [{"text": "no such line"}, {"text": "return True"}, {"jump": (2, 1)}], ids=["gone", "twice", "no_jump"]
)
def test_leave_out__what_fits_no_single_place__is_a_fault(part: FileCoverage, changes: dict[str, object]) -> None:
    entry = replace(FOUND, **changes)
    left_out, stale = leave_out([entry], {FILE: part})
    assert left_out == []
    assert stale == [f"modules/proposer_suffix.vy: `{entry.text}` fits 0 places, not one: correct or drop the entry"]
    assert part.branches == WAYS


def test_leave_out__of_a_file_that_is_not_reported__says_nothing() -> None:
    assert leave_out(UNCOUNTED, {}) == ([], [])
