"""Chooses the classes and puts them together; the only place that does."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings.protocols import Embedder
from rag.chat_messages import Limits
from rag.database import DATABASE
from rag.embedders import make_embedder
from rag.errors import SettingsInvalid
from rag.extractive import ExtractiveGenerator
from rag.index_snapshot import EXACT_UP_TO, FOLDER
from rag.library import Library
from rag.partwise import PartwiseRetriever
from rag.pipeline import Pipeline
from rag.protocols import ChatModel, Generator, Progress
from rag.records import ArticleSummary, StoreInfo
from rag.rerank import SentenceRanker
from rag.retrievers import DenseRetriever, FusedRetriever, LexicalRetriever
from rag.settings import Settings, load_settings, model_key
from rag.store_info import describe_store
from rag.store_reader import StoreReader
from rag.word_search import keep_word_index

if TYPE_CHECKING:
    from rag.chat import Chat
    from rag.indexing import Acknowledge, Indexer
    from rag.store_index import StoreIndex
    from rag.uploads import UploadLimits, Uploads

GENERATOR_GROUP = "rag.generators"
_MODELS = ("anthropic", "local", "openai")

# Experiment 1 of eval/LOG.md: BM25, divided by its best, beside the cosine.
_DENSE_WEIGHT = 1.0
_LEXICAL_WEIGHT = 0.43


def open_assistant(
    store: str | Path | None = None,
    *,
    settings: Settings | None = None,
    embedder: Embedder | None = None,
    generator: Generator | str | None = None,
    say: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Pipeline:
    """Return what answers questions from the store; an object given here wins over the name in the settings.

    `say` is told what takes long, `progress` of a vector index that the first question has to wait for.
    Raises StoreMissing, StoreMismatch or StoreDamaged, and SettingsInvalid for an unknown generator.
    """
    settings = settings or load_settings({"store": store})
    folder = Path(store) if store else settings.store
    library = Library(folder, embedder or make_embedder(settings, say), make_index(folder, progress))
    fused = FusedRetriever(
        (DenseRetriever(library), LexicalRetriever(library)),
        (_DENSE_WEIGHT, _LEXICAL_WEIGHT),
        depth=2 * settings.depth,
    )
    return Pipeline(
        library,
        PartwiseRetriever(SentenceRanker(fused, library, depth=settings.depth)),
        make_generator(generator or settings.generator, settings),
        ExtractiveGenerator(),
        depth=settings.depth,
        threshold=settings.threshold,
        marking=settings.unsupported == "mark",
    )


def open_indexer(
    settings: Settings,
    *,
    embedder: Embedder | None = None,
    progress: Progress | None = None,
    acknowledge: "Acknowledge | None" = None,
    say: Callable[[str], None] | None = None,
) -> "Indexer":
    """Return what puts articles into the store of the settings; `say` is told what takes long."""
    from rag.indexing import Indexer  # noqa: PLC0415 - a question is answered without

    return Indexer(
        settings.store,
        embedder or make_embedder(settings, say),
        passage_tokens=settings.passage_tokens,
        progress=progress,
        acknowledge=acknowledge,
    )


def open_uploads(settings: Settings, embedder: Embedder, *, limits: "UploadLimits | None" = None) -> "Uploads":
    """Return what puts in and takes out what a person hands over; share the embedder that questions are asked with."""
    from rag.uploads import UploadLimits, Uploads  # noqa: PLC0415 - as above

    return Uploads(
        settings.store,
        embedder,
        passage_tokens=settings.passage_tokens,
        limits=limits or UploadLimits(),
        renew=lambda progress: renew_index(settings, progress),
    )


def open_chat(assistant: Pipeline, settings: Settings, *, version: str) -> "Chat":
    """Return what keeps conversations with the assistant; `version` is told with every verdict."""
    from rag.chat import Chat  # noqa: PLC0415 - as above
    from rag.chats import CHATS  # noqa: PLC0415 - as above
    from rag.conversations import Conversations  # noqa: PLC0415 - as above
    from rag.feedback import FeedbackBook  # noqa: PLC0415 - as above

    path = settings.chats or settings.store / CHATS
    return Chat(assistant, Conversations(path), FeedbackBook(path), version=version)


def store_exists(settings: Settings) -> bool:
    """Return whether the settings' store was ever begun."""
    return (settings.store / DATABASE).is_file()


def remove_from_store(settings: Settings, article_ids: Sequence[str], progress: Progress | None = None) -> None:
    """Take the articles out; raises StoreMissing, or ArticleMissing for an unknown id, and then removes none.

    `progress` is told of the word arrays that a large store then makes anew, for a minute.
    """
    from rag.store import remove_articles  # noqa: PLC0415 - as above

    remove_articles(settings.store, article_ids)
    keep_word_index(settings.store, progress=progress)


def renew_index(settings: Settings, progress: Progress | None = None) -> str:
    """Bring the vector index that a large store keeps up to date, and return what to say of it; "" for nothing."""
    with StoreReader(settings.store) as reader:
        if reader.count_passages() <= EXACT_UP_TO and not (settings.store / FOLDER).exists():
            return ""
        return make_index(settings.store, progress).renew(reader)


def list_store(settings: Settings) -> list[ArticleSummary]:
    """Return what is in the store, by id; needs no embedder."""
    with StoreReader(settings.store) as reader:
        return reader.summaries()


def info_of_store(settings: Settings) -> StoreInfo:
    """Return what the store holds and how it is searched; needs no embedder."""
    return describe_store(settings.store)


def make_generator(name: str | Generator, settings: Settings | None = None) -> Generator:
    """Return the generator of this name: one of our own, or an installed package's under `rag.generators`.

    An object is returned as it is. Raises SettingsInvalid for an unknown name, or where a model's settings are missing.
    """
    if not isinstance(name, str):
        return name
    if name == "extractive":
        return ExtractiveGenerator()
    if name in _MODELS:
        return _make_model(replace(settings or load_settings(), generator=name))
    from importlib.metadata import entry_points  # noqa: PLC0415 - only a plug-in is looked up

    found = {entry.name: entry for entry in entry_points(group=GENERATOR_GROUP)}
    if name not in found:
        known = ", ".join(sorted(["extractive", *_MODELS, *found]))
        raise SettingsInvalid(f"unknown generator '{name}'; known are: {known}")
    factory: Callable[[], Generator] = found[name].load()
    return factory()


def _make_model(settings: Settings) -> Generator:
    from rag.llm import LanguageModelGenerator  # noqa: PLC0415 - most answers need no language model

    return LanguageModelGenerator(_make_chat(settings), prompt_tokens=settings.prompt_tokens)


def _make_chat(settings: Settings) -> ChatModel:
    name = settings.generator
    if not settings.model:
        raise SettingsInvalid(f"the generator '{name}' needs a model; set RAG_MODEL to its name")
    if name == "local":
        from rag.llm_local import TransformersChat  # noqa: PLC0415 - as above

        return TransformersChat(Path(settings.model).expanduser(), limits=_limits(settings))
    key = model_key(settings)
    if not key and not settings.base_url:
        raise SettingsInvalid(
            f"the generator '{name}' needs a key: set {name.upper()}_API_KEY in the environment, or RAG_BASE_URL to a "
            "server of your own"
        )
    from rag.chat_api import AnthropicChat, OpenAIChat  # noqa: PLC0415 - as above

    make = AnthropicChat if name == "anthropic" else OpenAIChat
    return make(settings.model, base_url=settings.base_url, key=key, limits=_limits(settings))


def _limits(settings: Settings) -> Limits:
    return Limits(settings.model_deadline_s, settings.model_token_s, settings.answer_tokens)


def make_index(folder: Path, progress: Progress | None = None) -> "StoreIndex":
    """Return what makes the vector index of the store in the folder."""
    from rag.store_index import StoreIndex  # noqa: PLC0415 - faiss is not needed to list or to index a small store

    return StoreIndex(folder, progress=progress)
