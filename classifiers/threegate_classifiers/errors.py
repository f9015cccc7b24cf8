"""What can go wrong, told apart by what the caller may do about it. No message holds a text."""

from __future__ import annotations


class ClassifierError(Exception):
    """Base of all errors of this package. `zh` is the message in Chinese where an operator may meet
    it at a start; programs and logs see the English."""

    def __init__(self, en: str = "", zh: str = "") -> None:
        super().__init__(en)
        self.zh = zh or en


class ModelError(ClassifierError):
    """A model cannot be used: a file is missing, changed, or says something impossible."""


class Overloaded(ClassifierError):
    """The queue is full; come back later."""


class TimedOut(ClassifierError):
    """The deadline passed before the model answered."""
