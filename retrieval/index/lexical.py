"""The lexical index: BM25 over stemmed words in tantivy, with model numbers and pairs of characters as words too."""

from __future__ import annotations

import hashlib
import math
from functools import reduce
from operator import xor
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from retrieval.errors import IndexMismatchError, StoreError
from retrieval.index.codes import codes, joined_pairs, model_numbers
from retrieval.index.languages import ANALYSES, DEFAULT, ENGLISH, cjk_terms, cjk_words, has_cjk, without_cjk
from retrieval.index.seals import drop_stray_deletes, torn_segment
from retrieval.index.spelling import Speller
from retrieval.outline import quick

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from retrieval.index.base import Document

SCHEMA_VERSION: Final = 3  # raise when the fields or their analysis change: stores rebuild themselves
ANALYZER: Final = "shop"
HEAP_BYTES: Final = 64_000_000
BOOSTS: Final = {  # the text repeats the title, so its words count twice
    "title": 1.0,
    "text": 1.0,
    "compounds": 0.5,
    "codes": 1.0,
    "cjk": 1.0,
}
WORD_FIELDS: Final = ("title", "text", "compounds")
FEW: Final = 3000  # up to so many allowed ids a term-set query is faster than to read all hits and intersect
LONGEST_QUERY: Final = 64  # terms


class TantivyIndex:
    """BM25 with the stemming of one language; a folder on disk, or memory where `folder` is None.

    One process writes at a time (tantivy holds a lock while it does); any number reads.
    """

    def __init__(
        self, folder: Path | None = None, *, is_word: Callable[[str], bool] | None = None, language: str = DEFAULT
    ) -> None:
        """Open or create the index.

        Args:
            folder: Where it lies.
            is_word: Tells real words of the language, which are never taken for misspellings.
            language: ISO 639-1; one of `languages.ANALYSES`.

        Raises:
            IndexMismatchError: The folder holds something that does not open; remove it and rebuild.
        """
        import tantivy

        self._tantivy: Any = tantivy
        self._analysis = ANALYSES[language]
        self._schema = self._build_schema()
        self._folder = folder
        self._index = self._open(folder)
        self._index.register_tokenizer(ANALYZER, self._analyzer())
        self._query_analyzer = self._analyzer(stopwords=True)
        self._plain_analyzer = self._analyzer()
        self._is_word = is_word
        self._lock = RLock()
        self._searcher: Any = None
        self._names: dict[int, str] | None = None
        self._speller: Speller | None = None
        self.refresh()

    def upsert(self, documents: Iterable[Document]) -> None:
        """Add or replace documents; durable when it returns.

        Raises:
            StoreError: Another process is writing.
        """
        rows = list(documents)
        self._write(removed=[row.product_id for row in rows], added=rows)

    def delete(self, product_ids: Sequence[str]) -> None:
        """Remove documents; unknown ids are ignored."""
        self._write(removed=product_ids, added=())

    def clear(self) -> None:
        """Remove everything."""
        self._write(removed=(), added=(), everything=True)

    def ids(self) -> set[str]:
        """Return the ids held, for verification against the catalogue."""
        return set(self._keys().values())

    def count(self) -> int:
        """Return how many documents are held."""
        return int(self._searcher.num_docs)

    def fingerprints(self) -> dict[str, int]:
        """Return what version of each document is held, by id; see `Document.fingerprint`."""
        names, addresses = self._keys(), self._addresses()
        keys, prints = (self._searcher.fast_field_values(name, addresses) for name in ("key", "print"))
        return {names[key]: held for key, held in zip(keys, prints, strict=True) if key in names}

    def checksum(self) -> int:
        """Return the exclusive or of every document's fingerprint."""
        return reduce(xor, self._searcher.fast_field_values("print", self._addresses()), 0)

    def search(self, text: str, *, n: int, among: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Return up to `n` (product id, BM25 score), best first, ties by id, only of `among` where it is given."""
        query = self._query(text)
        if query is None or n < 1 or (among is not None and not among):
            return []
        if among is None:
            found = self._hits(query, n=n)
        elif len(among) <= FEW:
            found = self._hits(self._and(query, self._only(among)), n=n)
        else:
            found = self._intersection(query, n=n, allowed=quick(among))
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def coverage(self, text: str, best: float) -> float:
        """Return `best` (a score of `search`) over the summed inverse document frequencies of the words of `text`.

        About 2 where a title holds every word, below 1 where most are found nowhere near each other.
        """
        total = self.count()
        held = [max(self._searcher.doc_freq(field, term) for field in WORD_FIELDS) for term in self._terms(text)]
        weight = sum(math.log(1.0 + (total - n + 0.5) / (n + 0.5)) for n in held)
        return best / weight if weight else 0.0

    def holding_all(self, text: str) -> set[str]:
        """Return the ids of the documents that hold every word of `text`; empty for no word."""
        parts = [self._any_field(term) for term in self._terms(text)]
        parts += [self._term("cjk", term) for term in cjk_terms(text)[:LONGEST_QUERY]]
        if not parts:
            return set()
        return {product_id for product_id, _ in self._hits(self._and(*parts), n=max(1, self.count()))}

    def mend(self, text: str) -> str:
        """Return `text` with misspelt words replaced by words of this index, where that is clear."""
        return self._current_speller().mend(text)

    def knows(self, word: str) -> bool:
        """Whether `word` is in some document, or clearly meant to be one that is."""
        if has_cjk(word):
            return bool(self.holding_all(word))
        speller = self._current_speller()
        return speller.holds(word) or speller.mend(word) != word

    def _current_speller(self) -> Speller:
        with self._lock:
            if self._speller is None:
                self._speller = Speller(dict(self._searcher.terms_with_prefix("words", "")), is_word=self._is_word)
            return self._speller

    def unheard(self, text: str) -> list[str]:
        """Return the model numbers in `text` that no document holds, joined and in lower case."""
        return [
            code
            for code in model_numbers(without_cjk(text))
            if not any(self._has(f, code) for f in ("codes", *WORD_FIELDS))
        ]

    def refresh(self) -> None:
        """See what other processes have committed since."""
        with self._lock:
            self._index.reload()
            self._searcher = self._index.searcher()
            self._names = self._speller = None

    # Reading

    def _terms(self, text: str) -> list[str]:
        text = without_cjk(text)
        terms = self._query_analyzer.analyze(text) or self._plain_analyzer.analyze(text)
        return list(dict.fromkeys(terms))[:LONGEST_QUERY]

    def _query(self, text: str) -> Any:  # noqa: ANN401
        terms = self._terms(text)
        terms += [term for pair in joined_pairs(text) for term in self._plain_analyzer.analyze(pair)]
        terms = list(dict.fromkeys(terms))[:LONGEST_QUERY]
        parts = [self._term(field, term) for field in WORD_FIELDS for term in terms if self._has(field, term)]
        parts += [self._term("codes", code) for code in codes(text)[:LONGEST_QUERY] if self._has("codes", code)]
        parts += [self._term("cjk", term) for term in cjk_terms(text)[:LONGEST_QUERY] if self._has("cjk", term)]
        if not parts:
            return None
        return self._tantivy.Query.boolean_query([(self._tantivy.Occur.Should, part) for part in parts])

    def _has(self, field: str, term: str) -> bool:
        return bool(self._searcher.doc_freq(field, term))

    def _term(self, field: str, term: str) -> Any:  # noqa: ANN401
        query = self._tantivy.Query.term_query(self._schema, field, term, "freq")
        return self._tantivy.Query.boost_query(query, BOOSTS[field])

    def _any_field(self, term: str) -> Any:  # noqa: ANN401
        should = self._tantivy.Occur.Should
        parts = [self._tantivy.Query.term_query(self._schema, field, term, "freq") for field in WORD_FIELDS]
        return self._tantivy.Query.boolean_query([(should, part) for part in parts])

    def _and(self, *queries: Any) -> Any:  # noqa: ANN401
        return self._tantivy.Query.boolean_query([(self._tantivy.Occur.Must, query) for query in queries])

    def _only(self, product_ids: Collection[str]) -> Any:  # noqa: ANN401
        query = self._tantivy.Query.term_set_query(self._schema, "product_id", list(product_ids))
        return self._tantivy.Query.const_score_query(query, 0.0)

    def _hits(self, query: Any, *, n: int) -> list[tuple[str, float]]:  # noqa: ANN401
        searcher = self._searcher
        hits = searcher.search(query, n, count=False).hits
        keys = searcher.fast_field_values("key", [address for _, address in hits]) if hits else []
        names = self._keys()
        return [(names[key], float(score)) for (score, _), key in zip(hits, keys, strict=True) if key in names]

    def _intersection(self, query: Any, *, n: int, allowed: Collection[str]) -> list[tuple[str, float]]:  # noqa: ANN401
        """Read ever more hits, best first, until `n` allowed ones are among them."""
        total = max(1, self.count())
        depth = min(total, 2 * n * total // max(1, len(allowed)) + n)
        while True:
            hits = self._hits(query, n=depth)
            found = [hit for hit in hits if hit[0] in allowed][:n]
            if len(found) == n or depth >= total or len(hits) < depth:
                return found
            depth = min(total, depth * 4)

    def _keys(self) -> dict[int, str]:
        """Return product id by its number in the index's column store, read once a commit."""
        with self._lock:
            if self._names is None:
                held = (self._searcher.doc(address).get_first("product_id") for address in self._addresses())
                self._names = {_key(product_id): product_id for product_id in held}
            return self._names

    def _addresses(self) -> list[Any]:
        total = max(1, self.count())
        hits = self._searcher.search(self._tantivy.Query.all_query(), total, count=False).hits
        return [address for _, address in hits]

    # Writing

    def _write(self, *, removed: Sequence[str], added: Sequence[Document], everything: bool = False) -> None:
        with self._lock:
            names = None if everything else dict(self._keys())
            try:
                writer = self._index.writer(HEAP_BYTES, 1)
            except ValueError as error:
                msg = f"the lexical index cannot be written: {error}; is another process writing to this store?"
                raise StoreError(msg) from error
            if self._folder is not None:
                drop_stray_deletes(self._folder)
            self._fill(writer, removed=removed, added=added, everything=everything)
            self.refresh()
            self._names = self._renamed(names, removed=removed, added=added) if names is not None else {}

    def _fill(self, writer: Any, *, removed: Sequence[str], added: Sequence[Document], everything: bool) -> None:  # noqa: ANN401
        if everything:
            writer.delete_all_documents()
        elif removed:
            writer.delete_documents_by_query(self._only(removed))
        latest = {row.product_id: row for row in added}
        for row in latest.values():
            writer.add_document(self._document(row))
        writer.commit()
        writer.wait_merging_threads()

    @staticmethod
    def _renamed(names: dict[int, str], *, removed: Sequence[str], added: Sequence[Document]) -> dict[int, str]:
        for product_id in removed:
            names.pop(_key(product_id), None)
        names.update((_key(row.product_id), row.product_id) for row in added)
        return names

    def _document(self, row: Document) -> Any:  # noqa: ANN401
        document = self._tantivy.Document()
        title, text = without_cjk(row.title), without_cjk(row.text)
        document.add_text("product_id", row.product_id)
        document.add_unsigned("key", _key(row.product_id))
        document.add_unsigned("print", row.fingerprint)
        document.add_text("title", title)
        document.add_text("text", text)
        document.add_text("cjk", " ".join(cjk_words(f"{row.title}\n{row.text}")))
        document.add_text("compounds", " ".join(joined_pairs(row.title)))
        document.add_text("words", f"{title}\n{text}")
        document.add_text(
            "codes", " ".join({**dict.fromkeys(codes(row.title)), **dict.fromkeys(codes(row.text, longest=2))})
        )
        return document

    # Set-up

    def _build_schema(self) -> Any:  # noqa: ANN401
        builder = self._tantivy.SchemaBuilder()
        builder.add_text_field("product_id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_unsigned_field("key", fast=True)
        builder.add_unsigned_field("print", fast=True)
        builder.add_text_field("title", tokenizer_name=ANALYZER, index_option="freq")
        builder.add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
        builder.add_text_field("compounds", tokenizer_name=ANALYZER, index_option="freq")
        builder.add_text_field("words", tokenizer_name="default", index_option="basic")
        builder.add_text_field("codes", tokenizer_name="whitespace", index_option="freq")
        builder.add_text_field("cjk", tokenizer_name="whitespace", index_option="freq")
        return builder.build()

    def _open(self, folder: Path | None) -> Any:  # noqa: ANN401
        if folder is None:
            return self._tantivy.Index(self._schema)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torn = torn_segment(folder) if any(folder.iterdir()) else ""
            if torn:
                raise OSError(f"{torn} is damaged")
            return self._tantivy.Index(self._schema, path=str(folder), reuse=True)
        except (ValueError, OSError) as error:
            msg = f"the lexical index in {str(folder)!r} does not open: {error}; rebuild it from the catalogue"
            raise IndexMismatchError(msg) from error

    def _analyzer(self, *, stopwords: bool = False) -> Any:  # noqa: ANN401
        filters = self._tantivy.Filter
        builder = self._tantivy.TextAnalyzerBuilder(self._tantivy.Tokenizer.simple())
        builder = builder.filter(filters.remove_long(40)).filter(filters.lowercase())
        stems = filters.stemmer(self._analysis.stemmer)
        if self._analysis == ENGLISH:
            builder = builder.filter(filters.ascii_fold())
        if stopwords and self._analysis.has_stopwords:
            builder = builder.filter(filters.stopword(self._analysis.stemmer))
        builder = builder.filter(stems)
        if self._analysis != ENGLISH:
            builder = builder.filter(filters.ascii_fold())  # only now, for endings and stop words have accents
        return builder.build()


def _key(product_id: str) -> int:
    """Return a stable 63-bit number for an id: tantivy's column store holds numbers, and ids are the shop's strings."""
    return int.from_bytes(hashlib.blake2b(product_id.encode(), digest_size=8).digest()) >> 1
