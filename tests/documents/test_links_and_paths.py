"""What a document points at exists, and it names nothing of the machine it was written on."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from izoologic_cdf.content import folder
from izoologic_cdf.language.pyfilters import PythonFilters
from tests.documents.support import DOCUMENTS, anchors, fences, inline, links, text
from tools.layers import ROOT

# paths that a document may name: of folders that git tracks
_PATH = re.compile(
    r"(?:feeds|filters|custom_objects|fixtures|izoologic_cdf|tests|tools|docs)/[\w./-]*"
)
# modules as the decisions name them
_MODULE = re.compile(r"(?:language|library|runtime|loopback|emulator|bundle|diff|lint|cli)/\w+")
# the guide names the folder of the zip so
_IN_THE_ZIP = "docs/bundle/GUIDE.md"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(document: str) -> None:
    for link in links(text(document)):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            continue
        target = DOCUMENTS[document].parent / parts.path if parts.path else DOCUMENTS[document]
        assert target.exists(), f"{document}: {link}"
        if parts.fragment:
            known = anchors(target.read_text(encoding="utf-8"))
            assert parts.fragment in known, f"{document}: {link}"


def test_the_guide_of_the_zip_links_to_itself_alone() -> None:
    assert all(link.startswith("#") for link in links(text(_IN_THE_ZIP)))


@pytest.mark.parametrize("document", sorted(set(DOCUMENTS) - {_IN_THE_ZIP, "CHANGELOG.md"}))
def test_every_path_in_code_exists(document: str) -> None:
    for code in inline(text(document)):
        if _PATH.fullmatch(code) and "MODULE" not in code:
            assert (ROOT / code).exists(), f"{document}: {code}"
        elif _MODULE.fullmatch(code):
            assert (ROOT / "izoologic_cdf" / f"{code}.py").is_file(), f"{document}: {code}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_python_filter_that_is_named_exists(document: str) -> None:
    python = PythonFilters(folder("filters"))
    named = re.compile(rf"(?:{'|'.join(python.modules())})\.(?!py\b)\w+")
    assert {code for code in inline(text(document)) if named.fullmatch(code)} <= {*python.known()}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_names_a_place_of_this_machine(document: str) -> None:
    own = [ROOT, Path.home()]
    for place in [str(path) for path in own if len(path.parts) > 1]:
        assert not re.search(rf"{re.escape(place)}(?![\w-])", text(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_of_code_names_its_language_and_ends(document: str) -> None:
    markdown = text(document)
    found = fences(markdown)
    assert markdown.count("```") == 2 * len(found)
    assert all(language for language, _ in found)
