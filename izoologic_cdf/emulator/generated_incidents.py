"""Generated incident cases, each made when it is asked for."""

import random
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from izoologic_cdf.emulator import sample_values
from izoologic_cdf.emulator.cases import Case, JsonObject
from izoologic_cdf.emulator.sample_values import MISSING, Fields, pick, randomness, stamp
from izoologic_cdf.emulator.times import DAY

KIND = "incident"

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
_DETECTED_BY = (1, 2, "1", "2", "Client", "Reported By iZOOLogic", 5)
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


class GeneratedIncidents:
    """The source of ``ids`` incident cases between ``since`` and ``clock`` (epoch seconds)."""

    def __init__(
        self, ids: list[str], *, seed: int, since: int, clock: int, messages: int, files: int
    ) -> None:
        self._ids = ids
        self._index = {case_id: index for index, case_id in enumerate(ids)}
        self._seed, self._since, self._clock = seed, since, clock
        self._messages, self._files = messages, files
        # detail, messages and files of a case are asked for one after the other
        self._made = lru_cache(maxsize=128)(self._make)

    def rows(self) -> Iterable[tuple[int, str]]:
        """Return the list, some cases twice."""
        return sample_values.list_rows(self._seed, KIND, self._ids, self._since, self._clock)

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None if it is not of this source."""
        index = self._index.get(case_id)
        return None if index is None else self._made(index)

    def resolve(self, tracking_id: str) -> str | None:
        """Return None: incident cases have no tracking id."""

    def _make(self, index: int) -> Case:
        numbers = randomness(self._seed, KIND, index)
        updated = sample_values.update_time(self._seed, KIND, index, self._since, self._clock)
        opened = updated - numbers.randrange(60 * DAY)
        case = Case(self._detail(index, numbers, opened, updated), blank=pick((None, ""), index))
        case.messages = self._communications(index, numbers, max(opened, self._since))
        self._add_files(case, index, numbers, opened)
        return case

    def _detail(self, index: int, numbers: random.Random, opened: int, updated: int) -> JsonObject:
        case_type, description = pick(_CASE_TYPES, index)
        status, status_text = pick(_STATUSES, index)
        fields = Fields(index)
        fields.put("url", pick(sample_values.URLS, index))
        fields.exact("caseType", case_type)
        fields.put("caseDescription", description)
        fields.put("statusCode", status)
        fields.put("statusDescription", status_text)
        fields.put("brand", pick(sample_values.TEXTS, index))
        fields.put("incidentType", pick(("Phishing", "Brand Abuse - Fake Website"), index))
        fields.put("subIncidentType", pick(("Fake Website", "Facebook"), index))
        fields.put("threatType", pick(("Brand Abuse", "Substantial Threat"), index))
        for name in ("description", "impact", "recommendation"):
            fields.put(
                name, f"{name.title()} of {pick(sample_values.TEXTS, index)}, number {index}"
            )
        fields.put("addedDate", stamp(opened, index))
        detected = stamp(opened - numbers.randrange(90 * DAY), index + 3)
        fields.put("detectionDate", "0001-01-01T00:00:00" if index % 29 == 7 else detected)
        fields.put("clientRef", f"REF{index}")
        fields.put("ipAddress", pick(sample_values.ADDRESSES, index))
        fields.put("webhost", "Example Hosting")
        fields.put("webhostCountry", "Australia")
        fields.put("registrarName", "Example Registrar")
        fields.put(pick(("nameServer", "nameserver", "NameServer"), index), "ns1.example.com")
        fields.put("mxRecord", "mail.example.com")
        fields.put("detectedBy", pick(_DETECTED_BY, index))
        fields.put("upTime", f"{index % 9} days, {index % 24} hours, {index % 60} minutes")
        fields.put("progressStage", pick(("Investigation", "Takedown"), index))
        fields.put("executiveName", "Example Executive")
        for name in ("Name", "Version", "Status", "Signature"):
            fields.put(f"mobileApp{name}", f"Example App {name}")
        fields.exact("incidentStatusLogs", _logs(index, status, status_text, opened, updated))
        return fields.object

    def _communications(self, index: int, numbers: random.Random, first: int) -> list[JsonObject]:
        case_id = self._ids[index]
        rows: list[JsonObject] = []
        count = numbers.randint(0, 2 * self._messages)
        for number in range(count):
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


def _logs(index: int, status: int, text: str, opened: int, updated: int) -> Any:
    entries = [
        {
            "incidentStatus": code,
            "incidentStatusDescription": description,
            "remark": "Example remark",
            "updatedOn": stamp(at, index),
            "updatedBy": "iZoologic",
        }
        for code, description, at in (
            (1, "Open", opened),
            (status, text, updated),
            (status, None, updated),
        )
    ]
    return pick((entries, None, MISSING, [], {}, entries[::-1], entries[:1]), index)


def _content(case_id: str, number: int) -> bytes:
    text = f"file {number} of {case_id}\n".encode()
    return bytes(pick((text, b"\x00\x01\xff" + text, b"", b'{"success":true,"result":[]}'), number))
