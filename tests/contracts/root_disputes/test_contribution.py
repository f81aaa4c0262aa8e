"""prove_contribution: a share of what was not accepted when its epoch ended makes a root void, any other does not."""

from dataclasses import replace

import boa
import pytest

from chain.fraud_proofs import ReceiptFields, find_contribution_fraud
from chain.merkle import IndexedTree, keccak, receipt_leaf, share_leaf

VOID = 8
CONTRIBUTION = 16 * 2
SHARES = ((3, 600_000), (8, -150_000), (21, 250_000))


@pytest.fixture
def receipts():
    shares_root = IndexedTree([share_leaf(contribution_id=i, share_ppm=ppm) for i, ppm in SHARES]).root
    rows = [(bytes(32), ()), (shares_root, SHARES)]
    return [
        (ReceiptFields(keccak(b"receipt %d" % n), keccak(b"adapter"), keccak(b"answer"), n, root), shares)
        for n, (root, shares) in enumerate(rows)
    ]


@pytest.fixture
def place(disputes):
    return {"chain_id": disputes.rewards.chain_id, "distributor": disputes.distributor.address}


@pytest.fixture
def post(disputes, seven, receipts, place):
    """Posts an honest reward tree with the receipts' attribution tree, for the epoch that ends."""

    def run():
        leaves = [
            receipt_leaf(
                **place,
                receipt_id=fields.receipt_id,
                adapter_digest=fields.adapter_digest,
                answer_hash=fields.answer_hash,
                fee_wei=fields.fee_wei,
                shares_root=fields.shares_root,
            )
            for fields, _ in receipts
        ]
        tree = disputes.new_orchard().honest(seven)
        disputes.post_tree(tree, attribution_root=IndexedTree(leaves).root)

    return run


@pytest.fixture
def accept(disputes):
    def run(*contribution_ids):
        for contribution_id in contribution_ids:
            disputes.registry.accept(contribution_id)

    return run


@pytest.fixture
def proof_of(receipts, place):
    return lambda number: find_contribution_fraud(receipts, was_accepted=lambda other: other != number, **place)


@pytest.mark.parametrize("number", [3, 8, 21])
def test_prove_contribution__of_what_was_never_accepted__voids(disputes, post, accept, proof_of, events, number):
    accept(*({3, 8, 21} - {number}))
    post()
    disputes.prove(proof_of(number), reward_epoch=1)
    logged = events(disputes.contract, "RootDisproved")
    assert logged == [{"reward_epoch": 1, "attempt": 0, "prover": disputes.prover, "fault": CONTRIBUTION}]
    assert disputes.status(1) == VOID


def test_prove_contribution__of_what_was_accepted__reverts(disputes, post, accept, proof_of):
    accept(3, 8, 21)
    post()
    for number in (3, 8, 21):
        with boa.reverts("disputes: contribution was accepted"):
            disputes.prove(proof_of(number), reward_epoch=1)


def test_prove_contribution__of_what_was_accepted_after_the_epoch__voids(disputes, post, accept, proof_of):
    accept(3, 21)
    post()
    boa.env.timestamp += 1
    accept(8)
    disputes.prove(proof_of(8), reward_epoch=1)
    assert disputes.status(1) == VOID


def test_prove_contribution__of_what_was_withdrawn_after_the_epoch__reverts(disputes, post, accept, proof_of):
    accept(3, 8, 21)
    post()
    boa.env.timestamp += 1
    disputes.registry.withdraw(8)
    with boa.reverts("disputes: contribution was accepted"):
        disputes.prove(proof_of(8), reward_epoch=1)


def test_prove_contribution__of_what_was_withdrawn_within_the_epoch__voids(disputes, post, accept, proof_of):
    accept(3, 8, 21)
    disputes.registry.withdraw(8)
    post()
    disputes.prove(proof_of(8), reward_epoch=1)
    assert disputes.status(1) == VOID


def test_prove_contribution__of_a_share_of_nothing__reverts(disputes, post, proof_of):
    post()
    with boa.reverts("disputes: share is zero"):
        disputes.prove(replace(proof_of(8), share_ppm=0), reward_epoch=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"contribution_id": 4},
        {"share_ppm": 150_000},
        {"share_index": 0},
        {"share_proof": ()},
        {"receipt_index": 0},
        {"receipt_proof": ()},
    ],
)
def test_prove_contribution__of_what_the_root_does_not_say__reverts(disputes, post, proof_of, changes):
    post()
    with boa.reverts("disputes: share not under the root"):
        disputes.prove(replace(proof_of(8), **changes), reward_epoch=1)


def test_prove_contribution__of_a_root_that_is_not_pending__reverts(disputes, post, proof_of):
    post()
    disputes.rewards.finalize(1)
    with boa.reverts("disputes: root not pending"):
        disputes.prove(proof_of(8), reward_epoch=1)


def test_prove_contribution__asks_the_real_registry(disputes, factory, post, proof_of):
    """Of an id that nobody was given it knows that it was not accepted."""
    token, owner = disputes.rewards.token, disputes.rewards.owner
    registry = factory("DatanetRegistry").deploy(token, disputes.rewards.treasury, 1, owner)
    contract = factory("RootDisputes").deploy(
        token, disputes.distributor, registry, disputes.rewards.treasury, 1, disputes.contract.ANSWER_SECONDS()
    )
    disputes.distributor.set_disputes(contract, sender=owner)
    post()
    replace(disputes, contract=contract).prove(proof_of(8), reward_epoch=1)
    assert disputes.status(1) == VOID
