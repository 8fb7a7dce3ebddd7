"""Conversations with a real small assistant: what is kept, what is shown again, whose it is, and what goes wrong."""

import json
import logging
import threading
from contextlib import closing
from itertools import pairwise

import pytest
from assistants import HARBOUR, ORCHARD, ScriptedGenerator, index_texts, make_assistant

from rag.chat import FAILED, Chat
from rag.chats import ChatsRefused
from rag.conversations import Conversations
from rag.errors import ChatsUnreadable, ConversationMissing
from rag.feedback import FeedbackBook
from rag.records import Claim, Scope
from rag.store import remove_articles
from rag.turns import turn_row

BRIDGE = "How much did the harbour bridge in Lisbon cost?"
FROST = "What did frost destroy in Tyrol?"
ME = "browser:me"


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "chats" / "chats.db"


@pytest.fixture
def chat(store, file):
    return open_again(make_assistant(store), file)


def open_again(assistant, file):
    return Chat(assistant, Conversations(file), FeedbackBook(file), version="1.0")


def ask(chat, question, conversation="", *, owner=ME, scope=None, instead_of=None):
    """Ask, and return the last step."""
    return list(chat.ask(owner, conversation, question, scope or Scope(), instead_of=instead_of))[-1]


def questions(turns):
    return [turn.question for turn in turns]


def unwritable(file):
    """Let a folder stand where the file is to be."""
    file.mkdir(parents=True)


def writable(file):
    file.rmdir()


def test_a_conversation_goes_on_and_is_there_again_for_a_new_chat_on_the_same_file(chat, file):
    first = ask(chat, BRIDGE)
    second = ask(chat, "And how long is its main span?", first.conversation)
    assert second.conversation == first.conversation
    assert second.turn.number == 2
    assert "bridge" in second.turn.resolved_question
    assert "420 metres" in second.turn.text
    again = open_again(chat.assistant, file).turns(ME, first.conversation)
    assert again == chat.turns(ME, first.conversation)
    assert [turn_row(turn) for turn in again] == [turn_row(first.turn), turn_row(second.turn)]
    assert questions(again) == [BRIDGE, "And how long is its main span?"]
    assert chat.conversations.summary(ME, first.conversation).title == BRIDGE


def test_a_turn_grows_from_the_question_alone_to_the_whole_answer(chat):
    steps = list(chat.ask(ME, "", BRIDGE, Scope()))
    assert (steps[0].turn.text, steps[0].turn.sources, steps[0].turn.settled) == ("", (), False)
    assert all(after.turn.text.startswith(before.turn.text) for before, after in pairwise(steps))
    assert [step.turn.settled for step in steps].index(True) == len(steps) - 1
    quotes = [source.quote(span) for _, source, span in steps[-1].turn.quotes()]
    assert "It cost 310 million euros, said mayor Ana Duarte." in quotes
    assert all(quote in HARBOUR for quote in quotes)


def test_a_source_is_shown_in_its_story_also_when_it_is_read_again(store, file):
    long = HARBOUR + "\n" + "\n".join(f"Barge {n} passed under it with grain for mill {n}." for n in range(60))
    chat = open_again(make_assistant(store, {"harbour": long}), file)
    step = ask(chat, BRIDGE)
    (shown,) = [source.story for source in step.turn.sources]
    assert "Barge 59" in shown[-1][1]
    assert [source.story for source in chat.turns(ME, step.conversation)[0].sources] == [shown]


def test_a_question_asked_anew_replaces_its_turn_and_what_follows(chat):
    key = ask(chat, BRIDGE).conversation
    ask(chat, FROST, key)
    ask(chat, "How many used the ferries?", key)
    step = ask(chat, "By how much did prices rise?", key, instead_of=2)
    assert (questions(step.earlier), step.turn.number) == ([BRIDGE], 2)
    assert questions(chat.turns(ME, key)) == [BRIDGE, "By how much did prices rise?"]


def test_what_was_said_before_a_question_asked_anew_is_all_it_is_understood_by(chat):
    key = ask(chat, FROST).conversation
    ask(chat, BRIDGE, key)
    assert "bridge" not in ask(chat, "What did it destroy?", key, instead_of=2).turn.resolved_question


def test_an_answer_that_is_stopped_half_way_is_kept_as_far_as_it_came(chat):
    with closing(chat.ask(ME, "", BRIDGE, Scope())) as steps:
        key = next(steps).conversation
        # From here on it is kept: a server that is killed loses no question.
        assert [(t.question, t.stopped) for t in chat.turns(ME, key)] == [(BRIDGE, True)]
        next(steps)
        assert chat.last(ME, key).stopped
    (kept,) = chat.turns(ME, key)
    assert (kept.stopped, kept.settled, kept.error) == (True, True, "")
    assert chat.last(ME, key) == kept


def test_what_another_window_read_half_way_is_shown_whole_once_it_is(chat):
    with closing(chat.ask(ME, "", BRIDGE, Scope())) as steps:
        key = next(steps).conversation
        assert chat.turns(ME, key)[0].text == ""
        list(steps)
    (kept,) = chat.turns(ME, key)
    assert ("310 million" in kept.text, kept.stopped) == (True, False)


def test_two_windows_that_ask_at_once_both_keep_their_turns(chat):
    key = ask(chat, BRIDGE).conversation
    one, other = (chat.ask(ME, key, question, Scope()) for question in (FROST, "When will ferries stop?"))
    next(one)
    next(other)
    assert [list(one)[-1].turn.number, list(other)[-1].turn.number] == [2, 3]
    turns = chat.turns(ME, key)
    assert questions(turns) == [BRIDGE, FROST, "When will ferries stop?"]
    assert ["apple harvest" in turns[1].text, "June" in turns[2].text] == [True, True]


def test_many_people_ask_at_once_and_each_keeps_their_own(chat):
    def converse(owner):
        key = ask(chat, BRIDGE, owner=owner).conversation
        ask(chat, FROST, key, owner=owner)
        found[owner] = chat.turns(owner, key)

    found = {}
    threads = [threading.Thread(target=converse, args=(f"browser:{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [questions(turns) for turns in found.values()] == [[BRIDGE, FROST]] * 6
    assert all("310 million" in one.text and "half" in two.text for one, two in found.values())


def test_what_cannot_be_kept_is_answered_and_told_and_goes_on_in_memory(chat, file):
    unwritable(file)
    first = ask(chat, BRIDGE)
    assert "310 million" in first.turn.text
    (told,) = [notice.text for notice in first.turn.notices if notice.kind == "not_kept"]
    assert told.startswith("This conversation is not kept: conversations cannot be read or written at the moment;")
    assert str(file) not in told
    second = ask(chat, FROST, first.conversation)
    assert questions(chat.turns(ME, second.conversation)) == [BRIDGE, FROST]
    assert chat.turns("browser:another", second.conversation) == ()
    with pytest.raises(ChatsUnreadable):
        chat.export_rows(ME, second.conversation)


def test_what_memory_held_is_kept_as_soon_as_the_file_can_be_written(chat, file):
    unwritable(file)
    first = ask(chat, BRIDGE)
    writable(file)
    second = ask(chat, FROST, first.conversation)
    assert [notice.kind for notice in second.turn.notices if notice.kind == "not_kept"] == []
    assert questions(open_again(chat.assistant, file).turns(ME, second.conversation)) == [BRIDGE, FROST]
    assert questions(chat.turns(ME, second.conversation)) == [BRIDGE, FROST]
    assert chat.turns(ME, first.conversation) == ()


def test_a_file_that_is_away_for_one_question_loses_none(chat, file):
    key = ask(chat, BRIDGE).conversation
    away = file.rename(file.with_name("away"))
    unwritable(file)
    meanwhile = ask(chat, FROST, key)
    assert "not_kept" in [notice.kind for notice in meanwhile.turn.notices]
    writable(file)
    away.rename(file)
    last = ask(chat, "When will ferries stop?", meanwhile.conversation)
    again = open_again(chat.assistant, file)
    assert questions(again.turns(ME, key)) == [BRIDGE]
    assert questions(again.turns(ME, last.conversation)) == [FROST, "When will ferries stop?"]


class FullDisk(Conversations):
    """Keeps nothing while `full`."""

    full = False

    def _refuse(self):
        if self.full:
            raise ChatsUnreadable("the disk is full; free space and try again")

    def add_turn(self, *where, **turn):
        self._refuse()
        super().add_turn(*where, **turn)

    def update_turn(self, *where, **turn):
        self._refuse()
        super().update_turn(*where, **turn)

    def replace_turn(self, *where, **turn):
        self._refuse()
        super().replace_turn(*where, **turn)


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_disk_that_is_full_for_one_question_loses_none(store, file, from_the_start):
    conversations = FullDisk(file)
    chat = Chat(make_assistant(store), conversations, FeedbackBook(file), version="1.0")
    key = ask(chat, BRIDGE).conversation
    steps = chat.ask(ME, key, FROST, Scope())
    conversations.full = from_the_start
    next(steps)
    conversations.full = True
    told = list(steps)[-1].turn.notices[-1]
    assert told.text.startswith("This conversation is not kept: conversations cannot be read or written at the moment")
    assert "apple harvest" in chat.turns(ME, key)[1].text
    conversations.full = False
    asked = ask(chat, "When will ferries stop?", key)
    assert (asked.conversation, asked.turn.number) == (key, 3)
    for shown in (chat, open_again(chat.assistant, file)):
        turns = shown.turns(ME, key)
        assert questions(turns) == [BRIDGE, FROST, "When will ferries stop?"]
        assert "apple harvest" in turns[1].text


def test_a_file_that_can_be_written_again_when_the_answer_is_ready_holds_it(chat, file):
    unwritable(file)
    steps = chat.ask(ME, "", BRIDGE, Scope())
    next(steps)
    writable(file)
    key = list(steps)[-1].conversation
    assert questions(chat.turns(ME, key)) == [BRIDGE]
    kept = ask(chat, FROST, key).conversation
    assert questions(open_again(chat.assistant, file).turns(ME, kept)) == [BRIDGE, FROST]


def test_a_conversation_deleted_while_it_is_answered_does_not_come_back(chat):
    key = ask(chat, BRIDGE).conversation
    steps = chat.ask(ME, key, FROST, Scope())
    next(steps)
    chat.conversations.delete(ME, key)
    assert "apple harvest" in list(steps)[-1].turn.text
    assert chat.turns(ME, key) == ()
    begun = ask(chat, FROST, key)
    assert (begun.conversation == key, begun.earlier) == (False, ())


def test_what_belongs_to_another_is_as_if_it_were_not_there(chat):
    key = ask(chat, BRIDGE).conversation
    assert chat.turns("browser:other", key) == ()
    assert chat.last("browser:other", key) is None
    for said in (
        lambda: chat.judge("browser:other", key, 1, "good"),
        lambda: chat.export_markdown("browser:other", key),
        lambda: chat.export_rows("browser:other", key),
    ):
        with pytest.raises(ConversationMissing):
            said()
    theirs = ask(chat, FROST, key, owner="browser:other")
    assert (theirs.conversation == key, theirs.earlier) == (False, ())
    ask(chat, FROST, key, owner="browser:other", instead_of=1)
    assert questions(chat.turns(ME, key)) == [BRIDGE]


def test_a_source_whose_article_was_removed_or_changed_since_says_so(chat, store):
    key = ask(chat, BRIDGE).conversation
    ask(chat, FROST, key)
    before = [turn.sources[0].text for turn in chat.turns(ME, key)]
    remove_articles(store, ["harbour"])
    index_texts(store, {"orchard": ORCHARD.replace("half", "most")})
    turns = chat.turns(ME, key)
    assert [turn.sources[0].gone for turn in turns] == ["removed", "changed"]
    # What was quoted stays to be seen.
    assert [turn.sources[0].text for turn in turns] == before


def test_a_verdict_is_kept_with_all_it_was_given_on_shown_again_and_taken_back(chat, file):
    key = ask(chat, BRIDGE).conversation
    ask(chat, FROST, key)
    chat.judge(ME, key, 2, "bad", "Half of what?")
    assert [turn.verdict for turn in open_again(chat.assistant, file).turns(ME, key)] == ["", "bad"]
    (given,) = FeedbackBook(file).all()
    assert (given.verdict, given.comment, given.row["question"]) == ("bad", "Half of what?", FROST)
    assert given.row["history"][0] == {"role": "user", "content": BRIDGE}
    assert given.row["versions"]["newspulse"] == "1.0"
    assert given.row["sources"][0]["quotes"][0]["quote"].startswith("A late frost destroyed half")
    assert ME not in json.dumps(given.row)
    chat.judge(ME, key, 2, "good")
    assert [one.verdict for one in FeedbackBook(file).all()] == ["good"]
    chat.judge(ME, key, 2, "")
    assert list(FeedbackBook(file).all()) == []


def test_a_verdict_on_a_turn_that_is_none_or_of_another_kind_is_refused(chat):
    key = ask(chat, BRIDGE).conversation
    with pytest.raises(ConversationMissing, match="nothing was noted"):
        chat.judge(ME, key, 7, "good")
    with pytest.raises(ChatsRefused, match="must be one of: good, bad"):
        chat.judge(ME, key, 1, "<b>")


def test_an_abstention_offers_what_the_articles_do_answer(chat):
    step = ask(chat, "Who won the chess tournament in Reykjavik?")
    assert step.turn.abstained
    assert 1 <= len(step.turn.suggestions) <= 3
    assert not ask(chat, step.turn.suggestions[0]).turn.abstained
    assert chat.turns(ME, step.conversation)[0].suggestions == step.turn.suggestions


def test_a_question_that_is_none_and_a_failure_are_told_and_leave_no_history(chat, caplog):
    key = ask(chat, BRIDGE).conversation
    refused = ask(chat, "?!", key).turn
    assert (refused.error, refused.text) == ("the question '?!' holds no word; ask in words", "")
    chat.assistant.stream = broken_stream
    with caplog.at_level(logging.ERROR):
        assert ask(chat, FROST, key).turn.error == FAILED
    assert "canary" in caplog.text
    assert [bool(turn.error) for turn in chat.turns(ME, key)] == [False, True, True]


def broken_stream(question, history, *, scope):
    raise LookupError("canary")


def test_a_failed_turn_is_no_part_of_what_a_verdict_was_given_on(chat, file):
    key = ask(chat, BRIDGE).conversation
    ask(chat, "?!", key)
    ask(chat, FROST, key)
    chat.judge(ME, key, 3, "good")
    (given,) = FeedbackBook(file).all()
    assert [said["content"] for said in given.row["history"] if said["role"] == "user"] == [BRIDGE]


def test_what_breaks_while_questions_are_suggested_does_not_cost_the_answer(chat, monkeypatch):
    monkeypatch.setattr("rag.chat.answerable_questions", broken_suggestions)
    turn = ask(chat, "Who won the chess tournament in Reykjavik?").turn
    assert (turn.abstained, turn.error, turn.suggestions) == (True, "", ())


def broken_suggestions(assistant, hits, *, asked):
    raise LookupError("canary")


def test_a_scope_is_searched_in_and_kept_with_the_turn(chat):
    step = ask(chat, BRIDGE, scope=Scope(frozenset({"orchard"})))
    assert {source.article_id for source in step.turn.sources} == {"orchard"}
    assert chat.turns(ME, step.conversation)[0].scope == Scope(frozenset({"orchard"}))


def test_a_conversation_is_exported_with_its_title_its_quotes_and_verdicts(chat):
    key = ask(chat, BRIDGE).conversation
    chat.judge(ME, key, 1, "good")
    chat.conversations.rename(ME, key, title="The *bridge*")
    rows = chat.export_rows(ME, key)
    assert (rows["title"], [turn["verdict"] for turn in rows["turns"]]) == ("The *bridge*", ["good"])
    json.dumps(rows)
    written = chat.export_markdown(ME, key)
    assert written.startswith("# The \\*bridge\\*\n\n## How much did the harbour bridge in Lisbon cost?\n\n")
    assert "** “It cost 310 million euros, said mayor Ana Duarte\\.”  \n  Harbour bridge opens in Lisbon" in written


def test_a_row_that_does_not_read_costs_itself(chat):
    key = ask(chat, BRIDGE).conversation
    chat.conversations.add_turn(ME, key, number=2, question="?", turn={"text": "of another version"})
    ask(chat, FROST, key)
    turns = chat.turns(ME, key)
    assert [(turn.number, turn.question) for turn in turns] == [(1, BRIDGE), (3, FROST)]
    chat.judge(ME, key, 3, "good")
    assert chat.turns(ME, key)[1].verdict == "good"


def test_examples_are_made_once_a_generation_however_many_ask(chat, store, monkeypatch):
    made = []

    def examples(assistant, count):
        made.append(count)
        return ["Which bridge?"]

    monkeypatch.setattr("rag.chat.example_questions", examples)
    threads = [threading.Thread(target=chat.examples) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (chat.examples(), made) == (("Which bridge?",), [4])
    remove_articles(store, ["orchard"])
    chat.examples()
    assert made == [4, 4]


def test_closing_the_answer_ends_the_generator(store, file):
    ended = []

    class Endless(ScriptedGenerator):
        def generate(self, question, hits, history):
            try:
                passage = hits[0].passage
                while True:
                    yield Claim(passage.quote(passage.sentences[0]), ((passage.id, passage.sentences[0]),))
            finally:
                ended.append(question)

    chat = open_again(make_assistant(store, generator=Endless()), file)
    with closing(chat.ask(ME, "", BRIDGE, Scope())) as steps:
        while not next(steps).turn.text:
            pass
    assert len(ended) == 1
    (kept,) = chat.turns(ME, chat.conversations.list(ME)[0].id)
    assert kept.stopped
    assert kept.text
