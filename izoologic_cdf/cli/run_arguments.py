"""The arguments of what runs feeds: `demo`, `run`, `backfill`, `sync`, `retry`, `windows`."""

from functools import partial

from izoologic_cdf.cli.arguments import (
    A_TIME,
    FEED_OR_ALL,
    MAX_IN_FLIGHT,
    Commands,
    Parser,
    add_command,
    integer,
)


def add_runs(commands: Commands) -> None:
    """Add what runs feeds."""
    add = partial(add_command, commands, "run_command")
    demo = add_command(
        commands,
        "emulator_commands",
        "demo",
        help="run both feeds over the built-in emulator and show the result",
        description="Start an emulated iZoologic API with the samples of the vendor's guide, run "
        "both feeds over it into a library in FOLDER, and show the summaries and a few objects. "
        "Nothing leaves this machine.",
    )
    demo.value("folder", "FOLDER", "default: demo", nargs="?", default="demo")
    demo.value("--definition", "FILE", "run a built definition of your own")
    demo.spellings("the definition")
    _add_ledger(demo)
    run = add(
        "run",
        help="run one feed over a range of time",
        description="Request every case updated in the range, with its details, communications "
        "and files, and write them to the library. You can repeat a run: what is there already "
        "stays as it is.",
        epilog=f"{A_TIME} Exit codes: 0 complete, 3 partial (a case, file or row failed, or a part "
        "of the range could not be read), 1 failed, 2 usage or configuration.",
    )
    backfill = add(
        "backfill",
        help="walk history window by window, and resume after an interruption",
        description="Request the parts of the range that are not finished yet. Finished intervals "
        "are remembered in the library, so a backfill continues with the gaps after any "
        "interruption.",
        epilog=A_TIME,
    )
    sync = add(
        "sync",
        help="the scheduled run: everything since the last finished point",
        description="Request everything since the last finished point, with a small overlap, and "
        "every gap before it. Deferred cases are retried. The first sync begins at the last "
        "finished point, or 30 days ago.",
        epilog=A_TIME,
    )
    retry = add(
        "retry",
        help="retry deferred cases now, including abandoned ones",
        description="Retry deferred cases, and deferred parts of cases, without waiting for their "
        "next time: those you name, or all of them, including abandoned ones.",
    )
    windows = add(
        "windows",
        help="print the manual runs that cover a range on the platform",
        description="Print the manual runs to start on the platform for a range: since and until "
        "of each, UTC, both inclusive, at most 30 days. Makes no requests.",
        epilog=A_TIME,
    )
    check = add(
        "check",
        help="test the login and what the keys may do",
        description="Log in, request one small list, and of one of its cases whatever a run would: "
        "details, messages, one file. Says of each whether the keys are allowed to, refused, or "
        "unknown with the reason. Writes nothing.",
        epilog="Exit codes: 0 nothing is refused (what no recent case has stays unknown), 3 some "
        "part of the cases is refused or failed, 1 the login or the list is or did, 2 usage or "
        "configuration.",
    )
    for parser in (run, backfill, sync, retry, check):
        parser.value("feed", "FEED", FEED_OR_ALL)
    for parser in (run, backfill, windows):
        parser.value("--since", "T", "start of the range, inclusive", required=True)
        parser.value("--until", "T", "end of the range; default: now")
    sync.value("--since", "T", "where the first sync begins; later syncs ignore it")
    sync.value(
        "--push",
        "CONFIG",
        "then push the library to the ThreatQ of this configuration, as `push --config` does",
    )
    retry.value("cases", "CASE", "case id; default: all", nargs="*")
    for parser in (run, backfill, sync, retry):
        _add_run_options(parser)
    _add_form_options(check)
    check.format("result")
    check.set_defaults(tenant=None, same_tenant=False, in_flight=1)


def _add_form_options(parser: Parser) -> None:
    """Add what says which feed is meant, and how its form is filled in."""
    parser.config("feeds", "YAML file, one field: value per line; may hold secrets")
    parser.set_fields(
        "set one field, not a secret; overrides the file and IZOOLOGIC_<FIELD> of the environment; "
        "repeatable"
    )
    parser.several(
        "--without",
        "PART",
        "skip a part of the cases, messages or files: it is not requested, and the run is "
        "complete without it; also `without` in the configuration",
    )
    parser.value("--definition", "FILE", "run the feeds of this file, not the built-in ones")
    parser.spellings("the definition")
    parser.filters()
    parser.requests_per_second()


def _add_ledger(parser: Parser) -> None:
    parser.value(
        "--ledger",
        "FILE",
        "count what becomes of each field of the answers, as `ledger` does, and write it: as "
        "JSON if FILE ends with .json, else as text; a run that counts takes longer",
    )


def _add_run_options(parser: Parser) -> None:
    parser.library("the library; created if missing")
    _add_form_options(parser)
    parser.value(
        "--tenant",
        "NAME",
        "name of the tenant if one host serves several; also `tenant` in the configuration",
    )
    parser.flag(
        "--same-tenant", "the keys have changed but the tenant has not, whatever the API shows"
    )
    parser.value(
        "--in-flight",
        "N",
        f"cases processed at the same time, at most {MAX_IN_FLIGHT}; default: 8",
        type=integer(1, MAX_IN_FLIGHT),
        default=8,
    )
    parser.format("summary")
    _add_ledger(parser)
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--quiet",
        action="store_const",
        const="quiet",
        help="print nothing but failures, and no summary of a complete run: for a scheduler",
    )
    output.add_argument(
        "--verbose",
        action="store_const",
        const="verbose",
        help="print every warning by itself, with its place in the definition",
    )


GROUPS = (add_runs,)
