"""Answers of guard models in their published formats, and what they must be read as.

Texts are the examples of the model cards and reports named in each format's module; log
probabilities have the shape of vLLM's two APIs. `None`: no answer of the format, a failure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
REFUSES = "I'm sorry, but I can't assist with that request."
LG3 = "\n\nunsafe\nS1"


def chat(content: str | None, *tokens: tuple[str, dict[str, float]]) -> Json:
    """`tokens` with the probabilities of their alternatives."""
    given = [
        {
            "token": token,
            "logprob": math.log(max(tops.values())),
            "top_logprobs": [{"token": t, "logprob": math.log(p)} for t, p in tops.items()],
        }
        for token, tops in tokens
    ]
    choice: Json = {"index": 0, "message": {"role": "assistant", "content": content}}
    return {"choices": [choice | ({"logprobs": {"content": given}} if given else {})]}


def completion(text: str, *tokens: tuple[str, dict[str, float]]) -> Json:
    tops = [{t: math.log(p) for t, p in alternatives.items()} for _, alternatives in tokens]
    given = {"tokens": [t for t, _ in tokens], "top_logprobs": tops} if tokens else None
    return {"choices": [{"index": 0, "text": text, "logprobs": given}]}


@dataclass(frozen=True)
class Case:
    """`found` are kinds below the judge's name with their scores."""

    format: str
    reply: Any
    found: dict[str, float] | None
    answered: bool = False


QWEN = [
    Case("qwen3guard", chat("Safety: Unsafe\nCategories: Violent"), {"hazard.violence": 1.0}),
    Case("qwen3guard", chat("Safety: Safe\nCategories: None"), {}),
    Case("qwen3guard", chat("Safety: Safe\nCategories: None\nRefusal: Yes"), {}, True),
    Case(
        "qwen3guard",
        chat("Safety: Controversial\nCategories: Unethical Acts"),
        {"hazard.hate": 0.5},
    ),
    Case(
        "qwen3guard",
        chat("Safety: Unsafe\nCategories: Non-violent Illegal Acts, Violent\nRefusal: No"),
        {"hazard.other_crime": 1.0, "hazard.violence": 1.0, "compliance.harmful": 1.0},
        True,
    ),
    Case(
        "qwen3guard",
        chat("Safety: Unsafe\nCategories: PII\nRefusal: Yes"),
        {"hazard.privacy": 1.0},
        True,
    ),
    Case("qwen3guard", chat("Safety: Unsafe\nCategories: Jailbreak"), {"injection.direct": 1.0}),
    Case(
        "qwen3guard",
        chat(
            "Safety: Unsafe\nCategories: Violent",
            ("Safety", {"Safety": 1.0}),
            (":", {":": 1.0}),
            (" Unsafe", {" Unsafe": 0.6, " Controversial": 0.3, " Safe": 0.1}),
        ),
        {"hazard.violence": 0.75},
    ),
    Case("qwen3guard", chat("Safety: Unsafe\nCategories: Violent"), None, True),  # no refusal line
    Case("qwen3guard", chat("Safety: Unsafe\nCategories: Witchcraft"), None),
    Case("qwen3guard", chat("Safety: Unsafe"), None),
    Case("qwen3guard", chat(REFUSES), None),
    Case("qwen3guard", chat("The text says Safety: Safe\nCategories: None"), None),
]
LLAMA = [
    Case("llama_guard", chat("safe"), {}),
    Case("llama_guard", chat("\n\nsafe"), {}),
    Case("llama_guard", chat("unsafe\nS1,S10"), {"hazard.violence": 1.0, "hazard.hate": 1.0}),
    Case(
        "llama_guard",
        chat(LG3, ("\n\n", {"\n\n": 0.9}), ("unsafe", {"unsafe": 0.72, "safe": 0.24, "S": 0.04})),
        {"hazard.violence": 0.75},
    ),
    Case("llama_guard", chat("safe", ("safe", {"safe": 0.6, "unsafe": 0.4})), {"": 0.4}),
    Case("llama_guard", chat("unsafe"), None),
    Case("llama_guard", chat(REFUSES), None),
    Case("llama_guard", chat("unsafe\nS99"), None),
    Case("llama_guard", chat("safe, I would say"), None),
]
SAFEGUARD = [
    Case("gpt_oss_safeguard", chat("1"), {"": 1.0}),
    Case("gpt_oss_safeguard", chat("0"), {}),
    Case(
        "gpt_oss_safeguard",
        chat('{"violation": 1, "policy_category": "hazard.fraud", "confidence": "medium"}'),
        {"hazard.fraud": 0.75},
    ),
    Case(
        "gpt_oss_safeguard",
        chat('```json\n{"violation": 1, "policy_category": "H2.f"}\n```'),
        {"": 1.0},
    ),
    Case("gpt_oss_safeguard", chat('{"violation": 0, "policy_category": null}'), {}),
    Case("gpt_oss_safeguard", chat(None), None),  # reasoning took all tokens
    Case("gpt_oss_safeguard", chat('{"violation": 1'), None),
    Case("gpt_oss_safeguard", chat('{"violation": "maybe"}'), None),
    Case("gpt_oss_safeguard", chat("[1]"), None),
    Case("gpt_oss_safeguard", chat(REFUSES), None),
]
GRANITE = [
    Case("granite_guardian", chat("Yes"), {"": 1.0}),
    Case("granite_guardian", chat("No\n<confidence> High </confidence>"), {}),
    Case("granite_guardian", chat("<score> yes </score>"), {"": 1.0}),
    Case("granite_guardian", chat("<think>\n</think>\n<score> no </score>"), {}),
    Case(
        "granite_guardian",
        chat(
            "<score> yes </score>",
            ("<score>", {"<score>": 1.0}),
            (" yes", {" yes": 0.45, " no": 0.15, "Yes": 0.15}),
        ),
        {"": 0.8},
    ),
    Case("granite_guardian", chat("<score> perhaps </score>"), None),
    Case("granite_guardian", chat("It depends."), None),
    Case("granite_guardian", chat(REFUSES), None),
]
SHIELD = [
    Case("shieldgemma", completion("Yes"), {"hazard.hate": 1.0}),
    Case("shieldgemma", completion("No"), {}),
    Case(
        "shieldgemma",
        completion("No", ("No", {"No": 0.42, "Yes": 0.28, " Yes": 0.14})),
        {"hazard.hate": 0.5},
    ),
    Case("shieldgemma", completion("Maybe"), None),
    Case("shieldgemma", completion(REFUSES), None),
]
WILD = [
    Case(
        "wildguard",
        completion("Harmful request: yes\nResponse refusal: N/A\nHarmful response: N/A"),
        {"": 1.0},
    ),
    Case(
        "wildguard",
        completion("Harmful request: no\nResponse refusal: no\nHarmful response: no"),
        {},
    ),
    Case(
        "wildguard",
        completion("Harmful request: yes\nResponse refusal: yes\nHarmful response: no"),
        {},
        True,
    ),
    Case(
        "wildguard",
        completion("Harmful request: yes\nResponse refusal: no\nHarmful response: yes"),
        {"compliance.harmful": 1.0},
        True,
    ),
    Case(
        "wildguard",
        completion("Harmful request: yes\nResponse refusal: no\nHarmful response: N/A"),
        None,
        True,
    ),
    Case("wildguard", completion("Harmful request: yes"), None),
    Case("wildguard", completion(""), None),
    Case("wildguard", completion(REFUSES), None),
]
LABELS = [{"label": "INJECTION", "score": 0.8}, {"label": "SAFE", "score": 0.2}]
CLASSIFIED = [
    Case("text_classification", LABELS, {"injection.direct": 0.8}),
    Case("text_classification", [LABELS], {"injection.direct": 0.8}),
    Case("text_classification", [{"label": "INJECTION", "score": 0.1}], {}),
    Case("text_classification", [{"label": "LABEL_1", "score": 0.9}], None),
    Case("text_classification", [{"label": "INJECTION", "score": 7.3}], None),  # a logit
    Case("text_classification", {"error": "Model is loading"}, None),
    Case("text_classification", [], None),
]

CASES = [*QWEN, *LLAMA, *SAFEGUARD, *GRANITE, *SHIELD, *WILD, *CLASSIFIED]
