"""The column type of amounts."""

from sqlalchemy import Dialect, String, TypeDecorator

_DIGITS = 78


class Uint256(TypeDecorator[int]):
    """An unsigned 256-bit integer as 78 decimal digits: SQLite has none so wide, and the text sorts like the number."""

    impl = String(_DIGITS)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """The digits; ValueError for a number that is not a uint256."""
        if value is None:
            return None
        if not 0 <= value < 2**256:
            raise ValueError(f"{value} is not a uint256; a projection went below zero or above 2^256")
        return f"{value:0{_DIGITS}d}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        """The number."""
        return None if value is None else int(value)
