"""An answer as JSON values: the one shape for the command line, evaluation runs and every later door.

It is the answer's receipt too: with the SHA-256 of the cited articles, `rag verify` checks it later.
"""

from typing import Any

from rag.records import Answer, Citation, Passage, Span, ranked_sentences


def answer_row(answer: Answer, *, depth: int = 50) -> dict[str, Any]:
    """Return question, answer, ranked passages and ranked sentences, each list at most `depth` long, best first."""
    sentences = ranked_sentences(answer.hits)
    return {
        "question": answer.question,
        "resolved_question": answer.resolved_question,
        "answer": {
            "text": answer.text,
            "abstained": answer.abstained,
            "confidence": round(answer.confidence, 4),
            "generator": answer.generator,
            "sentences": [
                {"text": s.text, "citations": list(s.citations), "supported": s.supported} for s in answer.sentences
            ],
            "citations": [citation_row(c) for c in answer.citations],
            "notices": [{"kind": n.kind, "text": n.text, "citations": list(n.citations)} for n in answer.notices],
            "articles": dict(answer.article_hashes),
            "made_with": dict(answer.made_with),
        },
        "passages": [_place(h.passage, h.passage.span, h.score) for h in answer.hits[:depth]],
        "ranked_sentences": [_place(p, s.span, s.score) for p, s in sentences[:depth]],
    }


def citation_row(citation: Citation) -> dict[str, Any]:
    """Return the citation: its number, where in which article it stands, what stands there, and what that is from."""
    return {
        "number": citation.number,
        "article_id": citation.article_id,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
        "headline": citation.headline,
        "published": citation.published.isoformat() if citation.published else None,
        "published_inferred": citation.published_inferred,
        "publisher": citation.publisher,
        "url": citation.url,
    }


def _place(passage: Passage, span: Span, score: float) -> dict[str, Any]:
    return {"article_id": passage.article_id, "start": span.start, "end": span.end, "score": round(score, 6)}
