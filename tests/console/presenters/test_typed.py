from __future__ import annotations

from threegate.console.presenters.typed import typed


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
