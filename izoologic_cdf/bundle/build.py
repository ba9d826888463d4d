"""The one YAML file that is uploaded, from the authored definition."""

from pathlib import Path

from izoologic_cdf.bundle import layout
from izoologic_cdf.bundle.emit import emit
from izoologic_cdf.bundle.native import BuildError, convert, dropped
from izoologic_cdf.bundle.tree import Mapping, Scalar, from_document
from izoologic_cdf.language.load import load, load_document
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings

__all__ = ["BuildError", "build_yaml"]

_HEAD = """\
# iZoologic Sync Cases {version} for ThreatQ {threatq}
#
# The definition of the feeds, to upload on the integrations page. It was built from an authored
# definition: change that one, and build again. GUIDE.md lists what no public source confirms.
#
{contents}
# Each list under _anchors is a step of the data, used in the feeds as `chain: *name`. Those named
# like a module and a function (dates_read) are generated from the filters of the project.

"""


def build_yaml(definition: Path, filters: Path, spellings: Spellings = NO_SPELLINGS) -> str:
    """Return the text of the file that is uploaded; it depends on what is given alone.

    Raises:
        DefinitionError: the definition is wrong.
        BuildError: it cannot be said in native constructs, or the built file is wrong.
    """
    load(definition, filters)
    tree = from_document(dropped(read(definition, uploaded=True)))
    convert(tree, PythonFilters(filters).native())
    if not isinstance(tree, Mapping):
        raise BuildError("a definition must be a mapping")
    for index, (key, _) in enumerate(tree.entries):
        tree.comments[index] = [] if key in ("version", "required_threatq_version") else [""]
    feeds = tree.get("feeds")
    if isinstance(feeds, Mapping):
        feeds.comments = {i: ["", *feeds.comments.get(i, [])] for i in range(1, len(feeds.entries))}
    python, path = PythonFilters(filters), Path(layout.DEFINITION)
    written = _with_head(tree, emit(tree))
    canonical = Document(layout.DEFINITION, written)
    try:
        load_document(canonical, path, python)
        text = spellings.respelt(canonical)
        if text != written:
            load_document(spellings.applied(Document(layout.DEFINITION, text)), path, python)
    except DefinitionError as error:
        raise BuildError(f"the built file is wrong\n{error}") from None
    return text


def _with_head(tree: Mapping, body: str) -> str:
    """Put the head comment in front, with the lines at which the parts of the file begin."""
    feeds = tree.get("feeds")
    names = [name for name, _ in feeds.entries] if isinstance(feeds, Mapping) else []
    parts = {f"  {name}:": name for name in names} | {"_anchors:": "_anchors"}
    found = [(at, parts[line]) for at, line in enumerate(body.splitlines(), 1) if line in parts]
    contents = len(names) + 2
    above = _HEAD.count("\n") - 1 + contents
    told = [f"#   line {above + at:>4}  {name}" for at, name in found]
    texts = {key: value.text for key, value in tree.entries if isinstance(value, Scalar)}
    head = _HEAD.format(
        version=texts.get("version"),
        threatq=texts.get("required_threatq_version"),
        contents="\n".join(told + ["#"] * (contents - len(told))),
    )
    return head + body
