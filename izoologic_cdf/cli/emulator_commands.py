"""`demo`, `emulator`, `platform` and `diff`: what runs over the built-in emulated APIs."""

import argparse
import contextlib
import json
import os
import shlex
import ssl
import tempfile
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.arguments import DEFAULT_LIBRARY
from izoologic_cdf.cli.configuration import read_assignments, resolve
from izoologic_cdf.cli.form import find_feed
from izoologic_cdf.cli.run_command import LONGEST_RUN, Planner, counted, run_feed
from izoologic_cdf.content import object_names
from izoologic_cdf.diff.compare import compare
from izoologic_cdf.diff.results import Configurations
from izoologic_cdf.diff.versions import read_version
from izoologic_cdf.emulator import Emulator, Scenario, load_scenario
from izoologic_cdf.emulator.server import API_KEY, description
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.model import Definition
from izoologic_cdf.library.export import export
from izoologic_cdf.library.show import show
from izoologic_cdf.library.store import Library
from izoologic_cdf.loopback.serving import serve_until_signal
from izoologic_cdf.platform import Options, Platform
from izoologic_cdf.runtime.plan import Plan, whole
from izoologic_cdf.runtime.run import Settings
from izoologic_cdf.runtime.windows import SystemClock, split_range

SCENARIO = "guide"
# a file of the sample's, told with its bytes
FILE = "test_file.txt"
# the case with the sample's fields, the one with the sample's messages, and a leaked account
SHOWN = (
    "CASE123456",
    "gz3kEgBWO",
    "2025-08-06 14:28:43 - Incident Acknowledgement - gz3kEgBWO",
    FILE,
    "192.168.1.100",
    "Email_Test",
)


def demo(options: argparse.Namespace) -> int:
    """Run the demo; the exit code is the worst of the two runs'."""
    folder = Path(options.folder)
    library = folder / DEFAULT_LIBRARY
    scenario = load_scenario(SCENARIO)
    plans = _plans(scenario, built=options.definition is not None)
    quoted, codes = shlex.quote(str(library)), []
    with Emulator(scenario) as emulator, counted(options) as counts:
        streams.tell(f"An emulated iZoologic API serves the guide's samples at {emulator.url}")
        for name in ("incident", "dlr"):
            found = find_feed(name, options.definition, spellings=options.spellings)
            values = {field.name: field.default for field in found.fields}
            values |= {
                "api_host": emulator.url,
                "api_key": emulator.api_key,
                "api_secret": emulator.secret_key,
            }
            for plan in plans:
                summary = run_feed(found, values, library, Settings(**counts), _always(plan))
                streams.tell("", *summary.lines(object_names()))
                codes.append(summary.exit_code)
                if summary.interrupted:
                    return summary.exit_code
    with Library.open(library) as opened:
        streams.tell("", "Some of the objects in full:")
        for value in SHOWN:
            streams.tell("", *(line[:-1] for line in show(opened, value)))
            if value == FILE:
                streams.tell(f"  its bytes    {_bytes_of(opened, FILE)!r}")
    streams.tell("", f"The library is {library}. Look further:")
    looks = ("cases", "accounts", "show gz3kEgBWO", "count --by Brand,Status")
    streams.tell(*(f"  izoologic-cdf {look} --library {quoted}" for look in looks))
    streams.tell(*(f"  izoologic-cdf library {do} {quoted}" for do in ("show", "export")))
    return max(codes)


def _always(plan: Plan) -> Planner:
    return lambda _: plan


def _plans(scenario: Scenario, *, built: bool) -> list[Plan]:
    """Return what the runs request: the whole range, or for a built definition the manual runs.

    Those are the ones of the platform that find anything: a built feed has no windows of its own.
    """
    if scenario.since is None or scenario.until is None:
        raise UsageError(f"the scenario {SCENARIO} names no range")
    if not built:
        return [whole(scenario.since, scenario.until)]
    dates = [updated for cases in (scenario.incidents, scenario.dlr) for updated, _ in cases.rows()]
    runs = split_range(scenario.since, scenario.until, LONGEST_RUN)
    return [
        whole(run.since, run.until)
        for run in runs
        if any(run.since <= date <= run.until for date in dates)
    ]


def serve(options: argparse.Namespace) -> int:
    """Serve an emulated API until SIGINT or SIGTERM."""
    scenario = load_scenario(options.scenario)
    # whoever writes a file of his own means the dates in it
    if not (options.fixed_dates or Path(options.scenario).is_file()):
        scenario = scenario.as_of(SystemClock().now())
    emulator = Emulator(scenario, port=options.port)
    serve_until_signal(emulator, lambda: _announce(emulator, options.write_config))
    return 0


def _announce(emulator: Emulator, path: str | None) -> None:
    """Print what a person needs to use the emulator, and a configuration, or write that."""
    values = (emulator.url, emulator.api_key, emulator.secret_key)
    text = "api_host: {}\napi_key: {}\napi_secret: {}\n".format(*values)
    if path is not None:
        _write_configuration(Path(path), text)
    where = f"Its configuration is in {path}.\n"
    if path is None:
        where = f"Its configuration, for a file tenant.yaml:\n\n{text}"
    line = f"  izoologic-cdf sync all --config {shlex.quote(path or 'tenant.yaml')}"
    paste = f"To read its cases from another terminal:\n{line}"
    streams.tell_text(f"{description(emulator)}\n\n{where}\n{paste}")


def _write_configuration(path: Path, text: str) -> None:
    """Write a configuration for this user alone, in place of none but an emulator's own."""
    try:
        if API_KEY not in path.read_text(encoding="utf-8"):
            raise UsageError(f"--write-config: {path} is the configuration of something else")
        path.unlink()
    except FileNotFoundError:
        path.unlink(missing_ok=True)
    except UnicodeDecodeError:
        raise UsageError(f"--write-config: {path} is no configuration") from None
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def serve_platform(options: argparse.Namespace) -> int:
    """Serve an emulated ThreatQ until SIGINT or SIGTERM."""
    with contextlib.ExitStack() as stack:
        authority = context = None
        if options.tls:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emulated-threatq-"))
            authority = Path(folder) / "ca.pem"
            context = _make_certificate(authority)
        platform = Platform(
            Options.read(options.assume),
            port=options.port,
            install=options.install,
            ssl_context=context,
        )
        serve_until_signal(platform, lambda: streams.tell_text(platform.describe(authority)))
    return 0


def _make_certificate(authority: Path) -> ssl.SSLContext:
    """Return a context with a certificate for loopback, and write its CA to a file."""
    try:
        import trustme  # noqa: PLC0415 - an extra, for this option alone
    except ImportError:
        raise UsageError("--tls needs trustme: pip install 'izoologic-cdf[tls]'") from None
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca.cert_pem.write_to_path(str(authority))
    return context


def diff(options: argparse.Namespace) -> int:
    """Print the difference; 0 none, 1 some, 2 a run that did not complete."""
    if options.no_run and options.assignments:
        raise UsageError("--set configures the runs, and --no-run makes none: drop one")
    old, new = (read_version(Path(name)) for name in (options.old, options.new))
    fields = [
        field
        for version in (old, new)
        for feed in version.definition.primary_feeds
        for field in feed.user_fields
    ]
    given = read_assignments(options.assignments, fields)
    sources, names = [("--set", given)], frozenset(field.name for field in fields)
    resolve(fields, frozenset(), sources)  # a field that neither version has

    def configure(definition: Definition) -> Configurations:
        return {
            feed.name: resolve(feed.user_fields, names, sources)
            for feed in definition.primary_feeds
        }

    scenario = None if options.no_run else load_scenario(SCENARIO)
    difference = compare(old, new, scenario, given, configure)
    streams.tell_text(difference.as_json() if options.format == "json" else difference.as_text())
    return difference.exit_code


def _bytes_of(library: Library, name: str) -> bytes:
    """Return the bytes of the first attachment of a name."""
    objects = json.loads("".join(export(library)))["objects"]
    digest = next(one["sha256"] for one in objects if one["value"] == name)
    return b"".join(library.read_content(digest))
