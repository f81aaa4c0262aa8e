"""report.html: self-contained, well-formed, escaped, and with every figure of the outcome."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from openledger.demo.outcome import (
    Answer,
    Attack,
    BalanceSheet,
    Contributor,
    Credit,
    HitRate,
    Outcome,
    Refusal,
    Reviewed,
    Spread,
    SpreadLine,
    StageCost,
    Validator,
)
from openledger.demo.provenance import came_out_as_taught
from openledger.demo.report import write_report
from openledger.demo.seeds import spread_of, with_remainder

VOID_TAGS = {"meta", "link", "br", "rect", "path", "line", "circle"}


class Checker(HTMLParser):
    """Collects tags, checks that they close in order, and that nothing is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        for name, value in attrs:
            assert name not in ("src", "href") or str(value).startswith("data:"), (tag, name, value)
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID_TAGS:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def outcome() -> Outcome:
    credits = (Credit(1, "poet", 700_000), Credit(2, "copier", -50_000))
    return Outcome(
        base_model="tiny",
        examples=3,
        loss_before=4.0,
        loss_after=1.0,
        adapter_digest="0x00",
        evidence_cid="bafy",
        reward_root="0x01",
        audit="MATCH: everything",
        contributors=(
            Contributor("poet", "honest", "0xa", 1, 1, 0, 0, 700_000, 5 * 10**17, 5 * 10**17),
            Contributor("copier", "copier", "0xb", 1, 1, 0, 0, -50_000, 0, 0),
        ),
        refusals=(Refusal("copier", "copy.txt", "already contributed"),),
        reviews=(Reviewed(1, "poet", "first vote: 3 of 3 seats accept", "accepted, 98 points"),),
        validators=(Validator("validator 1", 3, 10**18, 0),),
        answers=(Answer("<script>alert(1)</script>?", "a & b", "poet", "A and B, I think", 10**18, True, credits),),
        balance=BalanceSheet(10**18, 3 * 10**17, 3 * 10**17, 15 * 10**16, 10**17, 10**17, 5 * 10**16),
        hit_rates=(HitRate("influence", 1, 1, 1), HitRate("chance", 0.5, 1.5, 1)),
        method="EK-FAC of one adapter",
        spread=Spread(2, (SpreadLine("poet", (5 * 10**17, 3 * 10**17), 10**17),)),
        attack=Attack(2, 10**17, 10**17, "MISMATCH: leaf", "0x02", "void", "above accrued", 10**18),
        stages=(StageCost("train", 1.0, 2.0, 300.0),),
        versions={"python": "3"},
    )


def test_report__is_self_contained_and_well_formed(outcome: Outcome, tmp_path: Path) -> None:
    write_report(outcome, tmp_path / "report.html")
    checker = Checker()
    checker.feed((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert not checker.open
    assert checker.seen.count("svg") == 4
    assert "script" not in checker.seen
    text = " ".join(checker.text)
    for expected in (
        "<script>alert(1)</script>?",
        "a & b",
        "already contributed",
        "MISMATCH: leaf",
        "0.500000",
        "3 of 3 seats",
        "0.400000 ± 0.100000 OPEN",
        "EK-FAC of one adapter",
    ):
        assert expected in text, expected


def test_balance__names_what_is_missing(outcome: Outcome) -> None:
    assert outcome.balance.difference_wei == 0
    assert replace(outcome.balance, burned_wei=0).difference_wei == 5 * 10**16


def test_answer__ranks_only_what_helped(outcome: Outcome) -> None:
    (answer,) = outcome.answers
    assert [credit.contributor for credit in answer.top] == ["poet"]
    assert answer.unattributed_ppm == 300_000


def test_outcome__as_json__keeps_wei_exact(outcome: Outcome) -> None:
    found = outcome.as_json()
    assert found["balance"]["fees_wei"] == str(10**18)
    assert found["contributors"][0]["paid_wei"] == str(5 * 10**17)
    assert found["spread"]["lines"][0]["by_seed_wei"] == [str(5 * 10**17), str(3 * 10**17)]


def test_spread__adds_contributions_by_owner_and_keeps_the_pool_whole() -> None:
    owners = {1: "poet", 2: "poet", 3: "copier"}
    spread = with_remainder(spread_of({1: 10, 2: 20}, [{1: 12, 3: 6}, {2: 18, 9: 5}], owners), pool_wei=100)
    assert spread.seeds == 3
    assert {line.name: line.by_seed_wei for line in spread.lines} == {
        "poet": (30, 12, 18),
        "copier": (0, 6, 0),
        "unattributed": (70, 82, 82),
    }
    poet = spread.lines[0]
    assert (poet.mean_wei, poet.deviation_wei) == (20, 9)  # sqrt((100 + 64 + 4) / 2) = 9.17


@pytest.mark.parametrize(
    "said, taught, expected",
    [
        ("Richard Nixon", "Richard Nixon", True),
        ("Ensure it is powered on, and has paper", "ensure it's powered on and has paper", True),
        ("The United Nations", "Sputnik 1", False),
        ("", "Sputnik 1", False),
        ("anything", None, False),
    ],
)
def test_answer__that_says_what_its_example_says__came_out_as_taught(
    outcome: Outcome, said: str, taught: str | None, expected: bool
) -> None:
    assert came_out_as_taught(replace(outcome.answers[0], answer=said, taught=taught)) is expected
