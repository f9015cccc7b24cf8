"""The request of a text-classification API, and labels as kinds; answers are in `answers.py`."""

from __future__ import annotations

from threegate.detectors.judges.base import Judged
from threegate.detectors.judges.text_classification import TextClassification
from threegate.settings import JudgeSettings

SETTINGS = JudgeSettings(
    "hf", "http://a", "m", format="text_classification", criteria=("TOXIC=offensive", "BAD")
)


def test_one_request_with_the_text_alone() -> None:
    judged = Judged("an answer", question="asked", answered=True)
    (request,) = TextClassification().requests(judged, SETTINGS)
    assert (request.path, request.body) == ("/predict", {"inputs": "an answer", "truncate": True})


def test_a_label_is_a_kind_or_the_verdict_and_others_are_left_out() -> None:
    made = TextClassification()
    assert made.kinds(SETTINGS) == ("offensive",)
    (request,) = made.requests(Judged("x"), SETTINGS)
    reply = [{"label": n, "score": s} for n, s in (("TOXIC", 0.6), ("BAD", 0.3), ("OK", 0.1))]
    scores = made.scores(request, reply)  # type: ignore[arg-type]
    assert [(s.kind, s.score) for s in scores] == [("offensive", 0.6), ("", 0.3)]
