"""One contribution's way from its commitment to its reward, over the deployed contracts."""

import brownie
import pytest
from brownie import chain as brownie_chain
from brownie import web3

from chain.merkle import IndexedTree, dataset_leaf, receipt_leaf, reward_tree, share_leaf, sum_node
from chain.node import DEV_SIGNERS, dev_account
from chain.typed_data import RewardRoot, Voucher, compact_signature, root_digest, sign_digest, voucher_digest

OPEN = 10**18
TEXT = 1
MARKDOWN = 1 << 0
PAYER_INDEX = 11
TERMS = (3, 3 * 10**17, OPEN)
LIMITS = (10_485_760, 10_485_760, 20, 5_242_880)
DIGEST = b"\x11" * 32
CANONICAL_HASH = b"\x12" * 32
SALT = b"\x13" * 32
BYTE_COUNT = 1_000
SCORE = 80
DUE_WEI = 100 * OPEN
CONTRIBUTORS_WEI = 45 * OPEN
# of IReviewCourt.Phase
OPENED = 1


def give(protocol, roles, account, spender, amount_wei):
    """Give OPEN to an account, which lets a contract take it."""
    protocol.OpenToken.transfer(account, amount_wei, {"from": roles.holder})
    protocol.OpenToken.approve(spender, amount_wei, {"from": account})


@pytest.fixture(scope="module")
def committed(protocol, roles):
    """The id of the contributor's commitment, in a Datanet with a review budget and validators."""
    registry, pool, court = protocol.DatanetRegistry, protocol.ValidatorPool, protocol.ReviewCourt
    registry.create_datanet(TEXT, MARKDOWN, TERMS, LIMITS, b"\x01" * 32, {"from": roles.builder})
    give(protocol, roles, roles.builder, court, 100 * OPEN)
    court.fund(1, 100 * OPEN, {"from": roles.builder})
    for validator in roles.validators:
        give(protocol, roles, validator, pool, pool.SEAT_WEI())
        pool.join(TEXT, 1, {"from": validator})
    give(protocol, roles, roles.contributor, registry, registry.DEPOSIT_WEI())
    contributor = {"from": roles.contributor}
    registry.add_deposits(1, 1, contributor)
    commitment = registry.commitment_of(roles.contributor, 1, DIGEST, CANONICAL_HASH, SALT)
    made = registry.commit(commitment, contributor)
    return made.events["Committed"]["contribution_id"]


@pytest.fixture(scope="module")
def contribution_id(protocol, roles, committed):
    """An accepted contribution of the contributor."""
    registry, court, number = protocol.DatanetRegistry, protocol.ReviewCourt, committed
    registry.reveal(number, 1, DIGEST, CANONICAL_HASH, BYTE_COUNT, 0, SALT, {"from": roles.contributor})
    court.open_rounds([number], {"from": roles.outsider})
    # the lot may ask a larger committee, which then votes in the same way
    while court.round(number)["phase"] == OPENED:
        brownie_chain.mine(2)
        court.draw_committees([number], {"from": roles.outsider})
        vote(protocol, roles, number)
        court.tally([number], {"from": roles.outsider})
        brownie_chain.mine(2)
        court.audit([number], {"from": roles.outsider})
    brownie_chain.sleep(court.APPEAL_SECONDS())
    brownie_chain.mine()
    court.settle([number], [CANONICAL_HASH], {"from": roles.outsider})
    return number


def vote(protocol, roles, number):
    """Every seat of the committee commits to accept, then reveals it."""
    court = protocol.ReviewCourt
    level = court.round(number)["level"]
    _, members = court.committee(number, level)
    said = (True, SCORE, 0, bytes(32))
    seats = [(position, who) for position, who in enumerate(members)]
    for account in roles.validators:
        mine = [position for position, who in seats if who == account]
        hidden = [
            (number, position, court.vote_commitment(account, number, level, position, *said, SALT))
            for position in mine
        ]
        court.commit_votes(hidden, {"from": account})
    for account in roles.validators:
        shown = [(number, position, *said, SALT) for position, who in seats if who == account]
        court.reveal_votes(shown, {"from": account})


@pytest.fixture(scope="module")
def adapter_id(protocol, roles, contribution_id):
    """An adapter of the builder, trained on the contribution and served by the operator."""
    owner = {"from": roles.builder}
    leaf = dataset_leaf(
        contribution_id=contribution_id,
        digest=DIGEST,
        contributor=str(roles.contributor.address),
        byte_count=BYTE_COUNT,
        score=SCORE,
    )
    root = IndexedTree([leaf]).root
    protocol.DatanetRegistry.record_snapshot(1, root, b"\x02" * 32, 1, owner)
    models = protocol.ModelRegistry
    models.register_base(b"\x03" * 32, b"\x04" * 32, b"\x07" * 32, owner)
    models.register_adapter(1, 0, b"\x05" * 32, b"\x06" * 32, b"\x07" * 32, [root], 0, OPEN, OPEN, owner)
    models.set_operator(1, roles.operator, True, owner)
    return 1


@pytest.fixture(scope="module")
def reward_epoch(protocol, roles, adapter_id):
    """The reward epoch in which the payer's voucher was redeemed; it is over."""
    token, payments = protocol.OpenToken, protocol.InferencePayments
    token.transfer(roles.payer, 1_000 * OPEN, {"from": roles.holder})
    token.approve(payments, 1_000 * OPEN, {"from": roles.payer})
    payments.deposit(roles.payer, 1_000 * OPEN, {"from": roles.payer})
    voucher = (roles.payer, roles.operator, adapter_id, 200 * OPEN, 2**40)
    digest = voucher_digest(
        Voucher(str(roles.payer.address), str(roles.operator.address), *voucher[2:]),
        chain_id=web3.eth.chain_id,
        contract=payments.address,
    )
    assert digest == bytes(payments.voucher_digest(voucher))
    r, vs = compact_signature(sign_digest(digest, dev_account(PAYER_INDEX).key))
    redemption = (roles.payer, *voucher[3:], DUE_WEI, r, vs)
    redeemed = payments.redeem(adapter_id, [redemption], {"from": roles.operator})
    epoch = redeemed.events["VoucherRedeemed"]["reward_epoch"]
    brownie_chain.sleep(protocol.RewardDistributor.epoch_end(epoch) - brownie_chain.time() + 1)
    brownie_chain.mine()
    return epoch


@pytest.fixture(scope="module")
def rewards(protocol, roles):
    """The reward tree that gives the contributor all of the epoch."""
    return reward_tree(
        chain_id=web3.eth.chain_id,
        distributor=protocol.RewardDistributor.address,
        rewards={str(roles.contributor.address): CONTRIBUTORS_WEI},
    )


def signed_by(protocol, post, *indexes):
    """The post's signatures by development accounts, in order of their addresses."""
    digest = root_digest(RewardRoot(*post), chain_id=web3.eth.chain_id, contract=protocol.RewardDistributor.address)
    keys = sorted((dev_account(index) for index in indexes), key=lambda account: int(account.address, 16))
    return [sign_digest(digest, account.key) for account in keys]


def receipt_of(protocol):
    """A receipt leaf and its fields in the order of the ABI, whose answer one contribution shaped alone."""
    shares_root = IndexedTree([share_leaf(contribution_id=1, share_ppm=1_000_000)]).root
    fields = (b"\x21" * 32, b"\x05" * 32, b"\x22" * 32, DUE_WEI, shares_root)
    names = ("receipt_id", "adapter_digest", "answer_hash", "fee_wei", "shares_root")
    distributor = protocol.RewardDistributor.address
    leaf = receipt_leaf(chain_id=web3.eth.chain_id, distributor=distributor, **dict(zip(names, fields, strict=True)))
    return leaf, fields


@pytest.fixture(scope="module")
def post(protocol, reward_epoch, rewards):
    """The root of the epoch as it is posted."""
    attribution_root = IndexedTree([receipt_of(protocol)[0]]).root
    evidence = (b"\x31" * 32, b"\x32" * 32, 1)
    numbers = (rewards.total_wei, rewards.leaf_count)
    return (reward_epoch, 0, bytes(32), rewards.root, *numbers, *evidence, attribution_root)


@pytest.fixture
def bond(protocol, roles):
    """The poster's bond, for the distributor to take."""
    give(protocol, roles, roles.outsider, protocol.RewardDistributor, protocol.RewardDistributor.ROOT_BOND_WEI())


def posted_and_final(protocol, roles, post):
    distributor = protocol.RewardDistributor
    distributor.post_root(post, signed_by(protocol, post, *DEV_SIGNERS[:2]), {"from": roles.outsider})
    brownie_chain.sleep(distributor.CHALLENGE_WINDOW_SECONDS() + 1)
    distributor.finalize(post[0], {"from": roles.outsider})


def test_redeem__splits_the_fee_by_the_configured_parts(protocol, roles, reward_epoch):
    assert protocol.RewardDistributor.accrued(reward_epoch) == CONTRIBUTORS_WEI
    assert protocol.InferencePayments.earnings_of(roles.builder) == 30 * OPEN
    assert protocol.OpenToken.balanceOf(protocol.StakedOpen) == 10 * OPEN
    assert protocol.OpenToken.balanceOf(protocol.Timelock) == 10 * OPEN
    assert protocol.OpenToken.totalSupply() == 10**27 - 5 * OPEN


def test_claim__of_a_final_root__pays_the_contributor_once(protocol, roles, rewards, post, bond):
    posted_and_final(protocol, roles, post)
    claim = rewards.claim_of(str(roles.contributor.address))
    protocol.RewardDistributor.claim(*claim, {"from": roles.outsider})
    assert protocol.OpenToken.balanceOf(roles.contributor) == CONTRIBUTORS_WEI
    with brownie.reverts("distributor: nothing to claim"):
        protocol.RewardDistributor.claim(*claim, {"from": roles.outsider})


def test_verify_attribution__tells_the_posted_share_from_any_other(protocol, roles, post, bond):
    posted_and_final(protocol, roles, post)
    _, receipt = receipt_of(protocol)
    verify = protocol.RewardDistributor.verify_attribution
    assert verify(post[0], receipt, 0, [], 1, 1_000_000, 0, [])
    assert not verify(post[0], receipt, 0, [], 1, 999_999, 0, [])
    assert not verify(post[0], receipt, 0, [], 2, 1_000_000, 0, [])


def test_post_root__by_one_signer__reverts(protocol, roles, post):
    with brownie.reverts("distributor: too few signatures"):
        protocol.RewardDistributor.post_root(post, signed_by(protocol, post, DEV_SIGNERS[0]), {"from": roles.outsider})


def test_post_root__with_a_signature_of_no_signer__reverts(protocol, roles, post):
    signatures = signed_by(protocol, post, DEV_SIGNERS[0], PAYER_INDEX)
    with brownie.reverts("distributor: not a signer"):
        protocol.RewardDistributor.post_root(post, signatures, {"from": roles.outsider})


def test_post_root__above_what_accrued__reverts(protocol, roles, post, bond):
    greedy = (*post[:3], sum_node(post[3], CONTRIBUTORS_WEI + 1), CONTRIBUTORS_WEI + 1, *post[5:])
    with brownie.reverts("distributor: total above accrued"):
        protocol.RewardDistributor.post_root(
            greedy, signed_by(protocol, greedy, *DEV_SIGNERS), {"from": roles.outsider}
        )
