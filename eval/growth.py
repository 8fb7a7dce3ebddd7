"""Makes stores of any size, to measure how asking slows down as they grow. Writes through the store's own code.

An article of such a store is about one place in the given articles: its passages are runs of three to six real
sentences from around there, one in six from anywhere, so words keep their frequencies and their company. A sentence's
vector is the real sentence's plus noise, a passage's the mean of its sentences' plus noise, all of unit length.

Resampled sentences alone would never bring a new word. So of the numbers and of the words that stand in at most two
of the given sentences, every second is replaced: a number by another of as many digits, a word by a made-up one of
three syllables. How many of these there are grows with the text as Heaps' law has it (vocabulary = 44 tokens^0.49,
fitted on Reuters news: Manning, Raghavan & Schuetze 2008, section 5.1.1), and most are rare, as in nature.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.protocols import Embedder, Matrix
from rag.chunking import CHUNKING_VERSION, cut_into_passages, embedded_text
from rag.errors import StoreMissing
from rag.identity import Identity
from rag.protocols import Progress
from rag.records import Article, Passage, Scope, Span, Story
from rag.store import Prepared, commit_articles
from rag.store_reader import StoreReader

PASSAGE_TOKENS = 140
_EMBEDDED_AT_ONCE = 256
_COMMITTED_PASSAGES = 4096
_FEWEST_TOKENS, _MOST_TOKENS = 6, 60
_PASSAGES_OF_AN_ARTICLE = 8
_SENTENCES = (3, 6)
_NEAR = 12
_FROM_ANYWHERE = 1 / 6
_REPLACED = 0.5
_RARE = 2
_FEWEST_LETTERS = 4
_TOKENS_OF_NEW_WORD = 4
_NOISE = 0.3
_HEAPS = (44.0, 0.49)
_WORDS_OF_A_PASSAGE = 100
_FIRST_DAY = date(2015, 1, 1)
_DAYS = 3650
_PUBLISHERS = 40
_LONGEST_TITLE = 60
_WORD = re.compile(r"\d+|[^\W\d_]+")
_ONSETS = "b d f g h k l m n p r s t v z ch".split()
_RIMES = "a e i o u an en in on ar er or ai el is um".split()
# Odd, so that it only exchanges the 2^24 words of three syllables.
_SCRAMBLE = 0x9E3779


@dataclass(frozen=True, slots=True)
class RealSentence:
    """A sentence of the given articles; of `pieces`, every second may be replaced by a new word or number."""

    pieces: tuple[str, ...]
    title: str
    tokens: int

    @property
    def text(self) -> str:
        """The sentence as it was."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Material:
    """What stores are made of: real sentences in order, a row of `vectors` each."""

    identity: Identity
    sentences: tuple[RealSentence, ...]
    vectors: Matrix
    count_tokens: Callable[[Sequence[str]], list[int]]

    def questions(self, count: int, seed: int = 0) -> list[str]:
        """Return that many questions, the same for the same seed: the longer half of a real sentence each."""
        drawn = random.Random(seed).choices(self.sentences, k=count)  # noqa: S311 - a sample, not a secret
        return [" ".join(s.text.split()[-max(len(s.text.split()) // 2, 4) :]) for s in drawn]


def read_material(articles: Iterable[Article], embedder: Embedder, progress: Progress | None = None) -> Material:
    """Return the articles' sentences with their vectors, each embedded once; raises ValueError where there are none."""
    found: dict[str, tuple[str, str]] = {}
    for article in articles:
        for passage in cut_into_passages(article, embedder.count_tokens, passage_tokens=PASSAGE_TOKENS):
            texts = [" ".join(passage.quote(span).split()) for span in passage.sentences]
            found.update({text: (text, article.title[:_LONGEST_TITLE].strip()) for text in texts})
    tokens = embedder.count_tokens(list(found))
    kept = [(*of, n) for of, n in zip(found.values(), tokens, strict=True) if _FEWEST_TOKENS <= n <= _MOST_TOKENS]
    if not kept:
        raise ValueError("the articles hold no sentence; give others")
    standing = Counter(word.casefold() for text, _, _ in kept for word in set(_WORD.findall(text)))
    sentences = tuple(RealSentence(tuple(_pieces(text, standing)), title, n) for text, title, n in kept)
    vectors = np.empty((len(kept), embedder.dim), dtype=np.float32)
    for start in range(0, len(kept), _EMBEDDED_AT_ONCE):
        some = [text for text, _, _ in kept[start : start + _EMBEDDED_AT_ONCE]]
        vectors[start : start + len(some)] = embedder.embed_passages(some)
        if progress:
            progress(start + len(some), len(kept), "sentences embedded")
    identity = Identity(embedder.name, embedder.fingerprint, embedder.dim, PASSAGE_TOKENS, CHUNKING_VERSION)
    return Material(identity, sentences, vectors, embedder.count_tokens)


def grow_store(
    folder: Path, passages: int, material: Material, *, seed: int = 0, progress: Progress | None = None
) -> int:
    """Make the store hold at least that many passages, whole articles only, and return how many it holds.

    An interrupted one is taken up where it stopped, a smaller one grows: the same material and seed always make the
    same articles, whatever was done at once. Memory does not depend on `passages`. Raises what `commit_articles` does.
    """
    number, stored = _stored(folder)
    batch: list[Prepared] = []
    waiting = 0
    while stored + waiting < passages:
        batch.append(_make_article(material, number, seed))
        number += 1
        waiting += len(batch[-1].passages)
        if waiting >= _COMMITTED_PASSAGES or stored + waiting >= passages:
            commit_articles(folder, material.identity, _counted(batch, material))
            stored, waiting, batch = stored + waiting, 0, []
            if progress:
                progress(min(stored, passages), passages, "passages stored")
    return stored


def _stored(folder: Path) -> tuple[int, int]:
    """Return the numbers of articles and of passages in the store; 0 where there is none."""
    try:
        with StoreReader(folder) as reader:
            return reader.count_articles(Scope())[0], reader.count_passages()
    except StoreMissing:
        return 0, 0


def _make_article(material: Material, number: int, seed: int) -> Prepared:
    """Return the article of that number; its passages' tokens are not counted yet."""
    draw = random.Random(f"{seed} {number}")  # noqa: S311 - a sample, not a secret
    home = draw.randrange(len(material.sentences))
    title = f"{material.sentences[home].title}: {_new_word(number).capitalize()}".removeprefix(": ")
    key = f"grown-{seed}-{number:08d}"
    texts: list[str] = []
    passages: list[Passage] = []
    rows: list[list[int]] = []
    start = 0
    for _ in range(min(1 + int(draw.expovariate(1 / _PASSAGES_OF_AN_ARTICLE)), 8 * _PASSAGES_OF_AN_ARTICLE)):
        chosen = _choose(material.sentences, home, draw)
        said = [_varied(material.sentences[row], number, draw) for row in chosen]
        spans: list[Span] = []
        for text in said:
            begin = spans[-1].end + 1 if spans else start
            spans.append(Span(begin, begin + len(text)))
        rows.append(chosen)
        texts.append(" ".join(said))
        passages.append(Passage(0, key, title, texts[-1], Span(start, spans[-1].end), 0, tuple(spans)))
        start = spans[-1].end + 2
    whole = "\n\n".join(texts)
    published = _FIRST_DAY + timedelta(days=draw.randrange(_DAYS))
    publisher = f"The {_new_word(draw.randrange(_PUBLISHERS)).capitalize()} Times"
    story = Story(title, None, (Span(0, len(whole)),))
    article = Article(key, title, whole, (story,), published, publisher, path=f"{key}.txt")
    return Prepared(article, tuple(passages), *_vectors(material.vectors, rows, number, seed))


def _choose(sentences: Sequence[RealSentence], home: int, draw: random.Random) -> list[int]:
    """Return three to six sentences' rows, fewer where they would be too long together."""
    chosen: list[int] = []
    room = PASSAGE_TOKENS - _LONGEST_TITLE // 3
    at = home + draw.randint(-_NEAR, _NEAR)
    for _ in range(draw.randint(*_SENTENCES)):
        at += 1
        row = draw.randrange(len(sentences)) if draw.random() < _FROM_ANYWHERE else at % len(sentences)
        room -= sentences[row].tokens
        if chosen and room < 0:
            break
        chosen.append(row)
    return chosen


def _varied(sentence: RealSentence, number: int, draw: random.Random) -> str:
    """Return the sentence's text with every second of its numbers and rare words another."""
    pieces = list(sentence.pieces)
    for at in range(1, len(pieces), 2):
        if draw.random() < _REPLACED:
            pieces[at] = _other(pieces[at], number, draw)
    return "".join(pieces)


def _other(word: str, number: int, draw: random.Random) -> str:
    if word.isdecimal():
        return str(draw.randrange(10 ** (len(word) - 1), 10 ** len(word)))
    factor, exponent = _HEAPS
    known = factor * ((number + 1) * _PASSAGES_OF_AN_ARTICLE * _WORDS_OF_A_PASSAGE) ** exponent
    # By the cube the first words come up thousands of times, half of them less than a few.
    new = _new_word(int(known * draw.random() ** 3))
    return new.capitalize() if word[0].isupper() else new


def _new_word(index: int) -> str:
    """Return the made-up word of that number; all of the first 2^24 differ."""
    left = (index + 1) * _SCRAMBLE % 2**24
    syllables = [(left >> shift) & 0xFF for shift in (0, 8, 16)]
    return "".join(_ONSETS[s // 16] + _RIMES[s % 16] for s in syllables)


def _vectors(real: Matrix, rows: Sequence[Sequence[int]], number: int, seed: int) -> tuple[Matrix, NDArray[np.float16]]:
    """Return a unit row a passage and one a sentence, made around the real sentences'."""
    draw = np.random.default_rng((seed, number))
    around = real[[row for passage in rows for row in passage]]
    ends = np.cumsum([len(passage) for passage in rows])
    means = np.add.reduceat(around, [0, *ends[:-1]], axis=0)
    sentences = _noisy(around, draw).astype(np.float16)
    return _noisy(_unit(means), draw), sentences


def _noisy(rows: Matrix, draw: np.random.Generator) -> Matrix:
    noise = draw.standard_normal(rows.shape, dtype=np.float32) * (_NOISE / np.sqrt(rows.shape[1]))
    return _unit(rows + noise.astype(np.float32))


def _unit(rows: Matrix) -> Matrix:
    unit: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return unit


def _pieces(text: str, standing: Counter[str]) -> Iterator[str]:
    """Yield the text in pieces, every second a number or a rare word."""
    end = 0
    for match in _WORD.finditer(text):
        word = match.group()
        rare = len(word) >= _FEWEST_LETTERS and word.isascii() and standing[word.casefold()] <= _RARE
        if rare or (word.isdecimal() and len(word) > 1):
            yield text[end : match.start()]
            yield word
            end = match.end()
    yield text[end:]


def _counted(batch: Sequence[Prepared], material: Material) -> list[Prepared]:
    """Return the articles with their passages' tokens as the embedder counts them."""
    texts = [embedded_text(p) for prepared in batch for p in prepared.passages]
    tokens = iter(material.count_tokens(texts))
    return [
        Prepared(
            one.article,
            tuple(
                Passage(p.id, p.article_id, p.headline, p.text, p.span, next(tokens), p.sentences, p.story)
                for p in one.passages
            ),
            one.vectors,
            one.sentence_vectors,
        )
        for one in batch
    ]
