from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError
from threegate.audit.errors import trouble
from threegate.console.auth.accounts import Accounts
from threegate.console.drafts import Drafts
from threegate.console.error_page import error_fields, status_and_text, typed
from threegate.console.errors import refusal

from tests.console.conftest import Site


def test_without_the_audit_log_nobody_looks(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    client = site.who("reviewer")

    async def away(*_: object) -> None:
        raise trouble("not-stored")

    monkeypatch.setattr(type(site.running.deps.audit), "append", away)
    answer = client.get("/audit.json")
    assert answer.status_code == 503
    assert "rows" not in answer.json()


def test_a_database_that_is_away_is_told_in_words_and_the_form_kept(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error page read the database once more, and a bare "Internal Server Error" came."""
    client = site.who("editor")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("select", {}, Exception("database is locked"))

    monkeypatch.setattr(Drafts, "save", away)
    sent = client.post("/policies/lists", data={"name": "birds", "words": "petrel"})
    assert sent.status_code == 503
    assert "database is not available" in sent.text
    assert "petrel" in sent.text
    monkeypatch.setattr(Accounts, "find", away)
    shown = client.get("/policies")
    assert shown.status_code == 503
    assert "tell the operators" in shown.text


def test_a_role_that_is_missing_is_named(site: Site) -> None:
    answer = site.who("viewer").get("/audit")
    assert answer.status_code == 403
    assert "needs the role reviewer" in answer.text
    both = site.who("viewer", name="wer").get("/audit/person", headers={"accept-language": "zh"})
    assert "需要“管理员”或“审核”角色" in both.text


def test_an_unexpected_error_says_no_more_than_that_it_happened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was read may stand in its message."""
    with caplog.at_level(logging.ERROR):
        status, text = status_and_text(ValueError("read: 4111 1111"), "en", "/audit")
    assert status == 500
    assert "4111" not in text + caplog.text
    assert "unexpected ValueError at /audit" in caplog.text


def test_a_refusal_is_told_in_the_language_of_the_visitor() -> None:
    zh, en = (status_and_text(refusal("no-record"), language, "") for language in ("zh", "en"))
    assert zh[0] == en[0] == 404
    assert zh[1] != en[1]


def test_a_status_without_a_heading_of_its_own_has_the_general_one() -> None:
    assert error_fields(499, "x", "en")["heading"] == "Something went wrong"
    assert error_fields(404, "x", "en")["heading"] != "Something went wrong"


def test_what_people_typed_is_shown_and_the_rest_goes_along() -> None:
    made = typed({"note": "why\nnot", "reason": "short", "digest": "abc"}, "en")
    assert [(f["title"], f["long"]) for f in made["fields"]] == [("Note", True), ("Reason", False)]
    assert made["hidden"] == [{"name": "digest", "value": "abc"}]


def test_a_form_with_a_secret_or_nothing_to_correct_is_not_repeated() -> None:
    for form in ({"name": "ann", "password": "x"}, {"digest": "abc"}, {}):
        assert typed(form, "zh") == {"fields": [], "hidden": []}


def test_the_field_that_was_refused_is_marked() -> None:
    form = {"exception_id": "a", "exception_expires": "2020-01-01"}
    made = typed(form, "en", "past")["fields"]
    assert [(f["wrong"], f["type"]) for f in made] == [(False, "text"), (True, "date")]
    assert not any(f["wrong"] for f in typed(form, "en")["fields"])


def test_a_file_is_not_sent_again() -> None:
    """Its name was shown as a field to correct, and the same file sent once more."""
    assert typed({"name": "p.yaml", "content": "cGFjazog"}, "en", "upload")["fields"] == []
