"""The sentence encoder: shipped int8 ONNX weights on onnxruntime, tokenised by `tokenizers`; no torch."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WEIGHTS: Final = Path(__file__).parent / "weights"
MODEL: Final = "model.int8.onnx"
TOKENIZER: Final = "tokenizer.json"
MANIFEST: Final = "manifest.json"

BATCH = 32  # larger batches are no faster on one thread and pad more
CACHED = 2048  # embeddings of short texts (queries) kept, 1.5 kB each
CACHED_TEXTS_PER_CALL = 8  # a call with more texts is a document batch, not queries
MAX_CHARS = 4096  # hostile input is cut before it reaches the tokenizer


class OnnxEncoder:
    """Mean-pooled, L2-normalised sentence embeddings.

    One intra-op thread: a second one is slower on a busy machine. Calls from several threads are safe.

    Attributes:
        version: Name, precision and a piece of the model file's SHA-256.
        dimension: Length of an embedding, 384 for the shipped weights.
    """

    def __init__(self, folder: Path = WEIGHTS, *, check: bool = True) -> None:
        """Load model and tokenizer of `folder`.

        Args:
            folder: Where `model.int8.onnx`, `tokenizer.json` and `manifest.json` lie.
            check: Whether the files' SHA-256 is compared with the manifest (23 MB, about 20 ms).

        Raises:
            EncoderError: A file is missing, altered, or does not load.
        """
        manifest = _manifest(folder)
        if check:
            _check(folder, files=manifest["files"])
        self.version: str = manifest["version"]
        self.dimension: int = manifest["dimension"]
        self._tokenizer = _tokenizer(folder / TOKENIZER, max_tokens=manifest["max_tokens"])
        self._session = _session(folder / MODEL)
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one L2-normalised row a text, float32 (n, d); identical texts are computed once."""
        unique = list(dict.fromkeys(texts))
        small = len(unique) <= CACHED_TEXTS_PER_CALL
        known = self._remembered(unique) if small else {}
        missing = [text for text in unique if text not in known]
        if missing:
            fresh = dict(zip(missing, self._compute(missing), strict=True))
            if small:
                self._remember(fresh)
            known |= fresh
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            out[row] = known[text]
        return out

    def is_word(self, word: str) -> bool:
        """Whether `word` is a common word of the language: one piece of the tokenizer's vocabulary."""
        return self._tokenizer.token_to_id(word.lower()) is not None

    def _remembered(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        with self._lock:
            found = {text: self._cache[text] for text in texts if text in self._cache}
            for text in found:
                self._cache.move_to_end(text)
        return found

    def _remember(self, fresh: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            self._cache.update(fresh)
            while len(self._cache) > CACHED:
                self._cache.popitem(last=False)

    def _compute(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, d) for distinct texts, batched by length so that little is spent on padding."""
        encodings = self._tokenizer.encode_batch([text[:MAX_CHARS] for text in texts])
        ids = [encoding.ids for encoding in encodings]
        out = np.empty((len(texts), self.dimension), dtype=np.float32)
        for rows in _batches([len(row) for row in ids]):
            out[rows] = self._forward([ids[row] for row in rows])
        return out

    def _forward(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        longest = max(len(row) for row in ids)
        tokens = np.zeros((len(ids), longest), dtype=np.int64)  # 0 is [PAD]
        mask = np.zeros_like(tokens)
        for row, values in enumerate(ids):
            tokens[row, : len(values)] = values
            mask[row, : len(values)] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden: NDArray[np.float32] = self._session.run(None, feed)[0]  # (n, tokens, d)
        pooled = np.einsum("ntd,nt->nd", hidden, mask.astype(np.float32)) / mask.sum(axis=1, keepdims=True)
        unit: NDArray[np.float32] = (pooled / np.linalg.norm(pooled, axis=1, keepdims=True)).astype(np.float32)
        return unit


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"no readable {MANIFEST} in {str(folder)!r}: {error}; run python -m retrieval.encoder.export"
        raise EncoderError(msg) from error
    return manifest


def _check(folder: Path, *, files: dict[str, str]) -> None:
    for name, expected in files.items():
        try:
            with (folder / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            msg = f"encoder file {name!r} is missing in {str(folder)!r}; run python -m retrieval.encoder.export"
            raise EncoderError(msg) from error
        if found != expected:
            msg = f"encoder file {name!r} has SHA-256 {found!r}, its manifest says {expected!r}; restore or export it"
            raise EncoderError(msg)


def _tokenizer(path: Path, *, max_tokens: int) -> Any:  # noqa: ANN401
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises the bare class
        msg = f"tokenizer {str(path)!r} does not load: {error}"
        raise EncoderError(msg) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def _session(path: Path) -> Any:  # noqa: ANN401
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena would keep the largest batch's memory for good
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no public root of its errors
        msg = f"encoder model {str(path)!r} does not load: {error}"
        raise EncoderError(msg) from error
