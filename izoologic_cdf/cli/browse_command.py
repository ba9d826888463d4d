"""`browse` and `report`: a library in the browser, and as one HTML file."""

import argparse
from pathlib import Path

from izoologic_cdf.cli import streams
from izoologic_cdf.cli.moments import parse_range
from izoologic_cdf.errors import UsageError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.windows import SystemClock, Window


def browse(options: argparse.Namespace) -> int:
    """Serve a library on loopback until SIGINT or SIGTERM."""
    try:
        from izoologic_cdf.browse.site import Site  # noqa: PLC0415 - needs an extra
    except ModuleNotFoundError as error:
        if str(error.name).startswith("izoologic_cdf"):
            raise
        raise UsageError("browse needs Datasette: pip install 'izoologic-cdf[browse]'") from None
    from izoologic_cdf.loopback.serving import serve_until_signal  # noqa: PLC0415

    _bring_up_to_date(options.library)
    site = Site(Path(options.library), options.port)
    serve_until_signal(
        site,
        lambda: streams.tell_text(
            f"{site.url} shows the library {options.library} to this machine. Stop it with Ctrl-C."
        ),
    )
    return 0


def report(options: argparse.Namespace) -> int:
    """Write a library as one HTML file."""
    from izoologic_cdf.browse.handover import write_report  # noqa: PLC0415 - loads Jinja2

    now = SystemClock().now()
    since, until, _ = parse_range(options.since, options.until, now)
    output = Path(options.output)
    _bring_up_to_date(options.library)
    with Library.open(options.library) as library:
        write_report(
            library, output, Window(since, until), now, personal=options.with_personal_data
        )
    streams.tell(f"the report is {output}, readable by you alone")
    return 0


def _bring_up_to_date(library: str) -> None:
    if sentence := Library.bring_up_to_date(library):
        streams.complain(sentence)
