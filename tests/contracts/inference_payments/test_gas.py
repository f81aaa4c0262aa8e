"""Gas on a node: every function at its bounds is far below a block, a voucher in a full batch costs 25,000 at most."""

from pathlib import Path

import pytest
from eth_keys.datatypes import PrivateKey

from chain.client import ChainClient
from chain.deploy import ClientDeployer, deploy_protocol, development_roles
from chain.merkle import keccak
from chain.node import DEV_DEPLOYER, DEV_HOLDER, DevNode, dev_account
from chain.parameters import read_parameters
from chain.typed_data import Voucher, compact_signature, sign_digest, voucher_digest

ROOT = Path(__file__).resolve().parents[3]
OPEN = 10**18
MOST_GAS = 8_000_000
MOST_GAS_A_VOUCHER = 25_000
BATCH = 32
DATASET_ROOT = keccak(b"dataset root")
TERMS, LIMITS = (3, OPEN // 10, OPEN), (10_485_760, 10_485_760, 20, 5_242_880)
KEYS = [PrivateKey(keccak(b"payer %d" % number)) for number in range(BATCH)]
PAYERS = [key.public_key.to_checksum_address() for key in KEYS]
# adapter 1 is its owner's alone, adapter 8 the last of a line of eight with the highest royalties
ALONE, DEEPEST = 1, 8
OPERATOR, OWNERS, HOLDER = dev_account(6), [dev_account(7 + depth) for depth in range(8)], dev_account(DEV_HOLDER)


@pytest.fixture(scope="module")
def client():
    """The whole protocol on a node, with adapters for sale, a staker, and deposits of the 32 payers."""
    with DevNode.start(ROOT) as node:
        deployer = ClientDeployer(dev_account(DEV_DEPLOYER), rpc_url=node.rpc_url, root=ROOT)
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        deployment = deploy_protocol(deployer, parameters, development_roles(), commit="test")
        client = ChainClient(node.rpc_url, root=ROOT, deployment=deployment)
        client.send(HOLDER, "DatanetRegistry", "create_datanet", 1, 0b11, TERMS, LIMITS, DATASET_ROOT)
        client.send(HOLDER, "DatanetRegistry", "record_snapshot", 1, DATASET_ROOT, DATASET_ROOT, 1)
        digests = 3 * [keccak(b"digest")]
        client.send(HOLDER, "ModelRegistry", "register_base", *digests)
        for parent_id, owner in enumerate(OWNERS):
            arguments = (1, parent_id, *digests, [DATASET_ROOT], 2_000, 0, 0)
            client.send(owner, "ModelRegistry", "register_adapter", *arguments)
        for adapter_id in (ALONE, DEEPEST):
            owner = OWNERS[adapter_id - 1]
            client.send(owner, "ModelRegistry", "set_operator", adapter_id, OPERATOR.address, True)
        for name in ("StakedOpen", "InferencePayments"):
            client.send(HOLDER, "OpenToken", "approve", deployment.address(name), 2**256 - 1)
        client.send(HOLDER, "StakedOpen", "stake", 1_000 * OPEN)
        for payer in (*PAYERS, HOLDER.address):
            client.send(HOLDER, "InferencePayments", "deposit", payer, 1_000_000 * OPEN)
        yield client


def redemptions(client, due_wei, adapter_id=ALONE):
    """One of each payer."""
    made, payments = [], client.deployment.address("InferencePayments")
    for payer, key in zip(PAYERS, KEYS, strict=True):
        voucher = Voucher(payer, OPERATOR.address, adapter_id, due_wei + 123, 2_000_000_000)
        digest = voucher_digest(voucher, chain_id=client.chain_id, contract=payments)
        compact = compact_signature(sign_digest(digest, key.to_bytes()))
        made.append((payer, voucher.cumulative_wei, voucher.expiry, due_wei, *compact))
    return made


def redeem(client, due_wei, adapter_id=ALONE):
    """What it costs to redeem a voucher of each payer."""
    batch = redemptions(client, due_wei, adapter_id)
    return client.send(OPERATOR, "InferencePayments", "redeem", adapter_id, batch).gas_used


def test_redeem__of_a_full_batch_again__costs_25000_a_voucher_at_most(client):
    first = redeem(client, OPEN + 123_456_789)
    again = redeem(client, 2 * OPEN + 345_678_912)
    print(f"redeem, each of {BATCH}: first {first / BATCH:,.0f}, again {again / BATCH:,.0f} gas")
    assert again <= BATCH * MOST_GAS_A_VOUCHER
    # what a payer's first redemption costs more is one new slot
    assert first - again < BATCH * 21_000


def test_redeem__of_a_full_batch_for_a_deep_lineage__costs_little_more(client):
    """At the highest royalty less than a basis point reaches the seventh, so that six are credited."""
    assert len(client.call("ModelRegistry", "payees", DEEPEST)[0]) == 6
    first = redeem(client, OPEN, DEEPEST)
    again = redeem(client, 2 * OPEN, DEEPEST)
    print(f"redeem, each of {BATCH}, lineage of 8: first {first / BATCH:,.0f}, again {again / BATCH:,.0f} gas")
    assert again <= BATCH * MOST_GAS_A_VOUCHER + 6 * 12_000


def test_every_function__at_its_bounds__fits_a_block(client):
    holder, owner = HOLDER.address, client.call("InferencePayments", "owner")
    client.send(HOLDER, "InferencePayments", "request_withdrawal", OPEN)
    client.rpc("evm_increaseTime", 86_400)
    client.rpc("evm_mine")
    redeem(client, 3 * OPEN, DEEPEST)  # so that there is something to pay out
    client.rpc("anvil_impersonateAccount", owner)
    calls = {
        "deposit": (holder, (holder, 2**88)),
        "request_withdrawal": (holder, (2,)),
        "withdraw": (holder, ()),
        "redeem": (OPERATOR.address, (DEEPEST, redemptions(client, 100_000 * OPEN, DEEPEST))),
        "pay_earnings": (holder, (OWNERS[-1].address,)),
        "set_split": (owner, ((0, 9_500, 0, 500, 0),)),
        "transfer_ownership": (owner, (holder,)),
        "redeemed_of": (holder, (PAYERS[0], OPERATOR.address, ALONE)),
        "voucher_digest": (holder, ((holder, holder, 2**256 - 1, 2**256 - 1, 2**256 - 1),)),
        **{name: (holder, (holder,)) for name in ("balance_of", "withdrawal_of", "available", "earnings_of")},
        **{name: (holder, ()) for name in ("split", "owner", "eip712Domain", "OPEN_TOKEN", "WITHDRAWAL_DELAY_SECONDS")},
        **{name: (holder, ()) for name in ("MODEL_REGISTRY", "STAKED_OPEN", "DISTRIBUTOR", "TREASURY")},
    }
    contract = client.contract("InferencePayments")
    assert set(calls) == {entry["name"] for entry in contract.abi if entry["type"] == "function"}
    for name, (sender, arguments) in calls.items():
        assert contract.functions[name](*arguments).estimate_gas({"from": sender}) <= MOST_GAS, name
