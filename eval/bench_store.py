"""A store of any size to measure retrieval on: the sample store's products over and over, each time a little other.

Every copy of a product has an id, group, brand, colour, price and model number of its own. Encoding hundreds of
thousands of texts would take longer than all measuring, so a document gets the real embedding of the product that it is
a copy of, and seeded noise: embeddings lie in clusters, as those of real shelves do.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import time
from itertools import count, islice
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np

from assistant.sample import store as sample
from retrieval.document import document_text
from retrieval.errors import StoreError
from retrieval.feeds.columns import ColumnMap
from retrieval.feeds.rows import RowReader
from retrieval.ingest import flush, ingest
from retrieval.lock import writing
from retrieval.rebuild import StoreIndexer
from retrieval.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from retrieval.encoder.base import Encoder
    from retrieval.settings import RetrievalSettings

    Row = dict[str, Any]  # of the sample store's feed
    Tell = Callable[[str, int, int], None]  # what, done, total

MARK: Final = "bench.json"
FORM: Final = 1  # raise when the rows or their embeddings change: kept stores are built anew
BRANDS: Final = 1000
NOISE: Final = 0.5  # length of the noise beside the unit vector: copies of one product are about 0.8 alike
MODEL: Final = re.compile(r"\bQ(\d+)V\d+\b")  # the model number names the product that was copied


class JitteredEncoder:
    """Gives a document the embedding of the product that it is a copy of, and noise seeded by its text.

    Attributes:
        version: That of the real encoder, so that the store takes the indexes for its own.
        dimension: Length d of an embedding.
    """

    def __init__(self, rows: NDArray[np.float32], *, version: str) -> None:
        """Keep the embeddings (n, d) of the products that are copied, in the order of their numbers."""
        self.version: str = version
        self.dimension: int = rows.shape[1]
        self._rows = rows

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row a text, float32 (n, d)."""
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for place, text in enumerate(texts):
            found = MODEL.search(text)
            if found is None:
                raise ValueError(f"{text!r} has no model number; only copies of sample products can be encoded")
            noise = np.random.default_rng(crc32(text.encode())).standard_normal(self.dimension)
            row = self._rows[int(found[1])] + NOISE * noise / np.linalg.norm(noise)
            out[place] = row / np.linalg.norm(row)
        return out


class Copies:
    """Rows of a feed, made from the sample store's products; the same for the same seed."""

    def __init__(self, *, seed: int) -> None:
        """Read the sample store's products; `seed` decides their order and everything that is varied.

        Raises:
            SampleError: The sample data is missing.
        """
        with gzip.open(sample.products_path(), "rt", encoding="utf-8") as file:
            rows: list[Row] = [json.loads(line) for line in file]
        rng = random.Random(seed)  # noqa: S311 - a benchmark, nothing secret
        by_group: dict[str, list[Row]] = {}
        for row in rows:
            by_group.setdefault(row["item_group_id"], []).append(row)
        self._seed = seed
        self._groups = list(by_group.values())
        rng.shuffle(self._groups)
        self._colors = sorted({row["color"] for row in rows if row.get("color")})
        names = [row["brand"].split() for row in rows if row.get("brand")]
        self._brands = [f"{rng.choice(names)[0]} {rng.choice(names)[-1]}" for _ in range(BRANDS)]

    def rows(self, n: int) -> Iterator[Row]:
        """Yield `n` rows, variants of one product together."""
        return islice((row for variants in self._variants() for row in variants), n)

    def products(self, n: int) -> Iterator[Row]:
        """Yield `n` rows of which no two are variants of one product."""
        return islice((variants[0] for variants in self._variants()), n)

    def embeddings(self, encoder: Encoder, n: int, *, tell: Tell) -> NDArray[np.float32]:
        """Return the embeddings (groups, d) of the products behind the first `n` rows."""
        needed = self._groups[:n]
        found = []
        for start in range(0, len(needed), 256):
            some = needed[start : start + 256]
            found.append(encoder.encode([text_of(variants[0]) for variants in some]))
            tell("embeddings", start + len(some), len(needed))
        return np.concatenate(found)

    def _variants(self) -> Iterator[list[Row]]:
        for copy in count():
            for number, variants in enumerate(self._groups):
                rng = random.Random(f"{self._seed}:{number}:{copy}")  # noqa: S311 - a benchmark, nothing secret
                changes = {"brand": rng.choice(self._brands), "model": f"Q{number}V{copy}"}
                share, shift = rng.uniform(0.5, 1.8), rng.randrange(len(self._colors))
                yield [self._varied(row, changes, copy=copy, share=share, shift=shift) for row in variants]

    def _varied(self, row: Row, changes: Mapping[str, str], *, copy: int, share: float, shift: int) -> Row:
        title, brand = row["title"].replace(row.get("brand", ""), "", 1).strip(), changes["brand"]
        varied = {**row, "id": f"{copy}-{row['id']}", "item_group_id": f"{copy}-{row['item_group_id']}", "brand": brand}
        color = row.get("color")
        if color:
            varied["color"] = self._colors[(self._colors.index(color) + shift) % len(self._colors)]
            title = title.replace(color, varied["color"], 1)
        varied["title"] = f"{brand} {title} {changes['model']}"
        for name in ("price", "sale_price"):
            if row.get(name):
                amount, currency = row[name].split()
                varied[name] = f"{float(amount) * share:.2f} {currency}"
        return varied


def build(folder: Path, settings: RetrievalSettings, *, products: int, seed: int, tell: Tell) -> dict[str, Any]:
    """Build the store of `products` rows in `folder`, or find it there; return what building it took.

    Raises:
        StoreError: The folder holds anything else, or a store of another size, encoder or version.
    """
    wanted = {"form": FORM, "products": products, "seed": seed, "sample": sample.version(), "encoder": settings.encoder}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_new = not any(folder.iterdir())
    except OSError as error:
        raise StoreError(f"{str(folder)!r} cannot be used: {error.strerror or error}; name another folder") from error
    known = _mark(folder)
    if known.get("store") == wanted and _agrees(folder, settings):
        return {**known["build"], "reused": True}
    if not is_new:
        what = f"a benchmark store of another kind ({known['store']!r})" if known else "no benchmark store"
        raise StoreError(f"{str(folder)!r} holds {what}; remove it, or give a new or empty folder")
    try:
        took = _fill(folder, settings, copies=Copies(seed=seed), products=products, tell=tell)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a store could be neither measured nor gone on with
        raise
    (folder / MARK).write_text(json.dumps({"store": wanted, "build": took}), "utf-8")
    return {**took, "reused": False}


def _mark(folder: Path) -> dict[str, Any]:
    """Return what a benchmark store was built as; empty where the folder holds none."""
    try:
        known = json.loads((folder / MARK).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(known, dict) and isinstance(known.get("store"), dict) and isinstance(known.get("build"), dict)
    return known if whole else {}


def text_of(row: Row) -> str:
    """Return the text that indexes hold of a row."""
    return document_text(RowReader(ColumnMap(), currency="USD").product(row))


def write_feed(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as a feed in JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)


def _fill(folder: Path, settings: RetrievalSettings, *, copies: Copies, products: int, tell: Tell) -> dict[str, Any]:
    feed = folder / "feed.jsonl"
    write_feed(feed, copies.rows(products))
    with Store.open(folder, settings) as store:
        embeddings = copies.embeddings(store.encoder, products, tell=tell)
        begun = time.perf_counter()
        ingest(
            [feed], folder, catalogue=store.catalogue, progress=lambda at, total: tell("catalogue, bytes", at, total)
        )
        catalogue_s = time.perf_counter() - begun
        encoder = JitteredEncoder(embeddings, version=store.encoder.version)
        indexer = StoreIndexer(encoder, current=lambda: store.generation)
        begun = time.perf_counter()
        with writing(folder):
            flush(store.catalogue, indexer, progress=lambda at, total: tell("indexes", at, total))
            store.settle()
        indexes_s = time.perf_counter() - begun
    feed.unlink()
    return {
        "catalogue_rows_per_s": round(products / catalogue_s, 1),
        "index_rows_per_s": round(products / indexes_s, 1),
        "catalogue_s": round(catalogue_s, 2),
        "indexes_s": round(indexes_s, 2),
    }


def _agrees(folder: Path, settings: RetrievalSettings) -> bool:
    """Whether a kept store can be searched as it is: another encoder or schema would mend it for minutes."""
    store = Store(folder, settings)
    try:
        return store.agrees()
    finally:
        store.close()
