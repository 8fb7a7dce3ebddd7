"""How sure the program is that the hits answer the question. Knows scores and words; a first, simple rule.

It tells a question on another subject from one on the articles' subjects. It does not tell a near miss (the right
subject, a fact that is not given) from an answerable question: see eval/LOG.md, experiment 3.
"""

import math
from collections.abc import Sequence

from rag.records import Hit

# Experiments 3 and 9 of eval/LOG.md: on the shipped articles no answerable question is declined, and 91 % of those that
# were written for other corpora are.
_MIDDLE = 0.85
_STEEPNESS = 6.0
_LARGEST = 50.0
THRESHOLD = 0.5
"""Below this the answer abstains."""


def estimate_confidence(hits: Sequence[Hit]) -> float:
    """Return how sure it is that the hits answer, in [0, 1]; 0 for no hits."""
    best = max((sentence.score for hit in hits for sentence in hit.sentences), default=None)
    if best is None:
        best = max((hit.score for hit in hits), default=-math.inf)
    if not hits or math.isnan(best):
        return 0.0
    return 1 / (1 + math.exp(-max(min(_STEEPNESS * (best - _MIDDLE), _LARGEST), -_LARGEST)))
