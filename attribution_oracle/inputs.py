"""What one recomputation starts from: the chain's facts, the receipts, and the rewards under the previous root."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from attribution_oracle.differences import rewards_of
from attribution_oracle.errors import ReceiptInvalid, SourceLied
from attribution_oracle.evidence import RECEIPTS, REWARDS, ROWS, ROWS_INDEX, Bundle, read_file
from attribution_oracle.facts import EpochFacts, PreviousRoot, Redemption
from attribution_oracle.receipts import Receipt, check_receipt, parse_receipt
from attribution_oracle.rows import QueryRow, decode_rows
from chain.merkle import reward_tree
from content.store import ContentStore


@dataclass(frozen=True, slots=True)
class EpochInputs:
    """Checked inputs of one reward epoch.

    Every receipt that is not public either has its text (the oracle's case) or a row in `rows` (everyone else's).
    `skipped_adapters` pay nobody: an operator who withholds receipts, or an adapter whose files are gone, must not stop
    the pay of all others. They are an explicit decision, published, and signers must have made the same one.
    """

    facts: EpochFacts
    receipts: tuple[Receipt, ...]
    rows: Mapping[bytes, QueryRow] = field(default_factory=dict)
    skipped_adapters: frozenset[int] = frozenset()
    previous_rewards: Mapping[str, int] = field(default_factory=dict)

    @property
    def redemptions(self) -> tuple[Redemption, ...]:
        """The redemptions that are paid out."""
        return tuple(r for r in self.facts.redemptions if r.adapter_id not in self.skipped_adapters)


def gather(
    facts: EpochFacts,
    receipts: Iterable[Receipt],
    *,
    store: ContentStore,
    rows: Mapping[bytes, QueryRow] | None = None,
    skipped_adapters: frozenset[int] = frozenset(),
) -> EpochInputs:
    """The inputs of an epoch, each receipt checked; raises ReceiptInvalid, SourceLied, EvidenceInvalid."""
    given = dict(rows or {})
    kept = tuple(receipt for receipt in receipts if receipt.adapter_id not in skipped_adapters)
    for receipt in kept:
        check_receipt(receipt, facts)
        _check_row(receipt, given.pop(receipt.receipt_id, None))
    if given:
        raise ReceiptInvalid(
            f"query rows of unknown receipts: {[key.hex() for key in given]}; expected one per private receipt"
        )
    return EpochInputs(
        facts=facts,
        receipts=kept,
        rows=dict(rows or {}),
        skipped_adapters=skipped_adapters,
        previous_rewards=previous_rewards(facts, store),
    )


def inputs_of_bundle(bundle: Bundle, facts: EpochFacts, store: ContentStore) -> EpochInputs:
    """The inputs that a published bundle gives to everyone; raises as `gather`."""
    return gather(
        facts,
        [parse_receipt(line) for line in bundle.lines(RECEIPTS)],
        store=store,
        rows=decode_rows(bundle.object(ROWS_INDEX), bundle.files[ROWS]),
        skipped_adapters=bundle.skipped_adapters,
    )


def previous_rewards(facts: EpochFacts, store: ContentStore) -> dict[str, int]:
    """Cumulative wei by account under the previous root, from its evidence; SourceLied if they make another."""
    previous = facts.previous
    if previous is None:
        return {}
    rewards = rewards_of(read_file(previous.evidence_digest, REWARDS, store))
    tree = reward_tree(chain_id=facts.chain_id, distributor=facts.addresses.distributor, rewards=rewards)
    if (tree.root, tree.total_wei, tree.leaf_count) != (previous.root, previous.total_wei, previous.leaf_count):
        raise SourceLied(
            f"the leaves in the evidence of reward epoch {previous.reward_epoch} make root 0x{tree.root.hex()} over "
            f"{tree.total_wei} wei; on chain it is {_described(previous)}: challenge that root first"
        )
    return rewards


def _described(previous: PreviousRoot) -> str:
    return f"0x{previous.root.hex()} over {previous.total_wei} wei"


def _check_row(receipt: Receipt, row: QueryRow | None) -> None:
    name = f"receipt 0x{receipt.receipt_id.hex()}"
    if row is None and receipt.text is None:
        raise ReceiptInvalid(
            f"{name}: neither text nor a query row; expected one of them: ask the gateway with its token"
        )
    if row is not None and receipt.is_public:
        raise ReceiptInvalid(f"{name}: public, but with a query row; its row follows from its text: leave the row out")
    if row is not None and row.adapter_id != receipt.adapter_id:
        raise ReceiptInvalid(f"{name}: of adapter {receipt.adapter_id}, its query row of adapter {row.adapter_id}")
