"""`rag-eval report`: a run's folder as an HTML page, a page of its times, and Markdown."""

import argparse
import sys
import webbrowser
from pathlib import Path

from eval.report import make_report, times_report
from eval.report_page import report_html, report_markdown, times_html
from eval.run_folder import read_run, texts_for

PAGE, TIMES, MARKDOWN = "report.html", "times.html", "report.md"


def report(options: argparse.Namespace) -> None:
    """Write the report into the run's folder, and open it where that is asked for."""
    run = read_run(options.run_folder)
    named = options.store or (Path(str(run.about["store"])) if run.about.get("store") else None)
    store = None if options.articles else named
    texts = texts_for(run.questions, run.answers.values(), articles=options.articles, store=store)
    told = make_report(run, texts)
    written = {
        PAGE: report_html(told),
        TIMES: times_html(told.name, *times_report(list(run.answers.values()))),
        MARKDOWN: report_markdown(told),
    }
    out = options.out or options.run_folder
    out.mkdir(parents=True, exist_ok=True)
    for name, text in written.items():
        (out / name).write_text(text, "utf-8")
    sys.stdout.write(f"{out / PAGE} ({len(told.cases)} questions), {TIMES}, {MARKDOWN}\n")
    if options.open:
        webbrowser.open((out / PAGE).resolve().as_uri())
