"""The generated documents are those of the rules and of the schema."""

from pathlib import Path

import pytest

from izoologic_cdf.lint.pages import DOCS, documents, write
from izoologic_cdf.lint.rules import RULES

HINT = "run `python -m izoologic_cdf.lint.pages`"


@pytest.mark.parametrize("name", documents())
def test_a_generated_document_is_fresh(name: str) -> None:
    path = DOCS / name
    assert path.is_file(), HINT
    assert path.read_text(encoding="utf-8") == documents()[name], HINT


def test_there_is_no_page_without_a_rule() -> None:
    pages = {path.name for path in (DOCS / "lint").iterdir()}
    assert pages == {"README.md"} | {f"{rule.code}.md" for rule in RULES}


def test_the_index_names_every_rule() -> None:
    index = documents()["lint/README.md"]
    assert [rule.code for rule in RULES if f"[{rule.code}]({rule.code}.md)" not in index] == []


def test_writing_gives_the_documents(tmp_path: Path) -> None:
    write(tmp_path)
    written = {
        str(path.relative_to(tmp_path)): path.read_text(encoding="utf-8")
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert written == documents()
