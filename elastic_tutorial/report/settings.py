"""Options of the terminal command in a file, whose keys are the names of the options."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser

_NOT_THERE = {"help", "version", "settings", "traceback"}  # options that a file cannot hold


def preset(parser: ArgumentParser, path: str, arguments: list[str]) -> None:
    """Take the options of a TOML file as defaults; what the command line names goes before."""
    try:
        found = tomllib.loads(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path!r} is no TOML file: {error}.") from None
    actions = {each.dest: each for each in parser._actions if each.dest not in _NOT_THERE}
    given = {word.partition("=")[0] for word in arguments}
    for key, value in found.items():
        name = key.replace("-", "_")
        if name not in actions:
            near = difflib.get_close_matches(name, actions, 1)
            meant = f"; did you mean {near[0]!r}?" if near else "."
            raise ValueError(f"{path!r} has the key {key!r}, which names no option{meant}")
        action = actions[name]
        if any(given & set(each.option_strings) for each in _rivals(parser, action)):
            continue  # the command line names the other of two
        action.default, action.required = _value(action, key, value), False
        if not action.option_strings:
            action.nargs = "?"
        for group in parser._mutually_exclusive_groups:
            if action in group._group_actions:
                group.required = False


def _rivals(parser, action):
    """Options of which only one may be named, this one apart."""
    groups = (each._group_actions for each in parser._mutually_exclusive_groups)
    return [each for group in groups if action in group for each in group if each is not action]


def _value(action: Action, key: str, value: Any):
    """Check that a value is what the option takes."""
    if action.nargs == 0:
        return _kind(key, value, bool, "true or false")
    if action.nargs is None:
        return _one(action, key, value)
    values = [_one(action, key, each) for each in _kind(key, value, list, "a list, as [1, 2]")]
    if isinstance(action.nargs, int) and len(values) != action.nargs:
        raise ValueError(f"the key {key!r} must hold {action.nargs} values; got {len(values)}.")
    return values


def _one(action, key, value):
    wanted = action.type or str
    if wanted is float:
        value = float(value) if type(value) is int else value
    _kind(
        key, value, wanted, {str: "text in quotes", int: "a whole number"}.get(wanted, "a number")
    )
    if action.choices and value not in action.choices:
        raise ValueError(
            f"the key {key!r} must be one of {', '.join(action.choices)}; got {value!r}."
        )
    return value


def _kind(key, value, kind, words):
    if type(value) is not kind:
        raise ValueError(f"the key {key!r} must be {words}; got {value!r}.")
    return value
