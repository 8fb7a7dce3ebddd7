"""How sure the program is that its answer is right. Knows scores and how long the question is; no article and no model.

Fitted, so that of answers of confidence c a share of about c is right, on questions half of which the articles don't
answer. It tells a question on another subject from one on the articles' subjects; a near miss (the right subject, a
fact that is not given) it does not tell from a question that they answer: eval/LOG.md, experiments 7, 16, 17, 18.
"""

import math
from collections.abc import Sequence

from rag.records import Hit
from rag.text import words

# Experiment 18 of eval/LOG.md. A long question's words are met in part only, so its scores are lower.
_SCORE = 4.7
_LENGTH = 2.4
_BIAS = -12.8
# Below this score there is next to nothing but other subjects.
_LOW = 1.0
_BELOW_LOW = 15.0
_MOST_WORDS = 60
_LARGEST = 50.0
THRESHOLD = 0.02
"""Below this the answer abstains: of such answers fewer than one in fifty is right."""


def estimate_confidence(question: str, hits: Sequence[Hit]) -> float:
    """Return the share of answers like this one that are right, in [0, 1]; 0 for no hits."""
    best = max((sentence.score for hit in hits for sentence in hit.sentences), default=None)
    if best is None:
        best = max((hit.score for hit in hits), default=-math.inf)
    if not hits or math.isnan(best):
        return 0.0
    sure = (
        _SCORE * best
        + _LENGTH * math.log1p(min(len(words(question)), _MOST_WORDS))
        + _BIAS
        - _BELOW_LOW * max(0.0, _LOW - best)
    )
    return 1 / (1 + math.exp(-max(min(sure, _LARGEST), -_LARGEST)))
