"""Receipts, and what each payer owes: an append-only SQLite database that one gateway process holds.

An answer leaves the gateway only after its receipt, the new amount due and the voucher that covers it are on disk, in
one transaction. Amounts are 32 bytes, big-endian: wei pass SQLite's integers, and bytes sort as the numbers do.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_canonical_address, to_checksum_address

from chain.merkle import keccak, word
from chain.typed_data import Voucher
from openledger.errors import ReceiptsUnreadable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts (
    payer BLOB NOT NULL, operator BLOB NOT NULL, adapter_id INTEGER NOT NULL, due_after_wei BLOB NOT NULL,
    receipt_id BLOB NOT NULL UNIQUE, adapter_digest BLOB NOT NULL, prompt_hash BLOB NOT NULL, answer_hash BLOB NOT NULL,
    input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, fee_wei BLOB NOT NULL, served_at INTEGER NOT NULL,
    is_public INTEGER NOT NULL, salt BLOB NOT NULL, prompt TEXT NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (payer, operator, adapter_id, due_after_wei)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tabs (
    payer BLOB NOT NULL, operator BLOB NOT NULL, adapter_id INTEGER NOT NULL, due_wei BLOB NOT NULL,
    ceiling_wei BLOB NOT NULL, expiry BLOB NOT NULL, signature BLOB NOT NULL,
    PRIMARY KEY (payer, operator, adapter_id)
) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS receipts_stay BEFORE UPDATE ON receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;
CREATE TRIGGER IF NOT EXISTS receipts_remain BEFORE DELETE ON receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are never removed'); END;
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One served answer with its text (docs/formats.md "Vouchers and receipts"); amounts in wei."""

    receipt_id: bytes
    adapter_id: int
    adapter_digest: bytes
    payer: str
    operator: str
    prompt_hash: bytes
    answer_hash: bytes
    input_tokens: int
    output_tokens: int
    fee_wei: int
    due_after_wei: int
    served_at: int
    is_public: bool
    salt: bytes
    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Tab:
    """What a payer owes for one adapter, of all time, and a voucher that covers it."""

    voucher: Voucher
    signature: bytes
    due_wei: int


@dataclass(frozen=True, slots=True)
class ReceiptFilter:
    """Which receipts are asked for: after `after_due_wei`, up to and including `up_to_due_wei`."""

    payer: str | None = None
    operator: str | None = None
    adapter_id: int | None = None
    after_due_wei: int | None = None
    up_to_due_wei: int | None = None


def receipt_id_of(*, chain_id: int, payments: str, voucher: Voucher, due_after_wei: int) -> bytes:
    """The 32-byte id of the receipt after which `due_after_wei` is due: unique, as what is due only grows."""
    fields: tuple[int | str, ...] = (
        chain_id,
        payments,
        voucher.payer,
        voucher.operator,
        voucher.adapter_id,
        due_after_wei,
    )
    return keccak(b"".join(map(word, fields)))


class ReceiptStore:
    """The receipts and tabs of one gateway; its methods may be called from any thread.

    Raises:
        ReceiptsUnreadable: the file cannot be used, for instance because another gateway has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds private prompts
        with self._guarded():
            self._database = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
            # held to the end: two gateways on one file would each serve what the deposit pays only once
            for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                self._database.execute(f"PRAGMA {setting}")
            self._database.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()

    def record(self, receipt: Receipt, tab: Tab) -> None:
        """Keep a receipt and the tab that follows from it, both or neither; durable on return."""
        voucher = tab.voucher
        with self._transaction() as database:
            database.execute(f"INSERT INTO receipts VALUES ({_marks(16)})", _receipt_row(receipt))
            row = (*_key(voucher), word(tab.due_wei), word(voucher.cumulative_wei), word(voucher.expiry), tab.signature)
            database.execute(f"INSERT OR REPLACE INTO tabs VALUES ({_marks(7)})", row)

    def tabs(self, *, operator: str, payer: str | None = None) -> list[Tab]:
        """The tabs of an operator, of one payer or of all, by payer and adapter."""
        query = "SELECT * FROM tabs WHERE operator = ?" + (" AND payer = ?" if payer else "")
        values = (_address(operator), *([_address(payer)] if payer else []))
        return [_tab(row) for row in self._select(f"{query} ORDER BY payer, adapter_id", values)]

    def covered(self, tab: Tab, *, up_to_wei: int) -> int:
        """What is due on `tab` by the latest receipt that does not pass `up_to_wei`; 0 without one."""
        query = "SELECT max(due_after_wei) FROM receipts WHERE (payer, operator, adapter_id) = (?, ?, ?)"
        ((found,),) = self._select(f"{query} AND due_after_wei <= ?", (*_key(tab.voucher), word(up_to_wei)))
        return int.from_bytes(found or b"", "big")

    def find(self, wanted: ReceiptFilter, *, after: bytes | None = None, limit: int) -> list[Receipt]:
        """Receipts in receipt order, from behind the one with the id `after`."""
        conditions: dict[str, Any] = {}
        if wanted.payer is not None:
            conditions["payer = ?"] = _address(wanted.payer)
        if wanted.operator is not None:
            conditions["operator = ?"] = _address(wanted.operator)
        if wanted.adapter_id is not None:
            conditions["adapter_id = ?"] = wanted.adapter_id
        if wanted.after_due_wei is not None:
            conditions["due_after_wei > ?"] = word(wanted.after_due_wei)
        if wanted.up_to_due_wei is not None:
            conditions["due_after_wei <= ?"] = word(wanted.up_to_due_wei)
        if after is not None:
            order = "payer, operator, adapter_id, due_after_wei"
            conditions[f"({order}) > (SELECT {order} FROM receipts WHERE receipt_id = ?)"] = after
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        # the primary key is the receipt order
        query = f"SELECT * FROM receipts {where} ORDER BY payer, operator, adapter_id, due_after_wei LIMIT ?"
        return [_receipt(row) for row in self._select(query, (*conditions.values(), limit))]

    def _select(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock, self._guarded():
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._guarded():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ReceiptsUnreadable(
                f"the receipts in {self._path} cannot be used ({error}); expected a database of this gateway alone; "
                "end the other gateway, or check the disk"
            ) from error


def _receipt_row(receipt: Receipt) -> tuple[Any, ...]:
    return (
        *(_address(receipt.payer), _address(receipt.operator), receipt.adapter_id, word(receipt.due_after_wei)),
        *(receipt.receipt_id, receipt.adapter_digest, receipt.prompt_hash, receipt.answer_hash),
        *(receipt.input_tokens, receipt.output_tokens, word(receipt.fee_wei), receipt.served_at),
        *(receipt.is_public, receipt.salt, receipt.prompt, receipt.answer),
    )


def _receipt(row: tuple[Any, ...]) -> Receipt:
    payer, operator, adapter_id, due_after, receipt_id, adapter_digest, prompt_hash, answer_hash, *rest = row
    input_tokens, output_tokens, fee, served_at, is_public, salt, prompt, answer = rest
    return Receipt(
        receipt_id=receipt_id,
        adapter_id=adapter_id,
        adapter_digest=adapter_digest,
        payer=to_checksum_address(payer),
        operator=to_checksum_address(operator),
        prompt_hash=prompt_hash,
        answer_hash=answer_hash,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        fee_wei=int.from_bytes(fee, "big"),
        due_after_wei=int.from_bytes(due_after, "big"),
        served_at=served_at,
        is_public=bool(is_public),
        salt=salt,
        prompt=prompt,
        answer=answer,
    )


def _tab(row: tuple[Any, ...]) -> Tab:
    payer, operator, adapter_id, due, ceiling, expiry, signature = row
    voucher = Voucher(
        payer=to_checksum_address(payer),
        operator=to_checksum_address(operator),
        adapter_id=adapter_id,
        cumulative_wei=int.from_bytes(ceiling, "big"),
        expiry=int.from_bytes(expiry, "big"),
    )
    return Tab(voucher=voucher, signature=signature, due_wei=int.from_bytes(due, "big"))


def _key(voucher: Voucher) -> tuple[bytes, bytes, int]:
    return _address(voucher.payer), _address(voucher.operator), voucher.adapter_id


def _address(value: str) -> bytes:
    return bytes(to_canonical_address(value))


def _marks(count: int) -> str:
    return ", ".join("?" * count)
