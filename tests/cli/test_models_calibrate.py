"""`threegate models calibrate` with a Hugging Face text-classification API on a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from threegate.cli.main import main

from tests.serving import serve


async def predict(request: Request) -> Response:
    """As Text Embeddings Inference answers; `broken` gets an error."""
    text = (await request.json())["inputs"]
    if "broken" in text:
        return JSONResponse({"error": "model is overloaded"}, 503)
    score = 0.97 if "attack" in text else 0.4 if "doubt" in text else 0.02
    return JSONResponse(
        [{"label": "INJECTION", "score": score}, {"label": "SAFE", "score": 1 - score}]
    )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve(Starlette(routes=[Route("/predict", predict, methods=["POST"])])) as made:
        yield made


def calibrate(folder: Path, url: str, rows: list[dict[str, object]], *more: str) -> int:
    config, file = folder / "threegate.yaml", folder / "rows.jsonl"
    config.write_text(
        f"judges:\n  - {{name: hf, url: '{url}', model: m, format: text_classification, "
        "criteria: [INJECTION=injection.direct]}\n"
    )
    file.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return main(["models", "calibrate", str(file), "--config", str(config), *more])


ROWS: list[dict[str, object]] = [
    *({"text": f"an attack, number {n}", "label": True} for n in range(8)),
    *({"text": f"a harmless text, number {n}", "label": 0} for n in range(30)),
    {"text": "a doubtful one", "label": False},
]


def test_levels_are_printed_for_the_settings(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(tmp_path, url, ROWS, "--judge", "hf") == 0
    printed = capsys.readouterr().out
    assert "low: 0.0201, medium: 0.4001, high: 0.4001" in printed
    assert "39 rows, 8 bad; 0 without an answer, 0 not usable" in printed
    assert "only 31 harmless rows" in printed


def test_rows_without_an_answer_are_counted_and_fail_the_command(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    more: list[dict[str, object]] = [
        {"text": "broken", "label": 1},
        {"text": "x", "label": "maybe"},
    ]
    assert calibrate(tmp_path, url, ROWS + more, "--judge", "hf") == 1
    assert "1 without an answer, 1 not usable" in capsys.readouterr().out


def test_an_unknown_judge_and_rows_of_one_label_are_errors(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calibrate(tmp_path, url, ROWS, "--judge", "other") == 2
    assert calibrate(tmp_path, url, ROWS[:8], "--judge", "hf") == 2
    assert "other" in capsys.readouterr().err
