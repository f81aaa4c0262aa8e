"""Reward epochs: accruals, roots and their challenges, redemptions, claims, leaves and proofs."""

from typing import Annotated

from eth_utils.address import to_checksum_address
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from indexer.api.problems import Problem, not_found
from indexer.api.reading import Id, Json, Page, Read, Reader, Serve, account, equals
from indexer.rewards import WrongLeaves
from indexer.store import REWARD_LEAF

router = APIRouter(tags=["rewards"])

MAX_LEAVES = 1_000_000
_CHAIN_ORDER = ("block_number", "log_index")


class Leaf(BaseModel):
    """One account's reward over all reward epochs; the amount is a decimal string."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
    cumulative_wei: Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,77})$")]


class Leaves(BaseModel):
    """All leaves of one reward tree, in any order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rewards: Annotated[list[Leaf], Field(min_length=1, max_length=MAX_LEAVES)]


@router.get("/epochs")
def epochs(read: Read, page: Page) -> Json:
    """Reward epochs in which something accrued or was posted, each with its newest root."""
    reply = read.page(read.table("accrual"), ["reward_epoch"], page)
    for item in reply["items"]:
        item["root"] = _newest_root(read, item)
    return reply


@router.get("/epochs/{reward_epoch}")
def epoch(reward_epoch: Id, read: Read) -> Json:
    """One reward epoch with every root posted for it and the challenges against them."""
    found = _require(read, reward_epoch)
    roots = read.all("root", ["attempt"], reward_epoch=reward_epoch)
    challenges = read.all("challenge", ["attempt", "round", "challenger"], reward_epoch=reward_epoch)
    for root in roots:
        against = [each for each in challenges if each["attempt"] == root["attempt"]]
        root["challenges"] = [{**each, "status": _bond_status(root, each)} for each in against]
    newest = next((root for root in roots if root["attempt"] == found["attempt"]), None)
    remainder = newest["remainder_wei"] if newest else None
    return read.reply({**found, "remainder_wei": remainder, "root": newest, "roots": roots})


@router.get("/epochs/{reward_epoch}/redemptions")
def redemptions(reward_epoch: Id, read: Read, page: Page) -> Json:
    """Fees redeemed in the epoch, in chain order."""
    table = read.table("redemption")
    return read.page(table, _CHAIN_ORDER, page, equals(table, reward_epoch=reward_epoch))


@router.get("/epochs/{reward_epoch}/fee-splits")
def fee_splits(reward_epoch: Id, read: Read, page: Page) -> Json:
    """How each batch of fees of the epoch was split, in chain order."""
    table = read.table("fee_split")
    return read.page(table, _CHAIN_ORDER, page, equals(table, reward_epoch=reward_epoch))


@router.get("/epochs/{reward_epoch}/claims")
def claims(reward_epoch: Id, read: Read, page: Page) -> Json:
    """Payments out of the epoch's root, in chain order."""
    table = read.table("claim")
    return read.page(table, _CHAIN_ORDER, page, equals(table, reward_epoch=reward_epoch))


@router.post("/epochs/{reward_epoch}/rewards", status_code=201)
def publish_rewards(reward_epoch: Id, leaves: Leaves, read: Read, service: Serve, response: Response) -> Json:
    """Publish the leaves of the epoch's root: 201 if they hash to it, 200 if they were published before."""
    root = _standing_root(read, reward_epoch)
    rewards = {str(to_checksum_address(each.account)): int(each.cumulative_wei) for each in leaves.rewards}
    if len(rewards) != len(leaves.rewards):
        raise Problem(422, "Wrong leaves", "an account is given twice; expected one leaf an account; add them up")
    try:
        is_new = service.rewards.publish(root, rewards)
    except WrongLeaves as error:
        raise Problem(422, "Wrong leaves", str(error)) from error
    response.status_code = 201 if is_new else 200
    return read.reply({"reward_epoch": reward_epoch, "attempt": root["attempt"], "root": root["root"]})


@router.get("/epochs/{reward_epoch}/rewards")
def rewards(reward_epoch: Id, read: Read, page: Page) -> Json:
    """The published leaves of the epoch's root, in the order of the tree."""
    root = _standing_root(read, reward_epoch)
    leaves = select(REWARD_LEAF).where(REWARD_LEAF.c.root == root["root"]).subquery("reward_leaf")
    reply = read.page(leaves, ["position"], page)
    if not reply["items"] and page.after is None:
        raise _unpublished(reward_epoch)
    return reply


@router.get("/epochs/{reward_epoch}/proofs/{address}")
def proof(reward_epoch: Id, address: str, read: Read, service: Serve) -> Json:
    """The arguments with which anyone can claim for the account once the root is final."""
    checksummed = account(address)
    root = _standing_root(read, reward_epoch)
    tree = service.rewards.tree(root["root"])
    if tree is None:
        raise _unpublished(reward_epoch)
    try:
        index, cumulative_wei, nodes = tree.proof_of(checksummed)
    except KeyError as error:
        raise not_found(f"reward of {checksummed} in reward epoch {reward_epoch}") from error
    named = ("reward_epoch", "attempt", "root", "total_wei", "leaf_count", "status")
    return read.reply(
        {
            **{name: root[name] for name in named},
            "account": checksummed,
            "index": index,
            "cumulative_wei": str(cumulative_wei),
            "proof": ["0x" + node.hex() for node in nodes],
        }
    )


def _require(read: Reader, reward_epoch: int) -> Json:
    found = read.one("accrual", reward_epoch)
    if found is None:
        raise not_found(f"accrual or root of reward epoch {reward_epoch}")
    return found


def _newest_root(read: Reader, accrual: Json) -> Json | None:
    if accrual["attempt"] is None:
        return None
    return read.one("root", accrual["reward_epoch"], accrual["attempt"])


def _standing_root(read: Reader, reward_epoch: int) -> Json:
    """The epoch's root. Problem 404 without one, 409 where it is void."""
    root = _newest_root(read, _require(read, reward_epoch))
    if root is None:
        raise not_found(f"root of reward epoch {reward_epoch}")
    if root["status"] == "void":
        detail = f"the root of reward epoch {reward_epoch} is void; expected one that stands; wait for the next attempt"
        raise Problem(409, "Root is void", detail)
    return root


def _unpublished(reward_epoch: int) -> Problem:
    detail = f"nobody published the leaves of reward epoch {reward_epoch}; POST them to /epochs/{reward_epoch}/rewards"
    return Problem(409, "Leaves not published", detail)


def _bond_status(root: Json, challenge: Json) -> str:
    if challenge["round"] < root["round"]:
        return "lost"
    return "won" if root["status"] == "void" else "open"
