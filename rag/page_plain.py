"""Draws an answer as plain HTML for somebody else's page: its text, its numbers, and below it the quotes.

The only markup is what is written here; a number leads to its quote within the same page.
"""

from rag.citations import render
from rag.page_text import day, link_to, plain
from rag.records import Answer, AnswerSentence, Citation

STYLE = """
.np-turn { margin: 0 0 1.5em; }
.np-asked { font-weight: 650; margin: 0 0 .4em; }
.np-said, .np-source p { margin: 0 0 .4em; }
.np-number { text-decoration: none; font-size: .85em; }
.np-unsupported { text-decoration: underline dotted; }
.np-note { opacity: .8; font-size: .9em; margin: .2em 0; }
.np-source { border-left: 3px solid currentColor; padding: 0 0 0 .8em; margin: .6em 0; }
.np-source:target { outline: 2px solid currentColor; outline-offset: 4px; }
.np-source blockquote { margin: 0 0 .3em; }
.np-from { opacity: .8; font-size: .9em; }
"""
"""How it looks, in the page's own colours and font."""


def draw_answer(answer: Answer, turn: str) -> str:
    """Return question, answer, notices and quotes as HTML; `turn` tells the places of one answer from another's."""
    said = "".join(_sentence(sentence, turn) for sentence in answer.sentences) or plain(answer.text)
    understood = answer.resolved_question if answer.resolved_question != answer.question else ""
    notes = ([f"Understood as: {understood}"] if understood else []) + [notice.text for notice in answer.notices]
    return (
        draw_begun(answer.question, "")
        + f'<p class="np-said" dir="auto">{said}</p>'
        + "".join(f'<p class="np-note" dir="auto">{plain(note)}</p>' for note in notes)
        + "".join(_source(citation, turn) for citation in answer.citations)
    )


def draw_begun(question: str, said: str) -> str:
    """Return the question, and what has been said of its answer so far, as HTML."""
    begun = f'<p class="np-said" dir="auto">{plain(said)}</p>' if said else ""
    return f'<p class="np-asked" dir="auto">{plain(question)}</p>{begun}'


def _sentence(sentence: AnswerSentence, turn: str) -> str:
    if not sentence.supported:
        return f'<span class="np-unsupported">{plain(render(sentence))}</span> '
    links = (
        f'<a class="np-number" href="#np-{turn}-{n}" aria-label="Source {n}">[{n}]</a>' for n in sentence.citations
    )
    return f"{plain(sentence.text)} {''.join(links)} "


def _source(citation: Citation, turn: str) -> str:
    when = day(citation.published, inferred=citation.published_inferred)
    told = filter(None, [plain(citation.publisher), when, link_to(citation.url)])
    return (
        f'<div class="np-source" id="np-{turn}-{citation.number}">'
        f'<p>[{citation.number}] <strong dir="auto">{plain(citation.headline)}</strong></p>'
        f'<blockquote dir="auto">{plain(citation.quote)}</blockquote><p class="np-from">{" · ".join(told)}</p></div>'
    )
