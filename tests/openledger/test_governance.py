"""Governance on the real contracts: a proposal from its making to its execution."""

import pytest

from chain.errors import Reverted
from chain.merkle import reward_tree
from chain.typed_data import RewardRoot, root_digest, sign_digest
from openledger import governance
from openledger.epochs import VOID, advance_past, advance_time
from openledger.errors import AppError
from openledger.governance import Call, State, Support

POWER_WEI = 20_000_000 * 10**18


@pytest.fixture
def proposal(actors, named):
    """A proposal to raise the timelock's delay, by the holder of enough gOPEN."""
    holder = named("holder")
    governance.stake(actors.market, holder, POWER_WEI)
    # power counts from the second before
    advance_time(actors.market, 1)
    data = actors.market.chain.contract("Timelock").encode_abi("updateDelay", [200_000])
    call = Call(actors.market.address("Timelock"), bytes.fromhex(data[2:]))
    return governance.propose(actors.market, holder, [call], "Take more time")


def test_stake__votes_with_its_own_gopen_at_once(actors) -> None:
    one, two = actors.validators[:2]
    governance.stake(actors.market, one, 10**18)
    assert actors.market.chain.call("StakedOpen", "getVotes", one.address) == 10**18
    governance.delegate(actors.market, one, two.address)
    governance.stake(actors.market, one, 10**18)
    # a choice that was made stays
    assert actors.market.chain.call("StakedOpen", "getVotes", two.address) == 2 * 10**18


def test_proposal__voted_for__is_queued_and_executed(actors, named, proposal) -> None:
    market, holder = actors.market, named("holder")
    assert governance.state_of(market, proposal) is State.PENDING
    advance_past(market, proposal.vote_start)
    assert governance.state_of(market, proposal) is State.ACTIVE
    assert governance.vote(market, holder, proposal, Support.FOR, because="haste kills") == POWER_WEI
    advance_past(market, proposal.vote_end)
    assert governance.state_of(market, proposal) is State.SUCCEEDED
    eta = governance.queue(market, actors.builder, proposal)
    with pytest.raises(Reverted):
        governance.execute(market, actors.builder, proposal)
    advance_past(market, eta)
    governance.execute(market, actors.builder, proposal)
    assert governance.state_of(market, proposal) is State.EXECUTED
    assert market.chain.call("Timelock", "getMinDelay") == 200_000


def test_proposal__voted_against__is_defeated(actors, named, proposal) -> None:
    advance_past(actors.market, proposal.vote_start)
    governance.vote(actors.market, named("holder"), proposal, Support.AGAINST)
    advance_past(actors.market, proposal.vote_end)
    assert governance.state_of(actors.market, proposal) is State.DEFEATED
    with pytest.raises(Reverted):
        governance.queue(actors.market, actors.builder, proposal)


def post_root(actors, named) -> None:
    """A root of reward epoch 1 that pays nothing to anybody, signed by the oracle's keys."""
    market, distributor = actors.market, actors.market.address("RewardDistributor")
    advance_past(market, market.chain.call("RewardDistributor", "epoch_end", 1))
    tree = reward_tree(chain_id=31337, distributor=distributor, rewards={actors.contributor.address: 0})
    evidence = (bytes(31) + b"\x01", bytes(31) + b"\x02", 1, bytes(32))
    values = (1, 0, bytes(32), tree.root, 0, 1, *evidence)
    digest = root_digest(RewardRoot(*values), chain_id=31337, contract=distributor)
    keys = sorted((named(f"signer-{number}") for number in (1, 2, 3)), key=lambda key: int(key.address, 16))
    bond_wei = market.chain.call("RewardDistributor", "ROOT_BOND_WEI")
    market.pay(actors.builder, "RewardDistributor", bond_wei, what="the bond")
    signatures = [sign_digest(digest, key.key) for key in keys]
    market.chain.send(actors.builder, "RewardDistributor", "post_root", values, signatures)


def test_challenge__is_decided_by_a_vote_before_it_would_void_by_itself(actors, named) -> None:
    market, holder = actors.market, named("holder")
    governance.stake(market, holder, POWER_WEI)
    post_root(actors, named)
    market.pay(holder, "RewardDistributor", 10**21, what="the bond")
    market.chain.send(holder, "RewardDistributor", "challenge", 1, bytes(32))
    proposal = governance.propose_decision(market, holder, reward_epoch=1, is_void=True)
    assert proposal.description.startswith("Void the challenged root 0x")
    advance_past(market, proposal.vote_start)
    governance.vote(market, holder, proposal, Support.FOR)
    advance_past(market, proposal.vote_end)
    advance_past(market, governance.queue(market, holder, proposal))
    governance.execute(market, holder, proposal)
    assert market.chain.call("RewardDistributor", "root", 1).status == VOID
    # by the vote: had the deadline done it, the poster's bond would not be lost
    assert len(market.events("RewardDistributor", "RootBondLost")) == 1
    before = market.chain.call("OpenToken", "balanceOf", holder.address)
    market.chain.send(holder, "RewardDistributor", "withdraw_bond")
    assert market.chain.call("OpenToken", "balanceOf", holder.address) == before + 10**21


def test_find_proposal__by_id_or_the_newest(actors, proposal) -> None:
    assert governance.find_proposal(actors.market, None) == proposal
    assert governance.find_proposal(actors.market, proposal.proposal_id) == proposal
    with pytest.raises(AppError, match="no proposal 7"):
        governance.find_proposal(actors.market, 7)


def test_find_proposal__before_the_first__says_so(actors) -> None:
    with pytest.raises(AppError, match="there is no proposal"):
        governance.find_proposal(actors.market, None)
