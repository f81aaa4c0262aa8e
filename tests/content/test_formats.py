"""The format table: each rule has its own error, and re-encoded text has one canonical hash."""

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.errors import ContentError, EmptyFile, FileTooLarge, FormatNotAllowed, UnknownFormat, WrongMagic
from content.formats import FORMATS, Modality, canonical_hash, check_file, format_of, format_of_bit, mask_of

ALL = sum(entry.mask for entry in FORMATS)
CAP = 4096
TXT = format_of("a.txt")
# the first bytes of a real file of each format
REAL = {
    "md": "# Títle\n".encode(),
    "txt": b"plain",
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3",
    "docx": b"PK\x03\x04\x14\x00\x06\x00",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "jpeg": b"\xff\xd8\xff\xe1\x00\x18Exif\x00",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "tiff": b"II*\x00\x08\x00\x00\x00",
    "bmp": b"BM\x46\x00\x00\x00\x00\x00",
    "wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "mp3": b"\xff\xfb\x90\x64\x00\x0f\xf0\x00",
    "flac": b"fLaC\x00\x00\x00\x22",
}


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_table__is_the_one_of_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()
    rows = re.findall(r"^\| (`\.[^|]+) \| (\d+)(?: … (\d+))? \|", text, re.MULTILINE)
    documented = [
        (name, int(first) + offset)
        for names, first, _ in rows
        for offset, name in enumerate(re.findall(r"`\.(\w+)`", names))
    ]
    assert documented == [(entry.name, entry.bit) for entry in FORMATS]
    assert all(format_of_bit(bit).name == name for name, bit in documented)


def test_masks__part_the_formats_by_modality() -> None:
    assert [mask_of(kind) for kind in Modality] == [0b1111, 0b11_1111 << 8, 0b111 << 16]
    assert mask_of(Modality.TEXT | Modality.IMAGE | Modality.AUDIO) == ALL


@pytest.mark.parametrize("name", REAL)
def test_check_file__of_real_beginning__is_accepted(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, f"file.{name.upper()}", REAL[name])
    assert check_file(path, allowed_bits=ALL, cap=CAP) == format_of(f"x.{name}")


@pytest.mark.parametrize("name", [entry.name for entry in FORMATS])
@pytest.mark.parametrize("data", [b"\x00\x01", b"GIF89a\xff", b"\xff"], ids=["zeros", "gif", "one byte"])
def test_check_file__with_bytes_of_another_format__is_wrong_magic(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(WrongMagic, match=f"is not .{name}; give it its true extension"):
        check_file(write(tmp_path, f"file.{name}", data), allowed_bits=ALL, cap=CAP)


def test_check_file__of_aac_named_mp3__is_wrong_magic(tmp_path: Path) -> None:
    with pytest.raises(WrongMagic):
        check_file(write(tmp_path, "a.mp3", b"\xff\xf1\x50\x80"), allowed_bits=ALL, cap=CAP)


def test_check_file__of_no_bytes__is_empty(tmp_path: Path) -> None:
    with pytest.raises(EmptyFile, match="expected at least one byte"):
        check_file(write(tmp_path, "a.txt", b""), allowed_bits=ALL, cap=CAP)


@pytest.mark.parametrize(("size", "is_too_large"), [(CAP, False), (CAP + 1, True), (10 * CAP, True)])
def test_check_file__past_the_cap__is_too_large(tmp_path: Path, size: int, is_too_large: bool) -> None:
    path = write(tmp_path, "a.txt", b"a" * size)
    if not is_too_large:
        assert check_file(path, allowed_bits=ALL, cap=CAP) == TXT
        return
    with pytest.raises(FileTooLarge, match=f"more than {CAP} bytes"):
        check_file(path, allowed_bits=ALL, cap=CAP)


@pytest.mark.parametrize("name", ["a", "a.", "a.exe", ".txt", "a.txt.gz", "a.svg"])
def test_check_file__of_unknown_extension__is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownFormat, match=r"expected one of \.md \.txt"):
        check_file(write(tmp_path, name, b"text"), allowed_bits=ALL, cap=CAP)


def test_check_file__that_the_datanet_does_not_take__names_what_it_takes(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", b"text")
    with pytest.raises(FormatNotAllowed, match=r"this Datanet takes \.txt \.png;"):
        check_file(path, allowed_bits=TXT.mask | format_of("a.png").mask, cap=CAP)


def test_format_of_bit__that_is_free__is_refused() -> None:
    with pytest.raises(UnknownFormat, match="no format has the bit 4"):
        format_of_bit(4)


def test_canonical_hash__is_sha256_of_the_normal_form() -> None:
    expected = hashlib.sha256("Caf\u00e9 au lait".encode()).digest()
    for text in ("Caf\u00e9 au lait", "  Cafe\u0301\r\nau\t lait\r", "Caf\u00e9\u00a0au\n\n\nlait\n"):
        assert canonical_hash(text.encode(), TXT) == expected
    assert canonical_hash("caf\u00e9 au lait".encode(), TXT) != expected


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1), min_size=1))
def test_canonical_hash__whatever_the_white_space_between__is_the_same(words: list[str]) -> None:
    hashes = {
        canonical_hash((end + gap.join(words) + end).encode(), TXT)
        for gap in (" ", "\r\n", "\t \n")
        for end in ("", "\n")
    }
    assert len(hashes) == 1


def test_canonical_hash__of_what_is_not_read__is_refused() -> None:
    with pytest.raises(ContentError, match=r"does not read \.pdf"):
        canonical_hash(REAL["pdf"], format_of("a.pdf"))
    with pytest.raises(WrongMagic, match="not UTF-8 text without NUL"):
        canonical_hash(b"\xff\xfe", TXT)
