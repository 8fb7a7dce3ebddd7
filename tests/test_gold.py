"""The main job on the real articles with the real model: the figures that were promised."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from eval.questions import read_questions
from eval.run import run_questions
from rag.articles import shipped_folder
from rag.settings import load_settings
from rag.wiring import open_assistant, open_indexer

BENCH = Path(__file__).parent.parent.parent / "shared" / "bench"


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(not BENCH.is_dir(), reason="the gold questions are not beside this checkout")
def test_the_gold_questions_are_answered_as_well_as_promised(tmp_path):
    settings = load_settings({"store": tmp_path / "store"}, environment={})
    report = open_indexer(settings).index_paths([shipped_folder()])
    assert len(report.added) == 5
    questions = read_questions(BENCH / "gold" / "dev.jsonl")
    run_questions(open_assistant(settings=settings), questions, tmp_path)
    command = [sys.executable, BENCH / "score_answers.py", BENCH / "gold" / "dev.jsonl", tmp_path / "answers.jsonl"]
    done = subprocess.run(
        [*command, "--articles", shipped_folder(), "--json"], capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    assert figures["success"] >= 0.72
    assert figures["ev@100"] >= 0.82
    assert figures["ev@200"] >= 0.92
    assert (figures["cite_exact"], figures["supported"]) == (1.0, 1.0)
    assert figures["cite_words"] <= 45
    assert figures["cite_prec"] >= 0.45
