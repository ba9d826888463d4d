"""Golden files that `--update-golden` writes anew, and what makes the tests the same and fast."""

import gc
import os
from collections.abc import Callable, Iterator

import markupsafe
import pytest
from hypothesis import settings

from tests.support import cores

# nothing of the program is imported here: the tests of Jinja2 2.11 begin with this file as well.
# That version, which a platform may still have, runs on today's MarkupSafe but for one old name
vars(markupsafe).setdefault("soft_unicode", markupsafe.soft_str)

pytest_plugins = ["tests.support.fixtures"]

# what `make quick` leaves out: long proofs, and many processes; something of each folder stays
SLOW = (
    "tests/browse/test_browse_command.py::test_a_library_of",
    "tests/browse/test_pages.py",
    "tests/browse/test_report_file.py::test_a_report_loads_nothing",
    "tests/browse/test_served.py",
    "tests/browse/test_ten_thousand.py",
    "tests/bundle/test_alternatives.py",
    "tests/bundle/test_archive.py",
    "tests/bundle/test_build.py::test_two_builds_in_two_processes",
    "tests/bundle/test_diff.py",
    "tests/bundle/test_diff_definitions.py",
    "tests/bundle/test_equality.py",
    "tests/bundle/test_platform_runs.py",
    "tests/canaries/test_canaries.py::test_no_fault_brings_a_canary_to_light",
    "tests/canaries/test_canaries.py::test_the_commands",
    "tests/cli/test_check.py::test_a_built",
    "tests/cli/test_check.py::test_what_one_endpoint_refuses",
    "tests/cli/test_configuration.py::test_a_file_that",
    "tests/cli/test_demo.py",
    "tests/cli/test_export.py",
    "tests/cli/test_hosts.py",
    "tests/cli/test_list_commands.py::test_what_changed",
    "tests/cli/test_outcomes.py",
    "tests/cli/test_streams.py",
    "tests/cli/test_terminal.py",
    "tests/cli/test_two_at_once.py",
    "tests/cli/test_wheel.py",
    "tests/cli/test_without_a_tenant.py::test_the_path_of_the_readme",
    "tests/custom_objects/test_install_failures.py::test_a_signal_in_the_middle",
    "tests/documents/test_change_the_mapping.py",
    "tests/documents/test_generated_parts.py",
    "tests/emulator/test_server.py::test_serving",
    "tests/explain/test_counted_runs.py::test_a_run_counts_what",
    "tests/explain/test_counted_runs.py::test_counting_changes",
    "tests/explain/test_explain.py::test_personal_data_is_shown",
    "tests/explain/test_explain.py::test_the_built_definition",
    "tests/explain/test_mistakes.py",
    "tests/explain/test_own_copy.py",
    "tests/faults/test_data_faults.py",
    "tests/faults/test_file_faults.py",
    "tests/faults/test_network_faults.py",
    "tests/feeds/test_case_",
    "tests/feeds/test_feed_laws.py",
    "tests/feeds/test_second_run.py",
    "tests/filters/test_filter_forms.py::test_both_forms_agree_on_generated_values",
    "tests/filters/test_filter_forms.py::test_no_input_raises_or_is_changed",
    "tests/filters/test_filter_laws.py",
    "tests/filters/test_on_jinja2_2_11.py",
    "tests/house/test_rooms.py::test_a_case",
    "tests/house/test_spellings.py",
    "tests/library/test_laws.py",
    "tests/library/test_queries.py::test_each_question",
    "tests/library/test_reading.py::test_the_export_is_sorted",
    "tests/library/test_views.py::test_gaps_are_those",
    "tests/library/test_views.py::test_the_feeds_fill_the_views",
    "tests/lint/test_duplicates.py::test_a_key_that_stands_twice",
    "tests/lint/test_silent.py",
    "tests/platform/test_platform_command.py",
    "tests/platform/test_platform_laws.py",
    "tests/proof/test_confinement.py",
    "tests/proof/test_found.py",
    "tests/proof/test_fuzz.py",
    "tests/proof/test_kill.py",
    "tests/proof/test_model.py",
    "tests/push/test_push_calls.py::test_an_answer",
    "tests/push/test_push_command.py",
    "tests/push/test_push_model.py",
    "tests/reports/test_a_streams.py",
    "tests/reports/test_b_missing.py",
    "tests/reports/test_c_time.py",
    "tests/reports/test_d_tenants.py",
    "tests/reports/test_e_answers.py",
    "tests/reports/test_e_bytes.py",
    "tests/reports/test_f_masking.py",
    "tests/reports/test_f_words.py",
    "tests/reports/test_g_budget.py",
    "tests/reports/test_g_signals.py",
    "tests/reports/test_h_files.py",
    "tests/reports/test_i_definitions.py::test_40",
    "tests/reports/test_j_suite.py",
    "tests/reports/test_j_unnoticed.py",
    "tests/runtime/test_paging_memory.py::test_many_more_pages",
    "tests/state/test_commands.py",
    "tests/state/test_day_edges.py::test_every_message",
    "tests/state/test_windows.py",
)

# the same examples at every run, and no clock: a loaded machine fails no test
settings.register_profile("project", derandomize=True, deadline=None, database=None)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="run the tests with golden files alone, and write those files from what they see",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = getattr(config, "workerinput", {}).get("workerid")
    if name is not None:
        cores.keep_to_one(int(name.removeprefix("gw")))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--update-golden"):
        items[:] = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    items[:] = dealt(items, getattr(config, "workerinput", {}).get("workercount", 1))


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Order tests so that each worker's share, an equal number, begins with slow ones.

    So no worker waits for the last of another. The tests of a file share fixtures, and so do those
    of the pages, which need a server and a browser: they stay together.
    """
    slow, rest = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        (slow if item.get_closest_marker("slow") else rest).append(item)
    together = [
        item.path.parent if item.path.parent.name == "browse" else item.path for item in slow
    ]
    numbers = {path: number for number, path in enumerate(dict.fromkeys(together))}
    order = list[pytest.Item]()
    for worker in range(workers):
        order += [
            item
            for item, path in zip(slow, together, strict=True)
            if numbers[path] % workers == worker
        ]
        room = max(len(items) * (worker + 1) // workers - len(order), 0)
        order += rest[:room]
        del rest[:room]
    return order + rest


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep the collector of garbage away from the objects of ten thousand tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
        gc.enable()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in the folder `golden` beside the test."""
    folder = request.path.parent / "golden"

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        assert path.is_file(), f"{path} is missing; --update-golden writes it"
        assert text == path.read_bytes().decode(), "--update-golden accepts the new text"

    return compare


@pytest.fixture(scope="session", autouse=True)
def nothing_of_this_user_counts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the configurations and libraries of whoever runs the tests out of them."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home / name))
        for name in list(os.environ):
            if name.startswith("IZOOLOGIC_"):
                patch.delenv(name)
        yield
