"""A model that makes things up, and `rag` with that model: `python inventive.py ask --json QUESTION`."""

import sys

import rag.wiring
from rag.cli import main
from rag.extractive import ExtractiveGenerator

INVENTED = ("999 million", "Atlantis", "evil.example", "Banana")


class Inventive:
    """Says what the extractive generator says, and between its sentences what no article says."""

    name = "inventive"

    def generate(self, question, hits, history):
        """Yield claims that stand, and text that cites what does not exist, is not there, or says something else."""
        yield "The bridge cost 999 million euros. [1] "
        for claim in ExtractiveGenerator().generate(question, hits, history):
            yield claim
            yield f"{claim.text.rstrip('.')} in Atlantis. [1] {claim.text} [99] "
            yield "See [this](https://evil.example/x) [1]. "
        yield "![x](https://evil.example/x.png) Banana [2]. Banana. "


if __name__ == "__main__":
    rag.wiring.make_generator = lambda *_: Inventive()
    sys.exit(main())
