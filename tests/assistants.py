"""Small real assistants for tests: a store in a temporary folder, the hashed embedder, no model."""

from embeddings.hashed import HashedEmbedder
from rag.articles import article_from_text
from rag.indexing import Indexer
from rag.library import Library
from rag.wiring import make_index, open_assistant

HARBOUR = """Harbour bridge opens in Lisbon
The new harbour bridge in Lisbon opened on 4 March 2025. It cost 310 million euros, said mayor Ana Duarte. \
Its main span is 420 metres long.
Ferries across the harbour will stop in June. About 12,000 people used them every day.
"""
ORCHARD = """Frost ruins apple harvest in Tyrol
A late frost destroyed half of the apple harvest in Tyrol, the growers' union said. Prices rose by 18 percent. \
The union asked the state for 25 million euros.
"""


def index_texts(folder, texts, **about):
    """Put {id: text} into the store."""
    articles = [article_from_text(text, article_id=key, path=f"{key}.txt", **about) for key, text in texts.items()]
    return Indexer(folder, HashedEmbedder(), passage_tokens=80).index_articles(articles)


def make_library(folder):
    """Return the library of the harbour and the orchard."""
    index_texts(folder, {"harbour": HARBOUR, "orchard": ORCHARD})
    return Library(folder, HashedEmbedder(), make_index(folder))


def make_assistant(folder, texts=None, generator=None):
    """Return an assistant over {id: text}; the harbour and the orchard where none are given."""
    index_texts(folder, texts or {"harbour": HARBOUR, "orchard": ORCHARD})
    return open_assistant(folder, embedder=HashedEmbedder(), generator=generator)


class ScriptedGenerator:
    """Says what it was given, and raises where an exception stands in its script."""

    name = "scripted"

    def __init__(self, *script):
        self._script = script

    def generate(self, question, hits, history):
        """Yield the script; a callable in it is given the hits."""
        for piece in self._script:
            if isinstance(piece, Exception):
                raise piece
            yield piece(hits) if callable(piece) else piece
