"""post_root: enough signers, an ended epoch, no more than accrued, and each signature good for one root alone."""

from dataclasses import astuple, replace

import boa
import pytest
from eth_keys.datatypes import PrivateKey

from chain.merkle import keccak
from chain.typed_data import root_digest

OPEN = 10**18
POSTED = 1
ROOT_BOND_WEI = 5_000 * OPEN + 1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def root(rewards, contributors):
    """The true root of epoch 1, which has ended."""
    rewards.accrue(10 * OPEN)
    rewards.end_epoch()
    return rewards.root(rewards.tree({contributors[0]: 4 * OPEN, contributors[1]: 5 * OPEN}), reward_epoch=1)


def test_post_root__records_it_and_logs_it(rewards, root, events, outsider):
    rewards.token.transfer(outsider, ROOT_BOND_WEI, sender=rewards.accruer)
    rewards.token.approve(rewards.distributor, ROOT_BOND_WEI, sender=outsider)
    owed = rewards.distributor.owed_wei()
    rewards.distributor.post_root(astuple(root), rewards.sign(root), sender=outsider)
    logged = events(rewards.distributor, "RootPosted")
    record = rewards.distributor.root(1)
    common = {
        "root": root.root,
        "total_wei": root.total_wei,
        "leaf_count": 2,
        "evidence_digest": root.evidence_digest,
        "evidence_chunk_root": root.evidence_chunk_root,
        "evidence_chunk_count": root.evidence_chunk_count,
        "attribution_root": root.attribution_root,
        "previous_epoch": 0,
        "attempt": 0,
        "poster": outsider,
    }
    assert logged == [{"reward_epoch": 1, **common}]
    assert record._asdict() == {**common, "posted_at": boa.env.timestamp, "status": POSTED, "hold_count": 0}
    assert rewards.distributor.owed_wei() - owed == ROOT_BOND_WEI == rewards.distributor.ROOT_BOND_WEI()
    assert rewards.token.balanceOf(outsider) == 0
    assert rewards.distributor.last_posted_epoch() == 1
    assert rewards.distributor.last_final_epoch() == 0


def test_post_root__with_every_signer__is_taken(rewards, root):
    rewards.distributor.post_root(astuple(root), rewards.sign(root, rewards.keys), sender=rewards.poster)
    assert rewards.distributor.last_posted_epoch() == 1


def test_root_digest__equals_the_python_digest(rewards, root):
    expected = root_digest(root, chain_id=rewards.chain_id, contract=rewards.distributor.address)
    assert rewards.distributor.root_digest(astuple(root)) == expected


def test_post_root__before_the_epoch_is_over__reverts(rewards, contributors):
    rewards.accrue(OPEN)
    root = rewards.root(rewards.tree({contributors[0]: OPEN}), reward_epoch=1)
    boa.env.timestamp = rewards.distributor.epoch_end(1) - 1
    with boa.reverts("distributor: epoch not over"):
        rewards.post(root)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"root": bytes(32)}, "distributor: root is zero"),
        ({"evidence_digest": bytes(32)}, "distributor: evidence is zero"),
        ({"leaf_count": 0}, "distributor: leaf count out of range"),
        ({"leaf_count": 2**32 + 1}, "distributor: leaf count out of range"),
        ({"reward_epoch": 0}, "distributor: epoch already posted"),
        ({"reward_epoch": 2}, "distributor: epoch not over"),
        ({"total_wei": 10 * OPEN + 1}, "distributor: total above accrued"),
        ({"total_wei": 2**96 - 1}, "distributor: total above accrued"),
        ({"evidence_chunk_count": 0}, "distributor: chunk count out of range"),
        ({"evidence_chunk_count": 2**32 + 1}, "distributor: chunk count out of range"),
        ({"previous_root": keccak(b"another")}, "distributor: builds on another root"),
        ({"attempt": 1}, "distributor: wrong attempt"),
    ],
)
def test_post_root__signed_but_against_the_rules__reverts(rewards, root, changes, reason):
    with boa.reverts(reason):
        rewards.post(rewards.changed(root, **changes))


def test_post_root__whose_word_has_another_total__reverts(rewards, root):
    with boa.reverts("distributor: root has another total"):
        rewards.post(replace(root, total_wei=root.total_wei - 1))


def test_post_root__without_the_bond__reverts(rewards, root, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        rewards.distributor.post_root(astuple(root), rewards.sign(root), sender=outsider)


def test_post_root__on_a_root_that_was_made_void__reverts(rewards, root, contributors):
    """Signed for epoch 2 on top of epoch 1, and kept back: with epoch 1 void it would pay from epoch 1's accrual."""
    rewards.post(root)
    rewards.accrue(OPEN)
    rewards.end_epoch()
    stale = rewards.root(rewards.tree({contributors[0]: 10 * OPEN}), reward_epoch=2)
    signatures = rewards.sign(stale)
    rewards.distributor.void_proven(1, rewards.challenger, sender=rewards.disputes)
    with boa.reverts("distributor: builds on another root"):
        rewards.distributor.post_root(astuple(stale), signatures, sender=rewards.poster)
    rewards.post_rewards({contributors[1]: 9 * OPEN}, reward_epoch=1, attempt=1)
    with boa.reverts("distributor: builds on another root"):
        rewards.distributor.post_root(astuple(stale), signatures, sender=rewards.poster)


def test_post_root__first__builds_on_nothing(rewards, root):
    with boa.reverts("distributor: builds on another root"):
        rewards.post(replace(root, previous_root=keccak(b"nothing")))


def test_post_root__of_all_that_accrued__is_taken(rewards, root):
    rewards.post(rewards.changed(root, total_wei=10 * OPEN, leaf_count=2**32, evidence_chunk_count=2**32))
    record = rewards.distributor.root(1)
    assert record.leaf_count == record.evidence_chunk_count == 2**32


def test_post_root__of_a_posted_epoch__reverts(rewards, root):
    rewards.post(root)
    with boa.reverts("distributor: epoch already posted"):
        rewards.post(rewards.changed(root, attempt=1))


def test_post_root__below_the_previous_total__reverts(rewards, root):
    rewards.post(root)
    rewards.end_epoch()
    with boa.reverts("distributor: total below previous root"):
        rewards.post(rewards.changed(root, reward_epoch=2, total_wei=root.total_wei - 1))


def test_post_root__may_not_use_what_an_earlier_root_left(rewards, root):
    """The wei of epoch 1 that no leaf got is the treasury's, not the next root's."""
    rewards.post(root)
    rewards.accrue(3 * OPEN)
    rewards.end_epoch()
    with boa.reverts("distributor: total above accrued"):
        rewards.post(rewards.changed(root, reward_epoch=2, total_wei=root.total_wei + 3 * OPEN + 1))
    rewards.post(rewards.changed(root, reward_epoch=2, total_wei=root.total_wei + 3 * OPEN))


def test_post_root__over_skipped_epochs__may_use_all_that_accrued(rewards, root):
    rewards.accrue(3 * OPEN)
    rewards.end_epoch()
    with boa.reverts("distributor: total above accrued"):
        rewards.post(rewards.changed(root, reward_epoch=2, total_wei=13 * OPEN + 1))
    rewards.post(rewards.changed(root, reward_epoch=2, total_wei=13 * OPEN))
    assert rewards.distributor.root(2).previous_epoch == 0


def test_post_root__of_an_epoch_before_the_last_posted__reverts(rewards, root):
    rewards.end_epoch()
    rewards.post(rewards.changed(root, reward_epoch=2))
    with boa.reverts("distributor: epoch already posted"):
        rewards.post(root)


def test_post_root__past_the_pending_bound__reverts(rewards, root):
    rewards.post(root)
    for epoch in range(2, 17):
        rewards.end_epoch()
        rewards.post(rewards.changed(root, reward_epoch=epoch))
    rewards.end_epoch()
    with boa.reverts("distributor: too many roots pending"):
        rewards.post(rewards.changed(root, reward_epoch=17))
    rewards.finalize(1)
    rewards.post(rewards.changed(root, reward_epoch=17))


def test_post_root__with_one_signature__reverts(rewards, root):
    with boa.reverts("distributor: too few signatures"):
        rewards.distributor.post_root(astuple(root), rewards.sign(root, rewards.keys[:1]))


@pytest.mark.parametrize("order", [[0, 0], [1, 0], [2, 1, 0], [0, 1, 1]])
def test_post_root__with_signatures_twice_or_unsorted__reverts(rewards, root, order):
    with boa.reverts("distributor: signatures not ascending"):
        rewards.distributor.post_root(astuple(root), rewards.sign(root, [rewards.keys[n] for n in order]))


def test_post_root__with_a_foreign_signature__reverts(rewards, root):
    foreign = PrivateKey(keccak(b"outsider"))
    with boa.reverts("distributor: not a signer"):
        rewards.distributor.post_root(astuple(root), rewards.sign(root, [*rewards.keys[:2], foreign]))


@pytest.mark.parametrize(
    "changes",
    [
        {"reward_epoch": 2},
        {"attempt": 1},
        {"previous_root": keccak(b"false")},
        {"root": keccak(b"false")},
        {"total_wei": 1},
        {"evidence_chunk_root": keccak(b"false")},
        {"evidence_chunk_count": 4},
        {"leaf_count": 1},
        {"evidence_digest": keccak(b"false")},
        {"attribution_root": keccak(b"false")},
    ],
)
def test_post_root__with_the_signatures_of_another_root__reverts(rewards, root, changes):
    signatures = rewards.sign(replace(root, **changes))
    with boa.reverts("distributor: not a signer"):
        rewards.distributor.post_root(astuple(root), signatures)


def test_post_root__with_signatures_of_another_chain__reverts(rewards, root):
    signatures = rewards.sign(root)
    boa.env.evm.patch.chain_id = rewards.chain_id + 1
    try:
        with boa.reverts("distributor: not a signer"):
            rewards.distributor.post_root(astuple(root), signatures)
    finally:
        boa.env.evm.patch.chain_id = rewards.chain_id


def test_post_root__with_signatures_for_another_contract__reverts(rewards, root):
    elsewhere = replace(rewards, distributor=rewards.token)
    with boa.reverts("distributor: not a signer"):
        rewards.distributor.post_root(astuple(root), elsewhere.sign(root))


@pytest.mark.parametrize("change", ["short", "empty", "high s", "v 0", "v 29", "zero r"])
def test_post_root__with_a_malformed_signature__reverts(rewards, root, change):
    first, second = rewards.sign(root)
    r, s, v = first[:32], first[32:64], first[64]
    malformed = {
        "short": first[:64],
        "empty": b"",
        "high s": r + (ORDER - int.from_bytes(s, "big")).to_bytes(32, "big") + bytes([55 - v]),
        "v 0": r + s + bytes([v - 27]),
        "v 29": r + s + b"\x1d",
        "zero r": bytes(32) + s + bytes([v]),
    }[change]
    with boa.reverts("distributor: not a signer"):
        rewards.distributor.post_root(astuple(root), [malformed, second])


def test_post_root__before_any_signer_is_set__reverts(rewards, root, factory):
    fresh = factory("RewardDistributor").deploy(rewards.token, rewards.treasury, rewards.owner, 1, 1, 1, 1, 1)
    boa.env.timestamp += 1
    with boa.reverts("distributor: no signers set"):
        fresh.post_root(astuple(rewards.changed(root, total_wei=0)), [])


def test_post_root__after_the_signers_were_replaced__needs_the_new_ones(rewards, root):
    old = rewards.sign(root)
    signers = sorted("0x" + keccak(bytes([n]))[:20].hex() for n in range(3))
    rewards.distributor.set_signers(signers, 2, sender=rewards.owner)
    with boa.reverts("distributor: not a signer"):
        rewards.distributor.post_root(astuple(root), old)
