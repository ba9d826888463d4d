"""A version of a definition as it is compared: native, without anchors, groups and layout.

`parts` finds where two of them differ.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
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


@dataclass(frozen=True, slots=True)
class Part:
    """A part that differs; list elements in the path count from 1, in the list that has them."""

    path: str
    old: Form | None
    new: Form | None


def parts(old: Form | None, new: Form | None, path: str = "") -> Iterator[Part]:
    """Yield the parts in which two forms differ, in the order of the new one."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in new | old:
            yield from parts(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        for i, j in _aligned(old, new):
            number = (i if j is None else j) or 0
            yield from parts(
                None if i is None else old[i],
                None if j is None else new[j],
                f"{path}[{number + 1}]",
            )
    else:
        yield Part(path, old, new)


def _aligned(old: list[Form], new: list[Form]) -> Iterator[tuple[int | None, int | None]]:
    """Pair the elements of two lists: equal ones, then those that begin alike."""
    for i1, i2, j1, j2 in _blocks([repr(x) for x in old], [repr(x) for x in new]):
        heads = [_head(x) for x in old[i1:i2]], [_head(x) for x in new[j1:j2]]
        for k1, k2, m1, m2 in _blocks(*heads):
            both = min(k2 - k1, m2 - m1)
            yield from ((i1 + k1 + n, j1 + m1 + n) for n in range(both))
            yield from ((i, None) for i in range(i1 + k1 + both, i1 + k2))
            yield from ((None, j) for j in range(j1 + m1 + both, j1 + m2))


def _blocks(old: list[str], new: list[str]) -> Iterator[tuple[int, int, int, int]]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for _, i1, i2, j1, j2 in matcher.get_opcodes():
        yield i1, i2, j1, j2


def _head(form: Form) -> str:
    """Return what a step is: its word, or its key; for an attribute or rule, its name."""
    if isinstance(form, Leaf):
        return form.text
    if isinstance(form, dict):
        return repr(form.get("name", next(iter(form), "")))
    return "list"
