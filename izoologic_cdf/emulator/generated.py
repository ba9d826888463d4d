"""The generated scenario: any number of cases from a seed, with every oddity that is known."""

import abc
import inspect
import random
from functools import lru_cache
from typing import Any

from izoologic_cdf.emulator import sample_values
from izoologic_cdf.emulator.endpoints import DLR_PREFIX
from izoologic_cdf.emulator.sample_values import MISSING, Fields, pick, stamp
from izoologic_cdf.emulator.scenario import (
    Case,
    CaseSource,
    JsonObject,
    Options,
    Scenario,
    ScenarioError,
)
from izoologic_cdf.loopback.inputs import DAY, unknown

PREFIX = "generated:"
MAX_SHOWN = 80
# 2025-08-15T12:34:56Z: an ordinary moment, away from every edge
CLOCK = 1_755_261_296
# that much fits into memory, and no date lies before 1970
BOUNDS = {
    "cases": (0, 1_000_000),
    "days": (1, 20_000),
    "messages_per_case": (0, 1_000),
    "dlr": (0, 1_000_000),
    "files_per_case": (0, 1_000),
}


def generate(
    cases: int,
    *,
    seed: int = 0,
    days: int = 120,
    clock: int = CLOCK,
    dlr: int | None = None,
    messages_per_case: int = 2,
    files_per_case: int = 1,
) -> Scenario:
    """Return a scenario of that many incident cases, and of DLR cases (a quarter as many).

    They were updated within `days` before the clock (epoch seconds); messages and files are so
    many on average. The same arguments give the same data. Details are made when requested, so
    that memory holds little more than the ids. Lists come shuffled. Raises ScenarioError.
    """
    given = {"cases": cases, "days": days, "messages_per_case": messages_per_case}
    for name, value in {**given, "dlr": dlr or 0, "files_per_case": files_per_case}.items():
        least, most = BOUNDS[name]
        where = f"generated scenario: {name} is"
        if value < least:
            raise ScenarioError(f"{where} {value}; it must be at least {least}")
        if value > most:
            raise ScenarioError(f"{where} too large; it must be at most {most}")
    since = clock - days * DAY
    return Scenario(
        name=f"{PREFIX}{cases}",
        clock=clock,
        since=since,
        until=clock,
        options=Options(list_order="shuffled"),
        incidents=GeneratedIncidents(cases, seed, since, clock, messages_per_case, files_per_case),
        dlr=GeneratedDlr(cases // 4 if dlr is None else dlr, seed, since, clock),
    )


def from_name(name: str) -> Scenario:
    """Return the scenario of a name like `generated:2000:seed=3:days=200`.

    The settings are the arguments of `generate`. Raises ScenarioError.
    """
    number, *settings = name.removeprefix(PREFIX).split(":")
    arguments: dict[str, Any] = {}
    known = [key for key in inspect.signature(generate).parameters if key != "cases"]
    for setting in settings:
        key, _, value = setting.partition("=")
        if key not in known:
            raise ScenarioError(f"scenario {name}: {unknown('setting', key, known)}")
        arguments[key] = _integer(name, key, value)
    return generate(_integer(name, "the number of cases", number), **arguments)


def _integer(name: str, what: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ScenarioError(
            f"scenario {name[:MAX_SHOWN]}: {what} is {text[:MAX_SHOWN]!r}; "
            f"it must be an integer, as in {PREFIX}2000:seed=3:days=200"
        ) from None


class _Generated(CaseSource, abc.ABC):
    """Cases between `since` and `clock` (epoch seconds), each made when it is requested."""

    kind: str

    def __init__(self, ids: list[str], seed: int, since: int, clock: int, kept: int) -> None:
        self._ids = ids
        self._index = {case_id: index for index, case_id in enumerate(ids)}
        self._seed, self._since, self._clock = seed, since, clock
        # detail, messages and files of a case are requested one after the other
        self._made = lru_cache(maxsize=kept)(self._make)

    @abc.abstractmethod
    def _make(self, index: int) -> Case:
        """Return the case with that index."""

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None if it is not of this source."""
        index = self._index.get(case_id)
        return None if index is None else self._made(index)

    def rows(self) -> list[tuple[int, str]]:
        """Return the list, some cases twice: again earlier, or just repeated."""
        rows = []
        for index, case_id in enumerate(self._ids):
            updated = self._updated(index)
            rows.append((updated, case_id))
            if index % 17 == 3:
                rows.append((self._random(index, "again").randint(self._since, updated), case_id))
            if index % 23 == 5:
                rows.append((updated, case_id))
        return rows

    def _random(self, *key: Any) -> random.Random:
        return sample_values.randomness(self._seed, self.kind, *key)

    def _updated(self, index: int) -> int:
        """Return when a case was updated: often just at, before or after an edge, never outside.

        Edges are those of windows of 30 days from `since`, of UTC days, and the clock itself.
        """
        numbers, since, clock = self._random(index, "updated"), self._since, self._clock
        anywhere = numbers.randint(since, clock)
        edge = since + 30 * DAY * numbers.randrange((clock - since) // (30 * DAY) + 1)
        midnight = anywhere // DAY * DAY
        edges = (edge, edge - 1, edge + 1, midnight, midnight + DAY - 1, *[anywhere] * 4, clock)
        return int(min(max(pick(edges, index), since), clock))


class GeneratedIncidents(_Generated):
    """The source of incident cases; messages and files are so many on average."""

    kind = "incident"

    def __init__(
        self, count: int, seed: int, since: int, clock: int, messages: int, files: int
    ) -> None:
        super().__init__(sample_values.case_ids(seed, self.kind, count), seed, since, clock, 128)
        self._messages, self._files = messages, files

    def resolve(self, tracking_id: str) -> str | None:
        """Return None: incident cases have no tracking id."""

    def _make(self, index: int) -> Case:
        numbers = self._random(index)
        updated = self._updated(index)
        opened = updated - numbers.randrange(60 * DAY)
        case = Case(_incident(index, numbers, opened, updated), blank=pick((None, ""), index))
        case.messages = self._communications(index, numbers, max(opened, self._since))
        self._add_files(case, index, numbers, opened)
        return case

    def _communications(self, index: int, numbers: random.Random, first: int) -> list[JsonObject]:
        case_id = self._ids[index]
        rows: list[JsonObject] = []
        for number in range(numbers.randint(0, 2 * self._messages)):
            at = numbers.randint(first, self._clock)
            if number % 5 == 1:
                at = min(max(at // DAY * DAY, first), self._clock)
            row = {
                "caseID": case_id,
                "brand": pick("texts", index),
                "createdOn": str(at),
                "subject": pick("subjects", index + number).format(case_id),
                "message": pick("messages", index + 2 * number),
                "postedBy": "analyst@example.org",
            }
            if rows and number % 4 == 2:
                # the same second, the same subject, and sometimes the very same message
                same = ("createdOn", "subject", "message")[: 2 + numbers.randrange(2)]
                row.update({name: rows[-1][name] for name in same})
            rows.append(row)
        return rows

    def _add_files(self, case: Case, index: int, numbers: random.Random, opened: int) -> None:
        count = numbers.randint(0, 2 * self._files)
        if count == 0:
            empty = pick((None, MISSING, [], {}), index)
            if empty is not MISSING:
                case.detail["caseFiles"] = empty
            return
        contents = [_content(self._ids[index], index + number) for number in range(count)]
        case.contents = [*contents]
        case.detail["caseFiles"] = [
            {
                "dateUploaded": str(opened + 60 * number),
                # JSON under the name of a picture would be an error page
                "originalFilename": "evidence.json"
                if contents[number].startswith(b"{")
                else pick("file_names", index + 5 * number),
                "fileToken": "",
                "isCaseScreenshot": pick((False, True, "false"), index + number),
            }
            for number in range(count)
        ]
        if index % 13 == 4 and count > 1:
            case.detail["caseFiles"][-1] = case.detail["caseFiles"][0]
            case.contents[-1] = case.contents[0]


def _incident(index: int, numbers: random.Random, opened: int, updated: int) -> JsonObject:
    case_type, description = pick("case_types", index)
    status, status_text = pick("statuses", index)
    detected = stamp(opened - numbers.randrange(90 * DAY), index + 3)
    fields = Fields(index)
    computed = {
        "caseDescription": description,
        "statusCode": status,
        "statusDescription": status_text,
        "addedDate": stamp(opened, index),
        "detectionDate": "0001-01-01T00:00:00" if index % 29 == 7 else detected,
        "clientRef": f"REF{index}",
        "upTime": f"{index % 9} days, {index % 24} hours, {index % 60} minutes",
    }
    fields.put("incident", computed | _texts(index))
    fields.exact("caseType", case_type)
    fields.exact("incidentStatusLogs", _logs(index, status, status_text, opened, updated))
    return fields.object


def _texts(index: int) -> dict[str, str]:
    about = f"of {pick('texts', index)}, number {index}"
    return {name: f"{name.title()} {about}" for name in ("description", "impact", "recommendation")}


def _logs(index: int, status: int, text: str, opened: int, updated: int) -> Any:
    changes = ((1, "Open", opened), (status, text, updated), (status, None, updated))
    entries = [
        {
            "incidentStatus": code,
            "incidentStatusDescription": description,
            "remark": "Example remark",
            "updatedOn": stamp(at, index),
            "updatedBy": "iZoologic",
        }
        for code, description, at in changes
    ]
    return pick((entries, None, MISSING, [], {}, entries[::-1], entries[:1]), index)


def _content(case_id: str, number: int) -> bytes:
    text = f"file {number} of {case_id}\n".encode()
    return bytes(pick((text, b"\x00\x01\xff" + text, b"", b'{"success":true,"result":[]}'), number))


class GeneratedDlr(_Generated):
    """The source of DLR cases (data loss recovery)."""

    kind = "dlr"

    def __init__(self, count: int, seed: int, since: int, clock: int) -> None:
        names = list(enumerate(sample_values.case_ids(seed, self.kind, count)))
        # as the guide's second sample: neither id reveals the other
        self._tracking = [f"TRK{i:06}" if i % 8 == 7 else name for i, name in names]
        ids = [f"DLR{i:06}" if i % 8 == 7 else DLR_PREFIX + name for i, name in names]
        super().__init__(ids, seed, since, clock, 32)

    def resolve(self, tracking_id: str) -> str | None:
        """Return the case id of a tracking id that the case id does not reveal."""
        number = tracking_id.removeprefix("TRK")
        case_id = f"DLR{number}"
        return case_id if number != tracking_id and case_id in self._index else None

    def _make(self, index: int) -> Case:
        numbers = self._random(index)
        added = self._updated(index) - numbers.randrange(60 * DAY)
        fields = Fields(index)
        fields.exact(pick(("caseId", "caseID"), index // 2), self._ids[index])
        fields.exact(pick(("trackingID", "trackingId"), index // 3), self._tracking[index])
        computed = {
            "fileOrBreachName": f"Example Collection {index}",
            "addedDate": stamp(added, index),
            "affectedPropertyBaseDate": str(added),
        }
        fields.put("dlr", computed | _texts(index))
        fields.exact("originalUrl", "" if index % 2 == 0 else MISSING)
        rows = [_row(index, number, added) for number in range(numbers.randint(0, 4))]
        for name in ("Records", "CorporateAccounts", "PublicAccounts", "ExecutiveAccounts"):
            total = len(rows) * 500 if index % 5 == 2 else len(rows)
            fields.exact(f"total{name}", pick((total, str(total)), index // 2))
        own = _row(index, 9, added)
        primary = pick((MISSING, [own], [own, *rows[:1]], None, rows[:2]), index)
        fields.exact("dataLossRecoveryPrimaryDetail", primary)
        fields.exact("dataLossRecoveryDetail", rows or pick((None, MISSING, [], {}), index))
        return Case(fields.object, blank=pick(("", None), index))


def _row(index: int, number: int, added: int) -> JsonObject:
    """Return a row; the same accounts come back in other cases, with other passwords."""
    turn = index + number
    account = index * 7 % 50 + number
    fields = Fields(turn)
    for name in sample_values.values()["unused_keys"] if index % 2 == 0 else ():
        fields.exact(name, None)
    email, user_name = pick("emails", turn), pick("user_names", turn)
    fields.exact("email", email.format(account) if email else email)
    if index % 2 == 0 or number % 2 == 0:
        fields.exact("userName", user_name.format(account) if user_name else user_name)
    fields.put("account", {"password": f"Password_Test_{turn}"})
    if index % 2 == 0:
        posted = stamp(added // DAY * DAY, turn)
        fields.put("account_of_first_shape", {"postedDate": posted})
    return fields.object
