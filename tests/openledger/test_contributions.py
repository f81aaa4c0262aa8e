"""Contributions on the real contracts: deposits, commit and reveal that survive a crash, taking down."""

import json

import pytest

from chain.errors import Reverted
from content.errors import FileRefused
from openledger import contributions
from openledger.contributions import PENDING, WITHDRAWN, contribution_of
from openledger.demo.corpus import as_text, read_pairs
from openledger.epochs import advance_time
from openledger.errors import AppError

TEXT = as_text(read_pairs("science"))


def deposits(actors) -> int:
    return actors.market.chain.call("DatanetRegistry", "free_deposits", 1, actors.contributor.address)


def test_contribute__pays_one_deposit_and_tells_what_the_chain_says(actors) -> None:
    actors.create_datanet()
    number = actors.contribute(TEXT)
    found = contribution_of(actors.market, number)
    assert (number, found.status, found.contributor) == (1, PENDING, actors.contributor.address)
    assert actors.market.store.get(found.cid) == TEXT.encode()
    assert deposits(actors) == 0
    assert not list(actors.market.home.pending_commits.iterdir())


def test_contribute__with_a_free_deposit__pays_no_second_one(actors) -> None:
    actors.create_datanet()
    contributions.add_deposits(actors.market, actors.contributor, datanet_id=1, count=2)
    actors.contribute(TEXT)
    assert deposits(actors) == 1


def test_contribute__without_open_for_the_deposit__says_so_before_anything_is_sent(actors, named) -> None:
    actors.create_datanet()
    path = actors.write("file.txt", TEXT)
    with pytest.raises(AppError, match=r"has 0 OPEN; expected 1\.000000 for the deposit"):
        contributions.contribute(actors.market, named("contributor-8"), datanet_id=1, path=path)
    assert actors.market.chain.call("DatanetRegistry", "contribution_count") == 0


def crash_before_the_reveal(actors, path) -> dict:
    """Contribute with a program that ends before its reveal; the record that it leaves."""
    with pytest.raises(RuntimeError, match="ends here"):
        contributions.contribute(ending(actors.market), actors.contributor, datanet_id=1, path=path)
    (record,) = actors.market.home.pending_commits.iterdir()
    return json.loads(record.read_text())


def ending(market):
    """The market through a client that sends everything but a reveal."""

    class Ending:
        def __getattr__(self, name):
            return getattr(market.chain, name)

        def send(self, account, contract, function, *args):
            if function == "reveal":
                raise RuntimeError("the program ends here")
            return market.chain.send(account, contract, function, *args)

    return type(market)(chain=Ending(), store=market.store, home=market.home, addresses=market.addresses)


def test_contribute__after_a_crash_between_commit_and_reveal__goes_on_with_the_same_id(actors) -> None:
    actors.create_datanet()
    path = actors.write("file.txt", TEXT)
    assert crash_before_the_reveal(actors, path)["contribution_id"] == 1
    assert actors.contribute(TEXT) == 1
    assert actors.market.chain.call("DatanetRegistry", "contribution_count") == 1


def test_contribute__after_a_crash_that_missed_the_commits_mining__finds_its_id_on_chain(actors) -> None:
    actors.create_datanet()
    known = crash_before_the_reveal(actors, actors.write("file.txt", TEXT))
    (record,) = actors.market.home.pending_commits.iterdir()
    record.write_text(json.dumps({**known, "contribution_id": 0}))
    assert actors.contribute(TEXT) == 1
    assert actors.market.chain.call("DatanetRegistry", "contribution_count") == 1


def test_contribute__a_day_after_the_commit__commits_anew(actors) -> None:
    actors.create_datanet()
    crash_before_the_reveal(actors, actors.write("file.txt", TEXT))
    advance_time(actors.market, 86_400)
    assert actors.contribute(TEXT) == 2


def test_contribute__of_content_that_is_there__is_refused_and_keeps_the_deposit_free(actors) -> None:
    actors.create_datanet()
    actors.contribute(TEXT)
    with pytest.raises(Reverted, match="already contributed"):
        # other bytes, the same text
        actors.contribute(TEXT + "\n\n", name="copy.txt")
    assert deposits(actors) == 1


def test_contribute__of_a_format_that_the_datanet_does_not_take__is_refused_here(actors) -> None:
    actors.create_datanet()
    with pytest.raises(FileRefused, match=r"takes \.txt"):
        actors.contribute(TEXT, name="file.md")


def test_take_down__withdraws_and_frees_the_deposit(actors) -> None:
    actors.create_datanet()
    number = actors.contribute(TEXT)
    contributions.take_down(actors.market, actors.contributor, number)
    assert contribution_of(actors.market, number).status == WITHDRAWN
    assert deposits(actors) == 1
    assert contributions.accepted_contributions(actors.market, 1) == []


def test_contribution_of__an_id_that_was_never_revealed__says_so(actors) -> None:
    with pytest.raises(AppError, match="contribution 7 is not revealed"):
        contribution_of(actors.market, 7)
