"""All formats of judges, by the names that the settings use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from threegate.detectors.judges.base import JudgeFormat
from threegate.detectors.judges.claims import Claims
from threegate.detectors.judges.gpt_oss_safeguard import GptOssSafeguard
from threegate.detectors.judges.granite_guardian import GraniteGuardian
from threegate.detectors.judges.llama_guard import LlamaGuard
from threegate.detectors.judges.question import Question
from threegate.detectors.judges.qwen3guard import Qwen3Guard
from threegate.detectors.judges.shieldgemma import ShieldGemma
from threegate.detectors.judges.text_classification import TextClassification
from threegate.detectors.judges.wildguard import WildGuard

_ALL: tuple[JudgeFormat, ...] = (
    Question(),
    Claims(),
    Qwen3Guard(),
    LlamaGuard(),
    GptOssSafeguard(),
    GraniteGuardian(),
    ShieldGemma(),
    WildGuard(),
    TextClassification(),
)
FORMATS: Final[Mapping[str, JudgeFormat]] = {each.name: each for each in _ALL}
