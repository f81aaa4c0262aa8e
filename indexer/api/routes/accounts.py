"""Everything that one account has, gave and was paid."""

from collections import Counter

from fastapi import APIRouter
from sqlalchemy import func, select

from indexer.api.reading import Json, Page, Read, Reader, account, equals

router = APIRouter(tags=["accounts"])


@router.get("/accounts/{address}")
def account_of(address: str, read: Read) -> Json:
    """Deposit, stake, earnings, rewards, reviews and contributions of an account; zeros where it did nothing yet."""
    checksummed = account(address)
    return read.reply(
        {
            "account": checksummed,
            "deposit": _deposit(read, checksummed),
            "stake": _stake(read, checksummed),
            "earnings": _earnings(read, checksummed),
            "rewards": _rewards(read, checksummed),
            "reviews": _reviews(read, checksummed),
            "contributions": _contributions(read, checksummed),
            "standings": read.all("contributor", ["datanet_id"], contributor=checksummed),
        }
    )


@router.get("/accounts/{address}/contributions")
def contributions_of(address: str, read: Read, page: Page) -> Json:
    """The account's contributions in all Datanets, by id."""
    table = read.table("contribution")
    return read.page(table, ["contribution_id"], page, equals(table, contributor=account(address)))


@router.get("/accounts/{address}/claims")
def claims_of(address: str, read: Read, page: Page) -> Json:
    """What the account claimed, in chain order."""
    table = read.table("claim")
    return read.page(table, ["block_number", "log_index"], page, equals(table, account=account(address)))


def _deposit(read: Reader, address: str) -> Json:
    names = ("balance_wei", "deposited_wei", "withdrawn_wei", "spent_wei", "pending_wei")
    return _part(read.one("payer", address), names, ready_at=0)


def _stake(read: Reader, address: str) -> Json:
    names = ("staked_wei", "exiting_wei", "votes_wei", "rewards_paid_wei")
    return _part(read.one("stake", address), names, ready_at=0, delegate=None)


def _earnings(read: Reader, address: str) -> Json:
    totals = _part(read.one("owner_account", address), ("earned_wei", "paid_wei"))
    unpaid = int(totals["earned_wei"]) - int(totals["paid_wei"])
    adapters = read.all("owner_earning", ["adapter_id"], account=address)
    by_adapter = [{name: each[name] for name in ("adapter_id", "amount_wei")} for each in adapters]
    return {**totals, "unpaid_wei": str(unpaid), "by_adapter": by_adapter}


def _rewards(read: Reader, address: str) -> Json:
    return _part(read.one("claimant", address), ("claimed_wei", "bonds_returned_wei"), recovery=None)


def _reviews(read: Reader, address: str) -> Json:
    """As a validator, and what the court paid out."""
    amounts = ("stake_wei", "leaving_wei", "earned_wei", "lost_wei")
    as_validator = _part(read.one("validator", address), amounts, ready_at=0, seats=0, votes=0)
    return {**as_validator, **_part(read.one("court_account", address), ("paid_wei",), appeals=0, appeals_upheld=0)}


def _contributions(read: Reader, address: str) -> Json:
    table = read.table("contribution")
    query = select(table.c.status, func.count()).where(table.c.contributor == address).group_by(table.c.status)
    counts = Counter({status: count for status, count in read.connection.execute(query)})
    return {status: counts[status] for status in ("pending", "accepted", "rejected", "withdrawn")}


def _part(row: Json | None, amounts: tuple[str, ...], **rest: int | None) -> Json:
    """The named columns of a row; where there is none, "0" for amounts and the given values for the rest."""
    blank: Json = {**dict.fromkeys(amounts, "0"), **rest}
    return blank if row is None else {name: row[name] for name in blank}
