"""The arguments of what reads a library, from `status` to `push`."""

from izoologic_cdf.cli.arguments import (
    A_TIME,
    MAX_NUMBER,
    Commands,
    Parser,
    add_command,
    add_config,
    add_filters,
    add_format,
    add_library_option,
    add_port,
    add_set,
    add_show_passwords,
    add_spellings,
    integer,
    rate,
)


def add_status(commands: "Commands[Parser]") -> None:
    """Add what says how a library stands."""
    status = add_command(
        commands,
        "status",
        "library_command:status",
        help="show how a library stands: lag, gaps, deferred cases",
        description="Show of each feed and tenant the last run, how far it is finished, gaps, and "
        "deferred and abandoned cases with their reasons. Changes nothing; fit for monitoring.",
        epilog="Exit codes: 0 in order (abandoned cases and what is too old for the server do not "
        "count), 3 something is missing (gaps, deferred cases, or a finished point in the future), "
        "2 no library.",
    )
    runs = add_command(
        commands,
        "runs",
        "library_command:runs",
        help="list the runs of a library, or show one with its messages",
        description="List the runs of a library, newest first. With N: one run, with its messages, "
        "similar ones as one. The counts are objects that the run created, objects that no later "
        "run has changed since, and messages; a library keeps the last 100,000 messages.",
    )
    runs.add_argument(
        "number", nargs="?", type=integer(1, MAX_NUMBER), metavar="N", help="number of a run"
    )
    runs.add_argument(
        "--limit",
        type=integer(1, MAX_NUMBER),
        default=20,
        metavar="COUNT",
        help="runs that are listed; default: 20",
    )
    for parser in (status, runs):
        add_library_option(parser)
    add_format(status, "status")
    add_format(runs, "runs, or of the messages of one", rows=True)


def add_browse(commands: "Commands[Parser]") -> None:
    """Add what shows a library in a browser."""
    browse = add_command(
        commands,
        "browse",
        "browse_command:browse",
        help="show a library in the browser",
        description="Serve a library on loopback, to look at: overview, lists with filters and "
        "search, cases, accounts and files. Prints its address; stop it with Ctrl-C. Answers to "
        "you alone. Needs the extra izoologic-cdf[browse].",
    )
    add_port(browse)
    report = add_command(
        commands,
        "report",
        "browse_command:report",
        help="write a library as one HTML file, to hand on",
        description="Write the overview of a library, and the cases last updated in a range, as "
        "one HTML file that loads nothing. Without personal data, unless you ask for it, and "
        "never with passwords.",
        epilog=A_TIME,
    )
    report.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write")
    report.add_argument(
        "--since", default="30d", metavar="T", help="start of the range; default: 30d"
    )
    report.add_argument("--until", metavar="T", help="end of the range; default: now")
    report.add_argument(
        "--with-personal-data",
        action="store_true",
        help="add accounts, notes, indicators, files, free texts and all changes",
    )
    for parser in (browse, report):
        add_library_option(parser)


def add_push(commands: "Commands[Parser]") -> None:
    """Add `push`."""
    push = add_command(
        commands,
        "push",
        "push_command:push",
        help="bring a library into a ThreatQ over its REST API",
        description="Send what changed since the last push to that platform: indicators, notes, "
        "files, then cases and accounts with their relations. You can repeat a push, also after "
        "it was killed: nothing is doubled, and what other sources report stays as it is.",
        epilog="Exit codes: 0 complete, 3 partial (something was refused, is missing or differs), "
        "1 failed, 2 usage or configuration.",
    )
    add_library_option(push)
    add_config(
        push,
        "push",
        "YAML file, one field: value per line: threatq_host, client_id, client_secret or "
        "email and password, verify_ssl, disable_proxies, tlp",
    )
    add_set(
        push,
        "set one field, not a secret; overrides the file and IZOOLOGIC_<FIELD> of the environment; "
        "repeatable",
    )
    what = push.add_mutually_exclusive_group()
    what.add_argument(
        "--check", action="store_true", help="log in, report what the platform lacks, and stop"
    )
    what.add_argument(
        "--dry-run", action="store_true", help="print what would be sent; makes no requests"
    )
    what.add_argument(
        "--verify",
        action="store_true",
        help="read everything back and name each difference; the next push mends them",
    )
    push.add_argument(
        "--without-passwords", action="store_true", help="leave out the attribute Password"
    )
    push.add_argument(
        "--definition",
        metavar="FILE",
        help="the definition that filled the library, if not the built-in one",
    )
    add_filters(push)
    add_spellings(push, "the definition")
    push.add_argument(
        "--requests-per-second",
        type=rate,
        metavar="N",
        help="upper limit of the request rate; default: none",
    )
    add_format(push, "summary")
    push.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="print nothing but failures, and no summary of a complete push: for a scheduler",
    )


def add_library(commands: "Commands[Parser]") -> None:
    """Add `library` and its actions."""
    library = commands.add_parser("library", help="look into a library")
    actions = library.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = add_command(
        actions,
        "show",
        "library_command:show",
        help="show what a library holds, or one object in full",
        description="Without VALUE: counts, and the first 50 values of each type. With VALUE: "
        "every object with that value, in full.",
    )
    show.add_argument("file", nargs="?", metavar="FILE", help="default: as for `status --library`")
    show.add_argument("value", nargs="?", metavar="VALUE", help="value, title or name of an object")
    add_show_passwords(show)
    export = add_command(
        actions, "export", "library_command:export", help="print a library as one JSON document"
    )
    export.add_argument(
        "file", nargs="?", metavar="FILE", help="default: as for `status --library`"
    )
