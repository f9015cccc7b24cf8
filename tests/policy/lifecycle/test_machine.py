"""Four eyes: what is refused, what expires, and that no sequence of commands gets around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from threegate.policy.lifecycle.approval import Refused, decide
from threegate.policy.lifecycle.commands import (
    Activate,
    Approve,
    Command,
    Comment,
    Event,
    Recall,
    Reject,
    RollBack,
    Schedule,
    Submit,
    Withdraw,
)
from threegate.policy.lifecycle.machine import State, VersionStage, apply, fold, previous
from threegate.policy.lifecycle.people import Person, Role

START = datetime.fromisoformat("2026-11-25T08:00:00+00:00")
EDIT, SIGN = frozenset({Role.EDITOR}), frozenset({Role.APPROVER})
BOTH = EDIT | SIGN
ANN = Person("ann", BOTH, "privacy")
BOB = Person("bob", SIGN, "privacy")
CHO = Person("cho", SIGN, "legal")
VIV = Person("viv", frozenset({Role.VIEWER}), "legal")


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def play(*steps: tuple[Command, Person]) -> State:
    """All steps must be allowed."""
    events: list[Event] = []
    for hours, (command, person) in enumerate(steps):
        event = decide(fold(events), command, person, at(hours))
        assert isinstance(event, Event), event
        events.append(event)
    return fold(events)


def refusal(state: State, command: Command, by: Person, hours: float = 50) -> str:
    answer = decide(state, command, by, at(hours))
    return answer.code if isinstance(answer, Refused) else ""


SUBMITTED = play((Submit("d1", weaker=False), ANN))
APPROVED = play((Submit("d1", weaker=False), ANN), (Approve("d1"), BOB))
ACTIVE = play((Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Activate("d1"), BOB))
UNTESTED = play((Submit("d1", weaker=False, untested="model offline"), ANN))
DEE = Person("dee", BOTH, "legal")


def test_red_tests_take_two_reasons() -> None:
    event = decide(UNTESTED, Approve("d1", untested="seen by hand"), BOB, at(1))
    assert isinstance(event, Event)
    assert apply(UNTESTED, event).versions["d1"].stage is VersionStage.APPROVED


def test_an_author_takes_a_version_back() -> None:
    state = play((Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Recall("d1"), ANN))
    assert state.versions["d1"].stage is VersionStage.WITHDRAWN
    assert state.versions["d1"].approvals == ()
    assert refusal(state, Activate("d1"), BOB) == "wrong-stage"
    assert refusal(state, Submit("d1", weaker=False), ANN) == ""


def test_the_usual_way() -> None:
    assert ACTIVE.versions["d1"].stage is VersionStage.ACTIVE
    active = ACTIVE.active(at(9))
    assert active is not None
    assert (active.digest, active.by) == ("d1", "bob")


@pytest.mark.parametrize(
    ("state", "command", "by", "code"),
    [
        (SUBMITTED, Approve("d1"), ANN, "own-work"),
        (SUBMITTED, Approve("d1"), VIV, "role"),
        (SUBMITTED, Approve("d2"), BOB, "unknown-version"),
        (SUBMITTED, Activate("d1"), BOB, "wrong-stage"),
        (SUBMITTED, Activate("d1", emergency=True, reason=" "), BOB, "reason"),
        (SUBMITTED, Activate("d1", emergency=True, reason="x"), ANN, "own-work"),
        (SUBMITTED, Submit("d1", weaker=False), ANN, "submitted"),
        (SUBMITTED, Submit("d2", weaker=False), BOB, "role"),
        (SUBMITTED, Withdraw("d1"), BOB, "not-yours"),
        (APPROVED, Approve("d1"), BOB, "approved"),
        (APPROVED, Activate("d2"), BOB, "unknown-version"),
        (APPROVED, Activate("d1"), Person("bob", EDIT, "privacy"), "role"),
        (ACTIVE, Approve("d1"), CHO, "wrong-stage"),
        (ACTIVE, Activate("d1"), BOB, "wrong-stage"),
        (ACTIVE, Submit("d1", weaker=False), ANN, "submitted"),
        (ACTIVE, RollBack("d1"), BOB, "active"),
        (ACTIVE, RollBack(), BOB, "never-active"),
        (ACTIVE, Reject("d1", "no"), BOB, "wrong-stage"),
        (UNTESTED, Approve("d1"), BOB, "untested"),
        (UNTESTED, Approve("d1", untested="  "), BOB, "untested"),
        (UNTESTED, Activate("d1"), BOB, "wrong-stage"),
        (SUBMITTED, Recall("d1"), BOB, "role"),
        (SUBMITTED, Recall("d1"), DEE, "not-yours"),
        (ACTIVE, Recall("d1"), ANN, "wrong-stage"),
    ],
)
def test_refused(state: State, command: Command, by: Person, code: str) -> None:
    assert refusal(state, command, by) == code


def test_an_edit_is_another_digest_and_starts_over() -> None:
    state = play(
        (Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Submit("d2", weaker=False), ANN)
    )
    assert refusal(state, Activate("d2"), BOB) == "wrong-stage"


def test_everybody_who_edited_is_an_author() -> None:
    state = play((Submit("d1", weaker=False, authors=("bob",)), ANN))
    assert refusal(state, Approve("d1"), BOB) == "own-work"


def test_a_weaker_change_needs_another_group() -> None:
    state = play((Submit("d1", weaker=True), ANN), (Approve("d1"), BOB))
    assert refusal(state, Activate("d1"), BOB) == "wrong-stage"
    event = decide(state, Approve("d1"), CHO, at(3))
    assert isinstance(event, Event)
    assert apply(state, event).versions["d1"].stage is VersionStage.APPROVED


@pytest.mark.parametrize("spelt", ["{} ", "\u200b{}", " {}"])
def test_a_group_that_is_spelt_otherwise_is_no_other_group(spelt: str) -> None:
    bob = replace(BOB, group=spelt.format(ANN.group.upper()))
    state = play((Submit("d1", weaker=True), ANN), (Approve("d1"), bob))
    assert refusal(state, Activate("d1"), BOB) == "wrong-stage"


def test_the_group_of_an_author_counts_whoever_submits_the_same_again() -> None:
    eve = Person("eve", EDIT, "sales")
    weaker = Submit("d1", weaker=True)
    state = play((weaker, ANN), (Reject("d1", "no"), BOB), (weaker, eve), (Approve("d1"), BOB))
    assert refusal(state, Activate("d1"), BOB) == "wrong-stage"


NO_MORE = {"bob": replace(BOB, roles=frozenset())}.get


@pytest.mark.parametrize("command", [Activate("d1"), Schedule("d1", at(60))])
def test_an_approval_ends_with_the_right_to_approve(command: Command) -> None:
    answer = decide(APPROVED, command, CHO, at(50), NO_MORE)
    assert isinstance(answer, Refused)
    assert answer.code == "approver-left"
    again = decide(APPROVED, Approve("d1"), CHO, at(50), NO_MORE)
    assert isinstance(again, Event)
    assert isinstance(decide(apply(APPROVED, again), command, CHO, at(51), NO_MORE), Event)


def test_of_a_weaker_change_the_approval_of_another_group_has_to_stand() -> None:
    weaker = (Submit("d1", weaker=True), ANN)
    state = play(weaker, (Approve("d1"), BOB), (Approve("d1"), CHO))
    gone = {"cho": replace(CHO, roles=frozenset())}.get
    assert isinstance(decide(state, Activate("d1"), BOB, at(50), gone), Refused)
    assert isinstance(decide(state, Activate("d1"), BOB, at(50), NO_MORE), Event)


def test_an_approval_can_be_taken_back() -> None:
    state = play((Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Withdraw("d1"), BOB))
    assert refusal(state, Activate("d1"), CHO) == "wrong-stage"


def test_rejected_versions_are_submitted_again() -> None:
    state = play((Submit("d1", weaker=False), ANN), (Reject("d1", "typo"), BOB))
    assert refusal(state, Approve("d1"), BOB) == "wrong-stage"
    assert refusal(state, Submit("d1", weaker=False), ANN) == ""


def test_what_was_approved_is_a_step_from_what_was_active() -> None:
    steps: list[tuple[Command, Person]] = [
        (Submit("d1", weaker=False), ANN),
        (Submit("d2", weaker=False), ANN),
        (Approve("d1"), BOB),
        (Approve("d2"), BOB),
        (Activate("d1"), BOB),
    ]
    state = play(*steps)
    assert refusal(state, Activate("d2"), BOB) == "moved"
    again = play(*steps, (Submit("d2", weaker=True, base="d1"), ANN))
    assert again.versions["d2"].approvals == ()


def test_an_author_of_rejected_content_stays_its_author() -> None:
    dee = Person("dee", BOTH, "legal")
    state = play(
        (Submit("d1", weaker=False), ANN),
        (Reject("d1", "no"), BOB),
        (Submit("d1", weaker=False), dee),
    )
    assert refusal(state, Approve("d1"), ANN) == "own-work"


def test_an_emergency_ends_after_24_hours() -> None:
    steps: list[tuple[Command, Person]] = [
        (Submit("d1", weaker=False), ANN),
        (Approve("d1"), BOB),
        (Activate("d1"), BOB),
        (Submit("d2", weaker=True), ANN),
        (Activate("d2", emergency=True, reason="attack"), BOB),
    ]
    state = play(*steps)
    during, after = state.active(at(4 + 23.9)), state.active(at(4 + 24))
    assert during is not None
    assert after is not None
    assert (during.digest, after.digest) == ("d2", "d1")
    assert state.emergency(at(5)) is not None
    assert state.emergency(at(28)) is None


@pytest.mark.parametrize(("ahead", "lasts"), [(0.9, True), (2, False), (240, False)])
def test_an_emergency_of_a_clock_that_was_ahead_ends_with_it(ahead: float, lasts: bool) -> None:
    """Without approval nothing is in force for longer than 24 hours, whatever a clock does."""
    calm = play((Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Activate("d1"), BOB))
    calm = apply(calm, Event(Submit("d2", weaker=True), "ann", "privacy", at(4)))
    urgent = Event(Activate("d2", True, "attack"), "bob", "privacy", at(5 + ahead))
    active = apply(calm, urgent).active(at(5))
    assert active is not None
    assert (active.digest == "d2") is lasts


def test_an_emergency_before_any_approved_version_can_be_ended() -> None:
    """It was refused, and the emergency lasted its 24 hours whatever it did."""
    urgent = (Submit("d1", weaker=False), ANN), (Activate("d1", True, "attack"), BOB)
    assert refusal(play(*urgent), RollBack(""), VIV) == "role"
    assert refusal(play(urgent[0]), RollBack(""), BOB) == "never-active"
    state = play(*urgent, (RollBack(""), BOB))
    assert state.active(at(4)) is None
    assert state.versions["d1"].stage is VersionStage.SUBMITTED
    assert refusal(state, RollBack(""), BOB) == "never-active"


def test_rolling_back_goes_to_the_version_before() -> None:
    state = play(
        (Submit("d1", weaker=False), ANN),
        (Approve("d1"), BOB),
        (Activate("d1"), BOB),
        (Submit("d2", weaker=False, base="d1"), ANN),
        (Approve("d2"), BOB),
        (Activate("d2"), BOB),
        (RollBack(), CHO),
    )
    active = state.active(at(9))
    assert active is not None
    assert active.digest == "d1"
    assert state.versions["d2"].stage is VersionStage.RETIRED
    assert previous(state, at(9)) == "d2"


PEOPLE = st.sampled_from([ANN, BOB, CHO, VIV, Person("dee", BOTH, "legal")])
DIGESTS = st.sampled_from(["d1", "d2", "d3"])
COMMANDS = st.one_of(
    st.builds(
        Submit, DIGESTS, st.booleans(), st.sampled_from(["", "d1"]), st.sampled_from([(), ("bob",)])
    ),
    st.builds(Approve, DIGESTS),
    st.builds(Withdraw, DIGESTS),
    st.builds(Recall, DIGESTS),
    st.builds(Reject, DIGESTS, st.just("no")),
    st.builds(Activate, DIGESTS, st.booleans(), st.sampled_from(["", "attack"])),
    st.builds(RollBack, st.sampled_from(["", "d1", "d2", "d3"])),
)


class Abuse(RuleBasedStateMachine):
    """Any commands by anybody: what is active was always seen by two people."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.hours = 0.0

    @rule(command=COMMANDS, by=PEOPLE, wait=st.sampled_from([0.5, 30.0]))
    def act(self, command: Command, by: Person, wait: float) -> None:
        self.hours += wait
        answer = decide(fold(self.events), command, by, at(self.hours))
        if isinstance(answer, Event):
            self.events.append(answer)

    @invariant()
    def four_eyes(self) -> None:
        state = fold(self.events)
        active = state.active(at(self.hours))
        if active is None or active.emergency:
            return
        assert self.seen_by_two(active.digest)
        assert sum(v.stage is VersionStage.ACTIVE for v in state.versions.values()) == 1

    def seen_by_two(self, digest: str) -> bool:
        """Somebody else than an author approved exactly this digest, in the events themselves."""
        authors: set[str] = set()
        for event in self.events:
            if isinstance(event.command, Submit) and event.command.digest == digest:
                authors |= {event.by, *event.command.authors}
        return any(
            isinstance(e.command, Approve) and e.command.digest == digest and e.by not in authors
            for e in self.events
        )


TestAbuse = Abuse.TestCase


def test_who_may_activate_may_schedule_and_the_time_comes() -> None:
    assert refusal(SUBMITTED, Schedule("d1", at(60)), CHO) == "wrong-stage"
    assert refusal(APPROVED, Schedule("d1", at(40)), BOB) == "past"
    assert refusal(APPROVED, Schedule("d1", at(60)), VIV) == "role"
    waits = play(
        (Submit("d1", weaker=False), ANN), (Approve("d1"), BOB), (Schedule("d1", at(9)), CHO)
    )
    assert waits.due(at(8)) == ()
    (due,) = waits.due(at(9))
    assert (due.digest, due.scheduled_by) == ("d1", ("cho", "legal"))
    assert waits.active(at(9)) is None


@pytest.mark.parametrize(
    ("command", "by"),
    [
        (Withdraw("d1"), BOB),
        (Recall("d1"), ANN),
        (Reject("d1", "no"), CHO),
        (Activate("d1"), CHO),
        (Schedule("d1", ""), CHO),
    ],
)
def test_a_schedule_ends_with_what_it_was_for(command: Command, by: Person) -> None:
    state = play(
        (Submit("d1", weaker=False), ANN),
        (Approve("d1"), BOB),
        (Schedule("d1", at(9)), CHO),
        (command, by),
    )
    assert state.due(at(10)) == ()


def test_a_comment_changes_nothing_and_needs_a_part_in_it() -> None:
    comment = Comment("d1", "packs/base.yaml:7", "why?")
    assert refusal(SUBMITTED, comment, VIV) == "role"
    assert refusal(SUBMITTED, Comment("d2", "", "?"), ANN) == "unknown-version"
    assert play((Submit("d1", weaker=False), ANN), (comment, CHO)) == SUBMITTED
