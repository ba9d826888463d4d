"""`init` and `test`: an own copy of the definition, and whether it still does what it did."""

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.explain_command import stories
from izoologic_cdf.content import folder
from izoologic_cdf.errors import UsageError
from izoologic_cdf.explain.story import Story
from izoologic_cdf.language.model import Feed
from izoologic_cdf.lint.check import lint

# what is copied, and what of it a copy needs
PARTS = ("feeds", "filters", "custom_objects", "fixtures")
TESTS = "tests"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "history")
_HEAD = """\
# What the cases of the samples become: object, then attribute, then its value or values.
# `izoologic-cdf test` compares; `izoologic-cdf test --update` writes this file anew.
"""
Expected = dict[str, dict[str, dict[str, Any]]]


def init(options: argparse.Namespace) -> int:
    """Copy the definition, its filters and samples into a folder, and write its tests."""
    target = Path(options.folder)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise UsageError(f"{target} is there already: name a new folder, or an empty one")
    try:
        for part in PARTS:
            shutil.copytree(folder(part), target / part, ignore=_LEFT_OUT)
        (target / TESTS).mkdir()
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    (definition,) = (target / "feeds").glob("*.yaml")
    options.definition, options.update, options.tests = str(definition), True, str(target / TESTS)
    _compare(options)
    streams.tell(
        f"{target} holds your own copy: feeds, filters, custom_objects, fixtures and tests. Next:",
        f"  cd {target}",
        f"  izoologic-cdf lint feeds/{definition.name} --watch",
        f"  izoologic-cdf explain CASE123456 --definition feeds/{definition.name}",
        f"  izoologic-cdf test incident --definition feeds/{definition.name}",
    )
    return 0


def test(options: argparse.Namespace) -> int:
    """Lint the definition and compare what its feeds make of the samples; 1 where they differ."""
    if options.definition is None:
        here = sorted(Path("feeds").glob("*.yaml"))
        if len(here) != 1:
            raise UsageError("--definition is missing, and there is no feeds/*.yaml here: see init")
        options.definition = str(here[0])
    path = Path(options.definition)
    findings = lint(path, Path(options.filters) if options.filters else None)
    for finding in findings:
        streams.tell(*finding.lines)
    differences = _compare(options)
    for line in differences:
        streams.tell(line)
    if not (findings or differences):
        streams.tell("the definition has no finding, and the samples become what the tests say")
    return 1 if findings or differences else 0


def _compare(options: argparse.Namespace) -> list[str]:
    """Return how what the feeds make differs from their tests, or write these."""
    made: dict[str, tuple[Feed, Expected]] = {}
    for story in stories(options):
        _, cases = made.setdefault(story.feed.name, (story.feed, {}))
        cases[str(story.case.id)] = _made(story)
    differences: list[str] = []
    for feed, cases in made.values():
        path = Path(options.tests) / f"{_slug(feed)}.yaml"
        if options.update:
            text = yaml.safe_dump(cases, sort_keys=False, allow_unicode=True, width=100)
            try:
                path.write_text(_HEAD + text, encoding="utf-8")
            except OSError as error:
                raise UsageError(f"{path} cannot be written: {error.strerror}") from None
            continue
        differences += [f"{path}: {line}" for line in _differences(_read(path), cases)]
    return differences


def _slug(feed: Feed) -> str:
    return (feed.namespace or feed.name).rpartition(".")[2].replace(" ", "_").lower()


def _made(story: Story) -> dict[str, dict[str, Any]]:
    """Return the attributes of each object of a case; several values as a list."""
    found: dict[str, dict[str, Any]] = {}
    for item in story.recorder.items:
        for one in item.objects:
            rows = found.setdefault(f"{one.type} {one.value}", {})
            for attribute in one.attributes:
                rows.setdefault(attribute.name, []).append(attribute.value)
    for rows in found.values():
        for name, values in rows.items():
            distinct = list(dict.fromkeys(values))
            rows[name] = distinct[0] if len(distinct) == 1 else distinct
    return found


def _read(path: Path) -> Expected:
    try:
        cases = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {type(error).__name__}", "write it: --update"
        ) from None
    except yaml.YAMLError:
        raise UsageError(f"{path} is not valid YAML", "write it anew: --update") from None
    if not isinstance(cases, dict):
        raise UsageError(f"{path} has no cases", "write it anew: --update")
    return cases


def _differences(expected: Expected, made: Expected) -> Iterator[str]:
    for where, old, new in _walk(expected, made, ()):
        what = " > ".join(where)
        if old is None:
            yield f"{what} is new: {_shown(new)}"
        elif new is None:
            yield f"{what} is gone: it was {_shown(old)}"
        else:
            yield f"{what} is {_shown(new)}, and was {_shown(old)}"


def _walk(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _walk(old.get(key), new.get(key), (*path, str(key)))
    elif old != new:
        yield path, old, new


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
