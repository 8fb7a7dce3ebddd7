"""Conflicting figures: both are shown, each with source and date; none is chosen, and no conflict is made up."""

from datetime import date

import pytest
from assistants import HARBOUR, ScriptedGenerator, index_texts, make_assistant

from embeddings.hashed import HashedEmbedder
from rag.articles import article_from_text
from rag.indexing import Indexer
from rag.records import Claim, Delta, Done
from rag.wiring import open_assistant

FIRE = "Hotel fire in Porto\nThe hotel fire in Porto killed 24 people, police said. It began in the kitchen."
MAYOR = (
    "Porto in mourning\nThe mayor of Porto asked for three days of mourning. The hotel fire killed 31 people and "
    "injured 12, the mayor's office said."
)
KILLED = "How many people died in the hotel fire in Porto?"


def conflicts_of(folder, question, *texts):
    answer = make_assistant(folder, {f"article-{n}": text for n, text in enumerate(texts)}).ask(question)
    assert not answer.abstained
    return [notice for notice in answer.notices if notice.kind == "conflict"]


def test_two_publishers_who_disagree_are_both_quoted_with_their_dates(tmp_path):
    articles = [
        article_from_text(FIRE, article_id="wire", path="w.txt", publisher="The Wire", published=date(2025, 3, 4)),
        article_from_text(MAYOR, article_id="post", path="p.txt", publisher="Post", published=date(2025, 3, 6)),
    ]
    Indexer(tmp_path, HashedEmbedder(), passage_tokens=80).index_articles(articles)
    answer = open_assistant(tmp_path, embedder=HashedEmbedder()).ask(KILLED)
    [notice] = [n for n in answer.notices if n.kind == "conflict"]
    assert "“24 people” in Hotel fire in Porto (The Wire, 2025-03-04)" in notice.text
    assert "“31 people” in Porto in mourning (Post, 2025-03-06)" in notice.text
    assert {c.article_id for c in answer.citations if c.number in notice.citations} == {"wire", "post"}
    assert "24 people" in answer.text
    assert "31 people" in answer.text


def test_what_contradicts_a_plug_in_is_added_to_its_answer_and_proved(tmp_path):
    def first(hits):
        [passage] = [h.passage for h in hits if h.passage.article_id == "wire"]
        span = next(s for s in passage.sentences if "24 people" in passage.quote(s))
        return Claim(passage.quote(span), ((passage.id, span),))

    assistant = make_assistant(tmp_path, {"wire": FIRE, "post": MAYOR}, ScriptedGenerator(first))
    events = list(assistant.stream(KILLED))
    answer = events[-1].answer
    assert isinstance(events[-1], Done)
    assert "".join(e.text for e in events if isinstance(e, Delta)) == answer.text
    assert answer.generator == "scripted"
    assert [s.citations for s in answer.sentences] == [(1,), (2,)]
    assert "31 people" in answer.sentences[1].text
    assert [(n.kind, n.citations) for n in answer.notices] == [("conflict", (1, 2))]
    for citation in answer.citations:
        text = assistant.article(citation.article_id).text
        assert citation.span.of(text) == citation.quote


def test_three_values_are_three_sources_and_no_pair_is_told_twice(tmp_path):
    third = "Porto fire inquiry\nThe hotel fire in Porto killed 40 people, the inquiry found."
    notices = conflicts_of(tmp_path, KILLED, FIRE, MAYOR, third)
    assert len(notices) == 2
    assert all(value in " ".join(n.text for n in notices) for value in ("24", "31", "40"))


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "What is the budget of the series Tides?",
            "Tides begins\nThe series Tides has a budget of 3.5亿元.",
            "Tides wraps\nThe series Tides has a budget of 0.5 billion yuan, the studio said.",
        ),
        (
            "How many people attended the jazz festival in Ghent?",
            "Ghent jazz festival ends\nThe jazz festival in Ghent drew 40,000 people over ten days.",
            "Jazz in Ghent\nPolice counted 25,000 people at the jazz festival in Ghent.",
        ),
        (
            "How much will the new stadium in Bergen cost?",
            "Bergen plans a stadium\nThe new stadium in Bergen will cost 900 million euros.",
            "Stadium debate\nCritics say that the stadium in Bergen would cost 1.4 billion euros.",
        ),
        (
            "What percentage of voters backed the referendum in Basel?",
            "Basel votes yes\nIn Basel, 58 percent of voters backed the referendum.",
            "Basel referendum passes\nThe referendum was backed by 61 percent of voters in Basel.",
        ),
        (
            "How long is the new tram line in Graz?",
            "Tram opens in Graz\nThe new tram line in Graz is 12 km long.",
            "New tram line\nGraz has a new tram line. It is 15 kilometres long.",
        ),
        (
            "How many people were killed in the earthquake in Kutch?",
            "Earthquake in Kutch\nThe earthquake in Kutch killed 120 people.",
            "Kutch quake\nThe death toll of the earthquake in Kutch rose to 165 on Friday.",
        ),
        (
            "电影《长江》投资多少？",
            "电影《长江》开拍\n电影《长江》总投资3.5亿元。该片将于明年上映。",
            "电影《长江》杀青\n电影《长江》总投资2亿元。该片由李明导演。",
        ),
        (
            "Which bridge was opened by the mayor of Faro?",
            "Bridge opens in Faro\nThe mayor of Faro opened the bridge, which cost 310 million euros.",
            "Faro has a bridge\nThe mayor of Faro opened the bridge, which cost 280 million euros.",
        ),
    ],
)
def test_other_values_for_the_same_thing_are_a_conflict(tmp_path, question, one, other):
    [notice] = conflicts_of(tmp_path, question, one, other)
    assert len(set(notice.citations)) == 2


TUNNEL = "Tunnel under the Elbe\nThe Elbe tunnel in Hamburg cost 1.2 billion euros. It is 3 kilometres long."
TUNNEL_COST = "How much did the Elbe tunnel in Hamburg cost?"
CRASH = "Bus crash near Leiria\nThe bus crash near Leiria killed 9 people."


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (TUNNEL_COST, TUNNEL, "Elbe tunnel opens\nThe Elbe tunnel in Hamburg cost 1.18 billion euros."),
        (TUNNEL_COST, TUNNEL, "Elbe tunnel opens\nThe Elbe tunnel in Hamburg cost more than 1 billion euros."),
        (TUNNEL_COST, TUNNEL, "Elbe tunnel opens\nThe Elbe tunnel in Hamburg cost 12亿欧元."),
        (TUNNEL_COST, TUNNEL, "Elbe tunnel planned\nThe Elbe tunnel in Hamburg was to cost 0.9 billion euros in 2012."),
        (TUNNEL_COST, TUNNEL, "Elbe tunnel planned\nThe Elbe tunnel in Hamburg is expected to cost 2 billion euros."),
        (TUNNEL_COST, TUNNEL, "Tunnels\nThe Wehr tunnel in Hesse cost 0.4 billion euros."),
        (TUNNEL_COST, TUNNEL, "Elbe\nThe toll plaza at the Elbe tunnel in Hamburg cost 40 million euros."),
        (KILLED, FIRE, FIRE),
        (
            "How many people died in the bus crash near Leiria?",
            CRASH,
            "Bus crash near Braga\nA bus crash near Braga killed 14 people. It was worse than the crash near Leiria.",
        ),
        (
            "How many people were injured in the bus crash near Leiria?",
            "Leiria bus crash\nThe bus crash near Leiria injured 30 people.",
            CRASH,
        ),
        (
            "How much did the harbour bridge in Lisbon cost?",
            HARBOUR,
            "Harbour in Lisbon\nThe ferry terminal at the harbour bridge in Lisbon cost 25 million euros.",
        ),
        (
            "How much did profits at Acme Tools rise?",
            "Acme Tools grows\nProfits at Acme Tools rose by 12 percent.",
            "Acme Tools results\nProfits at Acme Tools rose to 15 percent of sales.",
        ),
        (
            "How many visitors did the museum in Delft have?",
            "Museum in Delft\nThe museum in Delft had 250,000 visitors in 2023.",
            "Delft museum\nThe museum in Delft had 300,000 visitors in 2024.",
        ),
        (
            "What number of visitors does the museum in Delft have?",
            "Museum in Delft\nThe museum in Delft had 250,000 visitors in the first half.",
            "Delft museum\nThe museum in Delft had 500,000 visitors in the full year.",
        ),
        (
            "What number of visitors does the museum in Delft have?",
            "Museum in Delft\nThe museum in Delft has 900 visitors a day.",
            "Delft museum\nThe museum in Delft has 300,000 visitors a year.",
        ),
        (
            "How many employees does Acme Tools have?",
            "Acme Tools in Ohio\nAcme Tools has 2,000 employees.",
            "Acme Tools in Kiel\nAcme Tools has 300 employees in Germany.",
        ),
        (
            "How many new homes are planned in Turin?",
            "Homes in Turin\nThe city of Turin plans 4,000 new homes.",
            "More homes in Turin\nThe district of Mirafiori in Turin plans 700 new homes.",
        ),
    ],
)
def test_what_may_both_be_true_is_no_conflict(tmp_path, question, one, other):
    assert conflicts_of(tmp_path, question, one, other) == []


def test_one_sentence_with_two_values_does_not_contradict_itself(tmp_path):
    index_texts(tmp_path, {"a": "Ferry fares\nThe ferry in Faro carries 40 people in winter and 90 people in summer."})
    answer = open_assistant(tmp_path, embedder=HashedEmbedder()).ask("How many people does the ferry in Faro carry?")
    assert [n.kind for n in answer.notices] == []
