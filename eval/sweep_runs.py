"""Runs a set once for every setting of a sweep: resumable, and no passage is embedded twice.

A store belongs to what its vectors depend on (the articles, the embedder, the passages' length), a run to its settings,
its questions and the program's own source; either is used again where it is there.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import embeddings
import rag
from embeddings.protocols import Embedder
from eval.question_sets import QuestionSet, write_set
from eval.questions import question_row
from eval.rows import RowsInvalid, digest_of
from eval.run import run_questions
from eval.run_folder import RUN_FILE, Kept, keep_scores, read_about, read_answers_of, read_run, texts_for
from eval.sweep import Setting, written
from eval.vector_cache import CachedEmbedder
from rag.articles import find_files
from rag.chunking import CHUNKING_VERSION
from rag.embedders import make_embedder
from rag.errors import SettingsInvalid
from rag.extractive import ExtractiveGenerator
from rag.library import Library
from rag.partwise import PartwiseRetriever
from rag.pipeline import Pipeline
from rag.rerank import SentenceRanker
from rag.retrievers import DenseRetriever, FusedRetriever, LexicalRetriever
from rag.settings import Settings, load_settings
from rag.wiring import make_generator, make_index, open_indexer

WORDS = "words_weight"
"""Varies how much words count beside meaning, whose weight is 1; the program's own weight where it is not varied."""

_VARIED = ("passage_tokens", "depth", "threshold", "embedder", "precision", "generator")
_SHORT = 16


@dataclass(frozen=True, slots=True)
class Arm:
    """One setting with what it sets: the program's settings, and the weight of words where that is varied."""

    setting: Setting
    settings: Settings
    words_weight: float | None


class Sweep:
    """The runs of one set, in a folder that keeps runs, stores and vectors."""

    def __init__(self, found: QuestionSet, out: Path, settings: Settings) -> None:
        self._set = found
        self._out = out
        self._settings = settings
        self._embedders: dict[tuple[str, str], CachedEmbedder] = {}
        out.mkdir(parents=True, exist_ok=True)
        corpus = found.corpus or write_set(found, out / "articles")
        if corpus is None:
            raise RowsInvalid(f"the set '{found.name}' brings no articles to index; sweeps need them")
        self._corpus = corpus
        self._corpus_key = digest_of(
            [path.read_bytes().hex() for path in find_files([corpus]) if isinstance(path, Path)]
        )
        self._asked = {
            "questions": digest_of([question_row(q) for q in found.questions]),
            "articles": self._corpus_key,
            "program": _program(),
        }

    @property
    def embedded(self) -> int:
        """How many passages and sentences were embedded, and not read."""
        return sum(embedder.embedded for embedder in self._embedders.values())

    def run(self, grid: Sequence[Setting]) -> dict[Setting, Kept]:
        """Return every setting's run, made now or before. Raises SettingsInvalid before anything is run."""
        arms = [arm_of(setting, self._settings) for setting in grid]
        return {arm.setting: self._one(arm) for arm in arms}

    def _one(self, arm: Arm) -> Kept:
        asked = {**self._asked, **_settings_of(arm)}
        folder = self._out / "runs" / digest_of(asked)
        if read_about(folder).get("asked") == asked:
            sys.stderr.write(f"{written(arm.setting)}: as before\n")
            return read_run(folder)
        sys.stderr.write(f"{written(arm.setting)}: running\n")
        embedder = self._embedder(arm.settings)
        store = self._out / "stores" / self._store_key(arm.settings, embedder)
        settings = replace(arm.settings, store=store)
        report = open_indexer(settings, embedder=embedder).index_paths([self._corpus])
        if report.refused:
            raise RowsInvalid(f"the article '{report.refused[0].path}' cannot be read: {report.refused[0].reason}")
        (folder / RUN_FILE).unlink(missing_ok=True)
        run_questions(open_arm(settings, embedder, arm.words_weight), self._set.questions, folder)
        answers = read_answers_of(folder).values()
        texts = texts_for(self._set.questions, answers, articles=None, store=store)
        # What tells that a run is whole is written last.
        keep_scores(folder, self._set.questions, texts, {"set": self._set.name, "store": str(store), "asked": asked})
        return read_run(folder)

    def _embedder(self, settings: Settings) -> CachedEmbedder:
        key = (settings.embedder, settings.precision)
        if key not in self._embedders:
            inner: Embedder = make_embedder(settings)
            # Vectors of two precisions may be mixed, but are not the same.
            folder = self._out / "vectors" / f"{inner.fingerprint[:_SHORT]}-{settings.precision}"
            self._embedders[key] = CachedEmbedder(inner, folder)
        return self._embedders[key]

    def _store_key(self, settings: Settings, embedder: Embedder) -> str:
        made_of = (self._corpus_key, embedder.fingerprint[:_SHORT], settings.precision, settings.passage_tokens)
        return "-".join(map(str, (*made_of, CHUNKING_VERSION)))


def arm_of(setting: Setting, settings: Settings) -> Arm:
    """Return what a setting sets; raises SettingsInvalid for a name that cannot be varied and a value that is none."""
    given = dict(setting)
    weight = given.pop(WORDS, None)
    unknown = next((name for name in given if name not in _VARIED), None)
    if unknown:
        raise SettingsInvalid(f"'{unknown}' cannot be varied; known are: {', '.join((*_VARIED, WORDS))}")
    fixed = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    try:
        words_weight = None if weight is None else float(weight)
    except ValueError as error:
        raise SettingsInvalid(f"{WORDS} is '{weight}'; a number is needed") from error
    return Arm(setting, load_settings(fixed | given, environment={}), words_weight)


def open_arm(settings: Settings, embedder: Embedder, words_weight: float | None) -> Pipeline:
    """Return the assistant of a setting; raises what opening a store raises."""
    if words_weight is None:
        from rag.wiring import open_assistant  # noqa: PLC0415 - put together as the program does

        return open_assistant(settings=settings, embedder=embedder)
    library = Library(settings.store, embedder, make_index(settings.store))
    retrievers = (DenseRetriever(library), LexicalRetriever(library))
    fused = FusedRetriever(retrievers, (1.0, words_weight), depth=2 * settings.depth)
    return Pipeline(
        library,
        PartwiseRetriever(SentenceRanker(fused, library, depth=settings.depth)),
        make_generator(settings.generator),
        ExtractiveGenerator(),
        depth=settings.depth,
        threshold=settings.threshold,
    )


def _settings_of(arm: Arm) -> dict[str, Any]:
    """Return every setting that a run depends on, whether it is varied or not."""
    return {name: str(getattr(arm.settings, name)) for name in _VARIED} | {WORDS: arm.words_weight}


def _program() -> str:
    """Return what changes with the source of all that answers."""
    folders = [Path(rag.__file__).parent, Path(embeddings.__file__).parent]
    return digest_of([path.read_text("utf-8") for folder in folders for path in sorted(folder.glob("*.py"))])
