"""Generated blocks: made anew without a trace, and fresh in every document."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.documents.blocks import BEGIN, BlockError, filled, names
from izoologic_cdf.documents.catalog import PRODUCERS, ROOT, stale
from tests.documents.support import DOCUMENTS, text

MADE = {"one": lambda: "first\n\nlines", "two": lambda: "second"}
DOCUMENT = """\
# Title

<!-- generated: one -->
old text that goes
<!-- end -->
between
<!-- generated: two -->
<!-- end -->
"""


def test_no_document_is_stale() -> None:
    assert [path.relative_to(ROOT).as_posix() for path, _ in stale()] == []


def test_every_block_that_can_be_made_stands_in_some_document() -> None:
    used = {block for document in DOCUMENTS for block in names(text(document))}
    assert used == set(PRODUCERS)


def test_a_block_is_replaced_and_the_rest_stays() -> None:
    assert filled(DOCUMENT, "a.md", MADE) == (
        "# Title\n\n<!-- generated: one -->\n\nfirst\n\nlines\n\n<!-- end -->\nbetween\n"
        "<!-- generated: two -->\n\nsecond\n\n<!-- end -->\n"
    )


words = st.sampled_from(["words", "", "# Title", "`code`", "| a | b |"])


@given(st.lists(st.tuples(words, st.sampled_from([*MADE, None])), max_size=8))
def test_making_a_document_anew_twice_is_making_it_once(
    parts: list[tuple[str, str | None]],
) -> None:
    lines = []
    for line, block in parts:
        lines.append(line)
        if block is not None:
            lines += [f"<!-- generated: {block} -->", "x", "<!-- end -->"]
    once = filled("\n".join(lines), "a.md", MADE)
    assert filled(once, "a.md", MADE) == once
    assert names(once) == [block for _, block in parts if block is not None]
    assert "x" not in once.splitlines()


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        (
            "<!-- generated: onne -->\n<!-- end -->\n",
            "a.md:1: there is no block 'onne'; did you mean 'one'?",
        ),
        ("\n<!-- generated: one -->\n", "a.md:2: the block 'one' does not end"),
        ("<!-- end -->\n", "a.md:1: this ends a block that did not begin"),
        (
            "<!-- generated: one -->\n<!-- generated: two -->\n<!-- end -->\n",
            "a.md:2: the block 'one' has not ended yet",
        ),
    ],
)
def test_a_marker_that_can_not_be_followed_is_told_with_its_place(
    markdown: str, message: str
) -> None:
    with pytest.raises(BlockError) as raised:
        filled(markdown, "a.md", MADE)
    assert str(raised.value) == message


def test_a_changed_block_is_found_stale(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    fresh = filled("<!-- generated: exit-codes -->\n<!-- end -->\n", "README.md", PRODUCERS)
    document.write_text(fresh, encoding="utf-8")
    assert list(stale(tmp_path)) == []
    document.write_text(fresh.replace("| 130 |", "| 131 |"), encoding="utf-8")
    assert list(stale(tmp_path)) == [(document, fresh)]


def test_an_indented_marker_is_plain_text() -> None:
    assert not BEGIN.fullmatch("  <!-- generated: one -->")


def test_check_names_nothing_and_exits_0_when_all_is_fresh() -> None:
    command = [sys.executable, "-m", "izoologic_cdf.documents", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
