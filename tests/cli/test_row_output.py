"""Rows as CSV that is no formula in any spreadsheet, and as a table that fits the terminal."""

import csv
import io

import pytest

from izoologic_cdf.cli import row_output

HARMLESS = [
    "plain", "", "a=b", "a-b", "x@example.com", "1", "123456789012345", "192.0.2.1", "E5", "0",
    "2025-08", "2025-08-01 10:00:00", "'quoted'",
    'say "hi"', "one\ntwo", "a, b; c", "Zürich é café, مثال 🎣",
]  # fmt: skip
FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)",
    "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", "\ufe661", "\ufe631",
    "\N{MINUS SIGN}1", " =1", "\t=1", "\r=1", "\n=1", "\r\n+1", "\x0b=1", "\xa0=1",
    "\u3000=1", "\u200b=1", "\ufeff=1", "\u202e=1", "\x00=1", "\u00ad=1",
    # a spreadsheet whose separator is a semicolon or a tab, or that knows no quotes, begins anew
    "a;=1", "a; -1", "a\t=1", "a\n=1", "a\r\n @x", 'a";=1;"', 'a;"=1', 'a;"=1;b', 'a\n""+1;b',
]  # fmt: skip


MARKS = set("=+-@\t\r\uff1d\uff0b\uff0d\uff20\ufe66\ufe63\N{MINUS SIGN}")


def written(capsysbinary: pytest.CaptureFixture[bytes], *values: object) -> str:
    """Return the CSV of one row."""
    row_output.tell_csv([f"c{number}" for number in range(len(values))], [values])
    out = capsysbinary.readouterr().out
    assert out.startswith(b"\xef\xbb\xbf")
    return out.decode("utf-8-sig")


def cells(text: str) -> list[str]:
    """Return the cells of the first row, as any reader of CSV takes them."""
    return list(csv.reader(io.StringIO(text, newline="")))[1]


@pytest.mark.parametrize("value", HARMLESS)
def test_what_is_no_formula_stays(capsysbinary: pytest.CaptureFixture[bytes], value: str) -> None:
    assert cells(written(capsysbinary, value, "end")) == [value, "end"]


@pytest.mark.parametrize("value", FORMULAS)
def test_no_cell_is_a_formula_wherever_one_begins(
    capsysbinary: pytest.CaptureFixture[bytes], value: str
) -> None:
    text = written(capsysbinary, "first", value)
    (_, cell) = cells(text)
    assert "'" in cell
    # a reader with any separator, that takes quotes or not
    for separator in (",", ";", "\t"):
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting)
            for one in (one for row in reader for one in row):
                seen = one.lstrip(' "').lstrip()
                assert seen[:1] not in MARKS, one


@pytest.mark.parametrize(
    "value",
    ["00123", " 007", "1234567890123456", "1E5", "12e-3", "1.5e+10", "3-4", "01/02/2025", "05-12"],
)
def test_a_text_does_not_become_another_number_or_a_day(
    capsysbinary: pytest.CaptureFixture[bytes], value: str
) -> None:
    assert cells(written(capsysbinary, value)) == [f"'{value}"]


def test_a_cell_is_no_longer_than_a_spreadsheet_has_them(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    fits = ["x" * 32_767, "🎣" * 16_383 + "x"]
    assert cells(written(capsysbinary, *fits)) == fits
    for value in ("x" * 40_000, "🎣" * 20_000):
        (cell,) = cells(written(capsysbinary, value))
        assert 32_760 < len(cell.encode("utf-16-le")) / 2 <= 32_767
        kept, _, end = cell.partition("...")
        assert value.startswith(kept)
        assert end == f" (cut: {len(value):,} characters, all of them in JSON)"


def test_what_is_not_text_stays(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert written(capsysbinary, -1, None, 0) == '"c0","c1","c2"\r\n"-1","","0"\r\n'


def test_line_breaks_stay_within_a_cell_and_all_else_is_printable(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    text = written(capsysbinary, "a\r\nb\rc\x1b[2J\u202e")
    assert cells(text) == ["a\nb\nc\\x1b[2J\\u202e"]


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_a_table_fits_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(width))
    rows = [("a", "x" * 60, 1), ("Zürich", "例示" * 20, 20_000)]
    row_output.tell_table(("name", "text", "count"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(row_output._width(line) <= width for line in lines)
    assert lines[1].rstrip().endswith("  1")
    assert lines[2].endswith("20,000")
    assert ("..." in lines[2]) is (width < 100)


def test_a_table_that_is_piped_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    row_output.tell_table(("name", "text"), [("a", "x" * 300), (None, "line\nbreak")])
    assert capsys.readouterr().out.splitlines() == [
        "name  text", f"a     {'x' * 300}", "      line\\nbreak",
    ]  # fmt: skip


def test_a_long_value_makes_no_other_row_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [("é" * 40_000, "a"), ("short", "b")]
    row_output.tell_table(("text", "name"), rows)
    _, long, short = capsys.readouterr().out.splitlines()
    assert long == f"{'é' * 40_000}  a"
    assert short == f"short{' ' * 97}b"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    row_output.tell_table(("text", "name"), rows)
    assert capsys.readouterr().out.splitlines()[1] == f"{'é' * 31}...  a"
