"""Redemption: the money moves on chain, receipt by receipt, and one bad tab does not hold up the others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.node import DEV_HOLDER, dev_account
from chain.typed_data import Voucher, sign_digest, voucher_digest
from openledger.errors import GatewayRefused
from openledger.gateway.receipts import Receipt, ReceiptStore, Tab
from openledger.gateway.redemptions import MAX_BATCH, Redeemer

SOLD, SOLD_TOO = 1, 2
TOKEN = "the operator's secret"


@pytest.fixture(scope="module")
def gateway(market: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A gateway of these tests alone, which owes nothing at their start."""
    process = market.process(tmp_path_factory.mktemp("redeeming"))
    process.start()
    yield process
    process.kill()


def redeem(client: Any, *payers: LocalAccount) -> dict[str, Any]:
    """Have everything redeemed; what that meant for these payers."""
    addresses = {payer.address for payer in payers}
    reply = client.redeem(operator_token=TOKEN)
    return {kind: [item for item in items if item["payer"] in addresses] for kind, items in reply.items()}


def ask(client: Any, *, adapter_id: int = SOLD, words: int = 4) -> int:
    """Pay for an answer; its fee."""
    fee: int = client.ask(adapter_id=adapter_id, prompt="word " * words, max_tokens=10).fee_wei
    return fee


def test_redeem__moves_the_money(market: Any, gateway: Any) -> None:
    payer = market.payer()
    earned = market.chain.call("InferencePayments", "earnings_of", market.operator.address)
    with market.client(gateway, payer) as client:
        first = [ask(client), ask(client, words=6)]
        other = ask(client, adapter_id=SOLD_TOO)
        reply = redeem(client, payer)
        assert redeem(client, payer) == {"redeemed": [], "skipped": []}
        third = ask(client)
        again = redeem(client, payer)
    assert reply["skipped"] == []
    amounts = {item["adapter_id"]: (item["payer"], int(item["amount_wei"])) for item in reply["redeemed"]}
    assert amounts == {SOLD: (payer.address, sum(first)), SOLD_TOO: (payer.address, other)}
    # a batch is of one adapter
    assert len({item["transaction_hash"] for item in reply["redeemed"]}) == 2
    assert [(item["due_wei"], item["amount_wei"]) for item in again["redeemed"]] == [
        (str(sum(first) + third), str(third))
    ]
    assert market.redeemed(payer) == sum(first) + third
    assert market.redeemed(payer, SOLD_TOO) == other
    total = sum(first) + third + other
    assert market.deposit_of(payer) == 10**18 - total
    # the operator of these adapters owns them, so the owner part (3,000 of 10,000) is its
    gained = market.chain.call("InferencePayments", "earnings_of", market.operator.address) - earned
    assert total * 3 // 10 - 3 <= gained <= total * 3 // 10


def test_events__cover_receipts_to_the_wei(market: Any, gateway: Any) -> None:
    payer = market.payer()
    with market.client(gateway, payer) as client:
        for words in (3, 5):
            ask(client, words=words)
        redeem(client, payer)
        ask(client, words=7)
        redeem(client, payer)
    logs = market.chain.events("InferencePayments", "VoucherRedeemed", from_block=0, payer=payer.address)
    assert len(logs) == 2
    for log in logs:
        due, amount = log["args"]["due_wei"], log["args"]["amount_wei"]
        window = {"payer": payer.address, "after_due_wei": due - amount, "up_to_due_wei": due}
        items = httpx.get(f"{gateway.url}/v1/receipts", params=window).json()["items"]
        assert sum(int(item["fee_wei"]) for item in items) == amount
        assert int(items[-1]["due_after_wei"]) == due


def test_redeem__without_the_operators_token__is_refused(market: Any, gateway: Any) -> None:
    assert httpx.post(f"{gateway.url}/v1/redemptions").status_code == 401
    with market.client(gateway, market.payer()) as client, pytest.raises(GatewayRefused) as refusal:
        client.redeem(operator_token="the oracle's secret")
    assert (refusal.value.slug, refusal.value.status) == ("unauthorized", 401)


def test_redeem__when_the_deposit_shrank__takes_whole_receipts_only(market: Any, gateway: Any) -> None:
    payer, rich = market.payer(), market.payer()
    with market.client(gateway, payer) as client, market.client(gateway, rich) as other:
        fees = [ask(client), ask(client)]
        # the payer leaves with all but the first fee and a half of the second, while the operator sleeps
        keep = fees[0] + fees[1] // 2
        market.chain.send(payer, "InferencePayments", "request_withdrawal", 10**18 - keep)
        market.chain.rpc("evm_increaseTime", 86_401)
        market.chain.send(payer, "InferencePayments", "withdraw")
        unharmed = ask(other)
        reply = redeem(client, payer, rich)
    assert {item["payer"]: int(item["amount_wei"]) for item in reply["redeemed"]} == {
        payer.address: fees[0],
        rich.address: unharmed,
    }
    (skipped,) = reply["skipped"]
    assert skipped["payer"] == payer.address
    assert f"covers {fees[0]} wei" in skipped["reason"]
    assert market.deposit_of(payer) == fees[1] // 2


def test_redeem__with_an_expired_voucher__skips_it(market: Any, gateway: Any) -> None:
    payer = market.payer()
    with market.client(gateway, payer) as client:
        ask(client)
        market.chain.rpc("evm_increaseTime", 8 * 86_400)
        market.chain.rpc("evm_mine")
        reply = redeem(client, payer)
    assert reply["redeemed"] == []
    assert "its voucher expired" in reply["skipped"][0]["reason"]
    assert market.redeemed(payer) == 0


def test_redeem__of_more_than_a_batch__isolates_a_bad_voucher(market: Any, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "receipts.db")
    payers = [Account.create() for _ in range(MAX_BATCH + 1)]
    sponsor, amount = market.payer(deposit_wei=1), 10**15
    market.chain.send(dev_account(DEV_HOLDER), "OpenToken", "transfer", sponsor.address, amount * len(payers))
    market.chain.send(sponsor, "OpenToken", "approve", market.address("InferencePayments"), amount * len(payers))
    for payer in payers:
        market.chain.send(sponsor, "InferencePayments", "deposit", payer.address, amount)
        store.record(*owing(market, payer, amount))
    bad = min(payers, key=lambda payer: int(payer.address, 16))
    receipt, tab = owing(market, bad, amount)
    # as if its row had been damaged on disk
    damaged = replace(tab, signature=bytes(32) + tab.signature[32:])
    store.record(replace(receipt, due_after_wei=amount - 1, receipt_id=bytes(32)), damaged)
    redeemed, skipped = Redeemer(store, market.chain, market.operator).redeem()
    assert [(item.tab.voucher.payer, item.reason) for item in skipped] == [
        (bad.address, "payments: not signed by the payer")
    ]
    assert {item.tab.voucher.payer for item in redeemed} == {payer.address for payer in payers} - {bad.address}
    assert [market.redeemed(payer) for payer in payers] == [amount * (payer is not bad) for payer in payers]
    store.close()


def test_redeem__with_a_malformed_signature__skips_it(market: Any, tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "receipts.db")
    receipt, tab = owing(market, market.payer(), 10**15)
    store.record(receipt, replace(tab, signature=bytes(65)))
    redeemed, skipped = Redeemer(store, market.chain, market.operator).redeem()
    assert redeemed == []
    assert [item.reason for item in skipped] == [
        "its voucher's signature is not r || s || v of 65 bytes with v 27 or 28; sign again"
    ]
    store.close()


def owing(market: Any, payer: LocalAccount, amount_wei: int) -> tuple[Receipt, Tab]:
    """A receipt of `amount_wei` and the tab after it, with the payer's real signature."""
    expiry = market.now() + 86_400
    voucher = Voucher(payer.address, market.operator.address, SOLD, amount_wei, expiry)
    digest = voucher_digest(voucher, chain_id=market.chain.chain_id, contract=market.address("InferencePayments"))
    mark = digest
    receipt = Receipt(
        receipt_id=mark,
        adapter_id=SOLD,
        adapter_digest=mark,
        payer=payer.address,
        operator=market.operator.address,
        prompt_hash=mark,
        answer_hash=mark,
        input_tokens=1,
        output_tokens=1,
        fee_wei=amount_wei,
        due_after_wei=amount_wei,
        served_at=1,
        is_public=False,
        salt=mark,
        prompt="",
        answer="",
    )
    return receipt, Tab(voucher, sign_digest(digest, payer.key), amount_wei)
