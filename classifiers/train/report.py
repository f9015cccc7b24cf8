"""Print the figures of the shipped models from `results/*.json`: guard on families that never trained, others on the development split.

Every `ship_*.py` wrote its figures there; `--json` prints the summary as JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def load(name: str) -> dict[str, Any]:
    """The figures of the newest shipped version of a model, or nothing."""
    files = sorted(RESULTS.glob(f"{name}-[0-9]*.json"), key=lambda path: int(path.stem.rsplit("-", 1)[1]))
    found: dict[str, Any] = json.loads(files[-1].read_text(encoding="utf-8")) if files else {}
    return found


def guard_lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The unseen-family table: share with any finding at medium and high, area under the curve."""
    return [{"task": line["set"], "language": line["language"], "figure": "AUC; medium, high", "model": line.get("auc"), "floor": None,
             "recall": line["medium"], "false_positives": line["high"]} for line in found.get("unseen", [])]  # fmt: skip


def entity_lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    dev, floor = found.get("dev", {}), found.get("floor", {})
    return [{"task": "entities", "language": language, "figure": "span F1", "model": dev[language]["all"]["f1"],
             "floor": floor.get(language), "recall": dev[language]["all"]["recall"], "false_positives": None}
            for language in ("zh", "en") if language in dev]  # fmt: skip


def grounding_lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    dev, floor = found.get("dev", {}), found.get("floor", {})
    return [{"task": "grounding (own pairs)", "language": language, "figure": "balanced accuracy",
             "model": dev[f"own {language}"]["balanced_accuracy"], "floor": floor.get(language),
             "recall": dev[f"own {language}"]["supported_recall"], "false_positives": None}
            for language in ("zh", "en") if f"own {language}" in dev]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    lines = [
        *guard_lines(load("guard")),
        *entity_lines(load("entities")),
        *grounding_lines(load("grounding")),
    ]
    if args.json:
        print(json.dumps(lines, ensure_ascii=False, indent=1))
        return
    print(f"{'task or set':44} {'lang':4} {'figure':18} {'model':>7} {'floor':>7} {'recall':>7} {'FPR':>7}")
    for line in lines:
        numbers = [
            f"{line[k]:7.3f}" if line[k] is not None else "      –"
            for k in ("model", "floor", "recall", "false_positives")
        ]
        print(f"{line['task']:44} {line['language']:4} {line['figure']:18} {' '.join(numbers)}")


if __name__ == "__main__":
    main()
