from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.auth.sessions import MAX_FAILURES, MAX_KEYS, WINDOW_S, Signer, Throttle

SIGNER = Signer(b"secret")


def test_what_was_signed_is_read_back() -> None:
    token = SIGNER.sign("session", "anna", 3)
    assert SIGNER.read("session", token, 60) == ["anna", 3]


def test_a_token_serves_its_own_purpose_only() -> None:
    token = SIGNER.sign("session", "anna", "tg_1")
    assert SIGNER.read("reveal", token, 60) is None


def test_a_browser_is_known_to_its_own_account_and_names_nobody() -> None:
    cookie = SIGNER.sign_browser("anna")
    browser = SIGNER.read_browser("anna", cookie)
    assert browser
    assert browser != SIGNER.read_browser("anna", SIGNER.sign_browser("anna"))
    assert not any(SIGNER.read_browser(name, cookie) for name in ("ben", "Anna", ""))
    assert not SIGNER.read_browser("anna", SIGNER.sign("session", "anna", 3))
    assert "anna" not in str(SIGNER._of("browser anna").loads_unsafe(cookie))


def test_another_key_reads_nothing() -> None:
    assert Signer(b"other").read("session", SIGNER.sign("session", "anna", 3), 60) is None


def test_old_tokens_are_not_read() -> None:
    assert SIGNER.read("session", SIGNER.sign("session", "anna", 3), -1) is None


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert SIGNER.read("session", text, 60) is None


@given(st.integers(0, 60), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_token_is_never_somebody_else(at: int, char: str) -> None:
    """Base64 has spare bits at its end, so a change may leave the bytes as they are."""
    token = SIGNER.sign("session", "anna", 3)
    changed = token[:at] + char + token[at + 1 :]
    assert SIGNER.read("session", changed, 60) in (None, ["anna", 3])


def test_guessing_ends_and_begins_again_later() -> None:
    clock = [0.0]
    throttle = Throttle(lambda: clock[0])
    assert all(throttle.attempt("anna") for _ in range(MAX_FAILURES))
    assert not throttle.attempt("anna")
    assert throttle.attempt("ben")
    clock[0] = WINDOW_S + 1
    assert throttle.attempt("anna")


def test_a_right_password_forgets_the_attempts() -> None:
    throttle = Throttle()
    for _ in range(MAX_FAILURES):
        throttle.attempt("anna")
    throttle.forget("anna")
    assert throttle.attempt("anna")


def test_an_attempt_that_was_no_guess_is_taken_back() -> None:
    throttle = Throttle(lambda: 0.0)
    for _ in range(3 * MAX_FAILURES):
        assert throttle.attempt("anna")
        throttle.take_back("anna")
    throttle.take_back("nobody")


@pytest.mark.parametrize("more", [1, 500])
def test_memory_is_bounded(more: int) -> None:
    throttle = Throttle(lambda: 0.0)
    for n in range(MAX_KEYS + more):
        throttle.attempt(f"name:{n}")
    assert len(throttle._attempts) == MAX_KEYS
