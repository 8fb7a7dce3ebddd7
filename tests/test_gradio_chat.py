"""The chat nested in somebody else's Gradio app, asked by gradio_client and by a person in a browser."""

import gradio as gr
import pytest
from assistants import HARBOUR, ORCHARD, index_texts
from browser import PATIENCE_MS
from fastapi import FastAPI
from gradio_client import Client
from gradio_client.exceptions import AppError
from serving import Serving

from embeddings.hashed import HashedEmbedder
from rag.answer_json import answer_row
from rag.gradio_chat import build_chat
from rag.records import Message
from rag.wiring import open_assistant

QUESTION = "How many metres long is the main span of the harbour bridge in Lisbon?"
EVIL = '<img src=x onerror="window.hit=1"> ${window.hit=1} {{value}} '


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    evil = f"Zebras escape {EVIL}\nTwelve zebras escaped from the circus of {EVIL} in Porto on Friday.\n"
    index_texts(folder, {"orchard": ORCHARD, "zebra": evil})
    index_texts(folder, {"harbour": HARBOUR}, url="https://news.example/harbour")
    return open_assistant(folder, embedder=HashedEmbedder())


def around(chat):
    with gr.Blocks(analytics_enabled=False) as demo:
        gr.Markdown("# Somebody's app")
        with gr.Tab("Greeting"):
            name, greeting = gr.Textbox(label="Name"), gr.Textbox(label="Greeting")
            name.submit(lambda name: f"Hello {name}", name, greeting, api_name="greet")
        with gr.Tab("News"):
            chat()
    return demo


@pytest.fixture(scope="module", params=["within", "before"])
def address(request, assistant):
    made = build_chat(assistant) if request.param == "before" else None
    demo = around(made.render if made else lambda: build_chat(assistant))
    app = gr.mount_gradio_app(FastAPI(), demo, path="/", ssr_mode=False)
    with Serving(app) as serving:
        yield serving.address


def test_gradio_client_gets_the_answer_and_the_app_keeps_its_own_functions(address, assistant):
    client = Client(address, verbose=False)
    assert client.predict(QUESTION, [], api_name="/ask_the_news") == answer_row(assistant.ask(QUESTION))
    assert client.predict("Ana", api_name="/greet") == "Hello Ana"
    with pytest.raises(AppError, match="the question is empty"):
        client.predict(" ", [], api_name="/ask_the_news")


def test_gradio_client_asks_a_follow_up(address, assistant):
    first = "Who is mayor of Lisbon and spoke of the harbour bridge?"
    history = [{"role": "user", "content": first}, {"role": "assistant", "content": "Ana Duarte. [1]"}]
    row = Client(address, verbose=False).predict("How long is its main span?", history, api_name="/ask_the_news")
    said = [Message(m["role"], m["content"]) for m in history]
    assert row["resolved_question"] == assistant.ask("How long is its main span?", said).resolved_question


@pytest.mark.browser
def test_a_person_sees_the_answer_with_its_quotes_and_hostile_text_as_text(address, chromium):
    context = chromium.new_context(viewport={"width": 900, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(address)
    page.get_by_role("tab", name="News").click()
    for number, question in enumerate([QUESTION, "How many zebras escaped from the circus?"], 1):
        page.get_by_label("Your question").fill(question)
        page.get_by_label("Your question").press("Enter")
        page.wait_for_selector(f".np-turn:nth-child({number}) .np-source")
    first, second = page.locator(".np-turn").all()
    assert "420 metres" in first.locator(".np-said").inner_text()
    assert first.locator(".np-source blockquote").first.inner_text() in HARBOUR
    assert first.locator("a[href^='https']").first.get_attribute("href") == "https://news.example/harbour"
    assert EVIL.strip() in second.locator("blockquote").first.inner_text()
    assert page.locator(".np-turn img").count() == 0
    assert page.evaluate("window.hit") is None
    context.close()
