"""What is checked of every response besides what schemathesis checks by itself."""

import re

import schemathesis

_OPENAI = re.compile(r"/v1/(?:chat/|models)")
_INSIDE = re.compile(rb"Traceback|\.py\b|/tmp/|/home/|/root/|site-packages|rag_[\w-]{20}|\$argon2")


@schemathesis.check
def nothing_of_the_inside_is_told(ctx, response, case):
    """No body holds a trace, a path or a key."""
    found = _INSIDE.search(response.content)
    assert not found, f"the body tells {found.group()!r}"


@schemathesis.check
def failures_are_problems(ctx, response, case):
    """Whatever is refused is told in the one shape, and to OpenAI's clients in theirs."""
    if response.status_code >= 400 and "error" in response.text and _OPENAI.match(case.path):
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    elif response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"], response.headers
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["detail"]


@schemathesis.check
def what_fits_the_schema_is_refused_for_what_it_says_alone(ctx, response, case):
    """A request that the schema takes is never told that it does not fit."""
    if case.meta and case.meta.generation.mode.is_positive and response.status_code == 422:
        assert not response.json()["type"].endswith(":invalid"), response.text
    if case.meta and case.meta.generation.mode.is_positive and response.status_code == 400:
        assert response.json()["error"]["code"] == "question_refused", response.text
