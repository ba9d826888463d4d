"""Loads scenarios by name or from JSON files; the format is described in docs/emulator.md."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from izoologic_cdf import content
from izoologic_cdf.emulator import endpoints, generated
from izoologic_cdf.emulator.scenario import (
    Case,
    CaseSource,
    Fault,
    Options,
    Scenario,
    ScenarioError,
)
from izoologic_cdf.loopback import inputs
from izoologic_cdf.loopback.inputs import EmulatorError, decode, seconds, unknown

_KEYS = {"description", "clock", "since", "until", "options", "faults", "incidents", "dlr"}
_ITEM_KEYS = {"rows", "detail", "messages", "files"}


def load_scenario(name: str | Path) -> Scenario:
    """Return the scenario of that name, of that JSON file, or of `generated:N`.

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
        raise ScenarioError(f"{text}; or give the path of a JSON file")
    return _from_file(known[name])


def _from_file(path: Path) -> Scenario:
    try:
        document = decode(path.read_bytes())
    except (ValueError, OSError) as error:
        raise ScenarioError(f"scenario {path.name}: it cannot be read as JSON: {error}") from None
    return read_scenario(document, path.stem, path.parent)


def read_scenario(document: Any, name: str, folder: Path | None) -> Scenario:
    """Return the scenario of a JSON document; raises ScenarioError.

    `{"from": FILE}` is read relative to the folder; without a folder it is refused.
    """
    try:
        return _Reader(folder).scenario(document, name)
    except EmulatorError as error:
        raise ScenarioError(f"scenario {name}: {error}") from None


class _Reader:
    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def scenario(self, document: Any, name: str) -> Scenario:
        _check_object("the document", document, _KEYS)
        times = {
            key: seconds(key, document[key])
            for key in ("clock", "since", "until")
            if document.get(key) is not None
        }
        options = document.get("options", {})
        _check_object("options", options, options)
        return Scenario(
            name=name,
            **times,
            options=Options().changed(**options),
            faults=tuple(_fault(*item) for item in _items("faults", document.get("faults", []))),
            incidents=self._cases("incidents", document, endpoints.INCIDENT_LIST_TIME),
            dlr=self._cases("dlr", document, endpoints.DLR_LIST_TIME),
        )

    def _cases(self, key: str, document: Mapping[str, Any], time: str) -> CaseSource:
        rows: list[tuple[int, str]] = []
        cases: dict[str, Case] = {}
        for where, item in _items(key, document.get(key, [])):
            _check_object(where, item, _ITEM_KEYS)
            listed, _ = self._json(f"{where}.rows", item.get("rows"))
            own = [_row(*one, time) for one in _items(f"{where}.rows", listed)]
            rows += own
            if "detail" in item:
                cases |= {case_id: self._case(where, item, case_id) for _, case_id in own}
        return CaseSource(rows, cases)

    def _case(self, where: str, item: Mapping[str, Any], case_id: str) -> Case:
        detail, blank = self._json(f"{where}.detail", item["detail"])
        _check_object(f"{where}.detail", detail, detail)
        messages, _ = self._json(f"{where}.messages", item.get("messages", []))
        return Case(
            detail,
            [row for _, row in _items(f"{where}.messages", messages) if _is_of(row, case_id)],
            [self._content(*one) for one in _items(f"{where}.files", item.get("files", []))],
            blank,
        )

    def _json(self, where: str, value: Any) -> tuple[Any, str | None]:
        """Return a value and its blank; `{"from": FILE}` means the result in that file."""
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

    def _content(self, where: str, value: Any) -> bytes:
        if isinstance(value, dict) and "from" in value:
            return self._file(where, value["from"])
        return inputs.content(where, value)

    def _file(self, where: str, name: Any) -> bytes:
        if self._folder is None:
            raise EmulatorError(f'{where}: "from" is for scenario files; give the data itself')
        try:
            return (self._folder / str(name)).read_bytes()
        except OSError as error:
            raise EmulatorError(f"{where}: {name} cannot be read: {error.strerror}") from None


def _fault(where: str, document: Any) -> Fault:
    try:
        return Fault.read(document)
    except EmulatorError as error:
        raise EmulatorError(f"{where}: {error}") from None


def _row(where: str, row: Any, time: str) -> tuple[int, str]:
    if not isinstance(row, dict) or not isinstance(row.get("caseId"), str) or time not in row:
        raise EmulatorError(f'{where} must be like {{"caseId": "...", "{time}": "..."}}')
    return seconds(f"{where}.{time}", row[time]), row["caseId"]


def _is_of(row: Any, case_id: str) -> bool:
    return isinstance(row, dict) and row.get("caseID", case_id) == case_id


def _check_object(where: str, value: Any, known: Iterable[str]) -> None:
    if not isinstance(value, dict):
        raise EmulatorError(f"{where} must be an object")
    for key in value:
        if key not in known:
            raise EmulatorError(f"{where}: {unknown('key', key, known)}")


def _items(where: str, value: Any) -> list[tuple[str, Any]]:
    """Return each item of a list behind its place."""
    if not isinstance(value, list):
        raise EmulatorError(f"{where} must be a list")
    return [(f"{where}[{index}]", item) for index, item in enumerate(value)]
