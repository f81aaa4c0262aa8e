"""gOPEN beside the votes tokens of OpenZeppelin and Solady: a stake stands against a mint."""

from collections.abc import Callable, Iterator

from web3.contract import Contract

from benchmarks.gas.bench import Bench, Row

_AMOUNT_WEI = 1_000 * 10**18
_COOLDOWN_SECONDS = 21 * 86_400
_UNLIMITED = 2**256 - 1

_Mint = Callable[[str], int]


def rows(bench: Bench) -> Iterator[Row]:
    """Delegations and stakes."""
    staked, stake = _staked_open(bench)
    tokens: dict[str, tuple[Contract, _Mint]] = {"ours": (staked, stake)}
    for name, contract in (("OZ", "OzVotes"), ("Solady", "SoladyVotes")):
        token = bench.solidity("tokens", contract)
        tokens[name] = (token, _minter(bench, token))

    measured = {name: _measure(bench, token, mint) for name, (token, mint) in tokens.items()}
    ours = measured.pop("ours")
    for index, (operation, target) in enumerate(_OPERATIONS):
        note = "" if index < 3 else "anchors mint: no token is moved, and there are no rewards"
        yield Row(operation, {name: gas[index] for name, gas in measured.items()}, ours[index], target, note)


_OPERATIONS = (
    ("gOPEN delegate to oneself, first", 73_000),
    ("gOPEN re-delegate to a new delegate", 87_000),
    ("gOPEN re-delegate to an old delegate", None),
    ("gOPEN stake of a delegating holder", 110_000),
    ("gOPEN stake of a new holder", None),
)


def _measure(bench: Bench, token: Contract, mint: _Mint) -> tuple[int, ...]:
    first, second = bench.unlocked(), bench.unlocked()
    stake_new = mint(first)
    mint(second)
    bench.warp(60)
    delegate_first = bench.gas(token.functions.delegate(first), first)
    bench.gas(token.functions.delegate(second), second)
    bench.warp(60)
    stake_again = mint(first)
    bench.warp(60)
    redelegate_old = bench.gas(token.functions.delegate(second), first)
    bench.warp(60)
    redelegate_new = bench.gas(token.functions.delegate(bench.fresh()), first)
    return delegate_first, redelegate_new, redelegate_old, stake_again, stake_new


def _minter(bench: Bench, token: Contract) -> _Mint:
    return lambda account: bench.gas(token.functions.mint(account, _AMOUNT_WEI))


def _staked_open(bench: Bench) -> tuple[Contract, _Mint]:
    holder = bench.accounts[1]
    token = bench.vyper("OpenToken", holder)
    staked = bench.vyper("StakedOpen", token.address, _COOLDOWN_SECONDS)
    bench.gas(token.functions.approve(staked.address, _UNLIMITED), holder)

    def stake(account: str) -> int:
        # the holder keeps some, as most do; a reward came in since the last stake, so that there is one to settle
        bench.gas(token.functions.transfer(account, 2 * _AMOUNT_WEI), holder)
        bench.gas(token.functions.approve(staked.address, _UNLIMITED), account)
        bench.gas(staked.functions.add_reward(10**18), holder)
        bench.warp(60)
        return bench.gas(staked.functions.stake(_AMOUNT_WEI), account)

    return staked, stake
