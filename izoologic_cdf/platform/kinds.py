"""The kinds of objects, the names of their collections, and custom objects once installed."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from izoologic_cdf import content
from izoologic_cdf.loopback.inputs import EmulatorError
from izoologic_cdf.platform.assumptions import Options

_COLUMNS = ("value", "status_id", "type_id", "description")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,19}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    `key` is the column that names an object, `columns` are those of an answer in their order.
    A generic kind answers with its code, name and number; a loose one takes any field.
    `collection` is set where it is not the code.
    """

    code: str
    name: str
    plural: str
    number: int
    key: str = "value"
    columns: tuple[str, ...] = _COLUMNS
    dates: tuple[str, ...] = ()
    collection: str = ""
    loose: bool = False
    attested: bool = True

    @property
    def generic(self) -> bool:
        """Whether it is one of the kinds that are all alike, custom ones included."""
        return not self.collection

    @property
    def reference(self) -> str:
        """The column in which another table names an object of this kind, e.g. incident_id."""
        return f"{self.code}_id"

    @property
    def answered(self) -> str:
        """The key of related objects of this kind in an answer, e.g. indicators, attack_pattern."""
        return self.collection or self.code

    @property
    def asked(self) -> str:
        """The name of related objects of this kind in `with=`, e.g. indicators, attackPattern."""
        first, *rest = self.answered.split("_")
        return first + "".join(word.title() for word in rest)


def _legacy(number: int, code: str, name: str, columns: str) -> Kind:
    names = tuple(columns.split())
    dates = tuple(name for name in names if name.endswith("_at"))
    return Kind(code, name, f"{name}s", number, names[0], names, dates, f"{code}s")


def _generic(number: int, code: str, name: str, plural: str, more: tuple[str, ...]) -> Kind:
    dates = tuple(column for column in more if column.endswith("_at"))
    return Kind(code, name, plural, number, columns=(*_COLUMNS, *more), dates=dates)


def _loose(number: int, code: str) -> Kind:
    name = code.title()
    return Kind(code, name, f"{name}s", number, "name", (), (), f"{code}s", loose=True)


_INDICATORS = (
    "value class type_id status_id description hash expires_needs_calc expires_at expired_at "
    "expires_calculated_at last_detected_at"
)
_FILES = "name title type_id file_size hash content_type_id malware_locked description"
_SIGNATURES = "name value type_id status_id hash description"
INDICATOR = _legacy(101, "indicator", "Indicator", _INDICATORS)
EVENT = _legacy(102, "event", "Event", "title type_id happened_at hash description")
ADVERSARY = Kind("adversary", "Adversary", "Adversaries", 103, "name", ("name",), (), "adversaries")
ATTACHMENT = _legacy(104, "attachment", "File", _FILES)
SIGNATURE = _legacy(105, "signature", "Signature", _SIGNATURES)
# the columns that an answer about an adversary lacks, and the database has
HIDDEN = {ADVERSARY.code: ("description",)}
_LEGACY = (INDICATOR, EVENT, ADVERSARY, ATTACHMENT, SIGNATURE)
# outside of what connectors like ours write, and kept as they come
_LOOSE = ("task", "investigation", "import", "plugin", "connector")
# the system's own generic kinds; only the number of incident (4) is known
_SYSTEM = (
    ("campaign", "Campaign", "Campaigns"),
    ("course_of_action", "Course of Action", "Courses of Action"),
    ("exploit_target", "Exploit Target", "Exploit Targets"),
    ("incident", "Incident", "Incidents"),
    ("ttp", "TTP", "TTPs"),
    ("asset", "Asset", "Assets"),
    ("attack_pattern", "Attack Pattern", "Attack Patterns"),
    ("identity", "Identity", "Identities"),
    ("infrastructure", "Infrastructure", "Infrastructure"),
    ("intrusion_set", "Intrusion Set", "Intrusion Sets"),
    ("malware", "Malware", "Malware"),
    ("note", "Note", "Notes"),
    ("report", "Report", "Reports"),
    ("tool", "Tool", "Tools"),
    ("vulnerability", "Vulnerability", "Vulnerabilities"),
)
_SPAN = ("started_at", "ended_at")
_MORE = {"incident": _SPAN, "campaign": _SPAN, "identity": ("contact_information",)}


class Kinds:
    """The kinds of one platform: the system's, and the custom ones that were installed.

    They are found by their code, by their name in `with=` and by the key of related objects.
    """

    def __init__(self) -> None:
        self.codes: dict[str, Kind] = {}
        self.asked: dict[str, Kind] = {}
        self.answered: dict[str, Kind] = {}
        for kind in _LEGACY:
            self._enter(kind)
        for number, code in enumerate(_LOOSE, 106):
            self._enter(_loose(number, code))
        for number, (code, name, plural) in enumerate(_SYSTEM, 1):
            kind = _generic(number, code, name, plural, _MORE.get(code, ()))
            self._enter(replace(kind, attested=code != "note"))

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.codes.values())

    def _enter(self, kind: Kind) -> None:
        self.codes[kind.code] = self.asked[kind.asked] = self.answered[kind.answered] = kind

    def install(self, definitions: Any) -> None:
        """Add custom objects; raises EmulatorError for what is no definition of one."""
        if not isinstance(definitions, list) or not definitions:
            raise EmulatorError("a definition of custom objects is a JSON array of objects")
        for definition in definitions:
            match definition:
                case {"code": str(code), "name": str(name), "fields": [*fields]}:
                    pass
                case _:
                    raise EmulatorError("a custom object needs a code, a name and fields")
            if not _CODE.fullmatch(code) or code in {*self.codes, *self.answered}:
                raise EmulatorError(f"the code {code!r} is taken, or is no code")
            given = [field.get("field") for field in fields if isinstance(field, dict)]
            if "value" not in given:
                raise EmulatorError(f"the custom object {code!r} has no field 'value'")
            more = tuple(str(name) for name in given if name not in ("value", "description"))
            number = 1 + max(kind.number for kind in self if kind.generic)
            plural = str(definition.get("name_plural") or f"{name}s")
            self._enter(replace(_generic(number, code, name, plural, more), attested=False))

    def collection(self, kind: Kind, options: Options) -> str:
        """Return the name in the path of a kind's collection."""
        if kind.collection or kind.attested or options.collections == "code":
            return kind.answered
        return _plural(kind.code)

    def of_path(self, name: str, options: Options) -> Kind | None:
        """Return the kind of a collection's name, else None.

        Unless collections are strict, a generic one is found by its code or plural in any spelling.
        """
        for kind in self:
            if name == self.collection(kind, options):
                return kind
        if options.strict_collections:
            return None
        plain = _plain(name)
        for kind in self:
            names = (kind.code, _plural(kind.code), kind.plural)
            if kind.generic and plain in map(_plain, names):
                return kind
        return None


def definition(name: str) -> Any:
    """Return the document of a custom object: a JSON file, or the code of a built-in one.

    Raises EmulatorError when there is none, or it cannot be read.
    """
    path = Path(name)
    if not path.is_file():
        path = content.folder("custom_objects") / f"{name}.json"
    if not path.is_file():
        built_in = sorted(file.stem for file in path.parent.glob("*.json"))
        raise EmulatorError(
            f"there is no custom object {name!r}: name a JSON file, or one of {', '.join(built_in)}"
        )
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise EmulatorError(f"{path}: this is not JSON: {error}") from None


def _plain(name: str) -> str:
    return re.sub(r"[_\- ]", "", name).lower()


def _plural(code: str) -> str:
    return f"{code[:-1]}ies" if code.endswith("y") else f"{code}s"
