"""C4 with a real model: meaning brings texts near, and the vector is the text's alone.

What needs the extra `embeddings` is skipped without it, and says so.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from content_stores import ANYONE, NEW, message

from choir_model.adapters import sentence_embeddings
from choir_model.adapters.edge import EdgeContent
from choir_model.adapters.sentence_embeddings import (
    DIGESTS,
    PACKAGE,
    WINDOW,
    SentenceEmbedder,
    _windows,
)
from choir_model.content.port import ReferenceContent
from choir_model.lockstep import content_counting, content_pair
from choir_model.lockstep.content import run_content_lockstep
from choir_model.ports.content import Results
from choir_model.ports.embeddings import (
    DEFAULT_DIMENSION,
    SCORE_STEPS,
    Embedder,
    EmbedderUnavailable,
    HashedWords,
    Vector,
    dot,
    sparse,
)

ROOT = Path(__file__).parent.parent
LIBRARIES = ("safetensors", "threadpoolctl", "tokenizers")
FOREIGN = (*LIBRARIES, PACKAGE, "numpy", "scipy")

WEATHER = "The weather is lovely today."
SUNNY = "It's so sunny outside!"
STADIUM = "He drove to the stadium."


@pytest.fixture(scope="module")
def model() -> SentenceEmbedder:
    missing = [name for name in (PACKAGE, *LIBRARIES) if find_spec(name) is None]
    if missing:
        pytest.skip(f"the extra 'embeddings' is not installed: {', '.join(missing)}")
    return SentenceEmbedder()


def score(a: Vector, b: Vector) -> float:
    return dot(a.steps(), b) / SCORE_STEPS


# Meaning


def test_c4_similarities_are_the_ones_published_for_the_model(model: SentenceEmbedder) -> None:
    """The example of the model's own library, which computes with other code."""
    weather, sunny, stadium = map(model.embed, (WEATHER, SUNNY, STADIUM))
    found = [score(weather, sunny), score(weather, stadium), score(sunny, stadium)]
    assert found == pytest.approx([0.6660, 0.1046, 0.1411], abs=1e-3)


@pytest.mark.parametrize(
    ("said", "paraphrase", "unrelated"),
    [
        ("My stake was returned.", "They gave me my deposit back.", "The soup needs more salt."),
        ("We vote on Thursday.", "The ballot is held in four days.", "The stake of a tent broke."),
        ("Is anybody able to help?", "Could someone lend me a hand?", "Anybody is able to lie."),
    ],
)
def test_a_paraphrase_is_nearer_than_an_unrelated_sentence(
    model: SentenceEmbedder, said: str, paraphrase: str, unrelated: str
) -> None:
    query = model.embed(said)
    assert score(query, model.embed(paraphrase)) > score(query, model.embed(unrelated)) + 0.1


def test_a_search_on_edge_and_reference_ranks_by_meaning(model: SentenceEmbedder) -> None:
    query = model.embed("What a beautiful sunny day")
    texts = {message(text).key: text for text in (STADIUM, SUNNY, WEATHER)}
    answers = []
    for port in (ReferenceContent(), EdgeContent()):
        for text in texts.values():
            assert port.upsert(message(text), model.embed(text)) == NEW
        answers.append(port.search(ANYONE, query, 3))
        port.close()
    ours, real = answers
    assert ours == real
    assert isinstance(ours, Results)
    assert [texts[hit.key] for hit in ours.hits][2] == STADIUM


# A function of text and version


def test_it_is_an_embedder_of_the_store_s_dimension(model: SentenceEmbedder) -> None:
    embedder: Embedder = model
    assert (embedder.name, embedder.version) == ("all-MiniLM-L6-v2", "1-53aa51172d14")
    assert embedder.dimension == DEFAULT_DIMENSION == model.embed(WEATHER).dimension


@pytest.mark.parametrize(
    "text",
    ["", " ", "\0", "!!!", "日本語 naïve \N{SLIGHTLY SMILING FACE}", "half \ud83d", "x" * 9_000],
)
def test_every_text_has_a_vector_on_the_grid(model: SentenceEmbedder, text: str) -> None:
    vector = model.embed(text)
    assert sparse(vector.dense()) == vector
    assert score(vector, vector) == pytest.approx(1, abs=0.02)


def test_the_end_of_a_long_text_counts(model: SentenceEmbedder) -> None:
    """C4: the embedding is of the content, not of its first 256 tokens."""
    start = "We met at the river. " * 60
    assert len(model._tokens(start)) > WINDOW
    boat, tax = model.embed(start + "boat " * 200), model.embed(start + "tax " * 200)
    assert score(boat, model.embed("boat")) > score(tax, model.embed("boat")) + 0.05


def test_c4_vectors_are_the_same_in_every_process_without_a_network(
    model: SentenceEmbedder,
) -> None:
    """Other processes, hash seeds, numbers of threads and kernels; sockets are forbidden."""
    texts = (WEATHER, "naïve — 日本語", "long " * 300)
    script = (
        "import sys\n"
        "def forbid(event, arguments):\n"
        "    assert not event.startswith('socket.'), event\n"
        "sys.addaudithook(forbid)\n"
        "from choir_model.adapters.sentence_embeddings import SentenceEmbedder\n"
        "embed = SentenceEmbedder().embed\n"
        f"print([embed(text).entries for text in {texts!r}])"
    )
    for number, kernel in (("1", "Nehalem"), ("2", "Haswell")):
        environment = {"PYTHONHASHSEED": number, "OPENBLAS_NUM_THREADS": number}
        environment |= {"OPENBLAS_CORETYPE": kernel, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
        output = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        ).stdout
        assert output.decode().strip() == str([model.embed(text).entries for text in texts])


def test_version_1_never_changes(model: SentenceEmbedder) -> None:
    """Stored vectors are derived: whoever changes them must change the version (C4)."""
    texts = ("", WEATHER, "naïve — 日本語", "half \ud83d", "long " * 300)
    digest = hashlib.sha256(repr([model.embed(text).entries for text in texts]).encode())
    assert digest.hexdigest()[:16] == "50ee528d63e9efe6"


@pytest.mark.parametrize(("length", "windows"), [(0, 1), (1, 1), (254, 1), (255, 2), (600, 3)])
def test_windows_hold_every_token_once_and_in_order(length: int, windows: int) -> None:
    tokens = list(range(1_000, 1_000 + length))
    cut = _windows(tokens)
    assert len(cut) == windows
    assert [token for window in cut for token in window[1:-1]] == tokens
    assert all(len(window) <= WINDOW and window[:: len(window) - 1] == [101, 102] for window in cut)


# Lockstep


def test_reference_and_edge_agree_on_its_scores(
    model: SentenceEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content machine with this embedder; vectors of a wrong dimension stay the others."""
    known: dict[str, Vector] = {}

    def vector_of(text: str, dimension: int) -> Vector:
        if dimension != model.dimension:
            return HashedWords(dimension).embed(text)
        if text not in known:
            known[text] = model.embed(text)
        return known[text]

    for module in (content_pair, content_counting):
        monkeypatch.setattr(module, "vector_of", vector_of)
    coverage = run_content_lockstep(EdgeContent, seed=1, steps=400)
    assert len(known) > 5
    assert coverage.events["Results"] > 20


# Without the extra


def unavailable() -> str:
    """The message of `EmbedderUnavailable`, which is one line."""
    with pytest.raises(EmbedderUnavailable) as caught:
        SentenceEmbedder()
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an imitated model package, whose files pass the check."""
    folder = tmp_path / PACKAGE / "model"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    for name in DIGESTS:
        (folder / name).write_bytes(b"")
        monkeypatch.setitem(DIGESTS, name, hashlib.sha256(b"").hexdigest())
    monkeypatch.delitem(sys.modules, PACKAGE, raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_a_missing_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    line = unavailable()
    assert f"extra 'embeddings' (No module named '{PACKAGE}')" in line
    assert (ROOT / line.rpartition(" ")[2]).name == "requirements-embeddings.lock"
    assert (ROOT / line.rpartition(" ")[2]).is_file()


@pytest.mark.parametrize("missing", LIBRARIES)
def test_a_missing_library_is_named(
    files: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in (*LIBRARIES, "safetensors.numpy"):
        gone = name.partition(".")[0] == missing
        monkeypatch.setitem(sys.modules, name, None if gone else MagicMock())
    line = unavailable()
    assert "extra 'embeddings'" in line
    assert missing in line.partition(")")[0]


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_a_file_that_is_gone_or_another_is_refused(files: Path, name: str) -> None:
    (files / name).write_bytes(b"another model")
    assert f"{files / name}: is not the file of this version" in unavailable()
    (files / name).unlink()
    assert f"{files / name}: No such file or directory; run pip" in unavailable()


def test_importing_the_adapter_imports_no_library() -> None:
    script = (
        f"import sys, {sentence_embeddings.__name__};"
        f"sys.exit(not {{*sys.modules}}.isdisjoint({FOREIGN!r}))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment)
