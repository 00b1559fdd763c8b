"""The manifest of a store: which generation of indexes serves, what it was built from and what it held."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from retrieval.index.languages import ANALYSES
from retrieval.index.lexical import SCHEMA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST: Final = "index.json"
DOCUMENT_VERSION: Final = 1  # raise when `document_text` changes: stores rebuild themselves


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """What the indexes were built from, and what they held when they were last found to agree with the catalogue.

    Attributes:
        encoder: Version of the encoder; another one means a rebuild.
        schema: Version of fields, analysis and document text; another one means a rebuild.
        checksum: Of the catalogue, and of each index: one number over ids and text hashes (`base.fingerprint`).
        count: Documents in each.
        generation: Number of the indexes that serve; it names their folders and their collection.
    """

    encoder: str
    schema: str
    checksum: str = ""
    count: int = 0
    generation: int = 0


def schema(language: str) -> str:
    """Return what the present code builds for a language, ISO 639-1."""
    return f"{SCHEMA_VERSION}.{DOCUMENT_VERSION}-{language}"


def language_of(known: str, *, default: str) -> str:
    """Return the language of an index that differs from ours in nothing else; `default` where it does."""
    version, _, language = known.rpartition("-")
    return language if version == schema("").rstrip("-") and language in ANALYSES else default


def read_manifest(folder: Path) -> IndexManifest | None:
    """Return the manifest of a store; None where there is no readable one."""
    try:
        fields: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        found = IndexManifest(**fields)
    except (OSError, ValueError, TypeError):
        return None
    return found if isinstance(found.generation, int) else None


def write_manifest(folder: Path, manifest: IndexManifest) -> None:
    """Replace the manifest of a store whole."""
    scratch = folder / f"{MANIFEST}.tmp"
    scratch.write_text(json.dumps(asdict(manifest)), "utf-8")
    scratch.replace(folder / MANIFEST)


def manifest_stamp(folder: Path) -> int:
    """Return what changes when the manifest is replaced; 0 where there is none. Costs microseconds."""
    try:
        return (folder / MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0
