"""Generated values: what the API sends, what it might send, and the edges of each grammar."""

import json
from typing import Any

from hypothesis import strategies as st

Values = st.SearchStrategy[Any]

# surrogates included: JSON can hold a lone one
characters = st.one_of(
    st.sampled_from(" \t\r\n\x00\x1c\x85\u00a0\u2003\u202e<>&'\"\\/.,;:-#{}[]%\u0661\u0130\u212a"),
    st.sampled_from("aAbBzZ019"),
    st.characters(),
    st.integers(0xD800, 0xDFFF).map(chr),
)
texts = st.one_of(
    st.sampled_from(["", " ", "null", "NULL", " Null\n", "N/A", "true", "False", "0", "1", "{}"]),
    st.text(characters, max_size=12),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    texts,
)
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(texts, inner, max_size=3),
    ),
    max_leaves=6,
)
"""Any JSON value."""


HUGE = 10**5000
"""An integer that Python refuses to write as text."""


class _Opaque:
    def __repr__(self) -> str:
        return "opaque"


odd_values = st.one_of(
    json_values,
    st.binary(max_size=20),
    st.builds(_Opaque),
    st.just(HUGE),
    st.complex_numbers(),
    st.tuples(json_values),
    st.dictionaries(st.one_of(scalars, st.binary(max_size=2)), json_values, max_size=3),
    st.sets(st.integers(), max_size=2),
)
"""Any value at all, JSON or not."""


def _written(year: int, month: int, day: int, time: str, zone: str) -> str:
    return f"{year:04d}-{month:02d}-{day:02d}{time}{zone}"


_edge = st.sampled_from
clock_texts = st.builds(
    "{}{:02d}:{:02d}:{:02d}{}".format,
    _edge(["T", "T", " ", "t"]),
    st.one_of(st.integers(0, 23), _edge([23, 24])),
    st.one_of(st.integers(0, 59), _edge([59, 60])),
    st.one_of(st.integers(0, 59), _edge([59, 60])),
    st.one_of(_edge(["", ".", ".0", ".999999999", ".5x"]), st.from_regex(r"\A\.[0-9]{1,9}\Z")),
)
zones = st.one_of(
    _edge(["", "Z", "z", "+00:00", "-00:00", "+23:59", "-23:59", "+24:00", "+05:60", "+0530"]),
    st.builds("{}{:02d}:{:02d}".format, _edge("+-"), st.integers(0, 23), st.integers(0, 59)),
)
calendar_texts = st.builds(
    _written,
    st.one_of(st.integers(0, 9999), _edge([0, 1, 4, 100, 1900, 1970, 2000, 2100, 9999])),
    st.one_of(st.integers(1, 12), _edge([0, 2, 12, 13])),
    st.one_of(st.integers(1, 31), _edge([0, 1, 28, 29, 30, 31, 32])),
    st.one_of(clock_texts, st.just("")),
    zones,
)
numbers = st.one_of(
    st.integers(-62135596800 - 86400 * 2, 253402300799 + 5),
    st.integers(-(10**15), 10**15),
    _edge(
        [
            sign * edge + step
            for edge in (0, 62135510400, 62135596800, 253402300799, 10**11, 10**14)
            for sign in (1, -1)
            for step in (-1, 0, 1)
        ]
    ),
)
number_texts = st.builds("{}{}".format, _edge(["", "", "0", "000", "-", "--", "+", " "]), numbers)


@st.composite
def _mutated(draw: st.DrawFn, source: Values) -> str:
    """One character put in, taken out or replaced."""
    text = str(draw(source))
    at = draw(st.integers(0, len(text)))
    cut = draw(st.integers(0, 1))
    new = draw(st.one_of(st.just(""), _edge([*"0159-:.TZ+ \n", "\u0660"])))
    return text[:at] + new + text[at + cut :]


dates = st.one_of(
    numbers,
    number_texts,
    calendar_texts,
    _mutated(calendar_texts),
    _mutated(number_texts),
    _edge(["0", "-0", "000", "0001-01-01", "0001-01-01T00:00:00Z", "1970-01-01"]),
    scalars,
)
"""Dates at the edges of their grammar, and what is none."""

close_dates = st.one_of(
    st.none(), _edge(["10", 10, "1970-01-01T00:00:10Z", "11", "10000", "soon", ""]), dates
)
"""Dates of which many are equal."""

_ipv4 = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.lists(_edge(["0", "1", "01", "255", "256", "1000", "", "1a"]), min_size=3, max_size=5).map(
        ".".join
    ),
)
_ipv6 = st.one_of(
    st.ip_addresses(v=6).map(str),
    st.lists(
        st.one_of(_edge(["", "", "0", "f", "FFFF", "12345", "g", "192.0.2.1", "1.2.3"])),
        min_size=1,
        max_size=10,
    ).map(":".join),
    st.builds(
        "{}::{}".format,
        st.lists(_edge(["0", "ab"]), max_size=7).map(":".join),
        st.lists(_edge(["0", "ab", "192.0.2.1"]), max_size=7).map(":".join),
    ),
)
_address = st.one_of(_ipv4, _ipv6, _mutated(_ipv4), _mutated(_ipv6), texts)
address_texts = st.lists(
    st.tuples(_address, _edge([",", ";", " ", ", ", "\n", "\u2003", "/", "%"])), max_size=4
).map(lambda parts: "".join(address + separator for address, separator in parts))
addresses = st.one_of(
    address_texts, st.lists(st.one_of(address_texts, json_values), max_size=3), json_values
)
"""IP texts, valid and not, alone and in lists."""


@st.composite
def keyed(draw: st.DrawFn, fields: dict[str, Values], *, full: bool = False) -> dict[str, Any]:
    """An object with some of the fields, each under one or more spellings of its name."""
    pairs: list[tuple[str, Any]] = []
    for name, values in fields.items():
        spellings = [name, name.lower(), name.upper(), name.capitalize()]
        count = draw(st.integers(1 if full else 0, 3))
        pairs += [(draw(_edge(spellings)), draw(values)) for _ in range(count)]
    pairs += draw(st.lists(st.tuples(texts, scalars), max_size=1))
    return dict(draw(st.permutations(pairs)))


def maybe(values: Values) -> Values:
    """The values, or now and then any JSON value at all."""
    # `one_of` would take equal branches for one
    return st.integers(0, 7).flatmap(lambda number: values if number else json_values)


def lists_of(values: Values) -> Values:
    """Lists, now and then with null, one value where a list is due, or something else."""
    others: tuple[Values, ...] = (
        st.lists(maybe(values), max_size=4),
        st.lists(st.one_of(values, st.none()), max_size=3),
        values,
        st.sampled_from([None, [], {}, "", "null"]),
        json_values,
    )
    usual = st.lists(values, max_size=4)
    return st.integers(0, 9).flatmap(
        lambda number: others[number] if number < len(others) else usual
    )


ids = st.one_of(_edge(["a", "A", " a", "a ", "b", "DLR#a", "", "null", 7, "7", True]), scalars)
list_rows = keyed(
    {
        "caseId": ids,
        "trackingId": ids,
        "updatedAt": close_dates,
        "modifiedDate": close_dates,
        "updatedOn": close_dates,
    }
)
raw_rows = lists_of(list_rows)

_codes = st.one_of(_edge([None, "", "iZOO2011", "IZOO2011 ", "iZOO4001", 7, "x" * 201]), scalars)
envelopes = maybe(
    keyed(
        {
            "result": lists_of(keyed({"caseId": ids, "accessToken": texts, "token": scalars})),
            "success": st.one_of(_edge([True, False, "true", "FALSE", None, 1, ""]), json_values),
            "errorCode": _codes,
            "message": st.one_of(_codes, json_values),
        }
    )
)
"""Envelopes of lists, records and logins."""

_file_pieces = _edge(
    [
        *('"success"', '"SUCCESS"', ":", ":", "false", '"false"', "true", " ", "\n", "\u00a0"),
        *("{", "}", "[", "]", ",", '"', "\\", '\\"', '"a"', '"{"', '"\\\\"', "\ufeff", "x"),
        *('"success":false', '{"success":false}', '{"a":{"success":false}}'),
    ]
)
_file_texts = st.lists(_file_pieces, max_size=12).map("".join)
file_contents = st.one_of(
    st.builds("{{{}}}".format, _file_texts).map(str.encode),
    st.builds('{{{},"success" : False}}'.format, _file_texts).map(str.encode),
    _file_texts.map(str.encode),
    st.binary(max_size=30),
    json_values,
)
"""Contents of downloads that look like envelopes, and others."""

_case_files = keyed({"dateUploaded": dates, "originalFilename": texts, "fileToken": scalars})
raw_cases = maybe(
    keyed(
        {
            "url": json_values,
            "caseType": scalars,
            "statusDescription": scalars,
            "nameServer": texts,
            "detectedBy": scalars,
            "incidentStatusLogs": lists_of(
                keyed({"incidentStatusDescription": scalars, "updatedOn": dates})
            ),
            "caseFiles": lists_of(_case_files),
        }
    )
)
raw_messages = maybe(
    keyed({"brand": scalars, "createdOn": dates, "subject": json_values, "postedBy": texts})
)
_accounts = keyed(
    {"email": texts, "password": scalars, "cvv": texts, "isExecutiveAccount": scalars}
)
raw_dlrs = maybe(
    keyed(
        {
            "caseId": ids,
            "SubType": json_values,
            "dataLossRecoveryPrimaryDetail": lists_of(_accounts),
            "dataLossRecoveryDetail": lists_of(_accounts),
        }
    )
)

logs = lists_of(
    st.fixed_dictionaries(
        {},
        optional={"incidentStatusDescription": json_values, "updatedOn": close_dates},
    )
)
"""Canonical log entries, many of one date."""

_some_account = st.fixed_dictionaries(
    {}, optional={"email": _edge(["a", "A", None, 1, True, 1.0, "<"]), "phone": scalars}
)
records = maybe(
    st.fixed_dictionaries(
        {"caseId": ids, "brand": json_values},
        optional={
            "dataLossRecoveryPrimaryDetail": lists_of(_some_account),
            "dataLossRecoveryDetail": lists_of(_some_account),
        },
    )
)
"""Canonical DLR records, many rows equal."""

_subjects: Values = st.one_of(
    _edge(["S", "S -", " S", "S - a", "S - a (2)", "", "-", None, 7, True, [], "x" * 300 + " a"]),
    st.builds(
        "{}{}{}".format,
        st.integers(200, 260).map(lambda count: "y" * count),
        _edge(["", " ", "-", " a", "a"]),
        texts,
    ),
    json_values,
)
_bodies = st.one_of(_edge([None, "", "m", "m\r\n", "\r\nm", "n\r\r\n", "<"]), json_values)
messages = st.fixed_dictionaries(
    {},
    optional={
        "createdOn": st.one_of(st.just("10"), close_dates),
        "subject": _subjects,
        "message": _bodies,
        "brand": _edge([None, "B", "b", 1, "1", {"a": 1}]),
        "postedBy": _edge([None, "P", "", "user@example.com"]),
    },
)
"""Canonical messages, many of one time and subject."""

communications = maybe(
    st.fixed_dictionaries(
        {
            "caseId": st.one_of(_edge(["a", " a ", "", None, "x" * 240, "x" * 300]), ids),
            "messages": st.one_of(st.lists(messages, max_size=6), lists_of(messages)),
        }
    )
)

file_names = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.text(characters, max_size=8),
        _edge(["", "x" * 230, "x" * 260]),
        st.one_of(_edge([".pdf", ".", "..", ". " * 20, "/", "\\", "." + "y" * 20]), texts),
    ),
    scalars,
)
uploads = maybe(
    st.fixed_dictionaries(
        {
            "caseId": ids,
            "files": lists_of(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "originalFilename": st.one_of(_edge(["e.pdf", "E.pdf"]), file_names),
                        "dateUploaded": close_dates,
                        "fileToken": st.one_of(_edge(["t1", "t2"]), json_values),
                    },
                )
            ),
        }
    )
)

ranges = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {},
        optional={
            "since": st.one_of(st.integers(0, 4_000_000_000), json_values),
            "until": st.one_of(st.integers(0, 4_000_000_000), json_values),
            "days": st.one_of(st.integers(1, 60), json_values),
        },
    ),
)
"""A range that is too long for one run, or nearly one."""

dated_addresses = maybe(
    st.fixed_dictionaries(
        {},
        optional={
            "addresses": lists_of(texts),
            "published_at": st.one_of(close_dates, json_values),
        },
    )
)

_INPUTS: dict[str, Values] = {
    "accounts.per_row": records,
    "addresses.for_case": dated_addresses,
    "addresses.split": addresses,
    "dates.epoch": st.one_of(dates, json_values),
    "dates.remarks": st.one_of(
        st.dictionaries(texts, st.one_of(dates, json_values), max_size=3), json_values
    ),
    "dates.runs_instead": ranges,
    "dates.stamp": st.one_of(dates, json_values),
    "dates.stamp_utc": st.one_of(dates, json_values),
    "envelope.file_error": file_contents,
    "envelope.record": envelopes,
    "envelope.rows": envelopes,
    "envelope.token": envelopes,
    "files.for_case": uploads,
    "names.case": raw_cases,
    "names.dlr": raw_dlrs,
    "names.message": raw_messages,
    "notes.for_case": communications,
    "rows.cases": raw_rows,
    "status.newest": logs,
}


def _sent(value: Any) -> Any:
    # a parser joins what a generator may leave apart, the two halves of a surrogate pair
    return value if isinstance(value, bytes) else json.loads(json.dumps(value))


INPUTS = {name: values.map(_sent) for name, values in _INPUTS.items()}
"""`module.function` -> what it is fed with, as it comes out of a JSON document."""
