"""Where policies and models are found when no setting names a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.settings import Settings, shipped


def test_a_checkout_has_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert (shipped.policies() / "packs/base.yaml").is_file()
    assert list(shipped.models().glob("guard/*/manifest.yaml"))
    assert Settings().policies == shipped.policies()


def test_folders_of_the_working_directory_come_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    assert shipped.policies() == shipped.original_policies()  # a folder without packs is another's
    (tmp_path / "policies/packs").mkdir()
    (tmp_path / "classifiers/models").mkdir(parents=True)
    assert shipped.policies() == Path("policies")
    assert shipped.models() == Path("classifiers/models")


def test_an_installed_package_comes_before_the_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "BUNDLED", tmp_path / "bundled")
    (tmp_path / "bundled/policies").mkdir(parents=True)
    (tmp_path / "site/threegate_models/guard/1").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert shipped.policies() == tmp_path / "bundled/policies"
    assert shipped.models() == tmp_path / "site/threegate_models"
