"""The generated scenario: any number of cases from a seed, with every oddity that is known."""

import abc
import inspect
import random
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from izoologic_cdf.emulator import sample_values
from izoologic_cdf.emulator.endpoints import DLR_PREFIX
from izoologic_cdf.emulator.sample_values import MISSING, Fields, pick, randomness, stamp
from izoologic_cdf.emulator.scenario import Case, JsonObject, Options, Scenario, ScenarioError
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


class _Generated(abc.ABC):
    """Cases between `since` and `clock` (epoch seconds), each made when it is requested."""

    kind: str

    def __init__(self, ids: list[str], seed: int, since: int, clock: int, kept: int) -> None:
        self._ids = ids
        self._index = {case_id: index for index, case_id in enumerate(ids)}
        self._seed, self._since, self._clock = seed, since, clock
        # detail, messages and files of a case are requested one after the other
        self._made = lru_cache(maxsize=kept)(self._make)

    def rows(self) -> Iterable[tuple[int, str]]:
        """Return the list, some cases twice."""
        return sample_values.list_rows(self._seed, self.kind, self._ids, self._since, self._clock)

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None if it is not of this source."""
        index = self._index.get(case_id)
        return None if index is None else self._made(index)

    def _updated(self, index: int) -> int:
        return sample_values.update_time(self._seed, self.kind, index, self._since, self._clock)

    @abc.abstractmethod
    def _make(self, index: int) -> Case:
        """Return the case with that index."""


_CASE_TYPES = (
    (6, "Incident"),
    (1, "Domain Monitoring"),
    (2, "Brand Abuse Monitoring"),
    (3, "Mobile App Monitoring"),
    (4, "Social Media Monitoring"),
    (5, "Executive Monitoring"),
    (9, "Reported Incident"),
    ("6", "Incident"),
    (7, None),
)
_STATUSES = ((1, "Open"), (17, "Waiting"), (16, "Closed"), (1, "Under Review"), (15, "Open"))
_SUBJECTS = (
    "Incident Acknowledgement - ",
    "New file uploaded for the CASE ID - {}",
    "",
    "Update on 例示 \U0001f4e7",
    "  -  ",
)
_MESSAGES = (
    "This is acknowledged.\r\n",
    "<p>Please see <a href='https://example.com/'>here</a> &amp; reply</p>\r\n\r\n",
    "Zeile 1\r\nZeile 2\n\tZeile 3 \N{EURO SIGN}",
    "",
    None,
)
_FILE_NAMES = (
    "evidence.pdf",
    "screenshot.png",
    "証拠.txt",
    "../../escape.txt",
    "C:\\temp\\shot.png",
    "evidence.pdf",
    "\u202etxt.exe",
    "n" * 300 + ".log",
    "",
    "with\nline break.txt",
)


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
        numbers = randomness(self._seed, self.kind, index)
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
                "brand": pick(sample_values.TEXTS, index),
                "createdOn": str(at),
                "subject": pick(_SUBJECTS, index + number).format(case_id),
                "message": pick(_MESSAGES, index + 2 * number),
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
                else pick(_FILE_NAMES, index + 5 * number),
                "fileToken": "",
                "isCaseScreenshot": pick((False, True, "false"), index + number),
            }
            for number in range(count)
        ]
        if index % 13 == 4 and count > 1:
            case.detail["caseFiles"][-1] = case.detail["caseFiles"][0]
            case.contents[-1] = case.contents[0]


def _incident(index: int, numbers: random.Random, opened: int, updated: int) -> JsonObject:
    case_type, description = pick(_CASE_TYPES, index)
    status, status_text = pick(_STATUSES, index)
    detected = stamp(opened - numbers.randrange(90 * DAY), index + 3)
    fields = Fields(index)
    fields.put({"url": sample_values.URLS})
    fields.exact("caseType", case_type)
    fields.put(
        {
            "caseDescription": description,
            "statusCode": status,
            "statusDescription": status_text,
            "brand": sample_values.TEXTS,
            "incidentType": ("Phishing", "Brand Abuse - Fake Website"),
            "subIncidentType": ("Fake Website", "Facebook"),
            "threatType": ("Brand Abuse", "Substantial Threat"),
            **_texts(index),
            "addedDate": stamp(opened, index),
            "detectionDate": "0001-01-01T00:00:00" if index % 29 == 7 else detected,
            "clientRef": f"REF{index}",
            "ipAddress": sample_values.ADDRESSES,
            "webhost": "Example Hosting",
            "webhostCountry": "Australia",
            "registrarName": "Example Registrar",
            pick(("nameServer", "nameserver", "NameServer"), index): "ns1.example.com",
            "mxRecord": "mail.example.com",
            "detectedBy": (1, 2, "1", "2", "Client", "Reported By iZOOLogic", 5),
            "upTime": f"{index % 9} days, {index % 24} hours, {index % 60} minutes",
            "progressStage": ("Investigation", "Takedown"),
            "executiveName": "Example Executive",
        }
    )
    parts = ("Name", "Version", "Status", "Signature")
    fields.put({f"mobileApp{part}": f"Example App {part}" for part in parts})
    fields.exact("incidentStatusLogs", _logs(index, status, status_text, opened, updated))
    return fields.object


def _texts(index: int) -> dict[str, str]:
    about = f"of {pick(sample_values.TEXTS, index)}, number {index}"
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


# the keys that rows of the guide's first sample have and hardly ever fill
_UNUSED_KEYS = (
    *("cardType", "cardLevel", "cardNumber", "cardExpiry", "cvv", "cardDetail"),
    *("cardClassification", "track1", "track2", "dob", "ssn"),
    *("country", "state", "city", "zip", "firstName"),
)
_SEVERITIES = ("Substantial Threat", "Low Threat", "Critical Threat", "Financial Data Exposure")
_EMAILS = (
    "account{}@example.com",
    "Account{}@Example.com",
    "acc***@example.com",
    "用户{}@example.org",
    None,
    "  ",
)
_USER_NAMES = ("user_{}_test", "User_{}_Test", None, "", "N/A")


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
        numbers = randomness(self._seed, self.kind, index)
        added = self._updated(index) - numbers.randrange(60 * DAY)
        fields = Fields(index)
        fields.exact(pick(("caseId", "caseID"), index // 2), self._ids[index])
        fields.exact(pick(("trackingID", "trackingId"), index // 3), self._tracking[index])
        _fill_dlr(fields, index, added)
        rows = [_row(index, number, added) for number in range(numbers.randint(0, 4))]
        for name in ("Records", "CorporateAccounts", "PublicAccounts", "ExecutiveAccounts"):
            total = len(rows) * 500 if index % 5 == 2 else len(rows)
            fields.exact(f"total{name}", pick((total, str(total)), index // 2))
        own = _row(index, 9, added)
        primary = pick((MISSING, [own], [own, *rows[:1]], None, rows[:2]), index)
        fields.exact("dataLossRecoveryPrimaryDetail", primary)
        fields.exact("dataLossRecoveryDetail", rows or pick((None, MISSING, [], {}), index))
        return Case(fields.object, blank=pick(("", None), index))


def _fill_dlr(fields: Fields, index: int, added: int) -> None:
    fields.put(
        {
            "brand": sample_values.TEXTS,
            "brandCode": "EXAMPLEONE",
            "fileOrBreachName": f"Example Collection {index}",
            "incidentType": ("Data Breach", "Login Credentials"),
            "severity": _SEVERITIES,
            "threatActorName": "Example Actor Group",
            "threatActorType": "Hacktivist",
            "threatActorActivities": "Defacement, Hacking",
            "threatActorDetail": "A group that exists in this scenario only.",
            "dataType": ("Combo", "Logs"),
            pick(("subType", "SubType", "subtype"), index): "Chat Platforms",
            pick(("seller", "Seller"), index): "Example Seller",
            "status": ("Recovered", "Active"),
        }
    )
    fields.exact("originalUrl", "" if index % 2 == 0 else MISSING)
    rate = pick(("Cryocurrency", "Cryptocurrency"), index)
    fields.put(
        {
            "addedDate": stamp(added, index),
            "estimatedCost": "$1,000",
            f"estimated{rate}TransactionRate": "0.01 BTC",
            "affectedProperty": "Example online banking",
            "affectedPropertyBase": "Example database",
            "affectedPropertyBaseDate": str(added),
            pick(("affected", "Affected"), index) + "PropertyBINNumber": "0000",
            **_texts(index),
            "detectedOn": ("Telegram", "Github"),
        }
    )


def _row(index: int, number: int, added: int) -> JsonObject:
    """Return a row; the same accounts come back in other cases, with other passwords."""
    turn = index + number
    account = index * 7 % 50 + number
    fields = Fields(turn)
    for name in _UNUSED_KEYS if index % 2 == 0 else ():
        fields.exact(name, None)
    email, user_name = pick(_EMAILS, turn), pick(_USER_NAMES, turn)
    fields.exact("email", email.format(account) if email else email)
    if index % 2 == 0 or number % 2 == 0:
        fields.exact("userName", user_name.format(account) if user_name else user_name)
    fields.put({"password": f"Password_Test_{turn}", "phone": "+1-555-0100"})
    if index % 2 == 0:
        fields.put(
            {
                "application": "Application_Test",
                "websiteOrServer": "https://bank.example.com/login",
                "corporateOrPublicAccount": ("Public", "Corporate"),
                "isExecutiveAccount": (False, True),
                "address": "1 Example Street",
                "ipAddress": sample_values.ADDRESSES,
                "userAgent": "ExampleBrowser/1.0",
                "recoveredProperty": "Example property",
                "postedDate": stamp(added // DAY * DAY, turn),
                "recoveryRemark": "Example remark",
            }
        )
    return fields.object
