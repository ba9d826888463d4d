"""FEED: the full name, or any part of it in any case that fits one primary feed."""

import pytest

from tests.support.shells import Shell

INCIDENT, DLR = "iZoologic Incident Case Sync", "iZoologic DLR Case Sync"


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        (INCIDENT, INCIDENT), (DLR, DLR), ("incident", INCIDENT), ("INCIDENT", INCIDENT),
        ("dent case", INCIDENT), ("dlr", DLR), ("Dlr", DLR), (" dlr ", DLR), ("d", None),
        ("DLR CASE SYNC", DLR), ("izoologic dlr case sync", DLR),
    ],
)  # fmt: skip
def test_a_name_or_a_part_of_it_in_any_case_names_the_feed(
    shell: Shell, name: str, feed: str | None
) -> None:
    ended = shell("fields", name)
    if feed is None:
        assert ended.code == 2
    else:
        assert (ended.code, ended.out.splitlines()[0]) == (0, feed)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        *((name, "matches several feeds") for name in ("iZoologic", "case", "sync", "c")),
        # the other two kinds of feed can't be run
        *((name, "matches no feed") for name in (
            "", " ", "phishing", "Get Incident Case Details", "Get Case Files", "communications",
            "iZoologic Incident Case Sync 2", "inc*", "dlr\n\nincident",
        )),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", [("fields",), ("run", "--since", "1d"), ("sync",), ("retry",)])
def test_any_other_name_is_a_usage_error_with_the_list(
    shell: Shell, command: tuple[str, ...], name: str, how: str
) -> None:
    ended = shell(command[0], name, *command[1:])
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (f"izoologic-cdf: {name!r} {how}; the feeds are\n  {INCIDENT}\n  {DLR}\n")
    assert list(shell.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["incident", "sync", "c"])
def test_a_definition_of_ones_own_takes_the_place_of_the_built_in_ones(
    shell: Shell, name: str
) -> None:
    own = shell.folder / "own.yaml"
    own.write_text(f"feeds: {{{INCIDENT}: {{user_fields: [{{name: api_host, label: Own}}]}}}}\n")
    assert shell("fields", name, "--definition", str(own)).out.splitlines()[0] == INCIDENT
    assert shell("fields", "dlr", "--definition", str(own)).code == 2


@pytest.mark.parametrize("path", ["", ".", "no such file.yaml", "tenant.yaml"])
def test_a_definition_that_is_none_is_named(shell: Shell, path: str) -> None:
    shell.config()
    for words in (("fields", "incident"), ("run", "incident", "--since", "1d")):
        ended = shell(*words, "--definition", path)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("izoologic-cdf: the definition cannot be used\n")
        assert f"{path or '.'}:1:1: " in ended.err
