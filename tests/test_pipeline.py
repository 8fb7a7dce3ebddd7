"""From a question to an answer: events, abstention, failing generators, refused questions."""

import pytest
from assistants import ScriptedGenerator, make_assistant

from rag.errors import QuestionRefused
from rag.pipeline import ABSTENTION, MOST_QUESTION_CHARS
from rag.records import Claim, Delta, Done, Message, Retrieved, Scope

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    return make_assistant(tmp_path_factory.mktemp("store"))


def with_generator(assistant, *script):
    folder = assistant.library.folder
    from rag.wiring import open_assistant

    return open_assistant(folder, embedder=assistant.library.embedder, generator=ScriptedGenerator(*script))


def assert_proved(assistant, answer):
    """Every sentence has a citation, and every quote stands in the article at its place, to the character."""
    with assistant.library.reader() as reader:
        for citation in answer.citations:
            assert reader.article(citation.article_id).text[citation.span.start : citation.span.end] == citation.quote
    numbers = {c.number for c in answer.citations}
    assert all(s.citations and set(s.citations) <= numbers for s in answer.sentences)


def test_an_answer_says_the_sentence_and_proves_it(assistant):
    answer = assistant.ask(QUESTION)
    assert "420 metres" in answer.text
    assert not answer.abstained
    assert answer.generator == "extractive"
    assert_proved(assistant, answer)


def test_a_stream_retrieves_once_then_says_pieces_that_join_to_the_text_then_is_done(assistant):
    events = list(assistant.stream(QUESTION))
    assert isinstance(events[0], Retrieved)
    assert isinstance(events[-1], Done)
    assert all(isinstance(e, Delta) for e in events[1:-1])
    assert "".join(e.text for e in events[1:-1]) == events[-1].answer.text


def test_a_question_on_another_subject_abstains_and_offers_the_nearest(assistant):
    answer = assistant.ask("zeppelin quantum chess")
    assert answer.abstained
    assert answer.text == ABSTENTION
    assert answer.citations == answer.sentences == ()
    assert [n.kind for n in answer.notices] == ["why", "nearest"]
    assert answer.notices[0].text == "No passage near the question mentions “zeppelin”, “quantum”, “chess”."
    assert 0 <= answer.confidence < 0.5


def test_an_assistant_tells_who_can_write_and_another_that_differs_in_that_leaves_it_alone(assistant):
    scripted = with_generator(assistant, lambda hits: RuntimeError("down"))
    assert [g.name for g in scripted.generators] == ["scripted", "extractive"]
    assert [g.name for g in assistant.generators] == ["extractive"]
    extractive = scripted.with_generator(scripted.generators[1])
    assert extractive.ask(QUESTION) == assistant.ask(QUESTION)
    assert scripted.generator.name == "scripted"


def test_an_empty_scope_abstains(assistant):
    answer = assistant.ask(QUESTION, scope=Scope(article_ids=frozenset({"none"})))
    assert (answer.abstained, answer.hits, answer.confidence) == (True, (), 0.0)


def test_a_follow_up_is_resolved_and_says_so(assistant):
    history = [Message("user", "Who opened the harbour bridge in Lisbon?"), Message("assistant", "Ana Duarte.")]
    answer = assistant.ask("How long is its main span?", history)
    assert answer.resolved_question == "How long is its main span? (about the harbour bridge in Lisbon)"
    assert "420 metres" in answer.text


def test_a_follow_up_that_nothing_explains_is_asked_as_it_stands_and_says_so(assistant):
    answer = assistant.ask("How many metres long is its main span?", [Message("user", "Hello!")])
    assert answer.resolved_question == answer.question
    assert answer.notices[0].kind == "follow_up"


@pytest.mark.parametrize(
    ("question", "resolved"),
    [
        ("Were ferries stopped?", "Were ferries stopped? (about the harbour bridge in Lisbon)"),
        ("Did prices rise?", "Did prices rise?"),
        ("Why do cats purr?", "Why do cats purr?"),
    ],
)
def test_where_words_leave_open_whether_a_question_leans_the_articles_tell(assistant, question, resolved):
    history = [Message("user", "How long is the harbour bridge in Lisbon?"), Message("assistant", "420 metres.")]
    events = list(assistant.stream(question, history))
    assert [e.resolved_question for e in events if isinstance(e, Retrieved)] == [resolved]
    assert events[-1].answer.resolved_question == resolved


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("?!", "no word"),
        ("🙂🙂", "no word"),
        ("x" * (MOST_QUESTION_CHARS + 1), "20001 characters"),
    ],
)
def test_a_question_without_words_or_without_end_is_refused(assistant, question, reason):
    with pytest.raises(QuestionRefused, match=reason):
        assistant.ask(question)


@pytest.mark.parametrize(
    "question", ['"bridge" AND NEAR', "bridge*", "-bridge", "bridge \ud800 \0 x", "bridge " * 2000, "桥 bridge 👍"]
)
def test_odd_characters_in_a_question_get_an_ordinary_answer(assistant, question):
    answer = assistant.ask(question)
    assert answer.text
    assert_proved(assistant, answer)


def test_a_plug_in_that_says_unsupported_things_is_cut_down_to_what_the_passages_say(assistant):
    lying = with_generator(assistant, "The bridge is 999 metres long [1]. ", first_claim)
    answer = lying.ask(QUESTION)
    assert "999" not in answer.text
    assert answer.generator == "scripted"
    assert [n.kind for n in answer.notices] == ["dropped"]
    assert_proved(lying, answer)


def first_claim(hits):
    passage = hits[0].passage
    span = passage.sentences[-1]
    return Claim(span.shifted(-passage.span.start).of(passage.text), ((passage.id, span),))


def test_a_plug_in_that_fails_before_its_first_word_is_replaced(assistant):
    answer = with_generator(assistant, RuntimeError("key=secret")).ask(QUESTION)
    assert answer.generator == "extractive"
    assert [n.kind for n in answer.notices] == ["generator_failed"]
    assert "secret" not in answer.notices[0].text
    assert "420 metres" in answer.text


def test_a_plug_in_that_fails_later_leaves_a_labelled_part(assistant):
    answer = with_generator(assistant, first_claim, RuntimeError("boom")).ask(QUESTION)
    assert answer.generator == "scripted"
    assert [n.kind for n in answer.notices] == ["cut_off"]
    assert len(answer.sentences) == 1


def test_a_plug_in_with_nothing_supported_leaves_the_extractive_answer(assistant):
    answer = with_generator(assistant, "The king is dead [1].").ask(QUESTION)
    assert answer.generator == "extractive"
    assert "420 metres" in answer.text


def test_markup_in_a_question_stays_text(assistant):
    answer = assistant.ask("<script>alert(1)</script> bridge in Lisbon?")
    assert answer.question == "<script>alert(1)</script> bridge in Lisbon?"


@pytest.mark.parametrize("piece", [Claim("The king is dead.", ()), "The king is dead [1]. ", "on and on "])
def test_a_plug_in_that_never_ends_is_ended(assistant, piece):
    class Endless:
        name = "endless"

        def generate(self, question, hits, history):
            while True:
                yield piece

    from rag.wiring import open_assistant

    endless = open_assistant(assistant.library.folder, embedder=assistant.library.embedder, generator=Endless())
    answer = endless.ask(QUESTION)
    assert answer.generator == "extractive"
    assert "420 metres" in answer.text


def test_an_endless_supported_answer_is_cut(assistant):
    def repeat(hits):
        return first_claim(hits)

    answer = with_generator(assistant, *[repeat] * 1000).ask(QUESTION)
    assert len(answer.sentences) == 1


def test_a_plug_in_is_closed_when_the_reader_goes_away(assistant):
    closed = []

    class Open:
        name = "open"

        def generate(self, question, hits, history):
            try:
                yield first_claim(hits)
                yield first_claim(hits[1:])
            finally:
                closed.append(True)

    from rag.wiring import open_assistant

    stream = open_assistant(assistant.library.folder, embedder=assistant.library.embedder, generator=Open()).stream(
        QUESTION
    )
    assert isinstance(next(stream), Retrieved)
    assert isinstance(next(stream), Delta)
    stream.close()
    assert closed == [True]


def test_a_store_that_fails_meanwhile_is_an_error_and_no_abstention(assistant, monkeypatch):
    from rag.errors import StoreDamaged
    from rag.store_reader import StoreReader

    def fail(self, article_id, span):
        raise StoreDamaged("the store is damaged")

    monkeypatch.setattr(StoreReader, "slice", fail)
    with pytest.raises(StoreDamaged):
        assistant.ask(QUESTION)


@pytest.mark.parametrize("history", [["Who?"], [{"role": "user", "content": "Who?"}], [Message("user", None)]])
def test_a_history_of_anything_but_messages_is_refused_in_one_line(assistant, history):
    with pytest.raises(QuestionRefused, match="list of messages"):
        assistant.ask(QUESTION, history)
