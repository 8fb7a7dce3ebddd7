"""A generator that takes its time where the question says "slowly", and fails where it says "crash"."""

import time

from rag.extractive import ExtractiveGenerator
from rag.records import Claim

_SENTENCES = 40


class Slow:
    """Writes a sentence every `pause_s` seconds, and notes in the folder that it `began` and that it was `ended`."""

    name = "slow"

    def __init__(self, folder, pause_s):
        self._folder = folder
        self._pause_s = pause_s

    def generate(self, question, hits, history):
        """Yield the sentences of the best passage again and again, or what the extractive generator says."""
        if "crash" in question:
            raise RuntimeError("canary")
        if "slowly" not in question:
            yield from ExtractiveGenerator().generate(question, hits, history)
            return
        (self._folder / "began").touch()
        passage = hits[0].passage
        try:
            for number in range(_SENTENCES):
                span = passage.sentences[number % len(passage.sentences)]
                yield Claim(passage.quote(span), ((passage.id, span),))
                time.sleep(self._pause_s)
        finally:
            (self._folder / "ended").touch()
