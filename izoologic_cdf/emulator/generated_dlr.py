"""Generated DLR cases (data loss recovery), each made when it is asked for."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from izoologic_cdf.emulator import sample_values
from izoologic_cdf.emulator.cases import Case, JsonObject
from izoologic_cdf.emulator.endpoints import DLR_PREFIX
from izoologic_cdf.emulator.sample_values import MISSING, Fields, pick, randomness, stamp
from izoologic_cdf.emulator.times import DAY

KIND = "dlr"

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


class GeneratedDlr:
    """The source of DLR cases between ``since`` and ``clock`` (epoch seconds)."""

    def __init__(self, count: int, *, seed: int, since: int, clock: int) -> None:
        self._seed, self._since, self._clock = seed, since, clock
        plain = sample_values.case_ids(seed, KIND, count)
        self._tracking = [
            f"TRK{index:06}" if index % 8 == 7 else name for index, name in enumerate(plain)
        ]
        # as the guide's second sample: neither id tells the other
        self._ids = [
            f"DLR{index:06}" if index % 8 == 7 else DLR_PREFIX + name
            for index, name in enumerate(plain)
        ]
        self._index = {case_id: index for index, case_id in enumerate(self._ids)}
        self._made = lru_cache(maxsize=32)(self._make)

    def rows(self) -> Iterable[tuple[int, str]]:
        """Return the list, some cases twice."""
        return sample_values.list_rows(self._seed, KIND, self._ids, self._since, self._clock)

    def case(self, case_id: str) -> Case | None:
        """Return the case, or None if it is not of this source."""
        index = self._index.get(case_id)
        return None if index is None else self._made(index)

    def resolve(self, tracking_id: str) -> str | None:
        """Return the case id of a tracking id that the case id does not tell."""
        number = tracking_id.removeprefix("TRK")
        case_id = f"DLR{number}"
        return case_id if number != tracking_id and case_id in self._index else None

    def _make(self, index: int) -> Case:
        blank = pick(("", None), index)
        return Case(self._detail(index), blank=blank)

    def _detail(self, index: int) -> JsonObject:
        numbers = randomness(self._seed, KIND, index)
        updated = sample_values.update_time(self._seed, KIND, index, self._since, self._clock)
        added = updated - numbers.randrange(60 * DAY)
        first_shape = index % 2 == 0
        fields = Fields(index)
        fields.exact(pick(("caseId", "caseID"), index // 2), self._ids[index])
        fields.exact(pick(("trackingID", "trackingId"), index // 3), self._tracking[index])
        fields.put("brand", pick(sample_values.TEXTS, index))
        fields.put("brandCode", "EXAMPLEONE")
        fields.put("fileOrBreachName", f"Example Collection {index}")
        fields.put("incidentType", pick(("Data Breach", "Login Credentials"), index))
        fields.put("severity", pick(_SEVERITIES, index))
        fields.put("threatActorName", "Example Actor Group")
        fields.put("threatActorType", "Hacktivist")
        fields.put("threatActorActivities", "Defacement, Hacking")
        fields.put("threatActorDetail", "A group that exists in this scenario only.")
        fields.put("dataType", pick(("Combo", "Logs"), index))
        fields.put(pick(("subType", "SubType", "subtype"), index), "Chat Platforms")
        fields.put(pick(("seller", "Seller"), index), "Example Seller")
        fields.put("status", pick(("Recovered", "Active"), index))
        fields.exact("originalUrl", "" if first_shape else MISSING)
        fields.put("addedDate", stamp(added, index))
        fields.put("estimatedCost", "$1,000")
        rate = pick(("Cryocurrency", "Cryptocurrency"), index)
        fields.put(f"estimated{rate}TransactionRate", "0.01 BTC")
        fields.put("affectedProperty", "Example online banking")
        fields.put("affectedPropertyBase", "Example database")
        fields.put("affectedPropertyBaseDate", str(added))
        fields.put(pick(("affected", "Affected"), index) + "PropertyBINNumber", "0000")
        for name in ("description", "impact", "recommendation"):
            fields.put(
                name, f"{name.title()} of {pick(sample_values.TEXTS, index)}, number {index}"
            )
        fields.put("detectedOn", pick(("Telegram", "Github"), index))
        rows = [_row(index, number, added) for number in range(numbers.randint(0, 4))]
        for name in ("Records", "CorporateAccounts", "PublicAccounts", "ExecutiveAccounts"):
            total = len(rows) * 500 if index % 5 == 2 else len(rows)
            fields.exact(f"total{name}", pick((total, str(total)), index // 2))
        fields.exact("dataLossRecoveryPrimaryDetail", _primary(index, rows, added))
        fields.exact("dataLossRecoveryDetail", rows or pick((None, MISSING, [], {}), index))
        return fields.object


def _primary(index: int, rows: list[JsonObject], added: int) -> Any:
    own = _row(index, 9, added)
    return pick((MISSING, [own], [own, *rows[:1]], None, rows[:2]), index)


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
    fields.put("password", f"Password_Test_{turn}")
    fields.put("phone", "+1-555-0100")
    if index % 2 == 0:
        fields.put("application", "Application_Test")
        fields.put("websiteOrServer", "https://bank.example.com/login")
        fields.put("corporateOrPublicAccount", pick(("Public", "Corporate"), turn))
        fields.put("isExecutiveAccount", pick((False, True), turn))
        fields.put("address", "1 Example Street")
        fields.put("ipAddress", pick(sample_values.ADDRESSES, turn))
        fields.put("userAgent", "ExampleBrowser/1.0")
        fields.put("recoveredProperty", "Example property")
        fields.put("postedDate", stamp(added // DAY * DAY, turn))
        fields.put("recoveryRemark", "Example remark")
    return fields.object
