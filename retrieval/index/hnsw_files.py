"""Whether the files of a Chroma HNSW segment fit each other, read without the library that they can harm.

A killed writer may leave one of them torn. Chroma then answers wrongly, dies, or, where `link_lists.bin` is too short,
takes what it reads beyond the end for sizes and writes until the disk is full. The layout is that of hnswlib.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

# version; offset, capacity, elements, bytes an element, two offsets; level, entry point; three sizes; two factors
HEADER: Final = struct.Struct("<i6QiI3QdQ")
SIZE: Final = struct.Struct("<I")
FLOAT_BYTES: Final = 4


def misfit(segment: Path) -> str:
    """Return the first file of a segment's folder that does not fit the others; "" where all do, or it has none yet."""
    if not (segment / "index_metadata.pickle").exists():
        return ""
    try:
        header = (segment / "header.bin").read_bytes()
        if len(header) != HEADER.size:
            return "header.bin"
        _, _, capacity, elements, element_bytes, *_ = HEADER.unpack(header)
        if elements > capacity or (segment / "data_level0.bin").stat().st_size != elements * element_bytes:
            return "data_level0.bin"
        if (segment / "length.bin").stat().st_size != elements * FLOAT_BYTES:
            return "length.bin"
        return "" if _walks((segment / "link_lists.bin").read_bytes(), elements) else "link_lists.bin"
    except OSError as error:
        return f"a file ({error})"


def _walks(links: bytes, elements: int) -> bool:
    """Whether `links` holds, for each element, a size and so many bytes, and nothing else."""
    at = 0
    for _ in range(elements):
        if at + SIZE.size > len(links):
            return False
        at += SIZE.size + SIZE.unpack_from(links, at)[0]
    return at == len(links)
