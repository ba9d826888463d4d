"""The arguments of what reads a library, from `status` to `push`, and of what looks into one."""

from functools import partial

from izoologic_cdf.cli.arguments import A_TIME, MAX_NUMBER, Commands, Parser, add_command, integer

# what each list shows, what its filter by type looks at, and its filter by status if it has one
_LISTS = {
    "cases": (
        "Incident cases, whether ingested as incidents or as events.",
        "case type, incident type, threat type, incident or event",
        "status of the case",
    ),
    "accounts": (
        "Leaked accounts of DLR cases. Passwords are counted, and never shown.",
        "data type, subtype, account or identity",
        "",
    ),
    "indicators": (
        "IP addresses and other indicators, with the cases they belong to.",
        "IP Address, IPv6 Address",
        "status of the indicator",
    ),
    "notes": ("Messages of cases.", "type of the case", "status of the case"),
    "files": (
        "Files of cases; `file` writes their bytes.",
        "type of the case",
        "status of the case",
    ),
}


def add_status(commands: Commands) -> None:
    """Add what says how a library stands."""
    add = partial(add_command, commands, "library_command")
    status = add(
        "status",
        help="show how a library stands: lag, gaps, deferred cases",
        description="Show of each feed and tenant the last run, how far it is finished, gaps, and "
        "deferred and abandoned cases with their reasons. Changes nothing; fit for monitoring.",
        epilog="Exit codes: 0 in order (abandoned cases and what is too old for the server do not "
        "count), 3 something is missing (gaps, deferred cases, or a finished point in the future), "
        "2 no library.",
    )
    runs = add(
        "runs",
        help="list the runs of a library, or show one with its messages",
        description="List the runs of a library, newest first. With N: one run, with its messages, "
        "similar ones as one. The counts are objects that the run created, objects that no later "
        "run has changed since, and messages; a library keeps the last 100,000 messages.",
    )
    runs.value("number", "N", "number of a run", nargs="?", type=integer(1, MAX_NUMBER))
    runs.value(
        "--limit",
        "COUNT",
        "runs that are listed; default: 20",
        type=integer(1, MAX_NUMBER),
        default=20,
    )
    for parser in (status, runs):
        parser.library()
    status.format("status")
    runs.format("runs, or of the messages of one", rows=True)


def add_lists(commands: Commands) -> None:
    """Add the lists, and what searches, counts and tells what changed."""
    add = partial(add_command, commands, "view_commands")
    for name, (description, type_, status) in _LISTS.items():
        parser = add(
            name,
            "show_list",
            help=f"list the {name} of a library",
            description=f"{description} TEXT is a part of a value, a text or an attribute; of "
            "several words, each has to be found.",
            epilog=A_TIME,
        )
        parser.set_defaults(kind=name)
        parser.value("words", "TEXT", "a part of a text", nargs="*")
        _add_filters(parser, type_, status)
        _add_columns(parser)
    show = add(
        "show",
        help="show what a value, a case or a part of one names, in full",
        description="Show each object of that value, or of that case: an incident with what "
        "belongs to it, the accounts of a DLR case. Where there is none, whatever has it as a "
        "part of its value or case id; more than 20 objects are listed by name.",
    )
    show.value("value", "VALUE", "case id, e-mail, address, title or name")
    show.show_passwords()
    file = add(
        "file",
        "write_file",
        help="write a file of a case",
        description="Write the bytes of a file that belongs to a case, readable by you alone. "
        "Without NAME, list the files of the case.",
    )
    file.value("case", "CASE", "case id")
    file.value("name", "NAME", "name of the file", nargs="?")
    file.value(
        "-o --output",
        "PATH",
        "file or folder to write to, or - for standard output; default: the name, here",
    )
    file.value("--sha256", "DIGEST", "which of several files of one name")
    file.flag("--force", "replace a file that is there")
    changes = add(
        "changes",
        help="list what came, went or changed since a time",
        description="List objects that came, and attributes, relations and other values that came, "
        "went or changed, oldest first, with old and new value; passwords are hidden.",
        epilog=A_TIME,
    )
    changes.set_defaults(kind="changes")
    changes.value("--since", "T", "at that time or later", required=True)
    changes.value("--until", "T", "at that time or before; default: now")
    changes.add_argument(
        "--what",
        action="append",
        default=[],
        choices=("object", "attribute", "field", "relation", "source", "tag"),
        help="only what came, went or changed is this; repeatable",
    )
    _add_columns(changes, sortable=False)
    count = add(
        "count",
        help="count cases or others by brand, status, or any other attribute",
        description="Count the rows of a list by attributes or columns of it, or by the year, "
        "month or day of a time, as in published:month. Several values of one stand together.",
        epilog=A_TIME,
    )
    count.add_argument(
        "kind", nargs="?", choices=tuple(_LISTS), default="cases", help="default: cases"
    )
    count.value("--by", "NAME,...", "attributes or columns, as in Brand,Status", required=True)
    count.add_argument("--text", dest="words", action="append", default=[], help="as of lists")
    _add_filters(count, "type, as of that list", "status")
    _add_output(count, "counts")
    for parser in (show, file):
        parser.library()
    show.format("objects")


def add_browse(commands: Commands) -> None:
    """Add what shows a library in a browser."""
    add = partial(add_command, commands, "view_commands")
    browse = add(
        "browse",
        help="show a library in the browser",
        description="Serve a library on loopback, to look at: overview, lists with filters and "
        "search, cases, accounts and files. Prints its address; stop it with Ctrl-C. Answers to "
        "you alone. Needs the extra izoologic-cdf[browse].",
    )
    browse.port()
    report = add(
        "report",
        help="write a library as one HTML file, to hand on",
        description="Write the overview of a library, and the cases last updated in a range, as "
        "one HTML file that loads nothing. Without personal data, unless you ask for it, and "
        "never with passwords.",
        epilog=A_TIME,
    )
    report.value("-o --output", "FILE", "the file to write", required=True)
    report.value("--since", "T", "start of the range; default: 30d", default="30d")
    report.value("--until", "T", "end of the range; default: now")
    report.flag(
        "--with-personal-data", "add accounts, notes, indicators, files, free texts and all changes"
    )
    for parser in (browse, report):
        parser.library()


def add_push(commands: Commands) -> None:
    """Add `push`."""
    push = add_command(
        commands,
        "push_command",
        "push",
        help="bring a library into a ThreatQ over its REST API",
        description="Send what changed since the last push to that platform: indicators, notes, "
        "files, then cases and accounts with their relations. You can repeat a push, also after "
        "it was killed: nothing is doubled, and what other sources report stays as it is.",
        epilog="Exit codes: 0 complete, 3 partial (something was refused, is missing or differs), "
        "1 failed, 2 usage or configuration.",
    )
    push.library()
    push.config(
        "push",
        "YAML file, one field: value per line: threatq_host, client_id, client_secret or "
        "email and password, verify_ssl, disable_proxies, tlp",
    )
    push.set_fields(
        "set one field, not a secret; overrides the file and IZOOLOGIC_<FIELD> of the environment; "
        "repeatable"
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
    push.flag("--without-passwords", "leave out the attribute Password")
    push.value(
        "--definition", "FILE", "the definition that filled the library, if not the built-in one"
    )
    push.filters()
    push.spellings("the definition")
    push.requests_per_second()
    push.format("summary")
    push.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="print nothing but failures, and no summary of a complete push: for a scheduler",
    )


def add_library(commands: Commands) -> None:
    """Add `library` and its actions."""
    library = commands.add_parser("library", help="look into a library")
    actions = library.add_subparsers(title="actions", metavar="ACTION", required=True)
    add = partial(add_command, actions, "library_command")
    show = add(
        "show",
        help="show what a library holds, or one object in full",
        description="Without VALUE: counts, and the first 50 values of each type. With VALUE: "
        "every object with that value, in full.",
    )
    show.value("library", "FILE", "default: as for `status --library`", nargs="?")
    show.value("value", "VALUE", "value, title or name of an object", nargs="?")
    show.show_passwords()
    export = add("export", help="print a library as one JSON document")
    export.value("library", "FILE", "default: as for `status --library`", nargs="?")


def _add_filters(parser: Parser, type_: str, status: str) -> None:
    """Add the filters of a list; there is none by status where that is empty."""
    filters = {
        "brand": "brand",
        "case": "id of a case they belong to",
        "source": "feed that reports it, or a part of its name",
        "status": status,
        "type": type_,
    }
    for name, what in filters.items():
        if what:
            parser.several(f"--{name}", name.upper(), f"{what}; repeatable")
        else:
            parser.set_defaults(**{name: ()})
    parser.value("--since", "T", "published at that time or later; came then, where it has no date")
    parser.value("--changed-since", "T", "last changed in the library at that time or later")


def _add_columns(parser: Parser, *, sortable: bool = True) -> None:
    if sortable:
        parser.value("--sort", "COLUMN", "default: the newest first")
        parser.flag("--reverse", "the other way round")
    parser.value(
        "--columns", "NAME,...", "columns, or all; default: some as text, all as json and csv"
    )
    _add_output(parser, "list")


def _add_output(parser: Parser, what: str) -> None:
    parser.value("--limit", "COUNT", "rows; default: all", type=integer(1, MAX_NUMBER))
    parser.library()
    parser.format(what, rows=True)


GROUPS = (add_status, add_lists, add_browse, add_push, add_library)
