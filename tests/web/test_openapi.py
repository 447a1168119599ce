"""The document that describes the API is complete, its examples work, and the API does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from web.conftest import app_of

from ragqa.answer.contract import Answer
from ragqa.settings import Settings
from ragqa.web.api import describe
from ragqa.web.api.messages.examples import ANSWER
from ragqa.web.app import create_app

DOCUMENT: dict[str, Any] = describe(create_app(Settings()))
OPERATIONS = [(path, method, told) for path, found in DOCUMENT["paths"].items() for method, told in found.items()]
METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.mark.parametrize(("path", "method", "told"), OPERATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_operation_is_described(path: str, method: str, told: dict[str, Any]) -> None:
    """In words, with every error as the envelope, and with an example for whatever has to be sent."""
    assert method in METHODS
    assert told["description"]
    for status, response in told["responses"].items():
        if int(status) >= 400:
            assert response["content"]["application/json"]["schema"]["$ref"].endswith("/Envelope")
    for parameter in told.get("parameters", []):
        assert (
            parameter["in"] == "query"
            or parameter.get("examples")
            or parameter["schema"].get("examples")
            or "id" in parameter["name"]
        )
    if body := told.get("requestBody"):
        name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert DOCUMENT["components"]["schemas"][name]["examples"]


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and body of every example."""
    for path, method, told in OPERATIONS:
        if method == "post" and (body := told.get("requestBody")):
            name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
            for example in DOCUMENT["components"]["schemas"][name]["examples"]:
                yield path, example


@pytest.mark.parametrize(("path", "body"), list(examples()))
def test_every_example_is_understood(
    client: TestClient, tokens: dict[str, dict[str, str]], path: str, body: dict[str, Any]
) -> None:
    """None is refused as malformed."""
    id = app_of(client).state.conversations.begin()
    made = path.replace("{id}", id).replace("{slug}", "drug-none").replace("{number}", "1")
    assert client.post(made, json=body, headers=tokens["editor"]).status_code in (200, 201, 404, 409)


def test_the_example_of_an_answer_is_one() -> None:
    """It passes every check an answer passes."""
    assert Answer.model_validate(ANSWER).statements


@pytest.fixture(scope="session")
def document(live: str) -> Any:
    """The document as schemathesis reads it, from the running server."""
    return schemathesis.openapi.from_url(f"{live}/api/v1/openapi.json")


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, method, _ in OPERATIONS])
def test_the_api_does_what_its_document_says(document: Any, tokens: dict[str, dict[str, str]], path: str, method: str) -> None:
    """Generated requests, right and wrong ones: no 500, only documented statuses and bodies, nothing malformed accepted."""

    @settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(document[path][method.upper()].as_strategy())
    def holds(case: Any) -> None:
        case.call_and_validate(headers=tokens["editor"])

    holds()
