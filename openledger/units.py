"""Amounts of OPEN for people: 18 decimals to wei and back, in integers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from openledger.errors import AppError

WEI_PER_OPEN = 10**18


def to_wei(amount: str) -> int:
    """The wei of a decimal amount of OPEN such as `2.5`.

    >>> to_wei("2.5")
    2500000000000000000
    """
    try:
        wei = Decimal(amount) * WEI_PER_OPEN
        if not wei.is_finite() or wei <= 0 or wei != wei.to_integral_value():
            raise InvalidOperation
    except InvalidOperation:
        raise AppError(f'"{amount}" is not an amount of OPEN; expected a positive number such as 2.5') from None
    return int(wei)


def in_open(amount_wei: int) -> str:
    """An amount for people: OPEN with six digits, cut and not rounded; exact zero is `0`.

    >>> in_open(1_234_567_890_123_456_789_012)
    '1,234.567890'
    """
    if amount_wei == 0:
        return "0"
    sign = "-" if amount_wei < 0 else ""
    whole, part = divmod(abs(amount_wei), WEI_PER_OPEN)
    return f"{sign}{whole:,}.{part // 10**12:06d}"


def percent(share_ppm: int) -> str:
    """Parts per million as a percentage with one digit.

    >>> percent(123_456)
    '12.3 %'
    """
    return f"{share_ppm / 10_000:.1f} %"
