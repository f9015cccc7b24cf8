"""The weighted mean of two stages of a model: a stage that learnt new rows too well, and the one before it.

.venv-train/bin/python classifiers/train/average.py --first entities/1 --second entities-b --share 0.7 --run entities-c
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch

from reopen import reopen
from shipping import MODELS

State = dict[str, torch.Tensor]


def state_of(work: Path, start: str, per_token: bool) -> State:
    """The weights of a run in `work`, or of a shipped model by `name/version`."""
    if "/" in start:
        return dict(reopen(MODELS / start / "model.onnx", per_token).state_dict())
    return dict(torch.load(work / f"{start}.pt", weights_only=True)["model"])


def mean(first: State, second: State, share: float) -> State:
    """`share` of the second, which alone says how it reads. Both must know the same pieces by the same numbers."""
    if not torch.equal(first["encoder.words.weight"], second["encoder.words.weight"]):
        raise SystemExit("the two do not have the same vocabulary")
    return {
        name: (1 - share) * first.get(name, value) + share * value if value.is_floating_point() else value
        for name, value in second.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument("--first", required=True)
    parser.add_argument("--second", required=True, help="a run; its tokenizer is kept")
    parser.add_argument("--share", type=float, default=0.5, help="of the second")
    parser.add_argument("--run", required=True)
    args = parser.parse_args()
    per_token = args.second.startswith("entities")
    states = [state_of(args.work, start, per_token) for start in (args.first, args.second)]
    torch.save({"model": mean(*states, args.share)}, args.work / f"{args.run}.pt")
    shutil.copy(args.work / f"{args.second}.tokenizer.json", args.work / f"{args.run}.tokenizer.json")


if __name__ == "__main__":
    main()
