"""What a signer has signed it never forgets, and never contradicts, whenever it is killed."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from attribution_oracle.errors import SigningRefused
from attribution_oracle.protection import remember
from chain.typed_data import RewardRoot

ROOT = RewardRoot(3, 0, b"p" * 32, bytes(32), 10, 1, bytes(32), bytes(32), 1, bytes(32))
PLACE = {"chain_id": 31337, "contract": "0xD1", "signer": "0x51"}


def test_remember__the_same_root_again__is_allowed(tmp_path):
    for _ in range(2):
        remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)


def test_remember__a_second_root__is_refused(tmp_path):
    remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)
    with pytest.raises(SigningRefused, match="reward epoch 3 attempt 0; asked for 0x62"):
        remember(tmp_path / "db", reward_root=ROOT, digest=b"b" * 32, **PLACE)


@pytest.mark.parametrize("other", [{"chain_id": 1}, {"contract": "0xD2"}, {"signer": "0x52"}])
def test_remember__elsewhere__is_another_place(tmp_path, other):
    remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)
    remember(tmp_path / "db", reward_root=ROOT, digest=b"b" * 32, **(PLACE | other))


def test_remember__another_attempt__is_another_place(tmp_path):
    remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)
    remember(tmp_path / "db", reward_root=replace(ROOT, attempt=1), digest=b"b" * 32, **PLACE)


def test_remember__another_previous_root__is_another_place_and_the_first_is_not_forgotten(tmp_path):
    remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)
    remember(tmp_path / "db", reward_root=replace(ROOT, previous_root=b"q" * 32), digest=b"b" * 32, **PLACE)
    with pytest.raises(SigningRefused):
        remember(tmp_path / "db", reward_root=ROOT, digest=b"c" * 32, **PLACE)


_CHILD = """
import os, signal, sys
from pathlib import Path
from attribution_oracle.protection import remember
from chain.typed_data import RewardRoot
root = RewardRoot(3, 0, b"p" * 32, bytes(32), 10, 1, bytes(32), bytes(32), 1, bytes(32))
remember(Path(sys.argv[1]), reward_root=root, digest=b"a" * 32,
         chain_id=31337, contract="0xD1", signer="0x51")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_remember__killed_right_after__still_refuses_a_second_root(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    child = subprocess.run([sys.executable, "-c", _CHILD, str(tmp_path / "db")], env=environment, timeout=60)
    assert child.returncode == -signal.SIGKILL
    with pytest.raises(SigningRefused):
        remember(tmp_path / "db", reward_root=ROOT, digest=b"b" * 32, **PLACE)
    remember(tmp_path / "db", reward_root=ROOT, digest=b"a" * 32, **PLACE)
