"""Times in questions and scopes bound the search before it is made; what is empty is said."""

from datetime import date

import pytest
from assistants import make_assistant

from rag.articles import article_from_text
from rag.indexing import Indexer
from rag.pipeline import Pipeline
from rag.records import Message, Scope
from rag.search import without_time
from rag.timed_search import intersect
from rag.timescope import read_timescope
from rag.wiring import open_assistant

TODAY = date(2025, 12, 31)
FERRY = (
    "Ferry carries passengers across the harbour\nThe harbour ferry carried {} passengers in all, the operator said.\n"
)
QUESTION = "How many passengers did the harbour ferry carry"


class Recording:
    """A retriever that remembers the scopes it was asked with."""

    def __init__(self, inner):
        self.inner, self.scopes = inner, []
        self.name = inner.name

    def retrieve(self, question, k, scope=None):
        self.scopes.append(scope)
        return self.inner.retrieve(question, k, scope)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    assistant = make_assistant(folder)
    days = {"old": date(2025, 3, 3), "autumn": date(2025, 11, 20), "winter": date(2025, 12, 24)}
    articles = [
        article_from_text(FERRY.format(100 * n), article_id=key, path=key, published=day)
        for n, (key, day) in enumerate(days.items(), 1)
    ]
    articles.append(article_from_text(FERRY.format(999), article_id="undated", path="undated"))
    Indexer(folder, assistant.library.embedder, passage_tokens=80).index_articles(articles)
    return assistant


def reopened(store, threshold=1e-5):
    """Return an assistant that records its searches; hashed vectors score lower than a model's."""
    recording = Recording(store._search._retriever)
    return Pipeline(store.library, recording, store.generator, store.generator, threshold=threshold)


@pytest.fixture
def assistant(store):
    return reopened(store)


def scopes_of(assistant):
    return assistant._search._retriever.scopes


def found_in(answer):
    return {h.passage.article_id for h in answer.hits}


def kinds(answer):
    """Return the notices' kinds but for the articles' figures, which differ."""
    return [n.kind for n in answer.notices if n.kind != "conflict"]


def test_a_certain_time_bounds_the_one_search_that_is_made_and_a_notice_says_so(assistant):
    answer = assistant.ask(f"{QUESTION} last month?", today=TODAY)
    assert scopes_of(assistant) == [Scope(since=date(2025, 11, 1), until=TODAY)]
    assert found_in(answer) == {"autumn", "winter"}
    assert kinds(answer) == ["time_scope"]
    said = answer.notices[0].text
    assert said == (
        "Searched the 2 articles published from 2025-11-01 to 2025-12-31 (“last month”). "
        "3 articles without a date were left out."
    )


def test_a_question_without_a_time_is_searched_once_without_bounds_or_notice(assistant):
    answer = assistant.ask(f"{QUESTION}?", today=TODAY)
    assert scopes_of(assistant) == [None]
    assert kinds(answer) == []


def test_the_time_and_the_given_scope_both_bound_the_search(assistant):
    scope = Scope(until=date(2025, 12, 1), article_ids=frozenset({"old", "autumn", "winter"}))
    answer = assistant.ask(f"{QUESTION} this year?", scope=scope, today=TODAY)
    assert found_in(answer) == {"old", "autumn"}
    answer = assistant.ask(f"{QUESTION} this month?", scope=scope, today=TODAY)
    assert (answer.abstained, kinds(answer)) == (True, ["empty_scope"])


def test_given_dates_alone_bound_the_search_and_leave_undated_articles_out(assistant):
    answer = assistant.ask(f"{QUESTION}?", scope=Scope(since=date(2025, 12, 1)))
    assert found_in(answer) == {"winter"}
    assert "since 2025-12-01" in answer.notices[0].text


def test_a_time_that_no_article_is_from_is_said_with_the_nearest_and_nothing_is_searched(assistant):
    answer = assistant.ask("What was reported in September 2025 of the ferry?", today=TODAY)
    assert scopes_of(assistant) == []
    assert (answer.abstained, answer.hits, answer.confidence) == (True, (), 0.0)
    assert kinds(answer) == ["empty_scope"]
    said = answer.notices[0].text
    assert said.startswith(
        "No article was published from 2025-09-01 to 2025-09-30 (“in September 2025”). The nearest: "
    )
    assert "(2025-11-20)" in said
    assert said.endswith("3 articles have no date.")


def test_the_latest_is_the_newest_week_of_the_library_that_has_an_answer(assistant):
    answer = assistant.ask("What is the latest news on the harbour ferry passengers?", today=TODAY)
    assert found_in(answer) == {"winter"}
    answer = assistant.ask("What is the latest news on the harbour ferry passengers?", today=date(2025, 12, 1))
    assert found_in(answer) == {"autumn"}


def test_the_latest_widens_to_everything_where_what_is_new_does_not_answer(store):
    assistant = reopened(store, threshold=0.9999)
    answer = assistant.ask("What is the latest news on zeppelins?", today=TODAY)
    assert [bool(scope) for scope in scopes_of(assistant)] == [True, True, True, False]
    assert "any time" in answer.notices[0].text


def test_the_time_of_an_event_bounds_the_search_where_the_best_is_from_then(store, tmp_path):
    """Of equally good articles, those from then are taken; where a better one is of another time, none is left out."""
    folder = tmp_path / "store"
    texts = {"a": (FERRY.format(100), date(2025, 11, 2)), "b": (FERRY.format(200), date(2025, 12, 2))}
    texts["c"] = ("Museum of clocks opens\nThe museum of clocks opened its doors in December 2025.\n", date(2026, 1, 5))
    articles = [article_from_text(t, article_id=k, path=k, published=day) for k, (t, day) in texts.items()]
    Indexer(folder, store.library.embedder, passage_tokens=80).index_articles(articles)
    assistant = reopened(open_assistant(folder, embedder=store.library.embedder))
    answer = assistant.ask(f"{QUESTION} in December?", today=date(2026, 1, 10))
    assert (found_in(answer), kinds(answer)) == ({"b"}, ["time_scope"])
    answer = assistant.ask("Which museum of clocks opened its doors in December 2025?", today=date(2026, 1, 10))
    assert "c" in {c.article_id for c in answer.citations}
    assert kinds(answer) == []
    answer = assistant.ask(f"{QUESTION} in October?", today=date(2026, 1, 10))
    assert (kinds(answer), answer.abstained) == (["empty_scope"], False)
    assert answer.notices[0].text.endswith("Articles of any time were searched.")
    assert kinds(assistant.ask(f"{QUESTION} in 1920?", today=date(2026, 1, 10))) == []


def test_a_month_of_a_guessed_year_leaves_no_undated_article_out(assistant):
    """Which of the undated articles are from then nobody knows; where there are any, the best of them counts."""
    answer = assistant.ask("What did the December news say of frost and the apple harvest in Tyrol?", today=TODAY)
    assert "orchard" in found_in(answer)


def test_the_follow_up_keeps_the_time_of_the_question_it_leans_on(assistant):
    history = [Message("user", "What was reported in December 2025 of the harbour ferry?")]
    answer = assistant.ask("How many passengers did it carry?", history, today=TODAY)
    assert found_in(answer) == {"winter"}


def test_a_misspelt_month_bounds_the_search_as_it_is_read(store, tmp_path):
    texts = {"a": ("Ferry news of December\nThe harbour ferry ran.\n", date(2025, 12, 2))}
    texts["b"] = (FERRY.format(200), date(2025, 11, 2))
    articles = [article_from_text(t, article_id=k, path=k, published=day) for k, (t, day) in texts.items()]
    Indexer(tmp_path, store.library.embedder, passage_tokens=80).index_articles(articles)
    assistant = reopened(open_assistant(tmp_path, embedder=store.library.embedder))
    answer = assistant.ask("What was reported in Decmeber 2025 of the ferry?", today=TODAY)
    assert found_in(answer) == {"a"}
    assert kinds(answer)[:2] == ["spelling", "time_scope"]


def test_without_today_the_current_day_counts(assistant, monkeypatch):
    monkeypatch.setattr("rag.pipeline.current_day", lambda: date(2025, 12, 25))
    assert found_in(assistant.ask(f"{QUESTION} yesterday?")) == {"winter"}


def test_bounds_are_the_narrower_ones_of_both_and_all_else_is_the_given_scope():
    given = Scope(publishers=frozenset({"Courier"}), since=date(2025, 1, 1))
    both = intersect(given, Scope(since=date(2024, 1, 1), until=TODAY))
    assert both == Scope(publishers=frozenset({"Courier"}), since=date(2025, 1, 1), until=TODAY)
    assert intersect(None, Scope(until=TODAY)) == Scope(until=TODAY)


@pytest.mark.parametrize(
    ("question", "looked_up"),
    [
        ("What is the latest news on Porto?", "What is the on Porto?"),
        ("What was reported last week of the ferry?", "What was of the ferry?"),
        ("Which museum opened in December 2025?", "Which museum opened in December 2025?"),
        ("What is the latest news?", "What is the latest news?"),
        ("What burned yesterday?", "What burned ?"),
    ],
)
def test_the_time_of_the_sources_is_not_looked_up_in_them(question, looked_up):
    time = read_timescope(question, TODAY)
    assert time is not None
    assert without_time(question, time) == looked_up
