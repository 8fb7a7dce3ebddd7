"""Questions to show somebody who does not know what to ask: every one was asked, and answered, before it is shown.

Knows how to choose passages and what makes a good example; what a sentence can be asked is `question_forms`'s.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import chain, islice, pairwise, zip_longest

from rag.articles import shipped_folder
from rag.cjk import has_cjk, has_han
from rag.dates import MONTH_NAME
from rag.extractive import ExtractiveGenerator
from rag.masthead import ENDS_SENTENCE
from rag.pipeline import Pipeline
from rag.question_forms import Form, questions_of
from rag.records import Answer, Citation, Hit, Passage, Span
from rag.store_reader import StoreReader
from rag.text import content_words, fold, one_line, stem, stems_of, words

MOST_CHARS = 120
EXAMPLES = "examples.json"
MOST_TRIED = 30
_MOST_TRIED_OF_HITS = 6
_MOST_JOINED = 3
_SAMPLED = 200
_MOST_FOUND = 3
"""Times as many as are wanted: then there is enough to choose from."""
_SHORT_CHARS = 90
_FEWEST_WORDS = 3
_FEWEST_SHARED = 0.25
# Questions that begin with "who is" are short, so their answers are less sure; eval/LOG.md, "Suggested questions".
_GOOD_CONFIDENCE = 0.4
_FORMS: tuple[Form, ...] = ("amount", "date", "person", "reason", "said", "place", "thing", "story")
"""In the order in which they show what can be asked."""
_JOINED: tuple[Form, ...] = ("person", "thing")

_UNCLEAR = frozenset(
    "i me my we us our ours you your yours he him his she her hers it its they them their theirs this that these those"
    " here there such also however respectively above below former latter another other same so then now today"
    " yesterday tomorrow who which whose said says ones not following".split()
)
_OPEN_END = re.compile(
    r"\s(?:in|on|at|for|with|from|into|as|over|after|before|during|since|under|against|and|or|an?|the|first"
    rf"|the [a-z]+|{MONTH_NAME})$"
)
_NAME_SAID = re.compile(r"\s[“\"'‘]?(?:[^\W\d_a-z]\w*[a-z]|[a-z]\w*[A-Z])")
# What is asked of a headline, by the words that tell its language; the first is English.
_HEADLINE_FORMS: tuple[tuple[str, frozenset[str]], ...] = (
    ("What is “{}” about?", frozenset("the of and to in is was for that with on as by at from are were has".split())),
    ("Worum geht es in „{}“?", frozenset("der die das und ist nicht ein eine mit von den im auf für zu".split())),
    ("De quoi parle « {} » ?", frozenset("le la les des et est une dans pour que qui du au sur en".split())),
    ("¿De qué trata «{}»?", frozenset("el la los las y es una en que por con del para un se".split())),
    ("Di che cosa parla «{}»?", frozenset("il lo la gli di e è una che per con del della un in".split())),
    ("De que trata «{}»?", frozenset("o a os as e é uma que em para com do da um não".split())),
    ("Waar gaat “{}” over?", frozenset("de het een en is van dat op te in voor met niet zijn".split())),
)
_INNER_QUOTES = str.maketrans('“”„«»"', "‘’‘‹›'")
_ITEM = re.compile(r"^\d{1,2}[.)]\s+")
_CHINESE_HEADLINE = "“{}”讲了什么？"
_CHINESE_EVENT = re.compile(
    r"^(?:近日，|日前，|(?P<day>[^，。]{0,8}\d{1,2}[月日][^，。]{0,6})，)?(?P<subject>[^，。；：]{4,40}?)在[^，。]{2,24}?"
    r"(?P<verb>举行|举办|召开|开幕|启动|开机|成立)"
)
_CHINESE_COUNT = re.compile(r"(?P<subject>《[^《》]{1,30}》)[^。]{0,40}?\d+(?P<unit>集|章|部|首)")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A question made of the sentence at `span` of the passage's article (None: of its headline), not yet asked.

    `also` is the question of another article that it asks besides.
    """

    question: str
    form: Form
    passage: Passage
    span: Span | None = None
    also: "_Draft | None" = None

    @property
    def sources(self) -> set[tuple[str, Span | str]]:
        """What tells its sentences or its headline from every other."""
        own = (self.passage.article_id, self.span or self.passage.headline)
        return {own} | (self.also.sources if self.also else set())

    @property
    def story(self) -> tuple[str, int]:
        """What tells its story from every other."""
        return self.passage.article_id, self.passage.story

    def is_met_by(self, answer: Answer) -> bool:
        """Return whether the answer is sure and begins with what the question was made of; with two, says both."""
        if answer.abstained or answer.confidence < _GOOD_CONFIDENCE:
            return False
        if self.also:
            return all(any(map(part.rests_on, answer.citations)) for part in (self, self.also))
        return self.rests_on(answer.citations[0])

    def rests_on(self, citation: Citation) -> bool:
        """Return whether the citation is of the sentence; of a headline, whether it tells more of that story."""
        if citation.article_id != self.passage.article_id:
            return False
        if self.span:
            return citation.span.start < self.span.end and self.span.start < citation.span.end
        named = set(map(stem, content_words(self.passage.headline)))
        is_told = len(named & stems_of(citation.quote)) >= _FEWEST_SHARED * len(named) or has_cjk(citation.quote)
        # A line of a table of contents and the headline itself end in no stop.
        return citation.headline == self.passage.headline and is_told and bool(ENDS_SENTENCE.search(citation.quote))


_Answered = tuple[_Draft, float]


def example_questions(assistant: Pipeline, count: int) -> list[str]:
    """Return questions that the library answers, of different kinds and articles; fewer where there are no more.

    Where the shipped articles are in the store, those that were written for them stand in front. Takes up to a second.
    """
    with assistant.library.reader() as reader:
        shipped = _shipped_examples(reader)[:count]
        if len(shipped) == count:
            return shipped
        drafts = _in_turn(_drafts(_sample(reader)))
    found = _answered(assistant, drafts, MOST_TRIED - _MOST_JOINED, _MOST_FOUND * count)
    found += _answered(assistant, _joined(found), _MOST_JOINED, 1)
    return [*shipped, *_varied(found, count)][:count]


def answerable_questions(assistant: Pipeline, hits: Sequence[Hit], *, count: int = 3, asked: str = "") -> list[str]:
    """Return questions about the stories of the hits, nearest first, that the library answers; never the one asked.

    Fewer where there are no more.
    """
    passages = list({hit.passage.id: hit.passage for hit in hits}.values())[: 3 * _MOST_TRIED_OF_HITS]
    drafts = [draft for draft in _in_turn(_drafts(passages)) if words(draft.question) != words(asked)]
    return _varied(_answered(assistant, drafts, _MOST_TRIED_OF_HITS, count), count)


def _shipped_examples(reader: StoreReader) -> list[str]:
    """Return the questions written for the shipped articles, as far as the store holds what they are about."""
    path = shipped_folder() / EXAMPLES
    written = json.loads(path.read_text("utf-8")) if path.is_file() else []
    wanted = sorted({key for example in written for key in example["articles"]})
    held = reader.hashes(wanted)
    return [example["question"] for example in written if held.keys() >= {*example["articles"]}]


def _sample(reader: StoreReader) -> list[Passage]:
    """Return passages from all over the store, each with the first of its story, which says what the story is about."""
    last = reader.last_passage_id()
    step = max(last / _SAMPLED, 1)
    ids = list(dict.fromkeys(1 + int(step * number) for number in range(min(last, _SAMPLED))))
    found = reader.passages(ids)
    if len(found) < _SAMPLED // 2:
        # What was removed leaves gaps among the ids; the last ones are the likeliest to stand.
        found |= reader.passages(range(max(last - _SAMPLED, 0) + 1, last + 1))
    first = {first for first, _ in reader.neighbours(list(found)).values()}
    found |= reader.passages([key for key in first if key not in found])
    return sorted(found.values(), key=lambda passage: (passage.id not in first, passage.id))


def _drafts(passages: Iterable[Passage]) -> list[_Draft]:
    """Return what can be asked of the passages, no question twice."""
    made = chain.from_iterable(map(_drafts_of, passages))
    return list({fold(draft.question): draft for draft in reversed(list(made))}.values())[::-1]


def _drafts_of(passage: Passage) -> Iterator[_Draft]:
    english = _form_of(passage) == _HEADLINE_FORMS[0][0]
    context = f"{passage.headline}. {passage.text}"
    for span in passage.sentences:
        sentence = passage.quote(span)
        if sentence == passage.headline:
            continue
        made = questions_of(sentence, context) if english else _asked_in_chinese(sentence)
        for form, written in made:
            question = _finished(written)
            if question:
                yield _Draft(question, form, passage, span)
    asked = _asked_of_headline(passage)
    if asked:
        yield _Draft(asked, "story", passage)


def _asked_in_chinese(sentence: str) -> Iterator[tuple[Form, str]]:
    event = _CHINESE_EVENT.match(sentence)
    if event and event["day"]:
        yield "date", f"{event['subject']}是什么时候{event['verb']}的"
    if event:
        yield "place", f"{event['subject']}在哪里{event['verb']}"
    count = _CHINESE_COUNT.search(sentence)
    if count:
        yield "amount", f"{count['subject']}有多少{count['unit']}"


def _asked_of_headline(passage: Passage) -> str:
    """Return the headline where it is a question, else a question what its story is about; "" where it is too long."""
    headline = _ITEM.sub("", _shown(passage.headline.rpartition(" › ")[2]))
    quoted = headline.translate(_INNER_QUOTES).strip(" .。")
    asked = headline if headline.endswith(("?", "？")) else _form_of(passage).format(quoted)
    return asked if len(asked) <= MOST_CHARS and len(words(headline)) >= _FEWEST_WORDS else ""


def _form_of(passage: Passage) -> str:
    """Return the question that is asked of a headline in the passage's language."""
    if has_han(passage.headline):
        return _CHINESE_HEADLINE
    said = words(f"{passage.headline} {passage.text}")
    return max(_HEADLINE_FORMS, key=lambda form: sum(word in form[1] for word in said))[0]


def _shown(text: str) -> str:
    """Return the text on one line, without what is not printed: controls, marks that turn the direction of writing."""
    return one_line("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text))


def _finished(written: str) -> str:
    """Return the question with its capital and mark; "" where it is long, lame or leans on what was said before."""
    asked = _shown(written).rstrip(" .,;:?？")
    if len(asked) >= MOST_CHARS:
        return ""
    if has_cjk(asked):
        return f"{asked}？"
    unclear = not _UNCLEAR.isdisjoint(fold(asked).split()[1:])
    uneven = asked.count("“") != asked.count("”") or asked.count("(") != asked.count(")") or asked.count('"') % 2
    if (
        unclear
        or uneven
        or len(words(asked)) < _FEWEST_WORDS
        or _OPEN_END.search(asked)
        or not _NAME_SAID.search(asked)
    ):
        return ""
    return f"{asked[:1].upper()}{asked[1:]}?"


def _in_turn(drafts: Sequence[_Draft]) -> Iterator[_Draft]:
    """Yield the drafts one of each form in turn, of each form first those of stories that had none."""
    queues = []
    for form in _FORMS:
        rounds: dict[tuple[str, int], list[_Draft]] = {}
        for draft in drafts:
            if draft.form == form:
                rounds.setdefault(draft.story, []).append(draft)
        turns = [draft for turn in zip_longest(*rounds.values()) for draft in turn if draft]
        queues.append(sorted(turns, key=lambda draft: len(draft.question) > _SHORT_CHARS))
    yield from (draft for turn in zip_longest(*queues) for draft in turn if draft)


def _joined(answered: Sequence[_Answered]) -> Iterator[_Draft]:
    """Yield questions of two articles in one: "Who is ... and who is ...?"."""
    for form in _JOINED:
        drafts = [draft for draft, _ in answered if draft.form == form and not has_cjk(draft.question)]
        for one, other in pairwise(drafts):
            asked = f"{one.question[:-1]} and {other.question[:1].lower()}{other.question[1:]}"
            alike = one.question.split()[:2] == other.question.split()[:2]
            if alike and one.passage.article_id != other.passage.article_id and len(asked) <= MOST_CHARS:
                yield _Draft(asked, "both", one.passage, one.span, other)
                break


def _answered(assistant: Pipeline, drafts: Iterable[_Draft], most: int, enough: int) -> list[_Answered]:
    """Return those of the first `most` drafts that the library answers, until there are enough."""
    # The words of a language model cost time and money; whether the articles answer shows without them.
    asker = copy(assistant)
    asker.generator = ExtractiveGenerator()
    found: list[_Answered] = []
    for draft in islice(drafts, most):
        answer = asker.ask(draft.question)
        if draft.is_met_by(answer):
            found.append((draft, answer.confidence))
        if len(found) >= enough:
            break
    return found


def _varied(answered: Sequence[_Answered], count: int) -> list[str]:
    """Return the surest questions, each time of the article and the form that were taken least often so far."""
    left, taken = list(answered), list[_Draft]()
    while left and len(taken) < count:

        def worth(one: _Answered) -> tuple[int, bool, float]:
            draft, confidence = one
            again = sum((draft.passage.article_id == t.passage.article_id) + (draft.form == t.form) for t in taken)
            return -again, draft.form != "story", confidence

        best, _ = max(left, key=worth)
        taken.append(best)
        left = [one for one in left if one[0].sources.isdisjoint(best.sources)]
    return [draft.question for draft in taken]
