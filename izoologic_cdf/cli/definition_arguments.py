"""The arguments of what serves the emulators, and of what checks and builds definitions."""

from izoologic_cdf.cli import arguments


def add_emulators(commands: "arguments.Commands[arguments.Parser]") -> None:
    """Add the emulated APIs."""
    emulator = arguments.add_command(
        commands,
        "emulator",
        "emulator_commands:serve",
        help="serve an emulated iZoologic API on this machine until stopped",
        description="Serve an emulated iZoologic API on loopback. Prints its address, its "
        "credentials and a configuration with both; stop it with Ctrl-C. The dates of a built-in "
        "scenario are moved so that its newest cases are of today; those of a file stay.",
    )
    emulator.add_argument(
        "--scenario",
        default="guide",
        metavar="NAME or FILE",
        help="guide, generated:N for N generated cases, or a scenario file; default: guide",
    )
    arguments.add_port(emulator)
    emulator.add_argument(
        "--fixed-dates",
        action="store_true",
        help="keep the dates of the scenario, and stop its clock where it says",
    )
    emulator.add_argument(
        "--write-config",
        metavar="FILE",
        help="write the configuration to a file that only you can read, instead of printing it",
    )

    platform = arguments.add_command(
        commands,
        "platform",
        "emulator_commands:serve_platform",
        help="serve an emulated ThreatQ on this machine until stopped",
        description="Serve ThreatQ's REST API on loopback, as public clients use it. Prints its "
        "address and credentials, one per line; stop it with Ctrl-C.",
    )
    arguments.add_port(platform)
    platform.add_argument(
        "--tls",
        action="store_true",
        help="speak HTTPS with a throw-away certificate, and print the path of its CA; needs the "
        "extra izoologic-cdf[tls]",
    )
    platform.add_argument(
        "--install",
        action="append",
        default=[],
        metavar="CODE or FILE",
        help="install a custom object: account, or the JSON file of its definition; repeatable; "
        "default: none",
    )
    platform.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="choose another reading of what no public source settles; docs/platform.md lists "
        "them; repeatable",
    )


def add_definitions(commands: "arguments.Commands[arguments.Parser]") -> None:
    """Add what reads, checks and compares definitions."""
    fields = arguments.add_command(
        commands,
        "fields",
        "form:show_fields",
        help="print the configuration form of a feed",
        description="Print the fields of a feed: name, label, default, whether it is required, "
        "and what it does.",
    )
    fields.add_argument("feed", metavar="FEED", help=arguments.FEED)
    fields.add_argument("--definition", metavar="FILE", help="a definition file of your own")
    arguments.add_spellings(fields, "the definition")
    lint = arguments.add_command(
        commands,
        "lint",
        "definition_commands:lint",
        help="check definitions as a reviewer would",
        description="Check definition files: keys, expressions and names, how keys flow through "
        "the pipelines, and the approval checklist. Each finding has the code of its rule. "
        "Runs nothing of a definition, and makes no requests.",
        epilog="To silence a finding, put a comment on its line or above it: "
        "# lint: ignore CDF104 because ... - Exit codes: 0 no finding, 1 findings, 2 usage.",
    )
    lint.add_argument(
        "files", nargs="*", metavar="FILE", help="definition files; default: the built-in ones"
    )
    arguments.add_format(lint, "findings")
    lint.add_argument(
        "--explain", metavar="CODE", help="say what a rule checks and why, with an example"
    )
    arguments.add_watch(lint)
    arguments.add_filters(lint)
    arguments.add_spellings(lint, "the definitions")
    diff = arguments.add_command(
        commands,
        "diff",
        "emulator_commands:diff",
        help="show what an upgrade from one definition to another will do",
        description="Compare two versions of a definition, authored or built: user fields, feeds "
        "and namespaces, object identity, attributes, ingest rules, requests and steps. Then run "
        "both over the samples of the vendor's guide in the built-in emulator, and show which "
        "objects differ. Nothing leaves this machine.",
        epilog="Exit codes: 0 no difference, 1 differences, 2 a definition cannot be used, or a "
        "run did not complete.",
    )
    diff.add_argument("old", metavar="OLD.yaml", help="the definition that is installed")
    diff.add_argument("new", metavar="NEW.yaml", help="the one that would replace it")
    arguments.add_set(diff, "a user field as you have it configured, for the runs; repeatable")
    diff.add_argument("--no-run", action="store_true", help="compare the text only, run nothing")
    arguments.add_format(diff, "difference")


def add_bundle(commands: "arguments.Commands[arguments.Parser]") -> None:
    """Add `build` and `verify`."""
    build = arguments.add_command(
        commands,
        "build",
        "definition_commands:build",
        help="build the zip that a ThreatQ administrator unpacks",
        description="Turn the definitions and their Python filters into one native YAML file, and "
        "pack it with the custom object, the guide, the logo and a manifest. Prints which "
        "constructs of the YAML no public source confirms, and what to check on the first upload.",
    )
    build.add_argument(
        "--output", default="dist", metavar="FOLDER", help="where to write; default: dist"
    )
    build.add_argument("--yaml", action="store_true", help="also write the YAML next to the zip")
    arguments.add_spellings(build, "the built file")
    verify = arguments.add_command(
        commands,
        "verify",
        "definition_commands:verify",
        help="check a bundle before you upload it",
        description="Check the sums, versions, custom object, logo, limits and definition of a "
        "bundle. Exit codes: 0 it can be uploaded, 1 it cannot, and why.",
    )
    verify.add_argument("zip", metavar="ZIP")
