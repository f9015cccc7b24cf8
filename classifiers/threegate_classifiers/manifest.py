"""`manifest.yaml`: what a model is, read strictly.

Unknown keys, duplicate keys, missing files and wrong hashes are errors that name the file. The
hash of every listed file is checked before it is opened, so what runs is what was reviewed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import yaml

from threegate_classifiers.errors import ModelError

MANIFEST, MODEL, TOKENIZER, CARD = "manifest.yaml", "model.onnx", "tokenizer.json", "CARD.md"
GPU_MODEL, VECTORS = "model.fp16.onnx", "vectors.npy"
LEVELS = ("low", "medium", "high")
DEFAULT_LEVELS = (0.3, 0.5, 0.8)
"""Thresholds of a label without any: for foreign models, whose scores nobody calibrated here."""

_Choice = TypeVar("_Choice", bound=StrEnum)
_Entry = TypeVar("_Entry")


class Task(StrEnum):
    CLASSIFY = "classify"
    TAG = "tag"
    ENTAIL = "entail"
    EMBED = "embed"


class Activation(StrEnum):
    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"


@dataclass(frozen=True, slots=True)
class File:
    name: str
    sha256: str
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Platt:
    """calibrated score = sigmoid(scale * logit + shift)"""

    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Beside:
    """Of a model that looks again at texts of `language` (see `second_look`): its `share` of the
    mean, and by how many logits a score that it is asked about may miss the lowest level."""

    language: str
    share: float
    near: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """`levels` and `calibration` are keyed by (label, language); thresholds are low, medium, high.

    `kinds` maps a label to the kind that a finding of it has; a label not in it is its own kind.
    An `embed` model has no labels and nothing that follows from them. `seconds` (`second` in the
    file, with blanks between) names the models that look again at what this one is unsure of.
    """

    name: str
    version: str
    task: Task
    licence: str
    files: tuple[File, ...]
    labels: tuple[str, ...] = ()
    activation: Activation = Activation.SOFTMAX
    max_tokens: int = 0
    overlap_tokens: int = 0
    inputs: tuple[str, ...] = ("input_ids", "attention_mask")
    output: str = "logits"
    title: tuple[tuple[str, str], ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()
    calibration: Mapping[tuple[str, str], Platt] = field(default_factory=dict)
    levels: Mapping[tuple[str, str], tuple[float, float, float]] = field(default_factory=dict)
    seconds: tuple[str, ...] = ()
    beside: Beside | None = None

    @property
    def id(self) -> str:
        return f"{self.name}/{self.version}"

    def kind(self, label: str) -> str:
        return dict(self.kinds).get(label, label)

    @property
    def entity_labels(self) -> tuple[str, ...]:
        """Of a tag model: its labels without B- and I-, each once."""
        return tuple(dict.fromkeys(label[2:] for label in self.labels if label[:2] == "B-"))


_REQUIRED = {"name", "version", "task", "licence", "files"}
_OPTIONAL = {"title", "source"}
_JUDGES = {"labels", "activation", "max_tokens"}
"""What is required, too, of a model that judges."""
_JUDGES_MAY = {
    *("inputs", "output", "overlap_tokens", "kinds", "calibration", "levels"),
    *("second", "beside"),
}


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, where PyYAML has it, takes a tenth of the time."""


class _StrictLoader(_LOADER):  # type: ignore[misc]
    """Safe YAML in which a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ModelError(f"key stands twice: {sorted(map(str, twice))[0]}")
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


def read_manifest(folder: Path) -> Manifest:
    """Parse `folder/manifest.yaml`. Raises ModelError naming the file and the key."""
    path = folder / MANIFEST
    try:
        loaded = _StrictLoader(path.read_text(encoding="utf-8")).get_single_data()
        return _manifest(loaded)
    except FileNotFoundError:
        raise _absent(path) from None
    except (yaml.YAMLError, ModelError) as error:
        raise ModelError(f"{path}: {error}") from None


def _manifest(loaded: Any) -> Manifest:
    if not isinstance(loaded, dict):
        raise ModelError("not a mapping")
    _check_keys(loaded)
    task = _choice(Task, loaded, "task")
    made = Manifest(
        name=str(loaded["name"]),
        version=str(loaded["version"]),
        task=task,
        licence=str(loaded["licence"]),
        files=_files(loaded["files"]),
        title=tuple(_mapping(loaded, "title").items()),
    )
    return made if task is Task.EMBED else _judging(made, loaded)


def _judging(made: Manifest, loaded: Mapping[str, Any]) -> Manifest:
    labels = tuple(str(label) for label in _list(loaded, "labels"))
    _check_labels(made.task, set(labels))
    return replace(
        made,
        labels=labels,
        activation=_choice(Activation, loaded, "activation"),
        max_tokens=_count(loaded, "max_tokens", None, least=8),
        overlap_tokens=_count(loaded, "overlap_tokens", 0, least=0),
        inputs=tuple(map(str, loaded.get("inputs", ("input_ids", "attention_mask")))),
        output=str(loaded.get("output", "logits")),
        kinds=tuple(_mapping(loaded, "kinds").items()),
        calibration=_by_language(loaded, "calibration", labels, _platt),
        levels=_by_language(loaded, "levels", labels, _thresholds),
        seconds=tuple(str(loaded.get("second", "")).split()),
        beside=_beside(_mapping(loaded, "beside")),
    )


def _check_keys(loaded: Mapping[str, Any]) -> None:
    judges = loaded.get("task") != Task.EMBED
    required = _REQUIRED | _JUDGES if judges else _REQUIRED
    may = _OPTIONAL | _JUDGES_MAY if judges else _OPTIONAL
    missing, unknown = required - set(loaded), set(loaded) - required - may
    if missing:
        raise ModelError(f"key missing: {sorted(missing)[0]}")
    if unknown:
        raise ModelError(f"unknown key: {sorted(map(str, unknown))[0]}")


def _check_labels(task: Task, labels: set[str]) -> None:
    begins = {label[2:] for label in labels if label.startswith("B-")}
    insides = {label[2:] for label in labels if label.startswith("I-")}
    if task is Task.TAG and (not begins or begins != insides):
        raise ModelError("labels: a tag model needs B- and I- of every entity")
    if task is Task.ENTAIL and labels != {"supported", "contradicted", "nei"}:
        raise ModelError("labels: an entail model has supported, contradicted and nei")


def _list(loaded: Mapping[str, Any], key: str) -> list[Any]:
    value = loaded[key]
    if not isinstance(value, list) or not value:
        raise ModelError(f"{key}: a list that is not empty is needed")
    return value


def _mapping(loaded: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = loaded.get(key) or {}
    if not isinstance(value, dict):
        raise ModelError(f"{key}: a mapping is needed")
    return value


def _count(loaded: Mapping[str, Any], key: str, default: int | None, *, least: int) -> int:
    value = loaded.get(key, default)
    if not isinstance(value, int) or value < least:
        raise ModelError(f"{key}: a whole number of at least {least} is needed")
    return value


def _choice(kind: type[_Choice], loaded: Mapping[str, Any], key: str) -> _Choice:
    try:
        return kind(loaded[key])
    except ValueError:
        raise ModelError(f"{key}: one of {', '.join(kind)} is needed") from None


def _files(loaded: Any) -> tuple[File, ...]:
    if not isinstance(loaded, dict) or TOKENIZER not in loaded:
        raise ModelError(f"files: {TOKENIZER} must be listed")
    return tuple(_file(str(name), entry) for name, entry in loaded.items())


def _file(name: str, entry: Any) -> File:
    if Path(name).name != name:
        raise ModelError(f"files: {name}: a plain file name is needed")
    digest = entry.get("sha256") if isinstance(entry, dict) else None
    if not isinstance(digest, str) or len(digest) != 64:
        raise ModelError(f"files: {name}: sha256 of 64 hex digits is needed")
    return File(name, digest.lower(), entry.get("bytes"))


def _by_language(
    loaded: Mapping[str, Any],
    key: str,
    labels: tuple[str, ...],
    parse: Callable[[str, Any], _Entry],
) -> dict[tuple[str, str], _Entry]:
    out: dict[tuple[str, str], _Entry] = {}
    for label, languages in _mapping(loaded, key).items():
        if label not in labels and f"B-{label}" not in labels:
            raise ModelError(f"{key}: {label} is not a label")
        for language, entry in languages.items():
            out[label, language] = parse(f"{key}: {label}: {language}", entry)
    return out


def _platt(where: str, entry: Any) -> Platt:
    if not isinstance(entry, dict) or set(entry) != {"scale", "shift"}:
        raise ModelError(f"{where}: scale and shift are needed")
    return Platt(float(entry["scale"]), float(entry["shift"]))


def _beside(entry: Mapping[str, Any]) -> Beside | None:
    if not entry:
        return None
    if set(entry) != {"language", "share", "near"}:
        raise ModelError("beside: language, share and near are needed")
    return Beside(str(entry["language"]), float(entry["share"]), float(entry["near"]))


def _thresholds(where: str, entry: Any) -> tuple[float, float, float]:
    if not isinstance(entry, dict) or set(entry) != set(LEVELS):
        raise ModelError(f"{where}: low, medium and high are needed")
    low, medium, high = (float(entry[level]) for level in LEVELS)
    if not low <= medium <= high:
        raise ModelError(f"{where}: low <= medium <= high is needed")
    return low, medium, high


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check that every listed file is there unchanged. Raises ModelError naming the first that is
    not."""
    for file in manifest.files:
        path = folder / file.name
        if not path.is_file():
            raise _absent(path)
        if file.bytes is not None and (size := path.stat().st_size) != file.bytes:
            raise ModelError(
                f"{path}: {size} bytes, the manifest says {file.bytes}",
                f"{path}：{size} 字节，manifest.yaml 写的是 {file.bytes}",
            )
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != file.sha256:
            raise ModelError(
                f"{path}: sha256 {digest}, the manifest says {file.sha256}",
                f"{path}：sha256 是 {digest}，manifest.yaml 写的是 {file.sha256}",
            )


def _absent(path: Path) -> ModelError:
    return ModelError(f"{path}: no such file", f"{path}：没有这个文件")
