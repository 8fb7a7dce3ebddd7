"""Receipts: a kept answer is checked again, and each thing that does not hold is named by its own kind."""

import copy
import json

import pytest
from assistants import HARBOUR, index_texts, make_assistant

from rag.answer_json import answer_row
from rag.cli import main
from rag.errors import ReceiptInvalid
from rag.receipts import read_receipt, verify_receipt
from rag.store import remove_articles
from rag.store_reader import StoreReader

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"


@pytest.fixture
def store(tmp_path):
    make_assistant(tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def row(store):
    return json.loads(json.dumps(answer_row(make_assistant(store).ask(QUESTION))))


def kinds(row, store):
    with StoreReader(store) as reader:
        return [finding.kind for finding in verify_receipt(read_receipt(json.dumps(row)), reader)]


def changed(row, **fields):
    """Return the row with fields of its first citation changed."""
    row = copy.deepcopy(row)
    row["answer"]["citations"][0] |= fields
    return row


def test_a_receipt_holds_what_it_takes_to_check_it(row, store):
    answer = row["answer"]
    assert set(answer["articles"]) == {"harbour"}
    assert len(answer["articles"]["harbour"]) == 64
    told = answer["made_with"]
    assert (told["embedder"], told["unsupported"], told["depth"], told["generation"]) == ("hashed", "drop", 50, 1)
    assert told["newspulse"]
    assert answer["generator"] == "extractive"
    assert kinds(row, store) == []
    assert kinds(answer, store) == []


def test_each_thing_that_does_not_hold_has_its_own_name(row, store):
    citation = row["answer"]["citations"][0]
    quote = citation["quote"]
    assert kinds(changed(row, quote=quote.replace("420", "421")), store) == ["tampered_quote"]
    assert kinds(changed(row, start=citation["start"] - 5, end=citation["end"] - 5), store) == ["moved_span"]
    assert kinds(changed(row, start=-1, end=10**9), store) == ["moved_span"]
    assert kinds(changed(row, article_id="orchard"), store) == ["wrong_article"]
    assert kinds(changed(row, article_id="none"), store) == ["wrong_article"]
    assert kinds(changed(row, quote=" "), store) == ["tampered_quote"]
    foreign = changed(row, quote="Prices rose by 18 percent.")
    assert kinds(foreign, store) == ["wrong_article"]


def test_sentences_are_checked_against_their_quotes_again(row, store):
    said = copy.deepcopy(row)
    said["answer"]["sentences"][0]["text"] = "Its main span is 421 metres long."
    assert kinds(said, store) == ["unsupported_sentence", "text_differs"]
    said = copy.deepcopy(row)
    said["answer"]["sentences"][0]["citations"] = [99]
    assert "unknown_citation" in kinds(said, store)
    said = copy.deepcopy(row)
    said["answer"]["text"] += " The king is dead."
    assert kinds(said, store) == ["text_differs"]
    said = copy.deepcopy(row)
    said["answer"]["sentences"].append({"text": "The king is dead.", "citations": [], "supported": True})
    assert "unsupported_sentence" in kinds(said, store)
    said["answer"]["abstained"] = True
    assert "text_differs" in kinds(said, store)


def test_an_article_that_was_changed_or_withdrawn_since_is_named(row, store):
    index_texts(store, {"harbour": f"Correction.\n{HARBOUR}"})
    with StoreReader(store) as reader:
        found = verify_receipt(read_receipt(json.dumps(row)), reader)
    assert {f.kind for f in found} == {"article_changed"}
    assert "the quote stands at" in found[0].text
    index_texts(store, {"harbour": HARBOUR.replace("420", "421")})
    assert set(kinds(row, store)) == {"article_changed"}
    index_texts(store, {"harbour": HARBOUR})
    assert kinds(row, store) == []
    remove_articles(store, ["harbour"])
    assert set(kinds(row, store)) == {"article_withdrawn"}


def test_an_abstention_is_a_receipt_too(store):
    row = answer_row(make_assistant(store).ask("zeppelin quantum chess"))
    assert row["answer"]["abstained"]
    assert kinds(row, store) == []


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"answer": 1}',
        "[" * 100_000,
        '{"answer": {"text": "x", "abstained": false, "sentences": [], "citations": [{}], "articles": {}}}',
        '{"answer": {"text": "x", "abstained": false, "sentences": [1], "citations": [], "articles": {}}}',
        '{"answer": {"text": "x", "abstained": false, "sentences": [], "citations": [], "articles": {"a": 1}}}',
    ],
)
def test_what_is_no_receipt_is_refused_in_one_line(written):
    with pytest.raises(ReceiptInvalid, match="rag ask --json"):
        read_receipt(written)


def test_the_command_says_what_it_found_and_exits_with_5(store, row, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(row))
    bad.write_text(json.dumps(changed(row, quote="Its main span is 999 metres long.")))
    assert main(["verify", "--store", str(store), str(good)]) == 0
    assert capsys.readouterr().out.startswith("verified: ")
    assert main(["verify", "--store", str(store), str(bad)]) == 5
    assert "tampered_quote [1]: 'harbour' holds no “Its main span is 999" in capsys.readouterr().out
    assert main(["verify", "--store", str(store), "--json", str(bad)]) == 5
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["findings"][0]["kind"], told["findings"][0]["citations"]) == (
        False,
        "tampered_quote",
        [1],
    )
    assert main(["verify", "--store", str(store), str(tmp_path / "none.json")]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_what_ask_prints_is_what_verify_takes(store, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RAG_EMBEDDER", "hashed")
    assert main(["ask", "--json", "--store", str(store), QUESTION]) == 0
    kept = tmp_path / "receipt.json"
    kept.write_text(capsys.readouterr().out)
    assert main(["verify", "--store", str(store), str(kept)]) == 0
