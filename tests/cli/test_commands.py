"""The table of commands: what it says exists, and nothing in it is left over."""

from __future__ import annotations

import subprocess
import sys

import pytest
from threegate.cli.commands import COMMANDS, SHARED, Entry, found_at, parser
from threegate.cli.main import main

PROPERTIES = {
    *("zh", "en", "type", "flag", "repeat", "choices", "nargs", "metavar", "default", "required"),
    *("dest", "hidden", "name"),
}


def ends(entry: Entry) -> list[Entry]:
    """The commands below it that do something."""
    if "run" in entry:
        return [entry]
    return [end for verb in entry.values() if isinstance(verb, dict) for end in ends(verb)]


ENDS = [end for entry in COMMANDS.values() for end in ends(entry)]


def test_every_command_is_listed_with_help() -> None:
    choices = next(a.choices for a in parser()._actions if isinstance(a.choices, dict))
    assert list(choices) == list(COMMANDS)
    assert all(choices[name]._actions[1:] for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


def test_the_version_and_the_list_of_commands_load_no_detector() -> None:
    script = (
        "import sys; from threegate.cli.commands import parser; parser('en', ()).format_help();"
        "print([m for m in ('numpy', 'sqlalchemy', 'starlette', 'onnxruntime') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ran.stdout.strip() == "[]", ran.stderr


def test_every_command_has_its_function() -> None:
    places = [e["run"] for e in ENDS] + [e["through"] for e in COMMANDS.values() if "through" in e]
    assert [place for place in places if not callable(found_at(place))] == []


def test_arguments_have_known_properties() -> None:
    arguments = [*SHARED["args"].values(), *(a for e in ENDS for a in e.get("args", {}).values())]
    assert {name for argument in arguments for name in argument} <= PROPERTIES


def test_no_shared_argument_is_left_over() -> None:
    every = [*ENDS, *COMMANDS.values()]
    named = {name for entry in every for name in entry.get("with", ())}
    changed = {n for e in every for n, a in e.get("args", {}).items() if "en" not in a}
    used = changed | named | {n for each in named for n in SHARED["sets"].get(each, ())}
    assert SHARED["sets"].keys() - named == set()
    assert SHARED["args"].keys() - used == {"--version", "--lang"}


def test_a_verb_has_the_arguments_of_its_command() -> None:
    args = parser("en", ["audit"]).parse_args(["audit", "show", "id", "--database", "x"])
    assert (args.verb, args.id, args.database, args.directory) == ("show", "id", "x", None)


def test_an_entry_without_texts_changes_the_shared_argument() -> None:
    policy = parser("en", ["policy"])
    assert policy.parse_args(["policy", "rollback"]).digest is None
    with pytest.raises(SystemExit):
        policy.parse_args(["policy", "approve"])
