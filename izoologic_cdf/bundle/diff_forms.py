"""A version of a definition as it is compared: native, without anchors, groups and layout."""

import re
from dataclasses import dataclass
from pathlib import Path

from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.bundle.tree import Scalar, Sequence, Tree, from_document
from izoologic_cdf.content import folder
from izoologic_cdf.language.load import load_document
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import EXPR, Document
from izoologic_cdf.language.pyfilters import PythonFilters

_MERGE = "<<"
# a text inside of an expression, or the blanks between its tokens
_TEXT_OR_BLANKS = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\s+""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A single value: its tag and its text; blanks between the tokens of an `!expr` are one."""

    tag: str
    text: str


Form = Leaf | list["Form"] | dict[str, "Form"]


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two versions: its name for people, what was loaded, and what is compared."""

    name: str
    definition: Definition
    form: dict[str, Form]

    def feed(self, name: str) -> dict[str, Form]:
        """Return the form of a feed."""
        return entries(entries(self.form.get("feeds")).get(name))


def read_version(path: Path) -> Version:
    """Read a definition, authored or built.

    What is compared is what would be uploaded, so an authored one is built first. Its Python
    filters are beside the folder of the file; if there is no such folder, the built-in ones.

    Raises:
        DefinitionError: it is wrong.
        BuildError: it cannot be said in native constructs.
    """
    beside = path.resolve().parent.parent / "filters"
    filters = beside if beside.is_dir() else folder("filters")
    document = Document(str(path), build_yaml(path, filters))
    definition = load_document(document, path, PythonFilters(filters))
    return Version(str(path), definition, entries(_Expander().form(from_document(document))))


def entries(form: Form | None) -> dict[str, Form]:
    """Return a mapping; an empty one for anything else."""
    return form if isinstance(form, dict) else {}


def elements(form: Form | None) -> list[Form]:
    """Return a list; an empty one for null, and a list of one for anything else."""
    if form is None:
        return []
    return form if isinstance(form, list) else [form]


def shown(form: Form | None) -> str:
    """Return a form on one line, for people."""
    if isinstance(form, Leaf):
        return " ".join(form.text.split())
    if isinstance(form, list):
        return f"[{', '.join(shown(item) for item in form)}]"
    return "{" + ", ".join(f"{key}: {shown(value)}" for key, value in entries(form).items()) + "}"


class _Expander:
    """Follows anchors and merge keys; a part that is reached twice is made once."""

    def __init__(self) -> None:
        self._made: dict[int, Form] = {}

    def form(self, tree: Tree) -> Form:
        if id(tree) not in self._made:
            self._made[id(tree)] = self._form(tree)
        return self._made[id(tree)]

    def _form(self, tree: Tree) -> Form:
        if isinstance(tree, Scalar):
            return Leaf(tree.tag, _layout(tree.text) if tree.tag == EXPR else tree.text)
        if isinstance(tree, Sequence):
            return [form for item in tree.items for form in _ungrouped(self.form(item))]
        own = {key: self.form(value) for key, value in tree.entries if key != _MERGE}
        merged: dict[str, Form] = {}
        for key, value in tree.entries:
            if key == _MERGE:
                # a later << stands over an earlier one, an earlier element over a later one
                for source in reversed(elements(self.form(value))):
                    merged |= entries(source)
        form: dict[str, Form] = merged | own
        return form if tree.tag is None else {tree.tag: form}


def _ungrouped(form: Form) -> list[Form]:
    """Return the steps of a `chain`, which only groups them; anything else is itself."""
    steps = form.get("chain") if isinstance(form, dict) and len(form) == 1 else None
    return steps if isinstance(steps, list) else [form]


def _layout(expression: str) -> str:
    return _TEXT_OR_BLANKS.sub(lambda found: found[0] if found[0].strip() else " ", expression)
