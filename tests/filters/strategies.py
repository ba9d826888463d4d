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
    _file_texts,
    st.binary(max_size=30),
)
"""Contents of downloads that look like envelopes, and others."""

records = maybe(
    keyed(
        {
            "caseId": st.one_of(_edge([6.0, 6.5, 0.0, float("inf"), 1e22]), ids),
            "SubType": json_values,
            "caseFiles": st.lists(keyed({"dateUploaded": dates}), max_size=2),
        }
    )
)
"""Objects as the API sends them: fields twice in another case, missing, with whole floats."""

logs = lists_of(
    keyed(
        {
            "incidentStatusDescription": st.one_of(_edge(["Open", "Closed", 0, {}]), json_values),
            "updatedOn": close_dates,
        }
    )
)
"""Log entries, many of one date."""

file_names = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.text(characters, max_size=8),
        _edge(["", "x" * 230, "x" * 260]),
        st.one_of(_edge([".pdf", ".", "..", ". " * 20, "/", "\\", "." + "y" * 20]), texts),
    ),
    scalars,
)

notes = st.lists(
    st.fixed_dictionaries(
        {
            "value": st.one_of(_edge(["S - a", "s - a", "S - b", "\u0130", "i\u0307"]), texts),
            "description": st.one_of(_edge(["", "m", "M", "n", "<"]), texts),
            "published_at": _edge([None, "2025-08-06 14:28:43"]),
            "brand": _edge(["", "B", "b"]),
            "postedBy": _edge(["", "P", "user@example.com"]),
        }
    ),
    max_size=6,
)
"""Notes as the feed makes them, many of one value."""

_accounts = st.dictionaries(
    _edge(["email", "parent", "phone", "ipaddress"]),
    st.one_of(_edge(["a", "A", '{"parent": 1}', 1, True, 1.5, "<"]), json_values),
    max_size=2,
)
families = st.fixed_dictionaries(
    {
        "rows": st.lists(_accounts, max_size=5),
        "parent": st.dictionaries(_edge(["caseid", "brand"]), scalars, max_size=2),
    }
)
"""Rows of a DLR case, many equal, with the fields of the case."""

_INPUTS: dict[str, Values] = {
    "addresses.split": addresses,
    "dates.read": st.one_of(dates, json_values),
    "envelope.file": file_contents,
    "envelope.record": envelopes,
    "envelope.rows": envelopes,
    "envelope.token": envelopes,
    "files.name": st.one_of(file_names, json_values),
    "names.fold": records,
    "names.rows": lists_of(records),
    "names.scalars": records,
    "notes.merged": notes,
    "records.communication": records,
    "records.files": lists_of(records),
    "records.incident": records,
    "records.leak": records,
    "rows.cases": st.lists(st.one_of(list_rows, list_rows, json_values), max_size=6),
    "rows.with_parent": families,
    "status.newest": logs,
}


def _sent(value: Any) -> Any:
    """Return a value as it comes out of a JSON document."""
    # a parser joins what a generator may leave apart, the two halves of a surrogate pair
    return value if isinstance(value, bytes) else json.loads(json.dumps(value))


INPUTS = {name: values.map(_sent) for name, values in _INPUTS.items()}
"""`module.function` -> what it is fed with, as it comes out of a JSON document."""
