"""What RootDisputes takes as proof that a posted root is false, found in the evidence that was published with it.

No model and no recomputation: leaves, shares, the previous root and the registry are enough, and no one has to judge.
What such a proof cannot show (a score, an answer) is found by recomputing, and challenged.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache

from attribution_oracle import wire
from attribution_oracle.chain_facts import Log, addresses_of, root_before
from attribution_oracle.errors import EvidenceInvalid, ReceiptInvalid
from attribution_oracle.evidence import RECEIPTS, REWARDS, SHARES, parse_lines, read_file
from attribution_oracle.receipts import parse_receipt
from chain.client import ChainClient
from chain.fraud_proofs import (
    ContributionProof,
    FallenProof,
    FraudProof,
    LeafCountProof,
    LeafProof,
    OrderProof,
    PostedTree,
    ReceiptFields,
    SumProof,
    find_contribution_fraud,
    find_fraud,
    posted_tree,
)
from chain.merkle import IndexedTree, RewardTree, SumTree, address_bytes, receipt_leaf, reward_leaf, share_leaf
from content.store import ContentStore

# what reading files of anybody's making may raise; a number too large for its word is an OverflowError
_UNREADABLE = (EvidenceInvalid, ReceiptInvalid, OverflowError, ValueError)


def find_proof(client: ChainClient, post: Log, store: ContentStore) -> FraudProof | None:
    """A proof against the root of a `RootPosted` log, or None where its evidence shows nothing of the kind.

    Files that are absent or do not make the root that was posted prove nothing: that is for a demand, or a challenge.
    """
    return _tree_fraud(client, post, store) or _share_fraud(client, post, store)


def described(proof: FraudProof) -> str:
    """What a proof shows, in words for the report."""
    match proof:
        case SumProof():
            return f"a node {len(proof.parent.proof)} below the root is not the sum of its two children"
        case LeafProof():
            return f"the leaf of {proof.account} is not worth its {proof.cumulative_wei} wei, or is out of its place"
        case LeafCountProof():
            return f"a node at place {proof.node.index} contradicts the number of leaves"
        case OrderProof():
            return f"the accounts do not ascend: {proof.left.account} stands before {proof.right.account}"
        case FallenProof():
            now = next((leaf for leaf in proof.shown if leaf.account == proof.before.account), None)
            amount = f"{now.cumulative_wei} wei" if now else "nothing"
            return f"{proof.before.account} had {proof.before.cumulative_wei} wei before and now has {amount}"
        case ContributionProof():
            return (
                f"receipt {wire.hexed(proof.receipt.receipt_id)} gives {proof.share_ppm} ppm to contribution "
                f"{proof.contribution_id}, which was not accepted when the reward epoch ended"
            )


def _tree_fraud(client: ChainClient, post: Log, store: ContentStore) -> FraudProof | None:
    tree = _published_tree(
        client,
        store,
        evidence_digest=post["evidence_digest"],
        root=post["root"],
        leaf_count=post["leaf_count"],
    )
    if tree is None:
        return None
    before = root_before(client, post)
    previous = before and _published_tree(
        client, store, evidence_digest=before.evidence_digest, root=before.root, leaf_count=before.leaf_count
    )
    # a previous root that is false proves nothing against those that build on it, and is voided with them
    return find_fraud(tree, previous if previous and find_fraud(previous) is None else None)


def _published_tree(
    client: ChainClient, store: ContentStore, *, evidence_digest: bytes, root: bytes, leaf_count: int
) -> PostedTree | None:
    """The tree over the leaves of rewards.jsonl as they stand there; None unless they make the posted root."""
    chain_id, distributor = client.chain_id, addresses_of(client).distributor
    with suppress(*_UNREADABLE):
        lines = parse_lines(read_file(evidence_digest, REWARDS, store), REWARDS)
        accounts = [wire.address(line, "account") for line in lines]
        amounts = [wire.natural(line, "cumulative_wei") for line in lines]
        leaves = [
            reward_leaf(chain_id=chain_id, distributor=distributor, account=account, cumulative_wei=amount)
            for account, amount in zip(accounts, amounts, strict=True)
        ]
        tree = posted_tree(RewardTree(tuple(map(address_bytes, accounts)), tuple(amounts), SumTree(leaves)))
        if tree.root == root:
            return replace(tree, leaf_count=leaf_count)
    return None


def _share_fraud(client: ChainClient, post: Log, store: ContentStore) -> ContributionProof | None:
    chain_id, distributor = client.chain_id, addresses_of(client).distributor
    with suppress(*_UNREADABLE):
        receipts = _published_shares(post["evidence_digest"], store)
        words = [
            receipt_leaf(
                chain_id=chain_id,
                distributor=distributor,
                receipt_id=fields.receipt_id,
                adapter_digest=fields.adapter_digest,
                answer_hash=fields.answer_hash,
                fee_wei=fields.fee_wei,
                shares_root=fields.shares_root,
            )
            for fields, _ in receipts
        ]
        if IndexedTree(words).root == post["attribution_root"]:
            return find_contribution_fraud(
                receipts,
                was_accepted=_was_accepted(client, post["reward_epoch"]),
                chain_id=chain_id,
                distributor=distributor,
            )
    return None


def _published_shares(digest: bytes, store: ContentStore) -> list[tuple[ReceiptFields, list[tuple[int, int]]]]:
    """The receipts in their order, each with its shares as they stand in shares.jsonl."""
    receipts = map(parse_receipt, parse_lines(read_file(digest, RECEIPTS, store), RECEIPTS))
    shares = map(_shares_of, parse_lines(read_file(digest, SHARES, store), SHARES))
    return [
        (
            ReceiptFields(
                receipt_id=receipt.receipt_id,
                adapter_digest=receipt.adapter_digest,
                answer_hash=receipt.answer_hash,
                fee_wei=receipt.fee_wei,
                shares_root=IndexedTree([share_leaf(contribution_id=key, share_ppm=ppm) for key, ppm in pairs]).root,
            ),
            pairs,
        )
        for receipt, pairs in zip(receipts, shares, strict=True)
    ]


def _shares_of(line: wire.Json) -> list[tuple[int, int]]:
    pairs = line.get("shares")
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise EvidenceInvalid(f"shares is {str(pairs)[:80]!r}; expected pairs of contribution and ppm")
    named = [{"contribution": key, "ppm": ppm} for key, ppm in pairs]
    return [(wire.natural(pair, "contribution"), wire.integer(pair, "ppm")) for pair in named]


def _was_accepted(client: ChainClient, reward_epoch: int) -> Callable[[int], bool]:
    """The registry's own answer, which never changes once the reward epoch is over; each id is asked about once."""
    end = int(client.call("RewardDistributor", "epoch_end", reward_epoch))

    @cache
    def ask(contribution_id: int) -> bool:
        return bool(client.call("DatanetRegistry", "was_accepted", contribution_id, end))

    return ask
