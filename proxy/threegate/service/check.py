"""A check and its result, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from threegate.types import Action, Ruling
from threegate.wire.adapter import Body, Outcome, OutcomeKind


class CheckStage(StrEnum):
    """INPUT judges what goes to a model, OUTPUT what came from it. For OUTPUT the request is
    context: its values are masked again so that they can be restored, and it is not judged."""

    INPUT = "input"
    OUTPUT = "output"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class CheckSource:
    """A text that claims of an answer may rest on; at the input stage it is retrieved text."""

    id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`messages` and `answers` are turns of chat completions; each answer is an assistant turn.

    `conversation` is the caller's own id of it, `masks` what an earlier check returned (see
    `mask_vault`), `route` the path of the guarded call for rules that look at it, `policy` the
    name of one that is bound to the caller, `subject` the end user. `language` (zh or en) is that
    of messages to the user; empty: that of the text. `recall` names the masks of an earlier check
    that this process keeps for clients that cannot send them back (`mask_vault`).

    `open_ended`: the texts of the answers may continue, like those of an unfinished stream; the
    result then says how much of each may still change."""

    stage: CheckStage
    messages: tuple[Body, ...] = field(default=(), repr=False)
    answers: tuple[Body, ...] = field(default=(), repr=False)
    tools: tuple[Body, ...] = field(default=(), repr=False)
    sources: tuple[CheckSource, ...] = ()
    model: str = ""
    route: str = ""
    policy: str = ""
    conversation: str = ""
    language: str = ""
    subject: str = field(default="", repr=False)
    masks: str = field(default="", repr=False)
    recall: str = ""
    open_ended: bool = False

    @property
    def request(self) -> Body:
        """The check as the body of a model call."""
        body: Body = {"model": self.model, "messages": list(self.messages)}
        if self.tools:
            body["tools"] = list(self.tools)
        if self.sources:
            body["context"] = [s.text for s in self.sources]
        return body

    @property
    def answer(self) -> Body:
        """The check as the body of a model's answer."""
        return {"choices": [{"index": i, "message": m} for i, m in enumerate(self.answers)]}


def text_check(stage: CheckStage, text: str, *, model: str = "", conversation: str = "") -> Check:
    """A check of one text: a user's at the input stage, an assistant's at the output stage."""
    output = stage is CheckStage.OUTPUT
    turn = ({"role": "assistant" if output else "user", "content": text},)
    messages, answers = ((), turn) if output else (turn, ())
    return Check(
        stage=stage, messages=messages, answers=answers, model=model, conversation=conversation
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """`record_id` names the audit record, `policy` the one that judged (name and digest). Edited
    texts are empty if the check ends in a block or a curated reply (`outcome`). `rulings` leaves
    out rules in shadow, which only the record has."""

    record_id: str
    decision_id: str
    policy: str
    conversation: str
    language: str
    rulings: tuple[Ruling, ...] = ()
    messages: tuple[Body, ...] = field(default=(), repr=False)
    answers: tuple[Body, ...] = field(default=(), repr=False)
    tools: tuple[Body, ...] = field(default=(), repr=False)
    open_chars: tuple[int, ...] = ()  # code points at the end of each answer that may still change
    outcome: Outcome | None = None
    masks: str = field(default="", repr=False)

    @property
    def action(self) -> Action:
        return max((r.action for r in self.rulings), default=Action.ALLOW)

    @property
    def stopped(self) -> bool:
        return self.outcome is not None

    @property
    def message(self) -> str:
        """What the user reads instead of a stopped text, in the call's language."""
        if self.outcome is None:
            return ""
        if self.outcome.kind is OutcomeKind.ANSWER and self.outcome.answer is not None:
            return self.outcome.answer
        return self.outcome.message.get(self.language)
