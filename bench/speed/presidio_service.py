"""Presidio behind HTTP, with the two paths that LiteLLM asks; its packages hold no server.

    gunicorn --workers 1 'presidio_service:app()'

Runs with the Python of $BENCH_HOME/venvs/presidio. The analyzer is as it comes: every English
recognizer, spaCy's model.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request  # type: ignore[import-not-found]
from presidio_analyzer import AnalyzerEngine, AnalyzerRequest
from presidio_anonymizer import AnonymizerEngine  # type: ignore[import-not-found]
from presidio_anonymizer.entities import (  # type: ignore[import-not-found]
    OperatorConfig,
    RecognizerResult,
)

FOUND = ("entity_type", "start", "end", "score")


def app() -> Any:
    service, analyzer, anonymizer = Flask(__name__), AnalyzerEngine(), AnonymizerEngine()

    def analyze() -> Any:
        asked = AnalyzerRequest(request.get_json())
        results = analyzer.analyze(
            text=asked.text,
            language=asked.language,
            entities=asked.entities,
            score_threshold=asked.score_threshold,
        )
        return jsonify([{name: getattr(r, name) for name in FOUND} for r in results])

    def anonymize() -> Any:
        asked = request.get_json()
        results = [RecognizerResult(**{n: r[n] for n in FOUND}) for r in asked["analyzer_results"]]
        given = (asked.get("anonymizers") or {}).items()
        how = {kind: OperatorConfig(o.pop("type"), o) for kind, o in given}
        made = anonymizer.anonymize(asked["text"], results, how or None)
        return service.response_class(made.to_json(), mimetype="application/json")

    service.add_url_rule("/analyze", view_func=analyze, methods=["POST"])
    service.add_url_rule("/anonymize", view_func=anonymize, methods=["POST"])
    return service
