"""OPEN beside OpenZeppelin's, Solady's and snekmate's ERC-20."""

from collections.abc import Iterator

from web3.contract import Contract

from benchmarks.gas.bench import Bench, Row

_SUPPLY_WEI = 10**27
_AMOUNT_WEI = 10**18
_PERMIT = "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline"
_FOREVER = 2**256 - 1


def rows(bench: Bench) -> Iterator[Row]:
    """Transfers, approvals and permits; the tokens differ in nothing but their code."""
    holder = bench.accounts[1]
    ours = bench.vyper("OpenToken", holder)
    anchors = {
        "OZ": bench.solidity("tokens", "OzToken", holder, _SUPPLY_WEI),
        "Solady": bench.solidity("tokens", "SoladyToken", holder, _SUPPLY_WEI),
        "snekmate": bench.vyper_anchor("snekmate_token", holder, _SUPPLY_WEI),
    }

    def row(operation: str, measure: str, target: int | None = None) -> Row:
        measured = {name: _MEASURES[measure](bench, token, holder) for name, token in anchors.items()}
        return Row(operation, measured, _MEASURES[measure](bench, ours, holder), target)

    yield row("OPEN transfer, new holder", "transfer_new", 51_300)
    yield row("OPEN transfer, old holder", "transfer_old", 34_200)
    yield row("OPEN approve", "approve")
    yield row("OPEN transferFrom", "transfer_from")
    permits = {"OZ": "OpenLedger", "snekmate": "OpenLedger", "Solady": "OpenLedger"}
    for again in ("first", "again"):
        measured = {name: _permit(bench, token, permits[name]) for name, token in anchors.items()}
        yield Row(f"OPEN permit, {again}", measured, _permit(bench, ours, "OpenLedger"))


def _transfer_new(bench: Bench, token: Contract, holder: str) -> int:
    return bench.gas(token.functions.transfer(bench.fresh(), _AMOUNT_WEI), holder)


def _transfer_old(bench: Bench, token: Contract, holder: str) -> int:
    receiver = bench.fresh()
    bench.gas(token.functions.transfer(receiver, _AMOUNT_WEI), holder)
    return bench.gas(token.functions.transfer(receiver, _AMOUNT_WEI), holder)


def _approve(bench: Bench, token: Contract, holder: str) -> int:
    return bench.gas(token.functions.approve(bench.fresh(), _AMOUNT_WEI), holder)


def _transfer_from(bench: Bench, token: Contract, holder: str) -> int:
    spender, receiver = bench.accounts[2], bench.fresh()
    bench.gas(token.functions.transfer(receiver, _AMOUNT_WEI), holder)
    bench.gas(token.functions.approve(spender, 10 * _AMOUNT_WEI), holder)
    return bench.gas(token.functions.transferFrom(holder, receiver, _AMOUNT_WEI), spender)


def _permit(bench: Bench, token: Contract, name: str) -> int:
    owner, spender = bench.accounts[3], bench.accounts[4]
    nonce = token.functions.nonces(owner).call()
    message = {"owner": owner, "spender": spender, "value": _AMOUNT_WEI + nonce, "nonce": nonce, "deadline": _FOREVER}
    v, r, s = bench.sign(3, token, (name, "1"), "Permit", _PERMIT, **message)
    return bench.gas(token.functions.permit(owner, spender, _AMOUNT_WEI + nonce, _FOREVER, v, r, s))


_MEASURES = {
    "transfer_new": _transfer_new,
    "transfer_old": _transfer_old,
    "approve": _approve,
    "transfer_from": _transfer_from,
}
