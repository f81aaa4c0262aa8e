"""File formats: which there are, which bit each has on chain, how a file shows that it is one.

The table is that of docs/formats.md. A Datanet stores the formats that it takes as a bit mask.
"""

import codecs
import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from content.errors import ContentError, EmptyFile, FileTooLarge, FormatNotAllowed, UnknownFormat, WrongMagic


class Modality(IntFlag):
    """The kind of content of a Datanet; the values are those of the flag in IDatanetRegistry."""

    TEXT = 1
    IMAGE = 2
    AUDIO = 4


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table: `name` is the extension without its dot, `bit` its place in a Datanet's mask."""

    name: str
    bit: int
    modality: Modality
    has_magic: Callable[[bytes], bool]
    is_plain_text: bool = False

    @property
    def mask(self) -> int:
        """The bit mask with this format alone."""
        return 1 << self.bit


def _is_text(data: bytes) -> bool:
    if b"\x00" in data:
        return False
    try:
        codecs.decode(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _starts_with(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(signatures)


def _is_riff(kind: bytes) -> Callable[[bytes], bool]:
    return lambda data: data[:4] == b"RIFF" and data[8:12] == kind


def _is_mp3(data: bytes) -> bool:
    # an ID3 tag, or the 11 sync bits of a frame of layer III (layer bits 01; 00 is AAC's ADTS)
    return data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2)


FORMATS = (
    Format("md", 0, Modality.TEXT, _is_text, is_plain_text=True),
    Format("txt", 1, Modality.TEXT, _is_text, is_plain_text=True),
    Format("pdf", 2, Modality.TEXT, _starts_with(b"%PDF-")),
    Format("docx", 3, Modality.TEXT, _starts_with(b"PK\x03\x04")),
    Format("png", 8, Modality.IMAGE, _starts_with(b"\x89PNG\r\n\x1a\n")),
    Format("jpg", 9, Modality.IMAGE, _starts_with(b"\xff\xd8\xff")),
    Format("jpeg", 10, Modality.IMAGE, _starts_with(b"\xff\xd8\xff")),
    Format("webp", 11, Modality.IMAGE, _is_riff(b"WEBP")),
    Format("tiff", 12, Modality.IMAGE, _starts_with(b"II*\x00", b"MM\x00*")),
    Format("bmp", 13, Modality.IMAGE, _starts_with(b"BM")),
    Format("wav", 16, Modality.AUDIO, _is_riff(b"WAVE")),
    Format("mp3", 17, Modality.AUDIO, _is_mp3),
    Format("flac", 18, Modality.AUDIO, _starts_with(b"fLaC")),
)
_BY_NAME = {entry.name: entry for entry in FORMATS}


def mask_of(modality: Modality) -> int:
    """The bit mask of all formats of `modality`."""
    return sum(entry.mask for entry in FORMATS if entry.modality in modality)


def format_of(path: Path | str) -> Format:
    """The format that the extension of `path` names, in upper or lower case.

    Raises:
        UnknownFormat: it is not in the table.
    """
    suffix = Path(path).suffix
    try:
        return _BY_NAME[suffix[1:].lower()]
    except KeyError:
        names = " ".join(f".{name}" for name in _BY_NAME)
        raise UnknownFormat(f"{path} has the extension {suffix!r}; expected one of {names}; convert the file") from None


def format_of_bit(bit: int) -> Format:
    """The format with this number on chain; raises UnknownFormat."""
    for entry in FORMATS:
        if entry.bit == bit:
            return entry
    raise UnknownFormat(f"no format has the bit {bit}; expected one of {[entry.bit for entry in FORMATS]}")


def check_file(path: Path | str, *, allowed_bits: int, cap: int) -> Format:
    """The format of the file at `path`, once it is one that a Datanet may take.

    Args:
        allowed_bits: the Datanet's mask of formats.
        cap: the most bytes that the file may have.

    Raises:
        UnknownFormat, FormatNotAllowed, EmptyFile, FileTooLarge, WrongMagic: the rule that it breaks.
    """
    path = Path(path)
    found = format_of(path)
    if not found.mask & allowed_bits:
        names = " ".join(f".{entry.name}" for entry in FORMATS if entry.mask & allowed_bits) or "none"
        raise FormatNotAllowed(f"{path} is .{found.name}; this Datanet takes {names}; convert it or choose another")
    with path.open("rb") as file:
        data = file.read(cap + 1)  # never more, whatever the size that the file system tells
    if not data:
        raise EmptyFile(f"{path} is empty; expected at least one byte; choose another file")
    if len(data) > cap:
        raise FileTooLarge(f"{path} has more than {cap} bytes, the Datanet's cap; split the file")
    if not found.has_magic(data):
        raise WrongMagic(f"{path} begins 0x{data[:8].hex()}, which is not .{found.name}; give it its true extension")
    return found


def canonical_hash(data: bytes, format: Format) -> bytes:
    """The 32-byte hash that re-encoded copies of one text share.

    White space is what `str.split` takes for it.

    Raises:
        WrongMagic: `data` is not UTF-8 text.
        ContentError: this version does not read the format.
    """
    if not format.is_plain_text:
        raise ContentError(f"this version does not read .{format.name}; expected .md or .txt; convert it to text")
    if not format.has_magic(data):
        raise WrongMagic(f"data beginning 0x{data[:8].hex()} is not UTF-8 text without NUL; save it as UTF-8")
    text = unicodedata.normalize("NFC", data.decode("utf-8"))
    return hashlib.sha256(" ".join(text.split()).encode()).digest()
