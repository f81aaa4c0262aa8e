"""What the oracle reads over HTTP: the indexer's events, pinned to a finalized block, and the gateways' receipts.

Neither is trusted. Receipts are checked against their own hashes and against what was redeemed; events are read again
by every signer from its own node before it signs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from attribution_oracle import wire
from attribution_oracle.chain_facts import Log, read_facts
from attribution_oracle.errors import EvidenceInvalid, SourceLied, SourceUnavailable
from attribution_oracle.facts import EpochFacts, PinnedBlock, Redemption
from attribution_oracle.receipts import Receipt, parse_receipt
from chain.client import ChainClient
from chain.merkle import RewardTree

_TIMEOUT_SECONDS = 60.0
# an indexer that is a few blocks behind answers 409, one that starts 503: both mean "ask again soon"
_NOT_YET = (409, 503)
_PATIENCE_SECONDS = 60.0
_RETRY_SECONDS = 0.25
_PAGE = 1_000
_ADDRESS_HEX = 42


class Service:
    """An HTTP service that answers JSON, in pages where there is much."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=self.url, headers=headers, timeout=_TIMEOUT_SECONDS)

    def get(self, path: str, **parameters: Any) -> wire.Json:
        """The JSON object at `path`; raises SourceUnavailable, or SourceLied when the answer is no object."""
        return self._ask("GET", path, params={key: value for key, value in parameters.items() if value is not None})

    def post(self, path: str, body: wire.Json, **parameters: Any) -> wire.Json:
        """The JSON object that answers a request with a JSON body; raises as `get`."""
        return self._ask("POST", path, json=body, params=parameters)

    def items(self, path: str, **parameters: Any) -> Iterator[wire.Json]:
        """The items of all pages of a list."""
        cursor: str | None = None
        while True:
            page = self.get(path, limit=_PAGE, cursor=cursor, **parameters)
            yield from wire.items(page, "items")
            cursor = page.get("next")
            if cursor is None:
                return

    def _ask(self, method: str, path: str, **request: Any) -> wire.Json:
        what = f"{method} {self.url}{path}"
        answer = self._patiently(what, method, path, request)
        if answer.is_error:
            raise SourceUnavailable(f"{what} answered {answer.status_code}: {answer.text[:200]}; expected success")
        try:
            document = answer.json()
        except ValueError as error:
            raise SourceLied(f"{what} did not answer JSON: {answer.text[:80]!r}; is it the right service?") from error
        if not isinstance(document, dict):
            raise SourceLied(f"{what} answered a {type(document).__name__}; expected an object")
        return document

    def _patiently(self, what: str, method: str, path: str, request: dict[str, Any]) -> httpx.Response:
        """The answer, once it is not "not yet" any more, or the patience is over."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                answer = self._client.request(method, path, **request)
            except httpx.HTTPError as error:
                raise SourceUnavailable(f"{what}: {error!r}; is the service up? try again") from error
            if answer.status_code not in _NOT_YET or time.monotonic() > deadline:
                return answer
            time.sleep(_RETRY_SECONDS)


class Indexer:
    """The facts of a reward epoch from the indexer's API, and the way to publish the leaves of a posted root there."""

    def __init__(self, url: str, client: ChainClient) -> None:
        self._service = Service(url)
        self._client = client

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._service.url

    def epoch_facts(self, reward_epoch: int) -> EpochFacts:
        """The facts at the first block past the end of the reward epoch.

        Raises:
            EpochNotReady: the indexer does not hold a block past the end as final yet.
            SourceUnavailable: the indexer does not answer, or does not catch up with the node.
        """
        events = IndexerEvents(self._service, at_least=self._client.block("latest").number)
        return read_facts(self._client, reward_epoch, source=events)

    def publish_rewards(self, reward_epoch: int, rewards: RewardTree, *, posted_in: int) -> None:
        """Hand over the leaves of the root posted in block `posted_in`; they are kept only if they hash to it."""
        pairs = zip(rewards.accounts, rewards.cumulative_wei, strict=True)
        leaves = [{"account": account, "cumulative_wei": str(amount)} for account, amount in pairs]
        self._service.post(f"/epochs/{reward_epoch}/rewards", {"rewards": leaves}, min_block=posted_in)


class IndexerEvents:
    """Event logs from the indexer (`attribution_oracle.chain_facts.EventSource`), of a state with block `at_least`."""

    def __init__(self, service: Service, *, at_least: int) -> None:
        self._service = service
        self._at_least = at_least

    def logs(self, contract: str, event: str) -> list[Log]:
        """All logs of an event in chain order."""
        return [
            self._log(item)
            for item in self._service.items("/events", contract=contract, event=event, min_block=self._at_least)
        ]

    def finalized(self) -> PinnedBlock:
        """The newest block that the indexer holds as final."""
        block = self._service.get("/events", finality="finalized", limit=1).get("indexed_block")
        if not isinstance(block, dict):
            raise SourceLied(f"{self._service.url}/events names no indexed_block; expected number, hash and timestamp")
        return PinnedBlock(
            number=wire.natural(block, "number"),
            block_hash=wire.bytes32(block, "hash"),
            timestamp=wire.natural(block, "timestamp"),
        )

    def _log(self, item: wire.Json) -> Log:
        arguments = item.get("args")
        if not isinstance(arguments, dict):
            raise SourceLied(f"{self._service.url}/events gave an event without args: {str(item)[:80]}")
        place = {name: wire.natural(item, name) for name in ("block_number", "log_index")}
        return {name: _value(value) for name, value in arguments.items()} | place


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway's receipts; `token` lets the oracle read the text of private ones."""

    url: str
    token: str | None = None

    def receipts_of(self, redemption: Redemption) -> list[Receipt]:
        """The receipts that a redemption covers, free answers left out: they pay nobody and share another's place."""
        items = Service(self.url, token=self.token).items(
            "/v1/receipts",
            payer=redemption.payer,
            operator=redemption.operator,
            adapter_id=redemption.adapter_id,
            after_due_wei=str(redemption.due_wei - redemption.amount_wei),
            up_to_due_wei=str(redemption.due_wei),
        )
        return [receipt for receipt in map(parse_receipt, items) if receipt.fee_wei]


def read_receipts(gateways: Sequence[Gateway], redemptions: Sequence[Redemption]) -> list[Receipt]:
    """The receipts of each redemption, from the first gateway that has any; SourceUnavailable, ReceiptInvalid."""
    found: list[Receipt] = []
    for redemption in redemptions:
        answers = (gateway.receipts_of(redemption) for gateway in gateways)
        found += next((receipts for receipts in answers if receipts), [])
    return found


def _value(value: Any) -> Any:
    """An argument of an event as RPC gives it: the JSON form of addresses, bytes and integers cannot be confused."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _value(item) for key, item in value.items()}
    if not isinstance(value, str):
        return value
    if value.startswith("0x"):
        field = {"value": value}
        return wire.address(field, "value") if len(value) == _ADDRESS_HEX else wire.raw(field, "value")
    if value.removeprefix("-").isdecimal():
        return int(value)
    raise EvidenceInvalid(f"an event holds {value[:40]!r}; expected 0x hex or a decimal number")
