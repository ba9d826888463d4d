"""F: what is said holds no part of a secret, in whatever encoding, wherever it is cut."""

import base64
import html
import json
import quopri
import re
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from izoologic_cdf.runtime import redactor
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.failures import refusal
from izoologic_cdf.runtime.redactor import MASK, MAX_READ, MAX_TEXT, Redactor
from tests.support.benches import Bench
from tests.support.sites import HOUR
from tests.support.tenants import CLOCK

KEY = "CaNaRy+key/9f3A=="
SECRET = 'CaNaRy"s&cret<7c1B?'


def every(text: str, form: str) -> str:
    """Write every byte in a form such as `%{:02x}`."""
    return "".join(form.format(byte) for byte in text.encode())


def units(text: str, form: str) -> str:
    """Write every unit of UTF-16 in a form such as `%u{:04x}`."""
    raw = text.encode("utf-16-be")
    return "".join(form.format(raw[i] << 8 | raw[i + 1]) for i in range(0, len(raw), 2))


def split_base64(text: str) -> str:
    return base64.encodebytes(("x" * 55 + text + "y" * 60).encode()).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "URL": lambda s: urllib.parse.quote(s, safe=""),
    "URL in lower case": lambda s: urllib.parse.quote(s, safe="").lower(),
    "form": urllib.parse.quote_plus,
    "every byte in a URL": lambda s: every(s, "%{:02x}"),
    "URL twice": lambda s: urllib.parse.quote(urllib.parse.quote(s, safe="")),
    "URL of IIS": lambda s: units(s, "%u{:04X}"),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "JSON of escapes": lambda s: units(s, "\\u{:04x}"),
    "JSON with slashes": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda s: json.dumps(json.dumps(s)),
    "hex escapes": lambda s: every(s, "\\x{:02X}"),
    "octal escapes": lambda s: every(s, "\\{:03o}"),
    "code points in braces": lambda s: "".join(f"\\u{{{ord(c):x}}}" for c in s),
    "HTML": lambda s: html.escape(s, quote=True),
    "HTML in decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "HTML in hex": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "HTML names": lambda s: s.replace("&", "&amp;").replace("+", "&plus;").replace("=", "&equals;"),
    "quoted-printable": lambda s: quopri.encodestring(("x" * 70 + s).encode()).decode(),
    "every byte quoted": lambda s: every(s, "={:02X}"),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "base64 after one byte": lambda s: base64.b64encode(f"a{s}b".encode()).decode(),
    "base64 after two bytes": lambda s: base64.b64encode(f"ab{s}c".encode()).decode(),
    "base64 in lines": split_base64,
    "base64 in lines that were joined": lambda s: " ".join(split_base64(s).split()),
    "base64 of UTF-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "hex": lambda s: s.encode().hex(),
    "hex of a dump": lambda s: s.encode().hex(" ").upper(),
    "hex at an odd place": lambda s: f"f{s.encode().hex()}",
    "hex of an array": lambda s: ", ".join(f"0x{byte:02x}" for byte in s.encode()),
    "hex after its mark": lambda s: f"0x{s.encode().hex()}",
    "numbers of bytes": lambda s: json.dumps(list(s.encode())),
    "base32": lambda s: base64.b32encode(s.encode()).decode(),
    "base32 after a byte": lambda s: base64.b32encode(f"a{s}".encode()).decode().lower().strip("="),
    "escapes of Perl": lambda s: "".join(f"\\x{{{ord(c):x}}}" for c in s),
    "escapes of CSS": lambda s: "".join(f"\\{ord(c):x} " for c in s),
    "short octal escapes": lambda s: "".join(f"\\{byte:o}" for byte in s.encode()),
    "names of code points": lambda s: " ".join(f"U+{ord(c):04X}" for c in s),
    "doubled quotes": lambda s: s.replace('"', '""').replace("'", "''"),
    "with a line break in it": lambda s: f"{s[:7]}\r\n{s[7:]}",
    "with a joined line in it": lambda s: f"{s[:7]}\\\n  {s[7:]}",
    "with a soft hyphen in it": lambda s: f"{s[:7]}\u00ad{s[7:]}",
    "with a blank of no width in it": lambda s: f"{s[:7]}\u200b{s[7:]}",
    "wide characters": lambda s: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in s),
}


def recovered(text: str, secret: str) -> bool:
    """Return whether a reader with patience gets the secret out of a text."""
    return secret.lower() in text.lower()


@pytest.mark.parametrize("secret", [KEY, SECRET, "ab+cd%2Bef&amp;g=3D\\u002b", "schlüssel€😀"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_23_a_secret_is_masked_in_every_encoding(secret: str, encoding: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    written = ENCODINGS[encoding](secret)
    # what stands around a secret must not hide it: `key=ab` looks like quoted-printable
    for before, after in (("", ""), ("the key=", "&x=1"), ("[", "]"), ("key: ", " was refused")):
        shown = redactor(f"{before}{written}{after}")
        assert MASK in shown
        assert not recovered(shown, written)


# these are written once, by whoever shows a text last
LAST = re.compile(
    "(upper|lower|wide|with|short|doubled|names of|escapes of|URL in lower|HTML names)"
)
NESTED = [name for name in ENCODINGS if not LAST.match(name)]


@given(
    st.text(st.sampled_from("abcXYZ019+/=%&\\\"' ü"), min_size=8, max_size=20).filter(
        lambda text: len(text.strip()) >= 8
    ),
    st.lists(st.sampled_from(NESTED), min_size=1, max_size=3),
    st.sampled_from(["", "key=", "a", "xy "]),
)
def test_23_a_secret_is_masked_in_encodings_of_encodings(
    secret: str, encodings: list[str], before: str
) -> None:
    redactor = Redactor()
    redactor.add(secret)
    written = secret
    for name in encodings:
        written = ENCODINGS[name](written)
    assert MASK in redactor(before + written)[:MAX_TEXT]


@pytest.mark.parametrize("limit", [MAX_TEXT, MAX_READ])
@pytest.mark.parametrize("encoding", ["plain", "URL in lower case", "JSON", "base64"])
def test_23_no_part_of_a_secret_is_left_where_a_text_is_cut(limit: int, encoding: str) -> None:
    redactor = Redactor()
    redactor.add(KEY)
    written = ENCODINGS[encoding](KEY)
    for inside in range(1, len(written)):
        shown = redactor("." * (limit - inside) + written + "." * 50)
        assert len(shown) <= MAX_TEXT + len("...")
        assert shown.endswith("...")
        assert set(shown) <= set(".*")


def test_23_a_text_that_hides_too_much_is_not_shown_at_all() -> None:
    redactor = Redactor()
    redactor.add(KEY)
    # every layer of it is another text of about the same length
    text = "".join(f"%{code:02x}&#{code};\\u00{code:02x}" for code in range(33, 127)) * 45
    for _ in range(3):
        text = urllib.parse.quote(text)[:MAX_READ]
    assert len(redactor(text)) <= MAX_TEXT + len("...")


def test_23_as_much_is_decoded_as_is_allowed_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redactor, "_decode", lambda *_: ["y" * 50])
    for most, shown in (50, "x" * 30), (49, MASK):
        masking = Redactor()
        masking.add(KEY)
        monkeypatch.setattr(redactor, "_MAX_DECODED", most)
        assert masking("x" * 30) == shown


def test_23_what_a_problem_says_is_masked_before_it_is_cut(bench: Bench) -> None:
    cases = {f"caSe0bad{before}": before for before in range(280, 300)}
    for case, before in cases.items():
        problem = {"title": "x" * before + bench.emulator.secret_key, "errors": {}}
        bench.state.put_case(case, {}, CLOCK - HOUR)
        bench.state.add_fault(
            "raw", endpoint="CaseDetail", case=case, status=400,
            text=json.dumps(problem), content_type="application/problem+json",
        )  # fmt: skip
    outcome = bench.run()
    for case in cases:
        (line,) = outcome.heard(f"failure: case {case}: ", "the server answered 400: ")
        assert "x***" in line
        assert bench.emulator.secret_key[:8] not in line


def test_23_an_ordinary_text_is_shown_as_it_is() -> None:
    redactor = Redactor()
    redactor.add(KEY)
    for text in (
        "GET /api/Cases: the server answered 404; check the host name",
        "100% of 5 &amp; more, C:\\new\\table, =3D, QUJDREVGRw==, 0123456789abcdef",
    ):
        assert redactor(text) == text
    # what is shown is one line
    assert redactor("line one\nline two") == "line one\\nline two"


def test_23_a_secret_is_masked_in_each_of_its_places_however_alike_they_are_written() -> None:
    redactor = Redactor()
    redactor.add(KEY)
    hidden = base64.b64encode(KEY.encode()).decode()
    assert redactor(f"a {hidden} b {hidden} c {hidden}") == "a *** b *** c ***"


def test_23_an_address_is_masked_before_its_query_is_left_out() -> None:
    redactor = Redactor()
    redactor.add("hunter2?not-a-query#nor-a-fragment")
    location = "https://user:hunter2?not-a-query#nor-a-fragment@api.example.com/login"
    response = Response(302, {"Location": location}, b"")
    assert "hunter2" not in str(refusal("GET /", response, redactor))


@pytest.mark.parametrize("endpoint", ["Authenticate", "CaseSync", "CaseDetail"])
@pytest.mark.parametrize("limit", [200, 300, MAX_TEXT])
def test_23_what_an_envelope_says_is_masked_before_it_is_cut(
    bench: Bench, endpoint: str, limit: int
) -> None:
    secret = bench.emulator.secret_key
    for inside in (4, 10, len(secret) - 2):
        message = "x" * (limit - inside) + secret
        answer = {"success": False, "errorCode": "iZOO9001", "message": message}
        bench.state.clear_faults()
        outcome, _ = bench.disturbed(kind="envelope", endpoint=endpoint, json=answer, count=None)
        written = "\n".join([*outcome.said, outcome.summary.as_text(), outcome.summary.as_json()])
        assert "the API refused the request (iZOO9001: xxx" in written
        assert secret[:4] not in written.replace("emulator.", "")
        assert secret.encode() not in outcome.library.read_bytes()
        assert f"x{secret[:4]}".encode() not in outcome.library.read_bytes()
