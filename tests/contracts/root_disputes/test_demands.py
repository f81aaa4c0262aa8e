"""demand_chunk, answer_demand, void_unanswered, settle_demand: evidence is shown in time, or its root is void."""

from dataclasses import replace

import boa
import pytest

from chain.merkle import evidence_tree, keccak

OPEN = 10**18
BOND = 100 * OPEN
ANSWER_SECONDS = 86_400
POSTED, CHALLENGED, FINAL, VOID = 1, 2, 4, 8
UNANSWERED = 64
NO_ONE = "0x" + "00" * 20


@pytest.fixture
def posted(disputes, seven):
    """Two pending roots with four chunks of evidence each, of the epochs 1 and 2."""
    for number in range(2):
        disputes.post_tree(disputes.new_orchard().honest({account: wei + number for account, wei in seven.items()}))
    return disputes.distributor


def test_demand_chunk__takes_the_bond_holds_the_root_and_logs_it(disputes, posted, events):
    before = disputes.balance(disputes.demander)
    disputes.demand(1, 2)
    deadline = boa.env.timestamp + ANSWER_SECONDS
    assert events(disputes.contract, "ChunkDemanded") == [
        {
            "reward_epoch": 1,
            "chunk_index": 2,
            "demander": disputes.demander,
            "attempt": 0,
            "bond_wei": BOND,
            "deadline": deadline,
        }
    ]
    assert before - disputes.balance(disputes.demander) == BOND == disputes.balance(disputes.contract)
    assert posted.root(1).hold_count == 1
    assert disputes.contract.demand(1, 0, 2) == (disputes.demander, deadline, False)
    assert disputes.contract.demand(1, 0, 1) == (NO_ONE, 0, False)


def test_demand_chunk__twice__reverts_also_once_it_was_shown(disputes, posted):
    disputes.demand(1, 2)
    with boa.reverts("disputes: chunk already demanded"):
        disputes.demand(1, 2)
    disputes.answer(1, 2)
    assert disputes.contract.demand(1, 0, 2) == (NO_ONE, 0, True)
    with boa.reverts("disputes: chunk already demanded"):
        disputes.demand(1, 2)


def test_demand_chunk__that_does_not_exist__reverts(disputes, posted):
    disputes.demand(1, 3)
    with boa.reverts("disputes: no such chunk"):
        disputes.demand(1, 4)


def test_demand_chunk__without_the_bond__reverts(disputes, posted, outsider):
    with boa.reverts("erc20: insufficient allowance"):
        disputes.contract.demand_chunk(1, 0, sender=outsider)


def test_demand_chunk__after_the_window__reverts(disputes, posted):
    boa.env.timestamp = posted.root(1).posted_at + posted.CHALLENGE_WINDOW_SECONDS() - 1
    disputes.demand(1, 0)
    boa.env.timestamp += 1
    with boa.reverts("distributor: window over"):
        disputes.demand(1, 1)


@pytest.mark.parametrize("function", ["demand_chunk", "answer_demand", "void_unanswered"])
def test_demands__of_a_root_that_is_not_pending__revert(disputes, posted, function):
    arguments = (b"", []) if function == "answer_demand" else ()
    disputes.rewards.finalize(1)
    for epoch in (1, 9):
        with boa.reverts("disputes: root not pending"):
            getattr(disputes.contract, function)(epoch, 0, *arguments)


@pytest.mark.parametrize("index", range(4))
def test_answer_demand__shows_the_chunk_and_pays_whoever_shows_it(disputes, posted, events, index):
    disputes.demand(1, index)
    before = disputes.balance(disputes.answerer)
    disputes.answer(1, index)
    assert events(disputes.contract, "DemandAnswered") == [
        {
            "reward_epoch": 1,
            "chunk_index": index,
            "answerer": disputes.answerer,
            "attempt": 0,
            "bond_wei": BOND,
            "chunk": disputes.chunks[index],
        }
    ]
    assert disputes.balance(disputes.answerer) - before == BOND
    assert disputes.balance(disputes.contract) == posted.root(1).hold_count == 0
    disputes.rewards.finalize(1)


def test_answer_demand__in_the_last_second__is_taken_and_later_reverts(disputes, posted):
    disputes.demand(1, 0)
    disputes.demand(1, 1)
    boa.env.timestamp += ANSWER_SECONDS - 1
    disputes.answer(1, 0)
    boa.env.timestamp += 1
    with boa.reverts("disputes: answer too late"):
        disputes.answer(1, 1)


def test_answer_demand__without_a_demand__reverts(disputes, posted):
    disputes.demand(1, 0)
    disputes.answer(1, 0)
    for index in (0, 1):
        with boa.reverts("disputes: no open demand"):
            disputes.answer(1, index)


@pytest.mark.parametrize(
    "changes",
    [
        {"chunk": b"something else"},
        {"chunk": b""},
        {"proof": []},
        {"proof": evidence_tree([b"other", b"chunks", b"of", b"evidence"]).proof(1)},
        {"proof": [keccak(b"too"), keccak(b"many"), keccak(b"words")]},
    ],
)
def test_answer_demand__with_anything_else__reverts(disputes, posted, changes):
    disputes.demand(1, 1)
    with boa.reverts("disputes: not the chunk"):
        disputes.answer(1, 1, **changes)


def test_answer_demand__with_another_chunk_of_the_same_evidence__reverts(disputes, posted):
    disputes.demand(1, 1)
    with boa.reverts("disputes: not the chunk"):
        disputes.answer(1, 1, chunk=disputes.chunks[0], proof=evidence_tree(disputes.chunks).proof(0))


def test_answer_demand__of_one_chunk__needs_no_proof(disputes, seven):
    small = replace(disputes, chunks=(b"all there is",))
    small.post_tree(small.new_orchard().honest(seven))
    small.demand(1, 0)
    small.answer(1, 0)
    assert small.distributor.root(1).hold_count == 0


def test_answer_demand__at_its_bounds__stays_within_the_gas_bound(disputes, seven):
    chunk, siblings = bytes(range(1, 241)) * 100, [keccak(b"%d" % n) for n in range(32)]
    node = keccak(keccak(keccak(b"EvidenceChunk(uint256 index,bytes32 chunkHash)") + bytes(32) + keccak(chunk)))
    for sibling in siblings:
        node = keccak(node + sibling)
    tree = disputes.new_orchard().honest(seven)
    disputes.post_tree(tree, evidence_chunk_root=node, evidence_chunk_count=2**32)
    disputes.demand(1, 0)
    disputes.contract.answer_demand(1, 0, chunk, siblings)
    executed = disputes.contract._computation.get_gas_used()
    # less than what EIP-7623 asks for the calldata alone: 40 gas a byte against 16
    assert executed < 24 * len(chunk)


def test_void_unanswered__after_the_deadline__voids_and_pays_the_demander(disputes, posted, events, outsider):
    disputes.demand(1, 2)
    boa.env.timestamp += ANSWER_SECONDS - 1
    with boa.reverts("disputes: answer time not over"):
        disputes.contract.void_unanswered(1, 2, sender=outsider)
    boa.env.timestamp += 1
    before = disputes.balance(disputes.demander)
    disputes.contract.void_unanswered(1, 2, sender=outsider)
    shown = {"reward_epoch": 1, "attempt": 0, "prover": disputes.demander, "fault": UNANSWERED}
    assert events(disputes.contract, "RootDisproved") == [shown]
    settled = {"reward_epoch": 1, "chunk_index": 2, "recipient": disputes.demander, "attempt": 0, "bond_wei": BOND}
    assert events(disputes.contract, "DemandSettled") == [settled]
    root_bond = posted.ROOT_BOND_WEI()
    assert disputes.balance(disputes.demander) - before == BOND + root_bond - root_bond // 2
    assert [disputes.status(epoch) for epoch in (1, 2)] == [VOID, VOID]
    assert disputes.balance(disputes.contract) == 0


def test_void_unanswered__without_a_demand__reverts(disputes, posted):
    with boa.reverts("disputes: no open demand"):
        disputes.contract.void_unanswered(1, 0)


def test_void_unanswered__of_a_challenged_root__voids(disputes, posted):
    disputes.rewards.challenge(2)
    disputes.demand(2, 0)
    boa.env.timestamp += ANSWER_SECONDS
    disputes.contract.void_unanswered(2, 0)
    assert [disputes.status(epoch) for epoch in (1, 2)] == [POSTED, VOID]


def test_finalize__waits_for_a_demand_made_in_the_last_second(disputes, posted):
    boa.env.timestamp = posted.root(1).posted_at + posted.CHALLENGE_WINDOW_SECONDS() - 1
    disputes.demand(1, 0)
    boa.env.timestamp += 1
    with boa.reverts("distributor: evidence demanded"):
        posted.finalize(1)
    boa.env.timestamp += ANSWER_SECONDS - 1
    with boa.reverts("distributor: evidence demanded"):
        posted.finalize(1)
    disputes.contract.void_unanswered(1, 0)
    assert disputes.status(1) == VOID


def test_settle_demand__of_a_root_void_for_another_reason__pays_back(disputes, posted, events, outsider):
    for index in (0, 1):
        disputes.demand(2, index)
    disputes.rewards.challenge(1)
    with boa.reverts("disputes: root still pending"):
        disputes.contract.settle_demand(2, 0, 0)
    posted.resolve_challenge(1, True, sender=disputes.rewards.owner)
    before = disputes.balance(disputes.demander)
    disputes.contract.settle_demand(2, 0, 0, sender=outsider)
    settled = {"reward_epoch": 2, "chunk_index": 0, "recipient": disputes.demander, "attempt": 0, "bond_wei": BOND}
    assert events(disputes.contract, "DemandSettled") == [settled]
    assert disputes.balance(disputes.demander) - before == BOND
    with boa.reverts("disputes: no open demand"):
        disputes.contract.settle_demand(2, 0, 0)


def test_settle_demand__of_an_earlier_attempt__pays_back_while_the_next_is_pending(disputes, posted, seven):
    disputes.demand(2, 0)
    posted.set_disputes(disputes.contract, sender=disputes.rewards.owner)
    disputes.rewards.challenge(2)
    posted.resolve_challenge(2, True, sender=disputes.rewards.owner)
    tree = disputes.rewards.tree({account: wei + 1 for account, wei in seven.items()})
    disputes.rewards.post(disputes.rewards.root(tree, reward_epoch=2, attempt=1))
    disputes.demand(2, 0)
    before = disputes.balance(disputes.demander)
    disputes.contract.settle_demand(2, 0, 0)
    assert disputes.balance(disputes.demander) - before == BOND == disputes.balance(disputes.contract)
    with boa.reverts("disputes: root still pending"):
        disputes.contract.settle_demand(2, 1, 0)


def test_settle_demand__that_nobody_followed_up__pays_the_treasury(disputes, posted):
    disputes.demand(1, 0)
    window_end = posted.root(1).posted_at + posted.CHALLENGE_WINDOW_SECONDS()
    boa.env.timestamp = window_end + posted.RESOLUTION_SECONDS()
    posted.finalize(1)
    before = disputes.balance(disputes.rewards.treasury)
    disputes.contract.settle_demand(1, 0, 0)
    assert disputes.balance(disputes.rewards.treasury) - before == BOND
    assert disputes.balance(disputes.contract) == 0


def test_demands__after_the_distributor_named_another_contract__can_be_settled_in_the_end(disputes, posted):
    disputes.demand(1, 0)
    posted.set_disputes(disputes.prover, sender=disputes.rewards.owner)
    with boa.reverts("distributor: sender is not the disputes contract"):
        disputes.answer(1, 0)
    posted.void_proven(1, disputes.prover, sender=disputes.prover)
    before = disputes.balance(disputes.demander)
    disputes.contract.settle_demand(1, 0, 0)
    assert disputes.balance(disputes.demander) - before == BOND
