"""Says where the terms of one sentence stand in another, with nothing left out between that a sentence cannot spare.

A free sentence may leave out a phrase behind a preposition, a clause, what describes the next word, an adverb. It may
not leave out a denial, a hedge, a bound, or the word that the next one hangs on: "the father of Ana died" does not say
that Ana died, and of "Ana opened the bridge and Paulo closed the port" no half goes with the other. Knows English, and
Chinese by characters, by the words that join and turn a sentence; it takes no sentence apart as a grammar would.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import takewhile

from rag.joining_words import (
    BE,
    BOUNDING,
    COORDINATORS,
    DETERMINERS,
    FREE,
    JOINS,
    LEANING,
    MEASURES,
    OPENERS,
    PREPOSITIONS,
    RELATIVES,
    REPORTING,
    UNDONE,
)
from rag.readings import Term, bound_by_superlatives, is_adverb, is_verb, leading_phrase, read_terms, turning_places

_TITLED = 0.6
_MOST_TITLES = 3
# Ordinary sentences need at most 30; one that repeats a word without end is given up.
_MOST_TRIED = 100


@lru_cache(maxsize=2000)
def source_of(quoted: str) -> "Source":
    """Return the sentence, read once however often it is asked of."""
    return Source(read_terms(quoted))


class Source:
    """The terms of a quoted sentence, and what may be left out between them."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self.terms = terms
        words = [term for term in terms if term.kind == "word" and not term.function]
        self._titled = sum(term.capital for term in words) >= max(_TITLED * len(words), 3)
        self._keys = frozenset(term.key for term in terms)
        self._starts = [n == 0 or term.broken or term.key in OPENERS for n, term in enumerate(terms)]
        self._lead = leading_phrase(terms)
        self._turning = frozenset(turning_places(terms))
        self._narrow = bound_by_superlatives(terms)

    def may_say(self, said: Sequence[Term]) -> bool:
        """Return whether it holds every word: what tells most pairs apart in the least time."""
        return all(term.kind == "date" or term.key in self._keys for term in said)

    def align(self, said: Sequence[Term], skipped: range = range(0)) -> tuple[int, ...] | None:
        """Return where the terms stand, in order, with nothing between that may not be left out; None where nowhere.

        What stands at `skipped` is taken as said elsewhere.
        """
        dead: set[tuple[int, int]] = set()

        def search(number: int, last: int) -> tuple[int, ...] | None:
            if number == len(said):
                return () if self._may_end(last, skipped) else None
            if (number, last) in dead:
                return None
            for place in range(last + 1, len(self.terms)):
                if len(dead) > _MOST_TRIED:
                    return None
                if (
                    place in skipped
                    or not self._stands(said[number], place)
                    or self._runs_on(said[number], last, place)
                ):
                    continue
                if self._may_skip(last, place, skipped) and (rest := search(number + 1, place)) is not None:
                    return (place, *rest)
            dead.add((number, last))
            return None

        return search(0, -1)

    def says_moved(self, phrase: Sequence[Term], rest: Sequence[Term]) -> bool:
        """Return whether the phrase stands whole in the clause in which the rest stands."""
        for start in range(len(self.terms)):
            places = self._run(phrase, start)
            if not places or (start and self.terms[start - 1].key in PREPOSITIONS):
                continue
            clause = self._clause(start)
            if self._clause(places[-1]) == clause:
                found = self.align(rest, skipped=range(start, places[-1] + 1))
                if found and all(self._clause(place) == clause for place in found):
                    return True
        return False

    def speaks(self, who: Sequence[Term], reporting: int) -> bool:
        """Return whether these words stand right before or behind the word of saying, a title between."""
        for start in range(len(self.terms)):
            places = self._run(who, start)
            if places and not any(self._starts[n] for n in places[1:]):
                between = (
                    self.terms[reporting + 1 : start] if start > reporting else self.terms[places[-1] + 1 : reporting]
                )
                titles = all(t.kind == "word" and not t.capital and not t.broken for t in between)
                if titles and len(between) <= _MOST_TITLES:
                    return True
        return False

    def _run(self, said: Sequence[Term], start: int) -> list[int]:
        """Return where the terms stand from `start` on with nothing but free words between; [] where they do not."""
        places: list[int] = []
        place = start
        for term in said:
            while places and place < len(self.terms) and self.terms[place].key in FREE:
                place += 1
            if place >= len(self.terms) or not self._stands(term, place):
                return []
            places.append(place)
            place += 1
        return places

    def _clause(self, place: int) -> int:
        return max(n for n in range(max(place, self._lead) + 1) if self._starts[n])

    def _runs_on(self, term: Term, last: int, place: int) -> bool:
        """Return whether the term follows the one before without the comma that parts the two words in the quote."""
        parted = last >= 0 and place == last + 1 and self.terms[place].broken and not term.broken
        joined = self.terms[place].function or self.terms[last].function or is_verb(self.terms[place])
        return parted and place != self._lead and not joined

    def _stands(self, term: Term, place: int) -> bool:
        there = self.terms[place]
        if not term.says(there):
            return False
        # Where a sentence begins, every word has a capital.
        return term.kind != "word" or self._titled or term.capital == there.capital or term.opens or there.opens

    def _may_skip(self, last: int, place: int, skipped: range) -> bool:
        """Return whether what stands between the two places may be left out."""
        out = [n for n in range(last + 1, place) if n not in skipped and self.terms[n].key not in FREE]
        if not out:
            return True
        if any(n in self._turning or self._narrow.get(n, place) <= last for n in out):
            return False
        if any(self.terms[n].kind == "cjk" for n in out):
            return self._starts[place] and (last < 0 or self._starts[last + 1])
        if self._hangs(last, place) or not self._rejoins(last, place):
            return False
        if last < 0:
            verbs = (t for t in self.terms[:place] if (is_verb(t) or t.gerund) and t.key not in REPORTING)
            return any(self._starts[1 : place + 1]) or next(verbs, None) is None
        return self._may_go(last, place, self._within(out))

    def _may_end(self, last: int, skipped: range) -> bool:
        """Return whether all that follows may be left out."""
        out = [n for n in range(last + 1, len(self.terms)) if n not in skipped and self.terms[n].key not in FREE]
        if not out:
            return True
        first = self.terms[out[0]]
        if any(n in self._turning for n in out) and not self._goes_on(last, out):
            return False
        if any(self._narrow.get(n, n) <= last for n in out):
            return False
        if any(self.terms[n].kind == "cjk" for n in out):
            return any(self._starts[last + 1 : out[0] + 1])
        if any(self._starts[last + 1 : out[0] + 1]):
            return True
        ends = self.terms[last + 1].key == "that" or self._opens_phrase(out[0]) or is_adverb(first)
        return ends and self.terms[last + 1].key not in FREE - {"that"} and first.key not in BOUNDING - PREPOSITIONS

    def _goes_on(self, last: int, out: Sequence[int]) -> bool:
        """Return whether a clause follows that does not speak of what was said, or only of its last word."""
        first, next_one = self.terms[out[0]], self.terms[last + 1]
        if next_one.key in {"who", "whom", "whose"} or (next_one.key in RELATIVES | {"that"} and not next_one.broken):
            return not self.terms[last].function and not is_verb(self.terms[last])
        joined = first.broken and first.key in {"and", "while", "whereas"}
        return joined and not any(self.terms[n].key in LEANING for n in out)

    def _within(self, out: Sequence[int]) -> list[int]:
        """Return those that stand in front of the next clause."""
        return list(takewhile(lambda n: not self._starts[n], out))

    def _hangs(self, last: int, place: int) -> bool:
        """Return whether the term at the place hangs on a word that is left out: "of", "was", "half", "deputy"."""
        term, before = self.terms[place], self.terms[place - 1]
        if place - 1 > last and (before.key in BOUNDING or (term.kind == "figure" and self._spans(place))):
            return True
        if term.function or is_verb(term) or self._starts[place]:
            return place - 1 > last and before.key in BE | {"to"}
        # Back to what opens the phrase that the term stands in.
        for n in range(place - 1, last, -1):
            key = self.terms[n].key
            if key in DETERMINERS:
                key = self.terms[n - 1].key if n - 1 > last else ""
                return key in PREPOSITIONS or key in BOUNDING
            if key in PREPOSITIONS or key in BE or key in BOUNDING:
                return True
            if self._starts[n] or is_verb(self.terms[n]):
                break
        return False

    def _spans(self, place: int) -> bool:
        """Return whether two figures with an "and" or "to" between end here: "between 10 and 12"."""
        joined = self.terms[place - 1].key in COORDINATORS | {"to"}
        return joined and self.terms[place - 2].kind == "figure"

    def _rejoins(self, last: int, place: int) -> bool:
        """Return whether a clause that is entered is entered at its head, and a "who" keeps whom it means."""
        starts = [n for n in range(last + 1, place + 1) if self._starts[n]]
        if not starts or starts[-1] == 0:
            return True
        head = [self.terms[n] for n in range(starts[-1], place) if not self._opens_clause(n)]
        titles = self.terms[place].capital and not any(
            t.capital or t.function or is_verb(t) or t.lower_plural for t in head
        )
        if head and not titles:
            return False
        relative = any(self.terms[n].key in RELATIVES for n in range(starts[-1], place + 1))
        return not relative or starts[-1] - 1 == last

    def _opens_clause(self, n: int) -> bool:
        return self.terms[n].key in FREE | OPENERS or is_adverb(self.terms[n])

    def _may_go(self, last: int, place: int, out: Sequence[int]) -> bool:
        """Return whether what follows a word that stays, up to the end of its clause, may be left out."""
        if not out:
            return True
        first = self.terms[out[0]]
        if first.key in BOUNDING - PREPOSITIONS:
            return False
        crosses = any(self._starts[last + 1 : place + 1])
        if self._opens_phrase(out[0]) or all(is_adverb(self.terms[n]) for n in out):
            anew = (
                self._begins_anew(n) or (is_verb(self.terms[n]) and not crosses) for n in range(out[0] + 1, out[-1] + 1)
            )
            return not any(anew)
        if crosses:
            if first.key in BE and is_verb(self.terms[place]) and self._has_no_object(place):
                return False
            return (is_verb(first) and first.key not in REPORTING) or (
                first.lower_plural and self.terms[place].lower_plural
            )
        return self._describes(last, place, out)

    def _has_no_object(self, verb: int) -> bool:
        """Return whether the verb is a participle, as far as its neighbour tells: "was built and repaired in June"."""
        after = self.terms[verb + 1 : verb + 2]
        return not after or after[0].broken or after[0].kind == "date" or after[0].key in PREPOSITIONS | COORDINATORS

    def _opens_phrase(self, n: int) -> bool:
        """Return whether a phrase of time, place or manner begins here, or a clause: "in Leeds", "two days before"."""
        term, after = self.terms[n], self.terms[n + 1 : n + 2]
        if term.key in {"from", "of", "against", "without"} and after and after[0].gerund:
            return False
        measure = term.kind == "figure" and bool(after) and after[0].key in MEASURES
        return term.kind == "date" or term.key in PREPOSITIONS | JOINS or measure

    def _begins_anew(self, n: int) -> bool:
        """Return whether something else begins to be spoken of: an "a man" that no preposition or "and" leads in."""
        led_in = self.terms[n - 1].key in PREPOSITIONS | COORDINATORS | BE
        return self.terms[n].key in DETERMINERS and not led_in and not self.terms[n].broken

    def _describes(self, last: int, place: int, out: Sequence[int]) -> bool:
        """Return whether the words only describe the one that follows: "the new harbour bridge", "mayor Ana Duarte"."""
        before, after = self.terms[last], self.terms[place]
        if after.kind != "word" or any(self.terms[n].function for n in out):
            return False
        if is_verb(after) or (before.key in OPENERS and after.lower_plural):
            return False
        determined = self.terms[last + 1].key in DETERMINERS
        if (before.key in BE and any(is_verb(self.terms[n]) for n in out)) or (before.key in UNDONE and not determined):
            return False
        introduced = before.function or before.owns or determined
        owners = [self.terms[n] for n in out if self.terms[n].owns]
        if (
            introduced
            and not after.function
            and (not owners or (after.capital and owners[0].capital and len(out) == 1))
        ):
            return True
        return after.capital and is_verb(before) and not any(self.terms[n].capital for n in out)
