"""The secrets of an installation: made once, kept in one file that only its owner may read."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from openledger.errors import AppError


@dataclass(frozen=True, slots=True)
class Secrets:
    """Bearer tokens of the gateway, and the password of the development keystores."""

    oracle_token: str
    operator_token: str
    keystore_password: str


def secrets_of(path: Path) -> Secrets:
    """The secrets in `path`, made now if there are none. Raises `AppError` when the file is not readable as secrets."""
    try:
        return Secrets(**json.loads(path.read_text()))
    except FileNotFoundError:
        return _make(path)
    except (ValueError, TypeError) as error:
        raise AppError(
            f"{path} holds no secrets ({error}); expected the file that openledger wrote; restore it"
        ) from error


def _make(path: Path) -> Secrets:
    made = Secrets(*(secrets.token_urlsafe(32) for _ in range(3)))
    path.parent.mkdir(parents=True, exist_ok=True)
    # created for the owner alone from the start, so that there is no moment in which others may read it
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(asdict(made), stream)
    return made
