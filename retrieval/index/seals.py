"""Checksums of index files, so that damage is found at the start and not in the middle of a search.

CRC-32 reads some gigabytes a second: it is there to find torn and garbled files, not forged ones.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BLOCK: Final = 1 << 22  # bytes read at once
FOOTER_MAGIC: Final = 1337  # ends every file of a tantivy segment, after its checksum
COMPONENTS: Final = ("fast", "fieldnorm", "idx", "pos", "store", "term")
MISSING: Final = -1


def checksum(path: Path) -> int:
    """Return the CRC-32 of a file; `MISSING` where it cannot be read."""
    found = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                found = zlib.crc32(block, found)
    except OSError:
        return MISSING
    return found


def write_seal(seal: Path, files: Iterable[Path]) -> None:
    """Write down the checksums of `files`, which lie in or below the folder of `seal`."""
    names = {str(path.relative_to(seal.parent)): checksum(path) for path in sorted(files)}
    scratch = seal.with_suffix(".tmp")
    scratch.write_text(json.dumps(names), "utf-8")
    scratch.replace(seal)


def broken(seal: Path) -> list[str] | None:
    """Return the files that are not as they were sealed; None where there is no readable seal."""
    try:
        names = {str(name): int(crc) for name, crc in json.loads(seal.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    return [name for name, crc in names.items() if checksum(seal.parent / name) != crc]


def torn_segment(folder: Path) -> str:
    """Return the first file of a tantivy index that is missing or differs from the checksum it carries; "" for none."""
    try:
        segments = json.loads((folder / "meta.json").read_text("utf-8"))["segments"]
        stems = {segment["segment_id"].replace("-", "") for segment in segments}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return "meta.json"
    files = [path for path in sorted(folder.iterdir()) if path.name.partition(".")[0] in stems]
    expected = {f"{stem}.{part}" for stem in stems for part in COMPONENTS}
    missing = sorted(expected - {path.name for path in files})
    return missing[0] if missing else next((path.name for path in files if not _whole(path)), "")


def _whole(path: Path) -> bool:
    """Whether a segment file ends with a footer whose checksum is that of what stands before it."""
    content = path.read_bytes()
    length, magic = int.from_bytes(content[-8:-4], "little"), int.from_bytes(content[-4:], "little")
    if magic != FOOTER_MAGIC or length + 8 > len(content):
        return False
    body = memoryview(content)[: len(content) - length - 8]
    try:
        return bool(json.loads(content[-8 - length : -8])["crc"] == zlib.crc32(body))
    except (ValueError, LookupError, TypeError):
        return False


def drop_stray_deletes(folder: Path) -> None:
    """Remove lists of deletions that no commit of a tantivy index names; whoever calls holds its writer.

    A writer that was killed between such a list and its commit leaves it behind, and the next one, which counts its
    operations from the last commit, would not write over it: every commit would fail.
    """
    try:
        segments = json.loads((folder / "meta.json").read_text("utf-8"))["segments"]
        named = {
            f"{segment['segment_id'].replace('-', '')}.{segment['deletes']['opstamp']}.del"
            for segment in segments
            if segment.get("deletes")
        }
    except (OSError, ValueError, KeyError, TypeError):
        return
    for path in folder.glob("*.del"):
        if path.name not in named:
            path.unlink(missing_ok=True)
