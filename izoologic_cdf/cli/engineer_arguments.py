"""The arguments of the commands for an engineer who changes a mapping."""

from izoologic_cdf.cli import arguments


def add_explanations(commands: "arguments.Commands[arguments.Parser]") -> None:
    """Add `explain` and `ledger`."""
    explain = arguments.add_command(
        commands,
        "explain",
        "explain_command:explain",
        help="show how the values of one case came about, or why one is missing",
        description="Process one case, and show its requests, and of each attribute the fields of "
        "the answers, the value after each step with its line, and the objects it went to; or why "
        "it is absent. Over the built-in emulator, or recorded answers, or a tenant. Personal data "
        "is masked; nothing is kept.",
        epilog=f"{arguments.A_TIME} A record is one JSON object: the last part of each endpoint's "
        "path, such as CaseDetail, and the body of its answer.",
    )
    explain.add_argument(
        "case", nargs="?", metavar="CASE", help="case id; default: the first that is listed"
    )
    explain.add_argument("--attribute", metavar="NAME", help="one attribute, with all of its steps")
    explain.add_argument(
        "--expr", metavar="EXPRESSION", help="evaluate an expression at the steps instead"
    )
    explain.add_argument(
        "--step",
        type=arguments.integer(1, arguments.MAX_NUMBER),
        metavar="LINE",
        help="with --expr: only at the step of this line of the definition",
    )
    _add_source(explain)
    explain.add_argument(
        "--show-data", action="store_true", help="show personal data as it is; secrets never"
    )
    arguments.add_watch(explain)
    arguments.add_format(explain, "explanation")
    explain.add_argument("-o", "--output", metavar="FILE", help="write it as one HTML page instead")

    ledger = arguments.add_command(
        commands,
        "ledger",
        "explain_command:ledger",
        help="count what becomes of each field of the answers",
        description="Process every case of the range, and print for each field of the answers how "
        "often it was seen and not null, the line that reads it and what it became; and for each "
        "row of the mapping how often it gave a value. Nothing is kept.",
        epilog="What is in brackets is a property of an object, in square brackets a parameter or "
        "the case itself. Exit codes: 0 every field is mapped, used or ignored for a reason that "
        "fixtures/mapping/fields.yaml states, 1 one is not, 2 usage.",
    )
    _add_source(ledger)
    arguments.add_format(ledger, "ledger")


def add_own_copies(commands: "arguments.Commands[arguments.Parser]") -> None:
    """Add `init` and `test`."""
    init = arguments.add_command(
        commands,
        "init",
        "own_copy:init",
        help="make an own copy of the feeds, filters and tests, to change a mapping",
        description="Copy the definition, its Python filters, the custom object and the samples of "
        "the vendor's guide into FOLDER, and write there what the samples become, as tests.",
    )
    init.add_argument("folder", metavar="FOLDER", help="a new folder, or an empty one")
    test = arguments.add_command(
        commands,
        "test",
        "own_copy:test",
        help="lint a definition, and compare what its feeds make of the samples with the tests",
        description="Lint the definition, process every case of the samples, and print each "
        "attribute that differs from what FOLDER/*.yaml says. Nothing leaves this machine.",
        epilog="Exit codes: 0 as the tests say, 1 a finding or a difference, 2 usage.",
    )
    test.add_argument("feed", nargs="?", default="all", metavar="FEED", help=arguments.FEED_OR_ALL)
    test.add_argument(
        "--definition", metavar="FILE", help="the definition; default: the one in feeds/"
    )
    test.add_argument(
        "--tests", default="tests", metavar="FOLDER", help="folder of the tests; default: tests"
    )
    test.add_argument("--update", action="store_true", help="write the tests anew, as it is now")
    for parser in (init, test):
        parser.set_defaults(
            scenario="guide", record=None, config=None, since=None, until=None, assignments=[]
        )
    init.set_defaults(feed="all", filters=None, spellings=None)
    arguments.add_filters(test)
    arguments.add_spellings(test, "the definition")


def _add_source(parser: arguments.Parser) -> None:
    parser.add_argument(
        "--feed", default="all", metavar="FEED", help=f"{arguments.FEED}; default: all of them"
    )
    parser.add_argument(
        "--scenario",
        default="guide",
        metavar="NAME or FILE",
        help="what the emulator serves; default: guide",
    )
    parser.add_argument("--record", metavar="FILE", help="recorded answers; makes no requests")
    parser.add_argument("--config", metavar="FILE", help="the configuration of a tenant to request")
    parser.add_argument("--since", metavar="T", help="of a tenant or a record; default: 30d")
    parser.add_argument("--until", metavar="T", help="default: now")
    arguments.add_set(parser, "set one field of the form, not a secret; repeatable")
    parser.add_argument("--definition", metavar="FILE", help="a definition file of your own")
    arguments.add_filters(parser)
    arguments.add_spellings(parser, "the definition")
