"""I: names and texts of a definition stay what they are; what is wrong is told with its place."""

import json
import shutil
from pathlib import Path

import pytest

from izoologic_cdf.bundle.build import BuildError, build_yaml
from izoologic_cdf.bundle.layout import zip_name
from izoologic_cdf.cli.form import definition_files
from izoologic_cdf.content import folder
from izoologic_cdf.lint.check import lint
from tests.support.built import built_text
from tests.support.linted import complete, lint_text
from tests.support.shells import Shell, in_turn
from tests.support.steps import steps

CODE = "CDF115"
HTTP = "source:\n  http:\n    url: https://api.example.com/\n    "
ROWS = "report:\n  attribute-sets:\n    a: {{items: [{{name: "
# what is written, and what YAML reads; null where it reads the text
SCALARS = {
    "NO": "the boolean false",
    "no": "the boolean false",
    "Off": "the boolean false",
    "On": "the boolean true",
    "YES": "the boolean true",
    "007": "the number 7",
    "0o17": None,
    "08": None,
    "0x1F": "the number 31",
    "0b11": "the number 3",
    "1_000": "the number 1000",
    "+7": "the number 7",
    "1.10": "the number 1.1",
    "1_0.5": "the number 10.5",
    "12:30": "the number 750",
    "12:30:00": "the number 45000",
    "1:30.5": "the number 90.5",
    "1e3": None,
    "1.0e+3": "the number 1000.0",
    "2024-01-01": "a date",
    "2024-02-30": "a date",
    "2024-01-01 12:00:00": "a date",
    "=": "a default key",
    "y": None,
    "n": None,
    "Nothing": None,
    "1.2.3": None,
    "'NO'": None,
    '"007"': None,
}
# where a name or a text is due: any scalar that is none is found
NAMES = {
    "a feed": "feeds:\n  {}:\n    category: Commercial\n",
    "a template value": "template_values:\n  {}: 1\n",
    "a key that is set": "filters:\n  - set: {{{}: 1}}\n",
    "a parameter": HTTP + "params: {{{}: 1}}\n",
    "a header": HTTP + "headers: {{{}: 1}}\n",
    "a key to get": "filters:\n  - get: {}\n",
    "a key to filter": "filters:\n  - filter-mapping: {{{}: [parse-json]}}\n",
    "an attribute": ROWS + "{}, value: 1}}]}}\n",
    "a set": "report:\n  attribute-sets:\n    {}: {{items: []}}\n",
    "a label": "user_fields:\n  - {{name: a, label: {}}}\n",
    "a default": "user_fields:\n  - {{name: a, label: A, default: {}}}\n",
    "a category": "category: {}\n",
    "an ingest rule": "ingest_rules:\n  attributes:\n    - {{name: {}, rule: update}}\n",
}
# where data stand: true, false, null and numbers in their usual spelling are meant
DATA = {
    "a template value": "template_values:\n  a: {}\n",
    "an element of a list": "template_values:\n  a: [{}]\n",
    "a key of a table": "template_values:\n  a: {{{}: 1}}\n",
    "a value that is set": "filters:\n  - set: {{a: {}}}\n",
    "a parameter": HTTP + "params: {{a: {}}}\n",
    "a field of a body": HTTP + "body: !json {{a: {}}}\n",
    "the value of an attribute": ROWS + "b, value: {}}}]}}\n",
    "an attribute of a pipeline": "filters:\n  - set: {{attributes: [{{name: {}, value: 1}}]}}\n",
}


def found(example: str) -> list[str]:
    """Return what the rule says of a shortened definition."""
    return [one.message for one in lint_text(complete(example)) if one.code == CODE]


@pytest.mark.parametrize("written", SCALARS)
@pytest.mark.parametrize("where", [*NAMES, *(f"in data: {name}" for name in DATA)])
def test_39_a_scalar_that_yaml_reads_as_something_else_is_found(where: str, written: str) -> None:
    example = NAMES.get(where) or DATA[where.removeprefix("in data: ")]
    became = SCALARS[written]
    expected = [] if became is None else [f"YAML reads {written} as {became}, not as text"]
    assert found(example.format(written)) == expected


@pytest.mark.parametrize("written", ["true", "False", "~", "null", "7", "-1", "1.5", "0"])
def test_39_what_is_meant_as_no_text_is_found_where_a_text_is_due_alone(written: str) -> None:
    for where, example in NAMES.items():
        (message,) = found(example.format(written))
        assert message.startswith(f"YAML reads {written} as "), where
    for where, example in DATA.items():
        assert found(example.format(written)) == [], where


def test_39_what_is_due_is_told_by_the_feed_that_merges_a_fragment_above_it() -> None:
    text = complete("_anchors:\n  - &shared true\n").replace(": Commercial", ": *shared")
    (message,) = [one.message for one in lint_text(text) if one.code == CODE]
    assert message.startswith("YAML reads true as ")


def test_39_a_check_box_may_be_ticked_in_any_spelling() -> None:
    fields = "user_fields:\n  - {name: a, label: A, boolean: yes, default: On, required: no}\n"
    switches = f"{HTTP}verify_host_ssl: yes\n"
    assert found(fields + switches) == []


def test_39_a_finding_says_how_to_have_either() -> None:
    (finding,) = (
        one for one in lint_text(complete(NAMES["a feed"].format("NO"))) if one.code == CODE
    )
    assert finding.help == 'write "NO" to have the text, false to have what YAML reads'


@pytest.mark.parametrize("path", definition_files(), ids=lambda path: path.name)
def test_39_the_built_in_definitions_have_none(path: Path) -> None:
    assert [one for one in lint(path) if one.code == CODE] == []


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[{set: {NO: 1, On: 2, 007: 3, 1.10: 4}}]", {"NO": 1, "On": 2, "007": 3, "1.10": 4}),
        ("[{set: {true: 1, ~: 2, 7: 3}}]", {"true": 1, "~": 2, "7": 3}),
        (
            "[{new: {NO: 1, 12:30: 2, 1_000: 3, 0x1F: 4}}]",
            {"NO": 1, "12:30": 2, "1_000": 3, "0x1F": 4},
        ),
        ("[{new: {a: {NO: Norway, SE: Sweden}}}]", {"a": {"NO": "Norway", "SE": "Sweden"}}),
        ("[{new: {1: one, true: yes it is}}]", {1: "yes it is"}),
        ("[{set: {a: 1}}, {filter-mapping: {NO: {new: 2}}}]", {"a": 1, "NO": 2}),
        ("[{set: {NO: 1}}, {get: NO}]", 1),
    ],
)
def test_39_a_key_is_what_was_written(text: str, made: object) -> None:
    assert steps(text, {}) == [made]


def test_39_the_key_of_a_parameter_is_what_was_written() -> None:
    (mapping,) = steps("[{supplemental: {feed: x, params: {NO: 1, 7: 2}, into: a}}, {get: a}]", {},
                       call=lambda _name, params, _case: params)  # fmt: skip
    assert mapping == {"NO": 1, "7": 2}


# --- 40 ------------------------------------------------------------------------------------------

FILTER = "filters:\n  - parse-json\n  - python: own.read\n"


def own(tmp_path: Path, code: str) -> tuple[Path, Path]:
    """Return a definition with a filter of its own, and the folder of that filter."""
    filters = tmp_path / "filters"
    filters.mkdir()
    (filters / "own.py").write_text(code, encoding="utf-8")
    path = tmp_path / "feeds" / "own.yaml"
    path.parent.mkdir()
    path.write_text(complete(FILTER), encoding="utf-8")
    return path, filters


def named_at(path: Path) -> tuple[int, int]:
    """Return the line and column at which a definition names the filter."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((at, one.index("own.read") + 1) for at, one in enumerate(lines, 1) if "own." in one)


def test_40_a_filter_without_a_native_form_is_named_with_its_place(tmp_path: Path) -> None:
    path, filters = own(tmp_path, "__all__ = ['read']\n\n\ndef read(value):\n    return value\n")
    (filters / "native.yaml").write_text("other.read: [parse-json]\n", encoding="utf-8")
    line, column = named_at(path)
    told = rf"own.yaml:{line}:{column}: the filter 'own.read' has no native form"
    with pytest.raises(BuildError, match=told):
        build_yaml(path, filters)


BROKEN = {
    "no Python": ("__all__ = ['read']\n\ndef read(value:\n    pass\n", 3, "not valid Python: "),
    "an odd indent": ("__all__ = ['read']\n\ndef read(value):\npass\n", 4, "not valid Python: "),
    "a byte that is none": ("__all__ = ['read']\n\x00\n", 1, "cannot be read: |not valid Python: "),
    "no names": ("def read(value):\n    return value\n", 1, "names no filters"),
    "names that are made": ("__all__ = [n for n in 'r']\n", 1, "names no filters"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_40_what_is_wrong_in_a_python_filter_is_told_with_its_file_and_line(
    tmp_path: Path, what: str
) -> None:
    code, line, said = BROKEN[what]
    path, filters = own(tmp_path, code)
    (finding,) = lint(path)
    place, _, message = finding.message.partition(": ")
    assert place.startswith(f"{filters / 'own.py'}:{line}")
    assert any(message.startswith(one) for one in said.split("|"))
    assert (finding.position.line, finding.position.column) == named_at(path)


def test_40_a_filter_that_is_broken_hides_no_other_one(tmp_path: Path) -> None:
    path, filters = own(tmp_path, "def f(:\n")
    (filters / "good.py").write_text("__all__ = ['read']\n\n\ndef read(value):\n    return value\n")
    path.write_text(path.read_text().replace("own.read", "good.raed"))
    (finding,) = lint(path)
    assert finding.message == "there is no Python filter 'good.raed' in filters/"
    assert finding.help == "did you mean 'good.read'?"


def test_40_a_copy_elsewhere_is_told_once_where_filters_are_looked_for(tmp_path: Path) -> None:
    (given,) = definition_files()
    copy = tmp_path / "copies" / "copy.yaml"
    copy.parent.mkdir()
    shutil.copy(given, copy)
    (finding,) = lint(copy)
    assert str(tmp_path / "filters") in finding.message
    assert "--filters FOLDER" in (finding.help or "")
    assert lint(copy, folder("filters")) == []


@pytest.mark.parametrize("level", ["1", "2"])
def test_40_the_commands_do_the_same_without_asserts_and_docstrings(
    tmp_path: Path, level: str
) -> None:
    bundle = Path("dist", zip_name("1.1.0"))
    built, *others = in_turn(
        tmp_path,
        ["build", "--yaml", "--output", "dist"],
        ["verify", str(bundle)], ["lint"], ["fields", "dlr"], ["demo", "demo"],
        PYTHONOPTIMIZE=level,
    )  # fmt: skip
    assert (built.code, built.err) == (0, "")
    text = (tmp_path / "dist" / "izoologic_sync_cases.yaml").read_text(encoding="utf-8")
    assert text == built_text()
    assert (tmp_path / bundle).is_file()
    for ended in others:
        assert ended.code == 0, ended


def test_40_a_copy_is_linted_with_the_filters_that_are_named(shell: Shell) -> None:
    shutil.copy(definition_files()[0], shell.folder / "copy.yaml")
    ended = shell("lint", "copy.yaml", "--format", "json")
    assert ended.code == 1
    assert len(json.loads(ended.out)) == 1
    filters = str(folder("filters"))
    assert shell("lint", "copy.yaml", "--filters", filters).code == 0
    assert shell("run", "dlr", "--definition", "copy.yaml", "--since", "1h").code == 2
