"""The fact check on sources that never train, on public ones that do, and on our own held rows: one command.

    python classifiers/train/unseen_claims.py grounding/4            # shipped models, at their levels
    python classifiers/train/unseen_claims.py grounding/4 --levels   # sets the levels of its manifest first

A claim is judged as the proxy judges it (`as_judged.py`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from as_judged import Case, Score, cases, of_file, sampled, score
from claim_levels import figures, find_levels, without_each
from grounding import split
from shipping import MODELS


def measured(folder: Path, rows: Sequence[Case], reset: bool) -> dict[str, Any]:
    """`claims` of `results/grounding-N.json`; with `reset` the manifest of `folder` gets levels from `rows`."""
    ask = of_file(folder)
    scored: list[tuple[Case, Score]] = [(case, score(case, ask)) for case in rows]
    path = folder / "manifest.yaml"
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    if reset:
        manifest["levels"] = find_levels(scored)
        path.write_text(
            yaml.safe_dump(manifest, allow_unicode=True, sort_keys=False, width=110), encoding="utf-8"
        )
    made = figures(scored, manifest["levels"])
    for name, accuracy in without_each(scored).items():
        made[name]["balanced_accuracy_elsewhere"] = accuracy
    return made


def printed(tables: dict[str, dict[str, Any]]) -> str:
    names = list(tables)
    lines = ["| source | n | " + " | ".join(names) + " |", "|---" * (2 + len(names)) + "|"]
    for source, first in tables[names[0]].items():
        cells = []
        for table in tables.values():
            found = table[source]
            elsewhere = found.get("balanced_accuracy_elsewhere")
            more = f" ({elsewhere:.2f})" if elsewhere is not None else ""
            cells.append(f"{found['auc']:.2f} / {found['balanced_accuracy']:.2f}{more}")
        lines.append(
            f"| {source}{' †' if first['unseen'] else ''} | {first['n']} | " + " | ".join(cells) + " |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", help="shipped models, such as grounding/4")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--levels", action="store_true", help="set the levels of the models from these claims"
    )
    parser.add_argument("--out", type=Path, help="where the tables go as JSON")
    args = parser.parse_args()
    rows = cases(sampled(*split(args.data)))
    tables = {name: measured(MODELS / name, rows, args.levels) for name in args.models}
    print("area under the curve / balanced accuracy (at levels set without the source); † never trains")
    print(printed(tables))
    if args.out:
        args.out.write_text(json.dumps(tables, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
