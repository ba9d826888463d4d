"""Turns the uploaded view of a definition into native constructs.

Python filters become their native forms, shared by anchors; what only our runtime knows goes;
template values that are expressions are written out where they are used.
"""

import re
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as Map
from pathlib import Path

from izoologic_cdf.bundle.tree import Mapping, Scalar, Sequence, Tree, children, from_document, walk
from izoologic_cdf.errors import CdfError
from izoologic_cdf.language.expressions import Missing, environment_of
from izoologic_cdf.language.model import Definition
from izoologic_cdf.language.nodes import Document, read
from izoologic_cdf.language.schema import of

_PYTHON, _CHAIN, _ANCHORS = "python", "chain", "_anchors"

# a name with attributes: nothing around it can take it apart
_PATH = re.compile(r"[\w.]+")


class BuildError(CdfError):
    """A definition cannot become one file; the message says why and what to do."""


def convert(tree: Tree, forms_path: Path) -> None:
    """Convert a definition in place; the native forms it uses go in front of its anchors.

    Raises:
        DefinitionError: the file of native forms is not readable.
        BuildError: a Python filter without a native form.
    """
    if not isinstance(tree, Mapping):
        raise BuildError("a definition must be a mapping")
    forms = from_document(read(forms_path)) if forms_path.is_file() else Mapping([])
    if not isinstance(forms, Mapping):
        raise BuildError(f"{forms_path.name} must be a mapping of filter names to lists of filters")
    # a form of several filters is called as the first of them
    for name, form in reversed(forms.entries):
        form.anchor = name.replace(".", "_")
    _write_out_template_values(tree)
    for node in walk(tree):  # children are looked up after a node was changed
        if isinstance(node, Mapping):
            node.entries = [(key, _native(value, forms, forms_path)) for key, value in node.entries]
        elif isinstance(node, Sequence):
            node.items = [_native(item, forms, forms_path) for item in node.items]
    _splice_single_uses(tree, forms)
    _put_anchors(tree, forms)


def dropped(document: Document) -> Document:
    """Return a document without the keys and filters that only our runtime knows, in place."""
    for place in list(of(Definition).places(document.root, set())):
        said = place.vocabulary.get(place.node.value)
        # a Python filter is replaced, not dropped
        if said is not None and said.uploaded is False and place.node.value != _PYTHON:
            kept = [one for one in place.holder.value if one is not place.member]
            place.holder.value = kept
    return document


def _splice_single_uses(tree: Mapping, forms: Mapping) -> None:
    """Put authored steps that only one list uses into that list: it reads from top to bottom."""
    kept = {id(form) for _, form in forms.entries}
    anchors = tree.get(_ANCHORS)
    about = (
        {id(item): anchors.comments.get(at, []) for at, item in enumerate(anchors.items)}
        if isinstance(anchors, Sequence)
        else {}
    )
    feeds = tree.get("feeds") or tree
    uses = Counter(id(child) for node in walk(feeds) for child in children(node))
    for node in walk(feeds):
        if not isinstance(node, Sequence):
            continue
        for index in reversed(range(len(node.items))):
            item = node.items[index]
            steps = (
                item.entries[0][1] if isinstance(item, Mapping) and _word(item) == _CHAIN else None
            )
            if isinstance(steps, Sequence) and uses[id(steps)] == 1 and id(steps) not in kept:
                node.splice(index, steps, about.get(id(steps), []))


def _word(item: Tree) -> str | None:
    """Return the name of a filter with a value, null for anything else."""
    one = isinstance(item, Mapping) and len(item.entries) == 1
    return item.entries[0][0] if one and isinstance(item, Mapping) else None


def _native(item: Tree, forms: Mapping, path: Path) -> Tree:
    """Return the native form of a Python filter; always the same nodes, so that they are shared."""
    if not isinstance(item, Mapping) or _word(item) != _PYTHON:
        return item
    name = item.entries[0][1]
    assert isinstance(name, Scalar)  # noqa: S101 - the definition was loaded
    form = forms.get(name.text)
    if form is None:
        raise BuildError(
            f"{name.position}: the filter {name.text!r} has no native form\n"
            f"    help: add it to {path.name}, as a list of the platform's filters"
        )
    return Mapping([(_CHAIN, form)], flow=item.flow)


def _put_anchors(tree: Mapping, forms: Mapping) -> None:
    """Leave the shared fragments that the feeds use: native forms first, then authored ones."""
    used = {id(node) for node in walk(tree.get("feeds") or tree)}
    authored = tree.get(_ANCHORS)
    anchors = Sequence([])
    forms_once = {id(form): i for i, (_, form) in reversed([*enumerate(forms.entries)])}
    candidates = [(forms.comments.get(i), forms.entries[i][1]) for i in sorted(forms_once.values())]
    if isinstance(authored, Sequence):
        candidates += [(authored.comments.get(i), item) for i, item in enumerate(authored.items)]
    for comment, item in candidates:
        if id(item) in used:
            if comment:
                anchors.comments[len(anchors.items)] = comment
            anchors.items.append(item)
    if authored is None and anchors.items:
        feeds = next(i for i, (key, _) in enumerate(tree.entries) if key == "feeds")
        tree.entries.insert(feeds, (_ANCHORS, anchors))
    else:
        tree.set(_ANCHORS, anchors)


def _write_out_template_values(tree: Mapping) -> None:
    """Keep the constants, write out the expressions."""
    values = tree.get("template_values")
    if not isinstance(values, Mapping):
        return
    sources = {
        key: value.text
        for key, value in values.entries
        if isinstance(value, Scalar) and value.tag == "!expr"
    }
    meanings = settled(sources)
    for key in sources:
        values.remove(key)
    for node in walk(tree):
        if isinstance(node, Scalar) and node.tag == "!expr":
            node.text = inline(node.text, meanings)
        elif isinstance(node, Scalar) and node.tag == "!tmpl":
            node.text = inline_template(node.text, meanings)


# --- names of expressions, on tokens: keys, attributes and texts of the same spelling stay --------


def inline(source: str, meanings: Map[str, str]) -> str:
    """Return an expression with each name replaced by its meaning, in brackets.

    `meanings` are expressions that hold no name of `meanings` themselves.
    """
    return "".join(
        _in_brackets(meanings[text]) if is_name and text in meanings else text
        for text, is_name in _tokens(source, "variable")
    )


def _in_brackets(meaning: str) -> str:
    return meaning if _PATH.fullmatch(meaning) else f"({meaning})"


def settled(expressions: Map[str, str]) -> dict[str, str]:
    """Return expressions that may use the names before them as ones that use none of them."""
    meanings: dict[str, str] = {}
    for name, source in expressions.items():
        meanings[name] = inline(source, meanings)
    return meanings


def inline_template(source: str, meanings: Map[str, str]) -> str:
    """Return a template with each name replaced by its meaning, bare where it stands alone."""
    tokens = [*_tokens(source, None)]
    parts = [text for text, _ in tokens]
    bare = [i for i, text in enumerate(parts) if text.strip()]
    for before, at, after in zip(bare, bare[1:], bare[2:], strict=False):
        text, is_name = tokens[at]
        if is_name and text in meanings:
            alone = parts[before].startswith("{{") and parts[after].endswith("}}")
            parts[at] = meanings[text] if alone else _in_brackets(meanings[text])
    return "".join(parts)


def _tokens(source: str, state: str | None) -> Iterator[tuple[str, bool]]:
    """Yield the tokens of a source, and whether each is a name of its own (not after a dot)."""
    after_dot = False
    for _, kind, text in environment_of(Missing.NULL).lexer.tokeniter(source, None, None, state):
        yield text, kind == "name" and not after_dot
        if kind != "whitespace":
            after_dot = kind == "operator" and text == "."
