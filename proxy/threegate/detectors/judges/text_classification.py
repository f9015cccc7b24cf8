"""A classifier served by Hugging Face's text-classification API: Text Embeddings Inference
(`/predict`), an Inference Endpoint, or anything that answers alike.

`criteria` of the settings names the labels that are bad, each with the kind that it stands for:
`INJECTION=injection.direct`, or the label alone for the verdict. The request is `{"inputs": text,
"truncate": true}`, the reply a list of `{"label", "score"}`, or a list of one such list. The score
is the label's own. `path` of the settings replaces `/predict`.
"""

from __future__ import annotations

from typing import Any

from threegate.detectors.judges.base import Json, Judged, JudgeRequest, Score, Unreadable
from threegate.settings import JudgeSettings

PREDICT = "/predict"


class TextClassification:
    name = "text_classification"

    def kinds(self, settings: JudgeSettings) -> tuple[str, ...]:
        return tuple(kind for kind in _table(settings.criteria).values() if kind)

    def requests(self, judged: Judged, settings: JudgeSettings) -> tuple[JudgeRequest, ...]:
        body = {"inputs": judged.text, "truncate": True}
        return (JudgeRequest(PREDICT, body, ",".join(settings.criteria)),)

    def scores(self, request: JudgeRequest, reply: Json) -> tuple[Score, ...]:
        given: Any = reply
        labels = given[0] if isinstance(given, list) and isinstance(given[0], list) else given
        found = {str(each["label"]): float(each["score"]) for each in labels}
        known = _table(tuple(request.about.split(",")))
        if not all(0 <= score <= 1 for score in found.values()) or not known.keys() & found.keys():
            raise Unreadable("none of the labels")
        return tuple(Score(known[n], score, n) for n, score in found.items() if n in known)


def _table(criteria: tuple[str, ...]) -> dict[str, str]:
    """Kind by label."""
    parts = (each.partition("=") for each in criteria)
    return {label.strip(): kind.strip() for label, _, kind in parts}
