"""The arguments of what looks into a library: lists, `show`, `file`, `changes`, `count`."""

from izoologic_cdf.cli.arguments import (
    A_TIME,
    MAX_NUMBER,
    Commands,
    Parser,
    add_command,
    add_format,
    add_library_option,
    add_show_passwords,
    integer,
)

_LISTS = {
    "cases": "Incident cases, whether ingested as incidents or as events.",
    "accounts": "Leaked accounts of DLR cases. Passwords are counted, and never shown.",
    "indicators": "IP addresses and other indicators, with the cases they belong to.",
    "notes": "Messages of cases.",
    "files": "Files of cases; `file` writes their bytes.",
}
# what each filter by type looks at, and which lists have one by status
_TYPES = {
    "cases": "case type, incident type, threat type, incident or event",
    "accounts": "data type, subtype, account or identity",
    "indicators": "IP Address, IPv6 Address",
    "notes": "type of the case",
    "files": "type of the case",
}
_STATUSES = {
    "cases": "status of the case",
    "indicators": "status of the indicator",
    "notes": "status of the case",
    "files": "status of the case",
}
_A_FILTER = "repeatable"


def add_lists(commands: "Commands[Parser]") -> None:
    """Add the lists, and what searches, counts and tells what changed."""
    for name, description in _LISTS.items():
        parser = add_command(
            commands,
            name,
            "view_commands:show_list",
            help=f"list the {name} of a library",
            description=f"{description} TEXT is a part of a value, a text or an attribute; of "
            "several words, each has to be found.",
            epilog=A_TIME,
        )
        parser.set_defaults(kind=name)
        _add_filters(parser, name)
        _add_columns(parser)
    show = add_command(
        commands,
        "show",
        "view_commands:show",
        help="show what a value, a case or a part of one names, in full",
        description="Show each object of that value, or of that case: an incident with what "
        "belongs to it, the accounts of a DLR case. Where there is none, whatever has it as a "
        "part of its value or case id; more than 20 objects are listed by name.",
    )
    show.add_argument("value", metavar="VALUE", help="case id, e-mail, address, title or name")
    add_show_passwords(show)
    file = add_command(
        commands,
        "file",
        "view_commands:write_file",
        help="write a file of a case",
        description="Write the bytes of a file that belongs to a case, readable by you alone. "
        "Without NAME, list the files of the case.",
    )
    file.add_argument("case", metavar="CASE", help="case id")
    file.add_argument("name", nargs="?", metavar="NAME", help="name of the file")
    file.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="file or folder to write to, or - for standard output; default: the name, here",
    )
    file.add_argument("--sha256", metavar="DIGEST", help="which of several files of one name")
    file.add_argument("--force", action="store_true", help="replace a file that is there")
    changes = add_command(
        commands,
        "changes",
        "view_commands:changes",
        help="list what came, went or changed since a time",
        description="List objects that came, and attributes, relations and other values that came, "
        "went or changed, oldest first, with old and new value; passwords are hidden.",
        epilog=A_TIME,
    )
    changes.set_defaults(kind="changes")
    changes.add_argument("--since", required=True, metavar="T", help="at that time or later")
    changes.add_argument("--until", metavar="T", help="at that time or before; default: now")
    changes.add_argument(
        "--what",
        action="append",
        default=[],
        choices=("object", "attribute", "field", "relation", "source", "tag"),
        help="only what came, went or changed is this; repeatable",
    )
    _add_columns(changes, sortable=False)
    count = add_command(
        commands,
        "count",
        "view_commands:count",
        help="count cases or others by brand, status, or any other attribute",
        description="Count the rows of a list by attributes or columns of it, or by the year, "
        "month or day of a time, as in published:month. Several values of one stand together.",
        epilog=A_TIME,
    )
    count.add_argument(
        "kind", nargs="?", choices=tuple(_LISTS), default="cases", help="default: cases"
    )
    count.add_argument(
        "--by",
        required=True,
        metavar="NAME,...",
        help="attributes or columns, as in Brand,Status",
    )
    _add_filters(count, None)
    _add_output(count, "counts")
    for parser in (show, file):
        add_library_option(parser)
    add_format(show, "objects")


def _add_filters(parser: Parser, kind: str | None) -> None:
    """Add the filters of a list; of any list where that is null."""
    if kind is not None:
        parser.add_argument("words", nargs="*", metavar="TEXT", help="a part of a text")
    else:
        parser.add_argument("--text", dest="words", action="append", default=[], help="as of lists")
    filters = {
        "brand": "brand",
        "case": "id of a case they belong to",
        "source": "feed that reports it, or a part of its name",
    }
    filters["status"] = "status" if kind is None else _STATUSES.get(kind, "")
    filters["type"] = "type, as of that list" if kind is None else _TYPES.get(kind, "")
    for name, what in filters.items():
        if what:
            parser.add_argument(
                f"--{name}",
                action="append",
                default=[],
                metavar=name.upper(),
                help=f"{what}; {_A_FILTER}",
            )
        else:
            parser.set_defaults(**{name: ()})
    parser.add_argument(
        "--since",
        metavar="T",
        help="published at that time or later; came then, where it has no date",
    )
    parser.add_argument(
        "--changed-since", metavar="T", help="last changed in the library at that time or later"
    )


def _add_columns(parser: Parser, *, sortable: bool = True) -> None:
    if sortable:
        parser.add_argument("--sort", metavar="COLUMN", help="default: the newest first")
        parser.add_argument("--reverse", action="store_true", help="the other way round")
    parser.add_argument(
        "--columns",
        metavar="NAME,...",
        help="columns, or all; default: some as text, all as json and csv",
    )
    _add_output(parser, "list")


def _add_output(parser: Parser, what: str) -> None:
    parser.add_argument(
        "--limit", type=integer(1, MAX_NUMBER), metavar="COUNT", help="rows; default: all"
    )
    add_library_option(parser)
    add_format(parser, what, rows=True)
