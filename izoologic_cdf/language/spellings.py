"""`spellings.yaml`: words of the language as somebody with the vendor's reference spells them.

Only what no public source attests can be renamed: the words that are declared as a guess, and
that the uploaded file can have. Inside, every word has its canonical spelling: `applied` makes a
document canonical that was read, and `respelt` writes one for the platform. Words that rows of
the data have as well (keys of items and tags) stay in a document as they are spelt; the loader
knows them, and a report carries them for the runtime.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from izoologic_cdf.errors import Position
from izoologic_cdf.language import overlay
from izoologic_cdf.language.allowed import GLOBALS
from izoologic_cdf.language.expressions import Compiled
from izoologic_cdf.language.model import EVERYWHERE, PAGINATION_NAMES, Definition
from izoologic_cdf.language.nodes import Document, Node, ScalarNode, Spot, read
from izoologic_cdf.language.positions import Findings, did_you_mean
from izoologic_cdf.language.reports import ITEM_KEYS, PLURALS
from izoologic_cdf.language.schema import NAMES, VOCABULARIES, Vocabulary, of

WORD, KEYS, VALUES = "word", "keys", "values"
FILE = "spellings.yaml"
_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TEXT = "tag:yaml.org,2002:str"
_RESERVED = frozenset({"value", "data", *EVERYWHERE, *PAGINATION_NAMES, *GLOBALS})


def renamable() -> dict[str, dict[str, list[str]]]:
    """Return every word that can be renamed: entry, part of it, canonical words."""
    table: dict[str, dict[str, list[str]]] = {}
    for vocabulary in VOCABULARIES:
        for said in vocabulary.values():
            if said.spot is not None:
                entry, part, word = said.spot
                words = table.setdefault(entry, {}).setdefault(part, [])
                words += [word] if word not in words else []
    return table


def entries_of(convention: str) -> dict[str, dict[str, list[str]]]:
    """Return what of `renamable` is one guess."""
    guessed = {
        said.spot for one in VOCABULARIES for said in one.values() if said.guess == convention
    }
    found: dict[str, dict[str, list[str]]] = {}
    for entry, parts in renamable().items():
        for part, words in parts.items():
            own = [word for word in words if (entry, part, word) in guessed]
            if own:
                found.setdefault(entry, {})[part] = own
    return found


class Spellings:
    """Other spellings of words; none of them where there is no file."""

    def __init__(self, document: Document | None = None) -> None:
        """Read the spellings of a document.

        Raises:
            DefinitionError: with everything that is wrong with them.
        """
        self.words: dict[Spot, str] = {}
        self._nodes: dict[Spot, ScalarNode] = {}
        if document is not None:
            self._document = document
            found = Findings()
            with found:
                self._read(found)
            found.check()
            self._refuse_clashes(found)
            found.check()
            self.words = {spot: word for spot, word in self.words.items() if spot[2] != word}

    def as_data(self) -> dict[str, Any]:
        """Return the spellings in the form of the file."""
        data: dict[str, Any] = {}
        for (entry, part, word), spelt in self.words.items():
            under = data.setdefault(entry, {})
            if part == WORD:
                under[WORD] = spelt
            else:
                under.setdefault(part, {})[word] = spelt
        return data

    # --- reading -------------------------------------------------------------------------------

    def _read(self, found: Findings) -> None:
        document, table = self._document, renamable()
        for entry in document.entries(document.root, "the spellings", found):
            with found:
                if entry.key not in table:
                    raise document.error(entry.key_node, *_unknown(entry.key, table))
                self._read_entry(entry.key, entry.value, table[entry.key], found)

    def _read_entry(
        self, entry: str, node: Node, parts: Mapping[str, list[str]], found: Findings
    ) -> None:
        document = self._document
        for part in document.entries(node, f"the entry {entry!r}", found):
            with found:
                if part.key not in parts:
                    message = f"{entry!r} has no {part.key!r} to rename"
                    raise document.error(part.key_node, message, did_you_mean(part.key, parts))
                if part.key == WORD:
                    self._add((entry, WORD, entry), part.value)
                    continue
                for one in document.entries(part.value, part.key, found):
                    with found:
                        if one.key not in parts[part.key]:
                            message = f"{entry!r} has no {one.key!r} to rename under {part.key!r}"
                            hint = did_you_mean(one.key, parts[part.key])
                            raise document.error(one.key_node, message, hint)
                        self._add((entry, part.key, one.key), one.value)

    def _add(self, spot: Spot, node: Node) -> None:
        word = self._document.text(node, "a spelling")
        plain = _FORM.fullmatch(word) and Document("", word).root.tag == _TEXT
        if not isinstance(node, ScalarNode) or node.tag != _TEXT or not plain:
            hint = "it begins with a letter; letters, digits, _, - and . follow"
            raise self._document.error(node, f"a spelling is one word, this is {word!r}", hint)
        if spot[2] in NAMES and spot[1] == WORD and not word.isidentifier():
            message = f"{word!r} cannot be a name of an expression"
            raise self._document.error(node, message, "write letters, digits and _")
        self.words[spot], self._nodes[spot] = word, node

    def _refuse_clashes(self, found: Findings) -> None:
        """Refuse a word that stands for two things at one place."""
        for places in _together():
            taken: dict[str, str] = {word: word for one in places for word in one}
            reserved = _RESERVED if places[0] is NAMES else {overlay.KEY}
            taken |= dict.fromkeys(reserved, "the language")
            for vocabulary in places:
                for canonical, said in vocabulary.items():
                    spelt = self.words.get(said.spot) if said.spot else None
                    if spelt is None or said.spot is None or spelt == said.spot[2]:
                        continue
                    written = said.form(spelt)
                    if written in taken:
                        where, other = self._nodes[said.spot], taken[written]
                        message = f"{written!r} is taken: it stands for {other!r} here"
                        found.add(self._document.finding(where, message, "choose another word"))
                    taken[written] = canonical

    # --- documents -----------------------------------------------------------------------------

    def applied(self, document: Document) -> Document:
        """Return a document that is spelt so, its words made canonical in place.

        A word in its canonical spelling where another is expected is a finding of the loader.
        """
        if not self.words:
            return document
        document.spelt, document.spelt_in = self.words, Path(self._document.name).name
        done: set[int] = set()
        for place in of(Definition).places(document.root, set()):
            node, spelt = place.node, place.vocabulary.spelt(document)
            if place.vocabulary.in_data or id(node) in done:
                continue
            done.add(id(node))
            if node.value in spelt:
                message = f"{node.value!r} of {place.vocabulary.name} is spelt otherwise"
                hint = place.vocabulary.hint(document, node.value)
                document.misspelt.append(document.finding(node, message, hint))
            node.value = {new: old for old, new in spelt.items()}.get(node.value, node.value)
        return document

    def respelt(self, document: Document) -> str:
        """Return the text of a canonical document that was loaded, as it is uploaded.

        Raises:
            DefinitionError: a fragment would have to be spelt in two ways, or a name is taken.
        """
        edits: dict[Position, tuple[int, str]] = {}
        for place in of(Definition).places(document.root, set()):
            said = place.vocabulary.get(place.node.value)
            if said is None:
                continue
            written = place.node.value if said.uploaded is True else str(said.uploaded)
            if said.spot in self.words:
                written = said.form(self.words[said.spot])
            at = document.position_in(place.node, 0)
            edit = len(place.node.value), written
            if edits.setdefault(at, edit) != edit:
                message = f"this would be spelt {written!r} and {edits[at][1]!r}"
                raise document.error(place.node, message, "write it out instead of sharing it")
        for compiled in document.compiled.values():
            edits |= self._names(document, compiled)
        lines = list(document.lines)
        for at, (length, written) in sorted(edits.items(), reverse=True):
            line, column = lines[at.line - 1], at.column - 1
            lines[at.line - 1] = line[:column] + written + line[column + length :]
        return "\n".join(lines) + "\n"

    def _names(
        self, document: Document, compiled: Compiled
    ) -> Iterator[tuple[Position, tuple[int, str]]]:
        for canonical, said in NAMES.items():
            if said.spot not in self.words or canonical not in compiled.names:
                continue
            written = self.words[said.spot]
            if written in compiled.names:
                node = self._nodes[said.spot]
                message = f"{written!r} is taken: the definition has a name that is called so"
                raise self._document.error(node, message, "choose another word")
            for offset in compiled.offsets_of(canonical):
                yield document.position_in(compiled.node, offset), (len(canonical), written)


NO_SPELLINGS = Spellings()


def read_spellings(path: Path) -> Spellings:
    """Read a file of spellings; raises DefinitionError with everything that is wrong in it."""
    return Spellings(read(path))


def spellings_of(data: Any, name: str) -> Spellings:
    """Return spellings from their data, as `as_data` returned it; raises DefinitionError."""
    return Spellings(Document(name, json.dumps(data))) if data else NO_SPELLINGS


def _unknown(word: str, table: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what is wrong with an entry that names nothing that can be renamed."""
    said = next((one[word] for one in VOCABULARIES if word in one), None)
    if said is None:
        return f"there is no construct {word!r} to rename", did_you_mean(word, table)
    if said.guess is None:
        return f"{word!r} is attested by public definitions; it cannot be renamed", None
    if said.uploaded is not True:
        return f"{word!r} is never in the uploaded file; it cannot be renamed", None
    entry = said.spot[0] if said.spot else word
    return f"{word!r} has no entry of its own", f"rename it in the entry {entry!r}"


def _together() -> list[list[Vocabulary]]:
    """Return the vocabularies whose words stand at one place."""
    items = [ITEM_KEYS, PLURALS]
    return [items, *([one] for one in VOCABULARIES if all(one is not other for other in items))]
