"""Finds where in the articles a text stands that another system gave back. Knows texts and places.

Systems strip, join and rewrap what they cut, so white space doesn't count; what stands in several places is taken to be
the first. A text that stands nowhere keeps its length, so that it still uses up what may be read.
"""

from collections.abc import Iterable, Mapping

from eval.spans import Place
from rag.records import Span

NOWHERE = "?"


class Articles:
    """The articles' characters without white space, each with its place."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._bare = {key: "".join(text.split()) for key, text in texts.items()}
        self._at = {key: [n for n, c in enumerate(text) if not c.isspace()] for key, text in texts.items()}
        self._known: dict[str, Place] = {}

    def find(self, text: str) -> Place:
        """Return the text's first place; of NOWHERE where it stands in no article."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> Place:
        bare = "".join(text.split())
        for key, whole in self._bare.items():
            at = whole.find(bare) if bare else -1
            if at >= 0:
                places = self._at[key]
                return Place(key, Span(places[at], places[at + len(bare) - 1] + 1))
        return Place(NOWHERE, Span(0, len(text)))


def lost(places: Iterable[Place]) -> int:
    """Return how many of the places are nowhere."""
    return sum(place.article_id == NOWHERE for place in places)
