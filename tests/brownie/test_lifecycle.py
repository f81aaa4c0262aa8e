"""One contribution's way from its commitment to its reward, over the deployed contracts."""

import brownie
import pytest
from brownie import chain as brownie_chain
from brownie import web3

from chain.merkle import IndexedTree, dataset_leaf, receipt_leaf, reward_tree, share_leaf
from chain.node import DEV_SIGNERS, dev_account
from chain.typed_data import RewardRoot, Voucher, root_digest, sign_digest, voucher_digest

OPEN = 10**18
TEXT = 1
MARKDOWN = 1 << 0
PAYER_INDEX = 11
LIMITS = (10_485_760, 10_485_760, 20, 5_242_880)
DIGEST = b"\x11" * 32
CANONICAL_HASH = b"\x12" * 32
SALT = b"\x13" * 32
RAW_CODEC = 0x55
BYTE_COUNT = 1_000
SCORE = 80
DUE_WEI = 100 * OPEN
CONTRIBUTORS_WEI = 45 * OPEN


@pytest.fixture(scope="module")
def contribution_id(protocol, roles):
    """An accepted contribution of the contributor."""
    registry, owner = protocol.DatanetRegistry, {"from": roles.builder}
    registry.create_datanet(TEXT, MARKDOWN, 2, LIMITS, b"\x01" * 32, owner)
    for validator in roles.validators:
        registry.set_validator(1, validator, True, owner)
    contributor = {"from": roles.contributor}
    registry.commit(registry.commitment_of(roles.contributor, 1, DIGEST, CANONICAL_HASH, SALT), contributor)
    registry.reveal(1, DIGEST, RAW_CODEC, CANONICAL_HASH, BYTE_COUNT, 0, SALT, contributor)
    for validator in roles.validators:
        registry.review(1, True, SCORE, 0, bytes(32), {"from": validator})
    return 1


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
    models.register_base(b"\x03" * 32, b"\x04" * 32, owner)
    models.register_adapter(1, 0, b"\x05" * 32, b"\x06" * 32, [root], 0, OPEN, OPEN, owner)
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
    signature = sign_digest(digest, dev_account(PAYER_INDEX).key)
    redeemed = payments.redeem([(voucher, DUE_WEI, signature)], {"from": roles.operator})
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
    return (reward_epoch, 0, rewards.root, rewards.total_wei, rewards.leaf_count, b"\x31" * 32, attribution_root)


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


def test_claim__of_a_final_root__pays_the_contributor_once(protocol, roles, rewards, post):
    posted_and_final(protocol, roles, post)
    index, cumulative_wei, proof = rewards.proof_of(str(roles.contributor.address))
    claim = (roles.contributor, cumulative_wei, index, [(node.hash, node.sum_wei) for node in proof])
    protocol.RewardDistributor.claim(*claim, {"from": roles.outsider})
    assert protocol.OpenToken.balanceOf(roles.contributor) == CONTRIBUTORS_WEI
    with brownie.reverts("distributor: nothing to claim"):
        protocol.RewardDistributor.claim(*claim, {"from": roles.outsider})


def test_verify_attribution__tells_the_posted_share_from_any_other(protocol, roles, post):
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


def test_post_root__above_what_accrued__reverts(protocol, roles, post):
    greedy = (*post[:3], CONTRIBUTORS_WEI + 1, *post[4:])
    with brownie.reverts("distributor: total above accrued"):
        protocol.RewardDistributor.post_root(
            greedy, signed_by(protocol, greedy, *DEV_SIGNERS), {"from": roles.outsider}
        )
