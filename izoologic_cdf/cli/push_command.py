"""`push`: the library into a ThreatQ; also the second half of `sync --push`."""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.configuration import configured
from izoologic_cdf.cli.form import definition_files
from izoologic_cdf.cli.progress_bar import Verbosity, progress
from izoologic_cdf.errors import Position, RunError, UsageError
from izoologic_cdf.language.fields import UserField, read_forms
from izoologic_cdf.language.load import load
from izoologic_cdf.language.nodes import read
from izoologic_cdf.language.spellings import NO_SPELLINGS, read_spellings
from izoologic_cdf.library.outbox import Outbox
from izoologic_cdf.library.store import Library
from izoologic_cdf.push.mending import Ownership
from izoologic_cdf.push.push_summary import PushSummary
from izoologic_cdf.push.pushing import Push, preview
from izoologic_cdf.push.remote_kinds import RemoteKinds
from izoologic_cdf.push.rest_client import Account, RestClient
from izoologic_cdf.runtime.connections import is_loopback
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.summary import EXIT_CODES
from izoologic_cdf.runtime.windows import Clock, SystemClock

# colours of the traffic light protocol, as ThreatQ names them
COLOURS = ("RED", "AMBER", "GREEN", "WHITE")
# what a DLR case says of a leaked account
PASSWORD_ATTRIBUTE = "Password"  # noqa: S105 - the name of an attribute
# kinds that both feeds make
NEEDED = ("account", "attachment", "event", "identity", "incident", "indicator", "note")
_WAIT_SECONDS = 1.0


_field = partial(UserField, position=Position(__file__, 1, 1))
FIELDS = (
    _field(name="threatq_host", label="ThreatQ Hostname", required=True),
    _field(name="client_id", label="Client ID", required=True),
    _field(name="client_secret", label="Client Secret", mask=True),
    _field(name="email", label="E-mail"),
    _field(name="password", label="Password", mask=True),
    _field(name="verify_ssl", label="Verify SSL", default=True, boolean=True),
    _field(name="disable_proxies", label="Disable Proxies", default=False, boolean=True),
    _field(name="tlp", label="TLP"),
)


class _Wait:
    """Waits for another push of the library, and says so once."""

    def __init__(self, say: Callable[[str], None], clock: Clock) -> None:
        self._say, self._clock = say, clock
        self._is_said = False

    def __call__(self) -> None:
        if not self._is_said:
            self._say("another push of this library is under way; waiting for it")
        self._is_said = True
        self._clock.sleep(_WAIT_SECONDS)


def push(options: argparse.Namespace) -> int:
    """Push, compare, preview or check, as the options say."""
    verbosity: Verbosity = options.quiet or "usual"
    values = _configure(options)
    if options.dry_run:
        with Library.open(options.library) as library:
            streams.tell_all(preview(_outbox(library, values, options)))
        return 0
    limits = Limits(requests_per_second=options.requests_per_second)
    clock = SystemClock()
    shown = progress(sys.stderr, verbosity)
    redactor = Redactor()
    try:
        with Transport(clock, limits) as transport:
            client = RestClient(_account(values), transport, redactor)
            if options.check:
                return _check(client)
            with _open(options.library) as library:
                outbox = _outbox(library, values, options)
                own = Ownership(outbox.sources(), _updatable(options))
                work = Push(outbox, client, own, clock, shown.say, values["tlp"] or "")

                with outbox.alone(_Wait(shown.say, clock)):
                    summary = work.verify() if options.verify else work.push()
    finally:
        shown.close()
    _tell(summary, options, verbosity)
    return summary.exit_code


def push_after(options: argparse.Namespace) -> int:
    """Push after a sync with the same library, definition and limits; `options.push` configures."""
    more = {"check": False, "dry_run": False, "verify": False, "without_passwords": False}
    settings = {**vars(options), **more, "config": options.push, "assignments": []}
    return push(argparse.Namespace(**settings))


def _tell(summary: PushSummary, options: argparse.Namespace, verbosity: Verbosity) -> None:
    try:
        if options.format == "json":
            streams.tell_text(summary.as_json())
        elif summary.exit_code or verbosity != "quiet":
            streams.tell_text(summary.as_text())
    except BrokenPipeError:
        # the outcome of the push counts, whether or not anybody reads it
        streams.discard(sys.stdout)


def _check(client: RestClient) -> int:
    try:
        kinds = RemoteKinds(client)
    except (HttpError, RunError) as error:
        streams.complain(f"izoologic-cdf: {client.redactor(str(error))}")
        return EXIT_CODES["failed"]
    missing = kinds.missing(NEEDED)
    streams.tell(f"The login to {client.account.url} works.")
    for code in missing:
        streams.tell(
            f"The platform has no objects of the kind {code!r}: install the custom object. "
            "`izoologic-cdf build` packs it with its script, and the guide in the zip says how "
            "on version 5 and 6."
        )
    if not missing:
        streams.tell("It has every kind of object that the feeds make.")
    return EXIT_CODES["partial" if missing else "complete"]


def _open(path: str) -> Library:
    """Open a library that is there, in the newest format."""
    Library.open(path).close()
    return Library.create(path)


def _outbox(library: Library, values: dict[str, Any], options: argparse.Namespace) -> Outbox:
    left_out = [PASSWORD_ATTRIBUTE] if options.without_passwords else []
    return Outbox(library, _account(values).url, left_out, is_preview=options.dry_run)


def _updatable(options: argparse.Namespace) -> dict[str, frozenset[str]]:
    """Return the attributes that each feed updates, in lower case."""
    if options.spellings and not options.definition:
        raise UsageError("--spellings needs --definition: it is about a file that is spelt so")
    paths = [Path(options.definition)] if options.definition else definition_files()
    filters = Path(options.filters) if options.filters else None
    spellings = read_spellings(Path(options.spellings)) if options.spellings else NO_SPELLINGS
    return {
        feed.name: frozenset(name.casefold() for name in feed.updatable)
        for path in paths
        for feed in load(path, filters, spellings=spellings).primary_feeds
    }


def _configure(options: argparse.Namespace) -> dict[str, Any]:
    """Return the value of each field; raises ConfigurationError and UsageError."""
    forms = [form for path in definition_files() for form in read_forms(read(path))]
    foreign = frozenset(field.name for form in forms for field in form.fields)
    own = {field.name for field in FIELDS}
    # the secret that goes with what was given is required
    values = configured(
        FIELDS,
        foreign - own,
        options,
        lambda given: "password" if given["email"] else "client_secret",
    )
    tlp = str(values["tlp"] or "").strip().upper()
    if tlp and tlp not in COLOURS:
        raise UsageError(f"tlp is {values['tlp']!r}; expected one of {', '.join(COLOURS)}")
    values["tlp"] = tlp
    url = _base(values["threatq_host"])
    values["threatq_host"] = url
    if url.startswith("http://") and not is_loopback(urlsplit(url).hostname or ""):
        streams.complain("warning: threatq_host is http, so keys and data travel unencrypted")
    return values


def _base(host: str) -> str:
    """Return the base URL of a platform; https where no scheme is given."""
    text = host.strip()
    text = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(text)
        is_one_word = text.isprintable() and " " not in text
        named = parts.hostname and parts.scheme in ("http", "https") and is_one_word
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        port = parts.port
    except ValueError:
        named = is_plain = False
        port = None
    if not (named and is_plain):
        raise UsageError("threatq_host is not a host name or an address such as https://host")
    name = (parts.hostname or "").rstrip(".")
    place = (f"[{name}]" if ":" in name else name) + (f":{port}" if port else "")
    path = parts.path.rstrip("/")
    path = path[:-4].rstrip("/") if path.lower().endswith("/api") else path
    return f"{parts.scheme}://{place}{path}"


def _account(values: dict[str, Any]) -> Account:
    return Account(
        values["threatq_host"],
        values["client_id"],
        # a user's login counts where both are given
        "" if values["email"] else values["client_secret"] or "",
        values["email"] or "",
        values["password"] or "",
        verify=values["verify_ssl"],
        use_proxies=not values["disable_proxies"],
    )
