"""Loads scenarios by name or from JSON files; the format is told in docs/emulator.md."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from izoologic_cdf import content
from izoologic_cdf.emulator import endpoints, generated
from izoologic_cdf.emulator.api_errors import EmulatorError, ScenarioError, unknown
from izoologic_cdf.emulator.cases import Case, JsonObject, StoredCases
from izoologic_cdf.emulator.faults import Fault
from izoologic_cdf.emulator.options import Options
from izoologic_cdf.emulator.responses import decode
from izoologic_cdf.emulator.scenario import Scenario
from izoologic_cdf.emulator.times import epoch

_KEYS = {"description", "clock", "since", "until", "options", "faults", "incidents", "dlr"}
_ITEM_KEYS = {"rows", "detail", "messages", "files"}


def load_scenario(name: str | Path) -> Scenario:
    """Return the scenario of that name, of that JSON file, or of ``generated:N``.

    Raises ScenarioError when there is none, or when something in it is not as it should be.
    """
    path = Path(name)
    is_name = str(name).startswith(generated.PREFIX)
    return _from_file(path) if not is_name and path.is_file() else named(str(name))


def named(name: str) -> Scenario:
    """Return one of the scenarios that come with the emulator. Raises ScenarioError."""
    if name.startswith(generated.PREFIX):
        return generated.from_name(name)
    known = {path.stem: path for path in (content.folder("fixtures") / "scenarios").glob("*.json")}
    if name not in known:
        text = unknown("scenario", name, [*known, f"{generated.PREFIX}N"])
        raise ScenarioError(f"{text}; the path of a JSON file is taken too")
    return _from_file(known[name])


def _from_file(path: Path) -> Scenario:
    try:
        document = decode(path.read_bytes())
    except (ValueError, OSError) as error:
        raise ScenarioError(f"scenario {path.name}: it cannot be read as JSON: {error}") from None
    return read_scenario(document, path.stem, path.parent)


def read_scenario(document: Any, name: str, folder: Path | None) -> Scenario:
    """Return the scenario of a JSON document.

    ``{"from": FILE}`` is read relative to the folder; without a folder it is refused. Raises
    ScenarioError.
    """
    try:
        return _Reader(folder).scenario(document, name)
    except EmulatorError as error:
        raise ScenarioError(f"scenario {name}: {error}") from None


class _Reader:
    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def scenario(self, document: Any, name: str) -> Scenario:
        _known("", document, _KEYS)
        times = {
            key: self._time(key, document[key])
            for key in ("clock", "since", "until")
            if document.get(key) is not None
        }
        options = document.get("options", {})
        _known("options", options, options)
        faults = _list("faults", document.get("faults", []))
        return Scenario(
            name=name,
            **times,
            options=Options().changed(**options),
            faults=tuple(self._fault(i, fault) for i, fault in enumerate(faults)),
            incidents=self._cases("incidents", document, endpoints.INCIDENT_LIST_TIME),
            dlr=self._cases("dlr", document, endpoints.DLR_LIST_TIME),
        )

    def _cases(self, key: str, document: Mapping[str, Any], time: str) -> StoredCases:
        rows: list[tuple[int, str]] = []
        cases: dict[str, Case] = {}
        for number, item in enumerate(_list(key, document.get(key, []))):
            where = f"{key}[{number}]"
            _known(where, item, _ITEM_KEYS)
            listed, _ = self._json(f"{where}.rows", item.get("rows"))
            own = [
                self._row(f"{where}.rows[{i}]", row, time)
                for i, row in enumerate(_list(f"{where}.rows", listed))
            ]
            rows += own
            if "detail" in item:
                for _, case_id in own:
                    cases[case_id] = self._case(where, item, case_id)
        return StoredCases(rows, cases)

    def _row(self, where: str, row: Any, time: str) -> tuple[int, str]:
        if not isinstance(row, dict) or not isinstance(row.get("caseId"), str) or time not in row:
            raise EmulatorError(f'{where} must be like {{"caseId": "...", "{time}": "..."}}')
        return self._time(f"{where}.{time}", row[time]), row["caseId"]

    def _case(self, where: str, item: Mapping[str, Any], case_id: str) -> Case:
        detail, blank = self._json(f"{where}.detail", item["detail"])
        if not isinstance(detail, dict):
            raise EmulatorError(f"{where}.detail must be an object")
        messages, _ = self._json(f"{where}.messages", item.get("messages", []))
        files = _list(f"{where}.files", item.get("files", []))
        return Case(
            detail,
            [row for row in _list(f"{where}.messages", messages) if _is_of(row, case_id)],
            [self.content(f"{where}.files[{i}]", file) for i, file in enumerate(files)],
            blank,
        )

    def _json(self, where: str, value: Any) -> tuple[Any, str | None]:
        """Return a value and its blank; ``{"from": FILE}`` means the result in that file."""
        if not isinstance(value, dict) or set(value) != {"from"}:
            return value, None
        text = self._file(where, value["from"])
        try:
            envelope = decode(text)
        except ValueError as error:
            raise EmulatorError(f"{where}: {value['from']} is not JSON: {error}") from None
        if not isinstance(envelope, dict) or "result" not in envelope:
            raise EmulatorError(f"{where}: {value['from']} holds no response with a result")
        return envelope["result"], envelope.get("errorCode")

    def content(self, where: str, value: Any) -> bytes:
        """Return the bytes of ``{"text": ...}``, ``{"base64": ...}`` or ``{"from": FILE}``."""
        match value:
            case {"text": str(text)}:
                return text.encode()
            case {"base64": str(text)}:
                try:
                    return base64.b64decode(text, validate=True)
                except (ValueError, binascii.Error):
                    raise EmulatorError(f"{where}: base64 cannot be decoded") from None
            case {"from": name}:
                return self._file(where, name)
        forms = '{"text": ...}, {"base64": ...} or {"from": ...}'
        raise EmulatorError(f"{where} must be {forms}")

    def _file(self, where: str, name: Any) -> bytes:
        if self._folder is None:
            raise EmulatorError(f'{where}: "from" is for scenario files; give the data itself')
        try:
            return (self._folder / str(name)).read_bytes()
        except OSError as error:
            raise EmulatorError(f"{where}: {name} cannot be read: {error.strerror}") from None

    @staticmethod
    def _fault(number: int, document: Any) -> Fault:
        try:
            return Fault.read(document)
        except EmulatorError as error:
            raise EmulatorError(f"faults[{number}]: {error}") from None

    @staticmethod
    def _time(where: str, value: Any) -> int:
        seconds = epoch(value)
        if seconds is None:
            raise EmulatorError(f"{where} is {value!r}; it must be epoch seconds or ISO 8601")
        return seconds


def _is_of(row: Any, case_id: str) -> bool:
    return isinstance(row, dict) and row.get("caseID", case_id) == case_id


def _known(where: str, value: Any, known: Iterable[str]) -> None:
    if not isinstance(value, dict):
        raise EmulatorError(f"{where or 'the document'} must be an object")
    for key in value:
        if key not in known:
            raise EmulatorError(f"{where + ': ' if where else ''}{unknown('key', key, known)}")


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise EmulatorError(f"{where} must be a list")
    return value


__all__ = ["JsonObject", "load_scenario", "read_scenario"]
