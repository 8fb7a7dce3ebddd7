"""txtai at its best on articles whose paragraphs are single lines: cut there, words and vectors together."""

from eval.bench_txtai import Txtai


def make(model: str) -> Txtai:
    """Return it; the model is loaded by `ingest` and `open`."""
    return Txtai(model, hybrid=True)
