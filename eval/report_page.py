"""A report as one HTML page that asks nothing of the network, and as Markdown. Knows records, and escapes every text.

What stands in articles, questions and answers is data: it is escaped, and the page's policy runs no script but its own.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from itertools import pairwise
from pathlib import Path

from eval.measures import MEASURES
from eval.outcomes import by_type, measured, why_counts
from eval.report import Case, Piece, Report, Shown
from rag.records import Span

_STYLE = Path(__file__).with_name("report.css").read_text("utf-8")
_SCRIPT = Path(__file__).with_name("report.js").read_text("utf-8")
_TOLD = ("success", "complete", "supported", "cite_prec", "ev@200", "rec@1000", "article_nDCG@10")


def report_html(report: Report) -> str:
    """Return the page; the same bytes for the same report."""
    body = [
        f"<h1>{escape(report.name)}</h1>",
        f"<p class=about>{_about(report.about)}</p>",
        "<h2>Figures</h2>",
        _figures(report),
        "<h2>Plots</h2>",
        "<div class=plots>",
        *(f"<figure><figcaption>{escape(t)}</figcaption>{svg}</figure>" for t, svg in report.plots.items()),
        "</div>",
        "<h2>By type</h2>",
        _types(report),
        f"<h2>Questions <span id=shown>{len(report.cases)} of {len(report.cases)}</span></h2>",
        _filters(report),
        *map(_case, report.cases),
    ]
    return page(report.name, body)


def times_html(name: str, table: Mapping[str, float], plot: str) -> str:
    """Return the page of a run's times."""
    rows = "".join(f"<tr><th>{escape(key)}<td>{value:g}" for key, value in table.items())
    told = f"<table><tr><th>milliseconds<th>{rows}</table>{plot}" if table else "<p>No times were kept."
    return page(f"{name}: times", [f"<h1>{escape(name)}: times</h1>", told])


def page(title: str, body: Iterable[str]) -> str:
    """Return a whole page with the style and the script in it."""
    policy = f"default-src 'none'; style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'"
    return (
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
        f'<meta http-equiv=Content-Security-Policy content="{policy}">'
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + f"\n<script>{_SCRIPT}</script></body></html>\n"
    )


def report_markdown(report: Report) -> str:
    """Return figures, types and failures as Markdown."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {report.name}"
    yield ""
    yield from (f"- {name}: {_fact(value)}" for name, value in report.about.items())
    yield ""
    yield "| measure | value | 95 % | questions | |"
    yield "| --- | ---: | :---: | ---: | --- |"
    for name, f in report.figures.items():
        yield f"| {name} | {f.value:.4f} | [{f.low:.3f}, {f.high:.3f}] | {f.questions} | {MEASURES[name].about} |"
    scored = [case.scored for case in report.cases]
    names = [name for name in _TOLD if name in measured(scored)]
    yield ""
    yield f"| type | questions | {' | '.join(names)} |"
    yield f"| --- | ---: |{' ---: |' * len(names)}"
    for kind, values in by_type(scored, names).items():
        count = sum(one.kind == kind for one in scored)
        yield f"| {kind or '-'} | {count} | {' | '.join(_cell(values, name) for name in names)} |"
    failed = [case for case in report.cases if case.scored.why]
    yield ""
    yield f"## Failed: {len(failed)}"
    yield ""
    yield from (f"- {count} {why}" for why, count in why_counts(scored).items())
    yield ""
    for case in failed:
        question = " ".join(case.sought.question.text.split()).replace("|", "\\|")
        yield f"- `{case.scored.id}` {case.scored.why}: {question}"


def _figures(report: Report) -> str:
    rows = [
        f"<tr><th>{escape(name)}<td>{f.value:.4f}<td>{f.low:.3f} to {f.high:.3f}<td>{f.questions}"
        f"<td class=words>{escape(MEASURES[name].about)}"
        for name, f in report.figures.items()
    ]
    return f"<table><tr><th>measure<th>value<th>95 %<th>questions<th>{''.join(rows)}</table>"


def _types(report: Report) -> str:
    scored = [case.scored for case in report.cases]
    names = [name for name in _TOLD if name in measured(scored)]
    head = "".join(f"<th>{escape(name)}" for name in names)
    rows = [
        f"<tr><th>{escape(kind or '-')}<td>{sum(one.kind == kind for one in scored)}"
        + "".join(f"<td>{_cell(values, name)}" for name in names)
        for kind, values in by_type(scored, names).items()
    ]
    return f"<table><tr><th>type<th>questions{head}{''.join(rows)}</table>"


def _filters(report: Report) -> str:
    kinds = sorted({case.scored.kind for case in report.cases})
    whys = list(why_counts([case.scored for case in report.cases]))
    return (
        "<form id=filters><label>type <select id=kind><option value=''>all"
        + "".join(f'<option value="{escape(kind)}">{escape(kind)}' for kind in kinds if kind)
        + "</select></label><label>outcome <select id=why><option value=''>all<option value=failed>failed"
        + "<option value=good>good"
        + "".join(f'<option value="{escape(why)}">{escape(why)}' for why in whys)
        + "</select></label><label>seen <select id=seen><option value=''>all<option value=no>not seen yet"
        + "<option value=yes>seen</select></label><label>holds <input id=words type=search></label>"
        + "<button type=button id=next>next (n)</button><button type=button id=save>save notes</button></form>"
    )


def _case(case: Case) -> str:
    question, scored = case.sought.question, case.scored
    why = scored.why.partition(":")[0]
    outcome = f"<b class=bad>{escape(scored.why)}</b>" if scored.why else "<b class=good>good</b>"
    parts = [
        f'<details class=case data-id="{escape(scored.id)}" data-kind="{escape(scored.kind)}" ',
        f'data-why="{escape(why)}">',
        f"<summary><code>{escape(scored.id)}</code> {outcome} <i>{escape(scored.kind)}</i> ",
        f"{escape(question.text)}</summary>",
        *(f"<p class=turn>{escape(m.role)}: {escape(m.content)}" for m in question.history),
        _wanted(case),
        _answer(case),
        *(_piece(piece) for piece in case.pieces),
        *(_passage(number, shown) for number, shown in enumerate(case.passages, 1)),
        _scores(case),
        "<label class=note><input type=checkbox> seen</label><textarea placeholder='note'></textarea></details>",
    ]
    return "".join(parts)


def _wanted(case: Case) -> str:
    question = case.sought.question
    if not question.answerable:
        return "<p><b>Wanted:</b> to abstain</p>"
    must = ", ".join(f"<kbd>{escape(one)}</kbd>" for one in question.must_include)
    told = " / ".join(map(escape, question.answers))
    held = f" (must hold {must})" if must else ""
    return f"<p><b>Wanted:</b> {told or '-'}{held}</p>" if told or must else ""


def _answer(case: Case) -> str:
    answered = case.answered
    if answered is None:
        return "<p class=bad>no answer</p>"
    if answered.searched_only:
        return ""
    sure = f"confidence {answered.confidence:.3f}, {escape(answered.generator)}"
    sources = "".join(
        f"<li value={cited.number}><cite>{escape(cited.place.article_id)}</cite> "
        f"{cited.place.span.start}–{cited.place.span.end}: {marked(shown)}"
        for cited, shown in case.citations
    )
    notices = "".join(f"<p class=notice>{escape(notice)}</p>" for notice in answered.notices)
    return f"<p><b>Answer</b> <small>({sure})</small>: {escape(answered.text)}</p>{notices}" + (
        f"<ol class=sources>{sources}</ol>" if sources else ""
    )


def _piece(piece: Piece) -> str:
    rank = f"first in passage {piece.rank}" if piece.rank else "in no passage found"
    cited = f", cited by {', '.join(f'[{n}]' for n in piece.cited_by)}" if piece.cited_by else ", not cited"
    return f"<p class=piece><b>Evidence</b> <small>({rank}{cited})</small>: …{marked(piece.shown)}…</p>"


def _passage(number: int, shown: Shown) -> str:
    where = f"{escape(shown.place.article_id)} {shown.place.span.start}–{shown.place.span.end}"
    return f"<p class=passage><b>Passage {number}</b> <small>({where})</small>: {marked(shown)}</p>"


def _scores(case: Case) -> str:
    told = [
        f"{escape(name)} {score.total / score.count:.3g}" for name, score in case.scored.scores.items() if score.count
    ]
    return f"<p class=scores>{' · '.join(told)}</p>"


def marked(shown: Shown) -> str:
    """Return the text with its evidence in <mark> and its citations in <u>, all of it escaped."""
    start = shown.place.span.start
    edges = {0, len(shown.text)} | {e - start for s in (*shown.evidence, *shown.cited) for e in (s.start, s.end)}
    cuts = sorted(edge for edge in edges if 0 <= edge <= len(shown.text))
    parts = []
    for low, high in pairwise(cuts):
        piece = escape(shown.text[low:high])
        piece = f"<u>{piece}</u>" if _inside(shown.cited, start + low) else piece
        parts.append(f"<mark>{piece}</mark>" if _inside(shown.evidence, start + low) else piece)
    return "".join(parts)


def _inside(spans: Iterable[Span], at: int) -> bool:
    return any(span.start <= at < span.end for span in spans)


def _about(about: Mapping[str, object]) -> str:
    return escape("; ".join(f"{name} {_fact(value)}" for name, value in about.items()))


def _fact(value: object) -> str:
    return ", ".join(f"{name} {told}" for name, told in value.items()) if isinstance(value, Mapping) else str(value)


def _cell(values: Mapping[str, float], name: str) -> str:
    return f"{values[name]:.3f}" if name in values else ""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
