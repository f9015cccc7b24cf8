"""Ship a second model beside guard: int8 ONNX, offsets by length, levels of the mean of both, figures, manifest, card.

python classifiers/train/ship_second.py --run english-a --language en --first guard/13 --version 1
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

import card
import lengths
from guard import LABELS, OUTPUTS, WIDTH
from levels import RATES
from second import LEFT, Reader, asked_texts, both, pair_of, shares_of
from ship_guard import CATEGORIES, MOST_TEXTS, agreement, plain, setting_of
from shipping import MODELS, export_both, load_run, tokenizer_of, write_manifest
from unseen import OVERLAP, Judge, judge_of, of_file, sample, table
from unseen_sets import Unseen

Array = NDArray[Any]
TITLES = {
    "en": {"zh": "护栏的第二个模型：只看英文", "en": "Guard's second model, for English alone"},
    "zh": {"zh": "护栏的第二个模型：只看中文", "en": "Guard's second model, for Chinese alone"},
}


def exported(run: str, folder: Path, work: Path, setting: list[Unseen], language: str) -> tuple[Reader, Path]:
    """The int8 file with its offsets by length, as read here, and the fp32 one."""
    tokenizer = tokenizer_of(work, run)
    folder.mkdir(parents=True, exist_ok=True)
    small, full = export_both(
        load_run(work / f"{run}.pt", OUTPUTS, per_token=False), tokenizer, folder, work, CATEGORIES
    )
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    reader = Reader(f"{folder.parent.name}/{folder.name}", work)
    reader.kept.unlink(missing_ok=True)
    offsets = lengths.fitted(setting, reader.read(setting))
    reader.offsets = offsets[lengths.LANGUAGES.index(language)]
    for path in (small, full):
        lengths.write(path, offsets, tokenizer)
    return reader, full


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--run", required=True)
    parser.add_argument("--language", default="en", choices=sorted(TITLES))
    parser.add_argument("--first", default="guard/13")
    parser.add_argument("--version", default="1")
    parser.add_argument("--share", type=float, default=0.5, help="of the second in the mean")
    parser.add_argument(
        "--near", type=float, default=2.5, help="logits below the lowest level that are asked about"
    )
    parser.add_argument("--most", type=int, default=MOST_TEXTS, help="as in unseen.py")
    args = parser.parse_args()
    torch.set_num_threads(1)
    language, name = args.language, f"guard-{args.language}"
    rows = asked_texts(args.data, language)
    setting, reported = setting_of(rows, args.most), sample(rows, args.most, 1)
    folder = MODELS / name / args.version
    second, full = exported(args.run, folder, args.work, setting, language)
    first, judge = Reader(args.first, args.work), judge_of(MODELS / args.first / "manifest.yaml")
    rule = (judge, language, args.share, args.near)
    set_by, _ = both(first.read(setting), second.read(setting), *rule)
    pair = pair_of(setting, set_by, judge, language)
    own = [
        {k: v for k, v in found.items() if k not in LEFT[language]}
        for found in (pair.calibration, pair.levels)
    ]
    facts = {"title": TITLES[language], "task": "classify", "activation": "sigmoid", "max_tokens": WIDTH, "overlap_tokens": OVERLAP,
             "labels": list(LABELS), "beside": {"language": language, "share": args.share, "near": args.near},
             "calibration": plain(own[0]), "levels": plain(own[1])}  # fmt: skip
    write_manifest(folder, tokenizer_of(args.work, args.run), facts)
    one = first.read(reported)
    shown, asked = both(one, second.read(reported), *rule)
    results = {
        "model": f"{name}/{args.version} beside {args.first}",
        "unseen": table(reported, shown, pair),
        "asked": shares_of(reported, asked),
        "rates": RATES,
        "share": args.share,
        "near": args.near,
        "int8_agrees_with_fp32": alike(reported[::17], full, second, pair, one[::17], shown[::17], rule),
    }
    out = Path(__file__).parent / "results" / f"{name}-{args.version}.json"
    out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    card.write_second(folder, results, args.data)
    second.kept.unlink()  # said by the file without its offsets
    print("asked", results["asked"], "int8 = fp32 on", results["int8_agrees_with_fp32"])


def alike(
    some: list[Unseen],
    full: Path,
    second: Reader,
    pair: Judge,
    one: Array,
    shown: Array,
    rule: tuple[Any, ...],
) -> float:
    """Share of texts of which the pair says the same at medium with the fp32 file."""
    exact = Reader(second.name, second.kept.parent.parent)
    exact.kept, exact.ask = second.kept.with_suffix(".fp32.npz"), of_file(full)
    exact.kept.unlink(missing_ok=True)
    return agreement(shown, both(one, exact.read(some), *rule)[0], some, pair)


if __name__ == "__main__":
    main()
