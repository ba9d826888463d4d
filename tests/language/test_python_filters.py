"""Python filters: functions of a folder, found by `module.function`."""

from pathlib import Path

import pytest

from izoologic_cdf.language import steps
from izoologic_cdf.language.load import filters_of
from tests.language.test_closed_schema import filters
from tests.support.definitions import findings_of, load_text, place

GOOD = "from ._shared import double\n__all__ = ['twice']\ndef twice(value): return double(value)\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "filters"
    made.mkdir()
    (made / "numbers.py").write_text(GOOD)
    (made / "_shared.py").write_text("def double(value): return value * 2\n")
    return made


@pytest.mark.usefixtures("folder")
def test_a_filter_is_found_and_its_module_may_share_code(tmp_path: Path) -> None:
    (step,) = load_text(tmp_path, filters("{python: numbers.twice}")).feeds["Feed"].filters
    assert isinstance(step, steps.Python)
    assert (step.name, step.function(4)) == ("numbers.twice", 8)


@pytest.mark.parametrize(
    ("name", "help_"),
    [
        ("numbers.twise", "did you mean 'numbers.twice'?"),
        ("number.twice", "did you mean 'numbers.twice'?"),
        ("_shared.double", "numbers.twice"),
        ("numbers.double", "numbers.twice"),
        ("numbers", "numbers.twice"),
        ("os.system", "known here: numbers.twice"),
        ("numbers.__import__", "numbers.twice"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_unknown_filter_is_a_finding_with_a_suggestion(
    tmp_path: Path, name: str, help_: str
) -> None:
    (finding,) = findings_of(tmp_path, filters(f"{{python: {name}}}"))
    assert finding.message == f"there is no Python filter {name!r} in filters/"
    assert place(finding) == (6, 24)
    assert help_ in (finding.help or "")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("__all__ = ['f']\ndef f(:", "broken.py:2:7: not valid Python: invalid syntax"),
        ("__all__ = ['f']\nimport nothing_of_that_name", "broken.py:2: cannot be imported: Mod"),
        ("__all__ = ['f']\n\nraise SystemExit(3)", "broken.py:3: cannot be imported: SystemExit"),
        ("from ._worse import f\n__all__ = ['f']", "_worse.py:1:5: not valid Python: unmatched"),
        ("def f(value): return value", "broken.py:1: names no filters: expected a list __all__"),
        ("__all__ = ['f']", "broken.py:1: 'f' of its __all__ is not a function"),
        ("__all__ = sorted('g')", "broken.py:1: names no filters: expected a list __all__"),
    ],
)
def test_a_module_that_can_not_be_used_is_a_finding_with_its_place(
    tmp_path: Path, folder: Path, code: str, message: str
) -> None:
    (folder / "_worse.py").write_text("f = )")
    (folder / "broken.py").write_text(code)
    (finding,) = findings_of(tmp_path, filters("{python: broken.f}"))
    assert finding.message.startswith(f"{folder}/{message}")


def test_a_folder_that_is_not_there_has_no_filters(tmp_path: Path) -> None:
    (finding,) = findings_of(tmp_path, filters("{python: numbers.twice}"))
    beside, above = tmp_path / "feeds" / "filters", tmp_path / "filters"
    looked = f"Python filters are looked for in {beside} and in {above}, neither is a folder"
    assert finding.message == looked
    assert "--filters FOLDER" in (finding.help or "")


def test_a_folder_beside_the_file_comes_before_the_one_above(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "filters").mkdir()
    path = tmp_path / "feeds" / "feed.yaml"
    assert filters_of(path) == tmp_path / "filters"
    (tmp_path / "feeds" / "filters").mkdir()
    assert filters_of(path) == tmp_path / "feeds" / "filters"
