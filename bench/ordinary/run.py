"""Plays conversations through a whole proxy in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from threegate.cli.demo import served
from threegate.settings import Settings, UpstreamSettings

from bench.ordinary.conversations import Conversation
from bench.ordinary.model import WrittenModel
from bench.ordinary.outcome import FORMS, Outcome, played
from tests.serving import serve

ROOT = Path(__file__).parents[2]


async def run(
    chosen: Sequence[Conversation],
    *,
    classifiers: str,
    forms: bool = False,
    both_ways: bool = True,
    report: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """`classifiers`: required or off. `forms`: placeholders in other forms too. `both_ways`: each
    whole and streamed; otherwise in turns."""
    model, made = WrittenModel(), list[Outcome]()
    with serve(model.app) as upstream, tempfile.TemporaryDirectory() as var:
        settings = Settings(
            packs=("base",),
            policies=ROOT / "policies",
            models=ROOT / "classifiers" / "models",
            classifiers=classifiers,
            upstreams=(UpstreamSettings(upstream),),
            var=Path(var),
        )
        async with served(settings, "en") as stage:
            for conversation, form, stream in _plays(chosen, forms, both_ways):
                model.play(conversation, FORMS[form])
                made.append(await played(stage, model, conversation, form, stream))
                report(made[-1])
    return made


def _plays(
    chosen: Sequence[Conversation], forms: bool, both_ways: bool
) -> Iterator[tuple[Conversation, str, bool]]:
    for number, conversation in enumerate(chosen):
        for form in FORMS if forms and conversation.masked else ("exact",):
            for stream in (False, True) if both_ways else (bool(number % 2),):
                yield conversation, form, stream
