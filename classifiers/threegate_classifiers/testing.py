"""Tiny real models for tests: a word list becomes an ONNX graph and a trained tokenizer.

Each label has words that speak for it; a text's logit of a label is `WEIGHT` times how often they
occur (or per token, for tags) minus `WEIGHT / 2`, `O` aside. Words of `against` take `AGAINST` of
such a word away again. Every CJK character and every Latin word is a token. Needs the `onnx`
package, a development dependency.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors, trainers

from threegate_classifiers import onnx_runtime
from threegate_classifiers.manifest import MANIFEST, MODEL, TOKENIZER, VECTORS

WEIGHT, AGAINST = 12.0, 0.6
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
_CJK = Regex("[\u3400-\u9fff]|[^\\w\\s]")


def build_model(
    root: Path,
    name: str,
    task: str,
    words: Mapping[str, Sequence[str]],
    *,
    sentences: Sequence[str] = (),
    version: str = "1",
    quantise: bool = False,
    against: Sequence[str] = (),
    **manifest: Any,
) -> Path:
    """Write `<root>/<name>/<version>/` and return it. `words` gives each label's words; `manifest`
    overrides keys."""
    folder = root / name / version
    folder.mkdir(parents=True)
    every = [*against, *(w for group in words.values() for w in group)]
    tokenizer = train_tokenizer([*sentences, *every])
    tokenizer.save(str(folder / TOKENIZER))
    bias = [0.0 if label == "O" else -WEIGHT / 2 for label in words]
    table = _table(tokenizer, words, against)
    write_graph(folder / MODEL, table, bias, per_token=task == "tag")
    if quantise:
        _quantise(folder / MODEL)
    write_manifest(folder, _manifest(name, version, task, list(words)) | manifest)
    return folder


def build_vectors(
    root: Path, name: str, groups: Sequence[Sequence[str]], *, version: str = "1"
) -> Path:
    """Likewise an `embed` model: the words of a group mean the same, all others nothing."""
    folder = root / name / version
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer([word for group in groups for word in group])
    tokenizer.save(str(folder / TOKENIZER))
    record = np.dtype([("scale", "<f4"), ("row", "i1", (len(groups),))])
    table = np.zeros(tokenizer.get_vocab_size(), record)
    for column, group in enumerate(groups):
        for word in group:
            ids = tokenizer.encode(word, add_special_tokens=False).ids
            table["row"][ids, column], table["scale"][ids] = 1, 1.0
    np.save(folder / VECTORS, table)
    head = _manifest(name, version, "embed", [])
    keys = ("name", "version", "title", "task", "licence")
    write_manifest(folder, {key: head[key] for key in keys})
    return folder


def train_tokenizer(sentences: Sequence[str]) -> Any:
    """Word-level, trained on `sentences`; pairs as `<s> a </s></s> b </s>`."""
    tokenizer = Tokenizer(models.WordLevel(unk_token="<unk>"))  # noqa: S106
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(_CJK, "isolated"), pre_tokenizers.WhitespaceSplit()]
    )
    tokenizer.train_from_iterator(sentences, trainers.WordLevelTrainer(special_tokens=_SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return tokenizer


def _table(
    tokenizer: Any, words: Mapping[str, Sequence[str]], against: Sequence[str]
) -> np.ndarray[Any, Any]:
    """[vocabulary, labels]: 1 where the token speaks for the label."""
    table = np.zeros((tokenizer.get_vocab_size(), len(words)), np.float32)
    for column, group in enumerate(words.values()):
        for word in group:
            ids = tokenizer.encode(word, add_special_tokens=False).ids
            table[ids, column] = 1 / len(ids)
    for word in against:
        table[tokenizer.encode(word, add_special_tokens=False).ids] = -AGAINST
    return table


def write_graph(
    path: Path, table: np.ndarray[Any, Any], bias: Sequence[float], *, per_token: bool
) -> None:
    """ids, mask -> logits: gather, mask, sum over tokens unless `per_token`, one linear layer."""
    from onnx import TensorProto, helper, numpy_helper, save

    labels = table.shape[1]
    weights = {
        "table": table,
        "head": np.eye(labels, dtype=np.float32) * WEIGHT,
        "bias": np.array(bias, np.float32),
        "last": np.array([2], np.int64),
        "tokens": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["states"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["mask3"]),
        helper.make_node("Mul", ["states", "mask3"], ["masked"]),
        helper.make_node("Identity", ["masked"], ["pooled"])
        if per_token
        else helper.make_node("ReduceSum", ["masked", "tokens"], ["pooled"], keepdims=0),
        helper.make_node("MatMul", ["pooled", "head"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    ids = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    shape = ["rows", "tokens", labels] if per_token else ["rows", labels]
    out = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape)]
    tensors = [numpy_helper.from_array(value, key) for key, value in weights.items()]
    graph = helper.make_graph(nodes, "tiny", ids, out, tensors)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def _quantise(path: Path) -> None:
    onnx_runtime.quantization().quantize_dynamic(path, path, op_types_to_quantize=["MatMul"])


def _manifest(name: str, version: str, task: str, labels: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "title": {"zh": "测试", "en": "Test"},
        "task": task,
        "licence": "Apache-2.0",
        "inputs": ["input_ids", "attention_mask"],
        "activation": "sigmoid" if task == "classify" else "softmax",
        "max_tokens": 32,
        "overlap_tokens": 8,
        "labels": labels,
    }


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """`manifest.yaml` with the hashes of the files that lie in `folder`."""
    files = {
        name: {
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
            "bytes": (folder / name).stat().st_size,
        }
        for name in (MODEL, VECTORS, TOKENIZER)
        if (folder / name).exists()
    }
    text = yaml.safe_dump({"files": files} | dict(manifest), allow_unicode=True, sort_keys=False)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


TINY_GUARD = {
    "injection.direct": ["ignore", "忽"],
    "injection.indirect": ["forward", "转"],
    "hazard.weapons": ["bomb", "炸"],
    "offensive": ["stupid", "蠢"],
    "compliance.harmful": ["mix", "混"],
}
TINY_ENTITIES = {
    "O": ["met", "in"],
    "B-PERSON": ["Ada", "王"],
    "I-PERSON": ["Lovelace", "小", "明"],
    "B-ORG": ["Acme"],
    "I-ORG": ["Corp"],
}
TINY_GROUNDING = {"supported": ["yes"], "contradicted": ["no"], "nei": ["maybe"]}
TINY_EVIDENCE = (("car", "vehicle", "车"), ("child", "kid", "孩"))


def build_tiny_models(root: Path) -> Path:
    """guard, entities, grounding and evidence as their word lists say; for tests of detectors."""
    build_model(root, "guard", "classify", TINY_GUARD)
    kinds = {"PERSON": "pii.person", "ORG": "pii.org"}
    build_model(root, "entities", "tag", TINY_ENTITIES, kinds=kinds)
    build_model(root, "grounding", "entail", TINY_GROUNDING, max_tokens=320, overlap_tokens=32)
    build_vectors(root, "evidence", TINY_EVIDENCE)
    return root
