"""Where two bundles of the same reward epoch part ways: the first value, and the first wrong leaf (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from attribution_oracle import wire
from attribution_oracle.errors import EvidenceInvalid
from attribution_oracle.evidence import FILES, REWARDS, parse_lines

# what a line of a JSON-lines file is about
_SUBJECTS = {"receipt_id": "receipt", "contribution_id": "contribution", "account": "account"}


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first value that differs, in the order in which values follow from each other; None means absent."""

    file: str
    place: str
    expected: str | None
    found: str | None

    def __str__(self) -> str:
        return f"file {self.file}: {self.place}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class WrongLeaf:
    """An account whose published cumulative reward is not the recomputed one; None means that it has no leaf."""

    account: str
    expected_wei: int | None
    found_wei: int | None

    def __str__(self) -> str:
        return f"{self.account}: expected {self.expected_wei} wei, found {self.found_wei} wei"


def first_divergence(*, expected: Mapping[str, bytes], found: Mapping[str, bytes]) -> Divergence | None:
    """The first differing value of the first differing file, from receipts over scores, shares, payouts to leaves."""
    for name in FILES:
        if expected[name] != found[name]:
            return _in_file(name, expected[name], found[name])
    return None


def first_field(*, expected: wire.Json, found: wire.Json) -> Divergence | None:
    """The first differing member of evidence.json, by name."""
    for field in sorted(expected.keys() | found.keys()):
        if expected.get(field) != found.get(field):
            return Divergence("evidence.json", field, str(expected.get(field)), str(found.get(field)))
    return None


def first_wrong_leaf(*, expected: bytes, found: bytes) -> WrongLeaf | None:
    """The first account, as a number, whose leaf in rewards.jsonl differs; None too where `found` holds no leaves."""
    mine = rewards_of(expected)
    try:
        theirs = rewards_of(found)
    except EvidenceInvalid:
        return None  # the file itself is the divergence then
    for account in sorted(mine.keys() | theirs.keys(), key=lambda account: int(account, 16)):
        if mine.get(account) != theirs.get(account):
            return WrongLeaf(account, mine.get(account), theirs.get(account))
    return None


def rewards_of(rewards: bytes) -> dict[str, int]:
    """Cumulative wei by account, from the lines of rewards.jsonl; raises EvidenceInvalid."""
    lines = parse_lines(rewards, REWARDS)
    return {wire.address(line, "account"): wire.natural(line, "cumulative_wei") for line in lines}


def _in_file(name: str, expected: bytes, found: bytes) -> Divergence:
    if name.endswith(".jsonl"):
        mine, theirs = dict(_values(name, expected)), _claimed(name, found)
        for place in mine | theirs if theirs else ():
            if mine.get(place) != theirs.get(place):
                return Divergence(name, place, mine.get(place), theirs.get(place))
    offset = next((i for i, pair in enumerate(zip(expected, found, strict=False)) if pair[0] != pair[1]), None)
    if offset is None:
        return Divergence(name, "length", f"{len(expected)} bytes", f"{len(found)} bytes")
    return Divergence(name, f"byte {offset}", f"0x{expected[offset]:02x}", f"0x{found[offset]:02x}")


def _claimed(name: str, lines: bytes) -> dict[str, str]:
    """The values of a published file; none where it is not what its name says, so that its bytes are compared."""
    try:
        return dict(_values(name, lines))
    except (EvidenceInvalid, TypeError, ValueError):
        return {}


def _values(name: str, lines: bytes) -> Iterator[tuple[str, str]]:
    """The values of JSON lines in order, each with the words that say what it is."""
    for document in parse_lines(lines, name):
        subject = next((f"{_SUBJECTS[key]} {document[key]}" for key in _SUBJECTS if key in document), "line")
        for field, value in document.items():
            if isinstance(value, list):
                yield from ((f"{subject}, contribution {key}", str(number)) for key, number in value)
            else:
                yield f"{subject}, {field}", str(value)
