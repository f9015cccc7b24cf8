"""The floor of entities: a linear classifier over a token and its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier
from tokenizers import Tokenizer

from entities import decode, tags
from entities_rows import EntityRow

Figures = Callable[[Sequence[EntityRow], Sequence[Any]], dict[str, Any]]


def _features(tokens: list[str]) -> list[dict[str, int]]:
    padded = ["^", "^", *tokens, "$", "$"]
    return [{f"{offset}:{padded[i + 2 + offset]}": 1 for offset in (-2, -1, 0, 1, 2)}
            | {f"cap:{padded[i + 2].lstrip('▁')[:1].isupper()}": 1, f"pair:{padded[i + 1]}{padded[i + 2]}": 1}
            for i in range(len(tokens))]  # fmt: skip


def tag_floor(
    train: Sequence[EntityRow], held: Sequence[EntityRow], tokenizer: Tokenizer, figures: Figures
) -> dict[str, float]:
    """Span F1 per language over all kinds."""
    hasher = FeatureHasher(2**18)
    features: list[dict[str, int]] = []
    labels: list[int] = []
    for row in train:
        encoding = tokenizer.encode(row.text, add_special_tokens=False)
        features += _features(encoding.tokens)
        labels += tags(encoding.offsets, row.text, row.spans)
    fitted = SGDClassifier(loss="log_loss", alpha=1e-6, random_state=0, max_iter=6).fit(
        hasher.transform(features), labels
    )
    found = []
    for row in held:
        encoding = tokenizer.encode(row.text, add_special_tokens=False)
        predicted = fitted.predict(hasher.transform(_features(encoding.tokens)))
        found.append(decode([int(i) for i in predicted], encoding.offsets, row.text))
    made = figures(held, found)
    return {language: made[language]["all"]["f1"] for language in ("zh", "en")}
