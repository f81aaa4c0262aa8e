"""Receipts: who may read what, in which order, and that nothing short of the disk's end loses one."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from chain.typed_data import Voucher
from openledger.errors import GatewayRefused, GatewayUnavailable, ReceiptsUnreadable
from openledger.gateway.receipts import Receipt, ReceiptFilter, ReceiptStore, Tab

SOLD, SOLD_TOO = 1, 2
TOKENS = {"none": {}, "oracle": {"Authorization": "Bearer the oracle's secret"}}
SECRET = "my private question"


def listed(gateway: Any, *, token: str = "none", **filters: Any) -> dict[str, Any]:
    response = httpx.get(f"{gateway.url}/v1/receipts", params=filters, headers=TOKENS[token])
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_private_receipt__shows_its_text_to_the_oracle_alone(market: Any, gateway: Any) -> None:
    payer = market.payer()
    paid = market.client(gateway, payer).ask(adapter_id=SOLD, prompt=SECRET, max_tokens=10)
    reply = httpx.get(f"{gateway.url}/v1/receipts", params={"payer": payer.address})
    for secret in ("private", paid.answer, paid.receipt["salt"][2:]):
        assert secret not in reply.text
    (public,) = reply.json()["items"]
    assert public["prompt_hash"] == paid.receipt["prompt_hash"]
    (full,) = listed(gateway, token="oracle", payer=payer.address)["items"]
    assert full == paid.receipt
    assert {**public, "salt": full["salt"], "prompt": SECRET, "answer": paid.answer} == full


def test_public_receipt__shows_its_text_to_everyone(market: Any, gateway: Any) -> None:
    payer = market.payer()
    paid = market.client(gateway, payer).ask(adapter_id=SOLD, prompt=SECRET, max_tokens=10, is_public=True)
    assert listed(gateway, payer=payer.address)["items"] == [paid.receipt]


@pytest.mark.parametrize("token", ["wrong", "the operator's secret"])
def test_receipts__by_a_wrong_token__are_refused(gateway: Any, token: str) -> None:
    response = httpx.get(f"{gateway.url}/v1/receipts", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"].endswith(":unauthorized")


def test_receipts__are_filtered_and_paged_in_receipt_order(market: Any, gateway: Any) -> None:
    payer = market.payer()
    client = market.client(gateway, payer)
    paid = [
        client.ask(adapter_id=adapter_id, prompt=f"question {number}", max_tokens=10).receipt
        for number, adapter_id in enumerate([SOLD_TOO, SOLD, SOLD, SOLD_TOO, SOLD])
    ]
    expected = [r["receipt_id"] for r in sorted(paid, key=lambda r: (r["adapter_id"], int(r["due_after_wei"])))]
    found, cursor = [], None
    while True:
        page = listed(gateway, payer=payer.address, limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["receipt_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == expected
    dues = [int(receipt["due_after_wei"]) for receipt in paid if receipt["adapter_id"] == SOLD]
    window = listed(gateway, payer=payer.address, adapter_id=SOLD, after_due_wei=dues[0], up_to_due_wei=dues[1])
    assert [int(item["due_after_wei"]) for item in window["items"]] == [dues[1]]
    assert sum(int(item["fee_wei"]) for item in window["items"]) == dues[1] - dues[0]
    assert listed(gateway, payer=payer.address, operator=payer.address)["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "payer=0x1", "cursor=0x12", "after_due_wei=-1"])
def test_receipts__by_a_malformed_filter__are_refused(gateway: Any, query: str) -> None:
    response = httpx.get(f"{gateway.url}/v1/receipts?{query}")
    assert (response.status_code, response.json()["type"][-9:]) == (422, "malformed")


def test_killed_gateway__still_knows_what_is_due(market: Any, own_gateway: Callable[..., Any]) -> None:
    gateway, payer = own_gateway(), market.payer()
    with market.client(gateway, payer) as client:
        paid = [client.ask(adapter_id=SOLD, prompt=f"question {n}", max_tokens=10) for n in range(3)]
        gateway.kill()
        with pytest.raises(GatewayUnavailable):
            client.quote(adapter_id=SOLD, prompt="x", max_tokens=1)
        gateway.start()
        assert listed(gateway, token="oracle")["items"] == [item.receipt for item in paid]
        assert client.quote(adapter_id=SOLD, prompt="x", max_tokens=1).due_wei == sum(item.fee_wei for item in paid)
        client.ask(adapter_id=SOLD, prompt="one more", max_tokens=10)
        redeemed = client.redeem(operator_token="the operator's secret")["redeemed"]
    assert [item["due_wei"] for item in redeemed] == [str(market.redeemed(payer))]


def test_gateway_killed_within_an_answer__charges_nothing(market: Any, own_gateway: Callable[..., Any]) -> None:
    gateway, payer = own_gateway(), market.payer()
    with market.client(gateway, payer) as client:
        killer = threading.Timer(0.7, gateway.kill)
        killer.start()
        with pytest.raises(GatewayUnavailable):
            client.ask(adapter_id=SOLD, prompt="wait for the end", max_tokens=10)
        killer.join()
        gateway.start()
        assert client.quote(adapter_id=SOLD, prompt="x", max_tokens=1).due_wei == 0
        assert listed(gateway)["items"] == []


def test_lost_receipts__are_not_charged_again(market: Any, own_gateway: Callable[..., Any]) -> None:
    gateway, payer = own_gateway(), market.payer()
    with market.client(gateway, payer) as client:
        client.ask(adapter_id=SOLD, prompt="question", max_tokens=10)
        client.redeem(operator_token="the operator's secret")
        gateway.kill()
        for path in gateway.folder.glob("receipts.db*"):
            path.unlink()
        gateway.start()
        redeemed = market.redeemed(payer)
        assert client.quote(adapter_id=SOLD, prompt="x", max_tokens=1).due_wei == redeemed > 0
        paid = client.ask(adapter_id=SOLD, prompt="question", max_tokens=10)
        assert int(paid.receipt["due_after_wei"]) == redeemed + paid.fee_wei


def test_gateway_without_a_token__shows_private_text_to_nobody(market: Any, own_gateway: Callable[..., Any]) -> None:
    gateway = own_gateway(oracle_token=None, operator_token=None)
    with market.client(gateway, market.payer()) as client:
        assert httpx.get(f"{gateway.url}/v1/receipts", headers=TOKENS["oracle"]).status_code == 401
        with pytest.raises(GatewayRefused, match="unauthorized"):
            client.redeem(operator_token="the operator's secret")


VOUCHER = Voucher("0x" + "11" * 20, "0x" + "22" * 20, 1, 10**27, 2**255)


def receipt(number: int, **changes: Any) -> Receipt:
    mark = bytes([number]) * 32
    fields = {
        **dict.fromkeys(("receipt_id", "adapter_digest", "prompt_hash", "answer_hash", "salt"), mark),
        **{"adapter_id": 1, "payer": VOUCHER.payer, "operator": VOUCHER.operator},
        **{"input_tokens": 1, "output_tokens": 2, "served_at": 3, "is_public": False, "prompt": "p", "answer": "a"},
        **{"fee_wei": 10**20, "due_after_wei": number * 10**20},
    }
    return Receipt(**{**fields, **changes})


def test_store__keeps_amounts_past_sqlites_integers(tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "new" / "receipts.db")
    for number in (1, 2, 3):
        store.record(receipt(number), Tab(VOUCHER, b"s" * 65, number * 10**20))
    store.close()
    store = ReceiptStore(tmp_path / "new" / "receipts.db")
    assert store.find(ReceiptFilter(), limit=9) == [receipt(1), receipt(2), receipt(3)]
    assert store.tabs(operator=VOUCHER.operator) == [Tab(VOUCHER, b"s" * 65, 3 * 10**20)]
    (tab,) = store.tabs(operator=VOUCHER.operator, payer=VOUCHER.payer)
    assert [store.covered(tab, up_to_wei=amount) for amount in (10**20 - 1, 10**20, 3 * 10**20 - 1)] == [
        0,
        10**20,
        2 * 10**20,
    ]
    store.close()
    assert (tmp_path / "new" / "receipts.db").stat().st_mode & 0o077 == 0


def test_store__records_receipt_and_tab_together_or_neither(tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "receipts.db")
    store.record(receipt(1), Tab(VOUCHER, b"s" * 65, 10**20))
    with pytest.raises(ReceiptsUnreadable, match="UNIQUE"):
        store.record(receipt(1, due_after_wei=7), Tab(VOUCHER, b"s" * 65, 7))
    with pytest.raises(ReceiptsUnreadable, match="NOT NULL"):
        store.record(receipt(2), Tab(VOUCHER, None, 2 * 10**20))  # type: ignore[arg-type]
    assert store.find(ReceiptFilter(), limit=9) == [receipt(1)]
    assert [tab.due_wei for tab in store.tabs(operator=VOUCHER.operator)] == [10**20]


def test_store__is_append_only(tmp_path: Path) -> None:
    store = ReceiptStore(tmp_path / "receipts.db")
    store.record(receipt(1), Tab(VOUCHER, b"s" * 65, 10**20))
    store.close()
    with sqlite3.connect(tmp_path / "receipts.db") as database:
        for statement in ("UPDATE receipts SET input_tokens = 0", "DELETE FROM receipts"):
            with pytest.raises(sqlite3.IntegrityError, match="receipts are never"):
                database.execute(statement)
    database.close()


def test_store__that_another_gateway_holds__is_refused(tmp_path: Path) -> None:
    first = ReceiptStore(tmp_path / "receipts.db")
    with pytest.raises(ReceiptsUnreadable, match="end the other gateway"):
        ReceiptStore(tmp_path / "receipts.db")
    first.close()
    ReceiptStore(tmp_path / "receipts.db").close()


def test_store__that_is_no_database__is_refused(tmp_path: Path) -> None:
    (tmp_path / "receipts.db").write_bytes(b"not a database" * 100)
    with pytest.raises(ReceiptsUnreadable, match="not a database"):
        ReceiptStore(tmp_path / "receipts.db")
