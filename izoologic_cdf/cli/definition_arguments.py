"""The arguments of what serves emulators, and of what checks, explains and builds definitions."""

from functools import partial

from izoologic_cdf.cli.arguments import (
    A_TIME,
    FEED,
    FEED_OR_ALL,
    MAX_NUMBER,
    Commands,
    Parser,
    add_command,
    integer,
)


def add_emulators(commands: Commands) -> None:
    """Add the emulated APIs."""
    add = partial(add_command, commands, "emulator_commands")
    emulator = add(
        "emulator",
        "serve",
        help="serve an emulated iZoologic API on this machine until stopped",
        description="Serve an emulated iZoologic API on loopback. Prints its address, its "
        "credentials and a configuration with both; stop it with Ctrl-C. The dates of a built-in "
        "scenario are moved so that its newest cases are of today; those of a file stay.",
    )
    emulator.value(
        "--scenario",
        "NAME or FILE",
        "guide, generated:N for N generated cases, or a scenario file; default: guide",
        default="guide",
    )
    emulator.port()
    emulator.flag(
        "--fixed-dates", "keep the dates of the scenario, and stop its clock where it says"
    )
    emulator.value(
        "--write-config",
        "FILE",
        "write the configuration to a file that only you can read, instead of printing it",
    )

    platform = add(
        "platform",
        "serve_platform",
        help="serve an emulated ThreatQ on this machine until stopped",
        description="Serve ThreatQ's REST API on loopback, as public clients use it. Prints its "
        "address and credentials, one per line; stop it with Ctrl-C.",
    )
    platform.port()
    platform.flag(
        "--tls",
        "speak HTTPS with a throw-away certificate, and print the path of its CA; needs the "
        "extra izoologic-cdf[tls]",
    )
    platform.several(
        "--install",
        "CODE or FILE",
        "install a custom object: account, or the JSON file of its definition; repeatable; "
        "default: none",
    )
    platform.several(
        "--assume",
        "OPTION=VALUE",
        "choose another reading of what no public source settles; docs/platform.md lists "
        "them; repeatable",
    )


def add_definitions(commands: Commands) -> None:
    """Add what reads, checks and compares definitions."""
    fields = add_command(
        commands,
        "form",
        "fields",
        "show_fields",
        help="print the configuration form of a feed",
        description="Print the fields of a feed: name, label, default, whether it is required, "
        "and what it does.",
    )
    fields.value("feed", "FEED", FEED)
    fields.value("--definition", "FILE", "a definition file of your own")
    fields.spellings("the definition")
    lint = add_command(
        commands,
        "definition_commands",
        "lint",
        help="check definitions as a reviewer would",
        description="Check definition files: keys, expressions and names, how keys flow through "
        "the pipelines, and the approval checklist. Each finding has the code of its rule. "
        "Runs nothing of a definition, and makes no requests.",
        epilog="To silence a finding, put a comment on its line or above it: "
        "# lint: ignore CDF104 because ... - Exit codes: 0 no finding, 1 findings, 2 usage.",
    )
    lint.value("files", "FILE", "definition files; default: the built-in ones", nargs="*")
    lint.format("findings")
    lint.value("--explain", "CODE", "say what a rule checks and why, with an example")
    lint.watch()
    lint.filters()
    lint.spellings("the definitions")
    diff = add_command(
        commands,
        "emulator_commands",
        "diff",
        help="show what an upgrade from one definition to another will do",
        description="Compare two versions of a definition, authored or built: user fields, feeds "
        "and namespaces, object identity, attributes, ingest rules, requests and steps. Then run "
        "both over the samples of the vendor's guide in the built-in emulator, and show which "
        "objects differ. Nothing leaves this machine.",
        epilog="Exit codes: 0 no difference, 1 differences, 2 a definition cannot be used, or a "
        "run did not complete.",
    )
    diff.value("old", "OLD.yaml", "the definition that is installed")
    diff.value("new", "NEW.yaml", "the one that would replace it")
    diff.set_fields("a user field as you have it configured, for the runs; repeatable")
    diff.flag("--no-run", "compare the text only, run nothing")
    diff.format("difference")


def add_explanations(commands: Commands) -> None:
    """Add `explain` and `ledger`."""
    add = partial(add_command, commands, "explain_command")
    explain = add(
        "explain",
        help="show how the values of one case came about, or why one is missing",
        description="Process one case, and show its requests, and of each attribute the fields of "
        "the answers, the value after each step with its line, and the objects it went to; or why "
        "it is absent. Over the built-in emulator, or recorded answers, or a tenant. Personal data "
        "is masked; nothing is kept.",
        epilog=f"{A_TIME} A record is one JSON object: the last part of each endpoint's "
        "path, such as CaseDetail, and the body of its answer.",
    )
    explain.value("case", "CASE", "case id; default: the first that is listed", nargs="?")
    explain.value("--attribute", "NAME", "one attribute, with all of its steps")
    explain.value("--expr", "EXPRESSION", "evaluate an expression at the steps instead")
    explain.value(
        "--step",
        "LINE",
        "with --expr: only at the step of this line of the definition",
        type=integer(1, MAX_NUMBER),
    )
    _add_source(explain)
    explain.flag("--show-data", "show personal data as it is; secrets never")
    explain.watch()
    explain.format("explanation")
    explain.value("-o --output", "FILE", "write it as one HTML page instead")

    ledger = add(
        "ledger",
        help="count what becomes of each field of the answers",
        description="Process every case of the range, and print for each field of the answers how "
        "often it was seen and not null, the line that reads it and what it became; and for each "
        "row of the mapping how often it gave a value. Nothing is kept.",
        epilog="What is in brackets is a property of an object, in square brackets a parameter or "
        "the case itself. Exit codes: 0 every field is mapped, used or ignored for a reason that "
        "fixtures/mapping/fields.yaml states, 1 one is not, 2 usage.",
    )
    _add_source(ledger)
    ledger.format("ledger")


def add_own_copies(commands: Commands) -> None:
    """Add `init` and `test`."""
    add = partial(add_command, commands, "own_copy")
    init = add(
        "init",
        help="make an own copy of the feeds, filters and tests, to change a mapping",
        description="Copy the definition, its Python filters, the custom object and the samples of "
        "the vendor's guide into FOLDER, and write there what the samples become, as tests.",
    )
    init.value("folder", "FOLDER", "a new folder, or an empty one")
    test = add(
        "test",
        help="lint a definition, and compare what its feeds make of the samples with the tests",
        description="Lint the definition, process every case of the samples, and print each "
        "attribute that differs from what FOLDER/*.yaml says. Nothing leaves this machine.",
        epilog="Exit codes: 0 as the tests say, 1 a finding or a difference, 2 usage.",
    )
    test.value("feed", "FEED", FEED_OR_ALL, nargs="?", default="all")
    test.value("--definition", "FILE", "the definition; default: the one in feeds/")
    test.value("--tests", "FOLDER", "folder of the tests; default: tests", default="tests")
    test.flag("--update", "write the tests anew, as it is now")
    for parser in (init, test):
        parser.set_defaults(
            scenario="guide", record=None, config=None, since=None, until=None, assignments=[]
        )
    init.set_defaults(feed="all", filters=None, spellings=None)
    test.filters()
    test.spellings("the definition")


def add_bundle(commands: Commands) -> None:
    """Add `build` and `verify`."""
    add = partial(add_command, commands, "definition_commands")
    build = add(
        "build",
        help="build the zip that a ThreatQ administrator unpacks",
        description="Turn the definitions and their Python filters into one native YAML file, and "
        "pack it with the custom object, the guide, the logo and a manifest. Prints which "
        "constructs of the YAML no public source confirms, and what to check on the first upload.",
    )
    build.value("--output", "FOLDER", "where to write; default: dist", default="dist")
    build.flag("--yaml", "also write the YAML next to the zip")
    build.spellings("the built file")
    verify = add(
        "verify",
        help="check a bundle before you upload it",
        description="Check the sums, versions, custom object, logo, limits and definition of a "
        "bundle. Exit codes: 0 it can be uploaded, 1 it cannot, and why.",
    )
    verify.add_argument("zip", metavar="ZIP")


def _add_source(parser: Parser) -> None:
    parser.value("--feed", "FEED", f"{FEED}; default: all of them", default="all")
    parser.value(
        "--scenario", "NAME or FILE", "what the emulator serves; default: guide", default="guide"
    )
    parser.value("--record", "FILE", "recorded answers; makes no requests")
    parser.value("--config", "FILE", "the configuration of a tenant to request")
    parser.value("--since", "T", "of a tenant or a record; default: 30d")
    parser.value("--until", "T", "default: now")
    parser.set_fields("set one field of the form, not a secret; repeatable")
    parser.value("--definition", "FILE", "a definition file of your own")
    parser.filters()
    parser.spellings("the definition")


GROUPS = (add_emulators, add_definitions, add_explanations, add_own_copies, add_bundle)
