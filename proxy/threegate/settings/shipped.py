"""Where policies and models are when no setting names a folder.

Policies: `policies` of the working directory (`threegate init` makes one), else those inside the
installed package, else those of the checkout. Models: `classifiers/models` of the working
directory, else the installed `threegate-model-*` packages, else the checkout.
"""

from __future__ import annotations

from importlib.machinery import PathFinder
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
BUNDLED = PACKAGE / "bundled"
"""What the build puts into the wheel (scripts/wheel_hook.py); a checkout has none."""
CHECKOUT = PACKAGE.parents[1]
MODELS = "threegate_models"
"""Namespace package that every `threegate-model-*` distribution adds a folder to."""


def policies() -> Path:
    own = Path("policies")
    return own if (own / "packs").is_dir() else original_policies()


def original_policies() -> Path:
    """The policies as shipped; must not be written to."""
    bundled = BUNDLED / "policies"
    return bundled if bundled.is_dir() else CHECKOUT / "policies"


def models() -> Path:
    """A folder that may be missing: models are separate packages."""
    own = Path("classifiers/models")
    return own if own.is_dir() else _installed_models() or CHECKOUT / own


def _installed_models() -> Path | None:
    spec = PathFinder.find_spec(MODELS)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None
