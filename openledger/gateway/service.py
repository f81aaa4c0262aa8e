"""What the gateway does, without HTTP: quote, answer for a voucher, redeem.

One process serves one operator. Answers are made one at a time in a thread of their own, as a model is not safe under
several. Before an answer its highest fee is reserved, so that answers under way cannot together overspend a deposit;
after it the fee of the tokens that were used is due, and nothing if it failed.
"""

import hashlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from eth_account import Account
from eth_account.signers.local import LocalAccount

from chain.client import Block, ChainClient
from chain.typed_data import Voucher
from openledger.gateway.pricing import Prices, fee_wei
from openledger.gateway.problems import Problem, problem_of
from openledger.gateway.receipts import Receipt, ReceiptStore, Tab, receipt_id_of
from openledger.gateway.redemptions import Redeemer
from openledger.gateway.settings import Answer, Answerer, GatewaySettings
from openledger.gateway.vouchers import Refused, SignedVoucher, Standing, Terms, check_amount, check_voucher

_SALT_BYTES = 32
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which adapter; the answer has at most `max_tokens`."""

    adapter_id: int
    prompt: str
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Quote:
    """What an answer costs at most, and the ceiling that a voucher for it needs; in wei."""

    max_fee_wei: int
    due_wei: int
    required_cumulative_wei: int
    input_tokens: int


@dataclass(frozen=True, slots=True)
class Sale:
    """An answer and its receipt; an answer that costs nothing has none, as no redemption will ever cover it."""

    answer: str
    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class _Offer:
    """An adapter as it is sold now, and what an answer to one question costs at most."""

    digest: bytes
    prices: Prices
    input_tokens: int
    max_fee_wei: int


@dataclass(slots=True)
class _Held:
    """The highest fee of an answer under way, reserved at a block; 0 once it was let go."""

    block: Block
    key: tuple[str, int]
    amount_wei: int


@dataclass(frozen=True, slots=True)
class _Order:
    """A question that is paid for: its voucher has been checked, its offer made."""

    question: Question
    signed: SignedVoucher
    is_public: bool
    offer: _Offer


class Gateway:
    """The gateway of one operator; its methods may be called from any thread.

    Every method raises Problem for what the client can mend, NodeUnavailable when the chain does not answer, and
    ReceiptsUnreadable when the receipts cannot be written.
    """

    def __init__(self, settings: GatewaySettings, chain: ChainClient, answerer: Answerer) -> None:
        assert chain.deployment is not None, "a gateway needs the contracts"
        self._settings = settings
        self._chain = chain
        self._answerer = answerer
        self._account: LocalAccount = Account.from_key(settings.operator_key.get_secret_value())
        self.operator = str(self._account.address)
        self.contract = chain.deployment.address("InferencePayments")
        self.receipts = ReceiptStore(settings.database)
        self.redeemer = Redeemer(self.receipts, chain, self._account)
        self._model = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        # (payer, adapter id) -> highest fees of the answers under way, in wei
        self._reserved: Counter[tuple[str, int]] = Counter()
        self._accounting = threading.Lock()

    @property
    def chain_id(self) -> int:
        """The chain that the gateway is paid on."""
        return self._chain.chain_id

    def head(self) -> Block:
        """The chain's newest block."""
        return self._chain.block("latest")

    def close(self) -> None:
        """End the model's thread after the answer under way, and let go of the receipts."""
        self._model.shutdown(cancel_futures=True)
        self.receipts.close()

    def quote(self, question: Question, *, payer: str) -> Quote:
        """What the answer costs `payer` at most, and the ceiling to sign."""
        offer = self._offer(question)
        with self._accounting:
            due_wei = self._standing(payer, question.adapter_id, self.head()).due
        return Quote(offer.max_fee_wei, due_wei, due_wei + offer.max_fee_wei, offer.input_tokens)

    def answer(self, question: Question, signed: SignedVoucher, *, is_public: bool) -> Sale:
        """Answer for a voucher; when this returns, the receipt and what is due are on disk."""
        good_until = self.head().timestamp + self._settings.expiry_margin_seconds
        terms = Terms(self.chain_id, self.contract, self.operator, good_until)
        outcome = check_voucher(signed, terms, adapter_id=question.adapter_id)
        if isinstance(outcome, Refused):
            raise problem_of(outcome)
        order = _Order(question, signed, is_public, self._offer(question))
        with self._reservation(signed.voucher, max_fee_wei=order.offer.max_fee_wei) as held:
            answer = self._in_model(
                lambda: self._answerer.answer(question.adapter_id, question.prompt, question.max_tokens)
            )
            return self._charge(order, answer, held)

    def _offer(self, question: Question) -> _Offer:
        adapter_id = question.adapter_id
        adapter = self._chain.call("ModelRegistry", "adapter", adapter_id)
        *_, digest, _manifest, _royalty, input_price, output_price, is_active = adapter
        if not is_active or not self._chain.call("ModelRegistry", "is_operator", adapter_id, self.operator):
            raise Problem(
                "unknown-adapter",
                f"adapter {adapter_id} is not on sale by {self.operator}; expected one that names it as operator; "
                "see the indexer's /adapters",
            )
        input_tokens = self._in_model(lambda: self._answerer.count_tokens(question.prompt))
        limit = self._settings.max_prompt_tokens
        if input_tokens > limit:
            raise Problem("prompt-too-long", f"{input_tokens} tokens; expected at most {limit}; shorten the prompt")
        if question.max_tokens > self._settings.max_answer_tokens:
            longest = self._settings.max_answer_tokens
            raise Problem("malformed", f"max_tokens {question.max_tokens}; expected at most {longest}; ask for fewer")
        prices = Prices(input_wei_per_1k=input_price, output_wei_per_1k=output_price)
        max_fee = fee_wei(prices, input_tokens=input_tokens, output_tokens=question.max_tokens)
        return _Offer(bytes(digest), prices, input_tokens, max_fee)

    @contextmanager
    def _reservation(self, voucher: Voucher, *, max_fee_wei: int) -> Iterator[_Held]:
        """Hold the highest fee against the payer's deposit until it is charged, or the answer fails."""
        key = (voucher.payer, voucher.adapter_id)
        # one lock over check and reservation: two requests that each fit alone must not pass together
        with self._accounting:
            block = self.head()
            standing = self._standing(voucher.payer, voucher.adapter_id, block)
            outcome = check_amount(voucher, standing, max_fee_wei=max_fee_wei)
            if isinstance(outcome, Refused):
                raise problem_of(outcome)
            self._reserved[key] += max_fee_wei
        held = _Held(block, key, max_fee_wei)
        try:
            yield held
        finally:
            with self._accounting:
                self._release(held)

    def _release(self, held: _Held) -> None:
        """Let go of a reservation, once; with `_accounting` held."""
        self._reserved[held.key] -= held.amount_wei
        held.amount_wei = 0
        if not self._reserved[held.key]:
            del self._reserved[held.key]

    def _standing(self, payer: str, adapter_id: int, block: Block) -> Standing:
        """How the payer stands at a block, answers under way included; with `_accounting` held."""
        redeemed = {adapter_id: self._redeemed(payer, adapter_id, block)}
        # where receipts were lost, what the chain saw redeemed is still not to be charged again
        due = {adapter_id: redeemed[adapter_id]}
        for tab in self.receipts.tabs(operator=self.operator, payer=payer):
            key = tab.voucher.adapter_id
            redeemed.setdefault(key, 0)
            if key != adapter_id:
                redeemed[key] = self._redeemed(payer, key, block)
            due[key] = max(tab.due_wei, redeemed[key])
        for (reserving, key), amount in self._reserved.items():
            if reserving == payer:
                due[key] = due.get(key, 0) + amount
        return Standing(
            due=due[adapter_id],
            redeemed=redeemed[adapter_id],
            due_elsewhere=sum(due[key] - redeemed.get(key, 0) for key in due if key != adapter_id),
            available=self._chain.call("InferencePayments", "available", payer, block=block.number),
        )

    def _redeemed(self, payer: str, adapter_id: int, block: Block) -> int:
        arguments = (payer, self.operator, adapter_id)
        return int(self._chain.call("InferencePayments", "redeemed_of", *arguments, block=block.number))

    def _in_model(self, work: Callable[[], _T]) -> _T:
        try:
            return self._model.submit(work).result()
        except Exception as error:
            raise Problem(
                "answer-failed",
                f"the model raised {type(error).__name__} ({error}); expected an answer; ask another",
            ) from error

    def _charge(self, order: _Order, answer: Answer, held: _Held) -> Sale:
        offer, voucher, block = order.offer, order.signed.voucher, held.block
        fee = fee_wei(offer.prices, input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)
        if fee > offer.max_fee_wei:
            raise Problem("answer-failed", f"fee {fee}; expected at most {offer.max_fee_wei}; tell the operator")
        if fee == 0:
            return Sale(answer.text, None)
        with self._accounting:
            known = self.receipts.tabs(operator=self.operator, payer=voucher.payer)
            tab = next((tab for tab in known if tab.voucher.adapter_id == voucher.adapter_id), None)
            redeemed = self._redeemed(voucher.payer, voucher.adapter_id, block)
            due_after = max(tab.due_wei if tab else 0, redeemed) + fee
            receipt = self._receipt(order, answer, fee=fee, due_after=due_after, served_at=block.timestamp)
            others = self._reserved[voucher.payer, voucher.adapter_id] - offer.max_fee_wei
            next_one = next_tab(tab, order.signed, due_wei=due_after, reserved_wei=others)
            self.receipts.record(receipt, next_one)
            # under the same lock: nobody sees this answer both reserved and due
            self._release(held)
        return Sale(answer.text, receipt)

    def _receipt(self, order: _Order, answer: Answer, *, fee: int, due_after: int, served_at: int) -> Receipt:
        prompt, voucher = order.question.prompt, order.signed.voucher
        salt = secrets.token_bytes(_SALT_BYTES)
        return Receipt(
            receipt_id=receipt_id_of(
                chain_id=self.chain_id, payments=self.contract, voucher=voucher, due_after_wei=due_after
            ),
            adapter_id=voucher.adapter_id,
            adapter_digest=order.offer.digest,
            payer=voucher.payer,
            operator=voucher.operator,
            prompt_hash=hashlib.sha256(salt + prompt.encode()).digest(),
            answer_hash=hashlib.sha256(salt + answer.text.encode()).digest(),
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            fee_wei=fee,
            due_after_wei=due_after,
            served_at=served_at,
            is_public=order.is_public,
            salt=salt,
            prompt=prompt,
            answer=answer.text,
        )


def next_tab(tab: Tab | None, signed: SignedVoucher, *, due_wei: int, reserved_wei: int) -> Tab:
    """The tab after an answer: of its voucher and the one before, the one that is good longest and covers what is due.

    Not simply the highest: a payer could sign a high one that soon expires, and be served on lower ones after. One that
    also covers the answers still under way is taken before one that does not, as their own vouchers may be lower. Where
    neither covers those, the highest is kept: the answer that was reserved last, of all that have ended, covers them
    all, but one that was reserved before it may end after it.
    """
    new = Tab(signed.voucher, signed.signature, due_wei)
    candidates = [new, Tab(tab.voucher, tab.signature, due_wei)] if tab else [new]
    covering = [item for item in candidates if item.voucher.cumulative_wei >= due_wei]
    lasting = [item for item in covering if item.voucher.cumulative_wei >= due_wei + reserved_wei]
    assert covering, "every answer was reserved under a voucher that covers all before it"
    if lasting:
        return max(lasting, key=lambda item: item.voucher.expiry)
    return max(covering, key=lambda item: item.voucher.cumulative_wei)
