"""Which configuration and library a command uses: as given, by environment, in the usual place."""

from pathlib import Path

import pytest

from tests.support.shells import NEWEST, Shell

RUN = ("run", "incident", *NEWEST, "--format", "json")
READ = (["status"], ["runs"], ["library", "show"], ["library", "export"])


@pytest.fixture
def usual(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The usual place, for configurations and libraries, of this test alone."""
    folder = shell.folder / "usual"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(folder))
    place = folder / "izoologic-cdf"
    place.mkdir(parents=True)
    return place


def use(shell: Shell, path: Path) -> Path:
    """Move the configuration of the emulator to a place."""
    path.parent.mkdir(exist_ok=True)
    return (shell.folder / shell.config()).rename(path)


def test_the_argument_the_environment_the_usual_place(
    shell: Shell, usual: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shell(*RUN).code == 2
    use(shell, usual / "tenant.yaml")
    ended = shell(*RUN)
    assert ended.data["outcome"] == "complete"
    assert f"the configuration is {usual}/tenant.yaml (the usual place)\n" in ended.err
    wrong = shell.folder / "wrong.yaml"
    wrong.write_text("nonsense: 1\n")
    monkeypatch.setenv("IZOOLOGIC_CDF_CONFIG", str(wrong))
    ended = shell(*RUN)
    assert (ended.code, ended.out) == (2, "")
    assert f"the configuration is {wrong} (IZOOLOGIC_CDF_CONFIG)\n" in ended.err
    ended = shell(*RUN, "--config", str(usual / "tenant.yaml"))
    assert (ended.code, "the configuration is" in ended.err) == (0, False)


def test_a_configuration_that_others_can_read_is_warned_of_wherever_it_is(
    shell: Shell, usual: Path
) -> None:
    use(shell, usual / "tenant.yaml").chmod(0o644)
    ended = shell(*RUN)
    assert f"warning: {usual}/tenant.yaml holds secrets, and other users can use it" in ended.err
    assert "the configuration is" not in shell(*RUN, "--quiet").err


def test_a_configuration_that_is_not_there_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(shell.folder))
    monkeypatch.setenv("IZOOLOGIC_CDF_CONFIG", "~/none.yaml")
    ended = shell(*RUN)
    assert ended.code == 2
    assert f"{shell.folder}/none.yaml: the file cannot be read" in ended.err
    monkeypatch.setenv("IZOOLOGIC_CDF_LIBRARY", "~nobody.at.all/none.sqlite")
    ended = shell("status")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no library at ~nobody.at.all/none.sqlite" in ended.err


def test_the_default_library_is_the_same_for_all(
    shell: Shell, usual: Path, monkeypatch: pytest.MonkeyPatch, guide_library: bytes
) -> None:
    for words in READ:
        ended = shell(*words)
        assert (ended.code, "at izoologic.sqlite" in ended.err) == (2, True)
    (usual / "izoologic.sqlite").write_bytes(guide_library)
    for words in READ:
        assert shell(*words).code == 0
    assert shell("status").out.startswith(f"{usual}/izoologic.sqlite: in order\n")
    # the one in this folder is nearer, and the one that the environment names nearer still
    (shell.folder / "izoologic.sqlite").write_bytes(guide_library)
    assert shell("status").out.startswith("izoologic.sqlite: in order\n")
    monkeypatch.setenv("IZOOLOGIC_CDF_LIBRARY", "other.sqlite")
    for words in READ:
        assert "at other.sqlite" in shell(*words).err
    ended = shell.feed(*RUN)
    assert (ended.code, (shell.folder / "other.sqlite").is_file()) == (0, True)
    assert "the library is other.sqlite (IZOOLOGIC_CDF_LIBRARY)\n" in ended.err
    assert shell("status", "--library", "izoologic.sqlite").out.startswith("izoologic.sqlite: ")


def test_a_push_has_a_configuration_of_its_own(
    shell: Shell, usual: Path, guide_library: bytes
) -> None:
    (shell.folder / "izoologic.sqlite").write_bytes(guide_library)
    use(shell, usual / "tenant.yaml")
    assert "no --config given" in shell("push", "--dry-run").err
    (usual / "threatq.yaml").write_text(
        "threatq_host: threatq.example.com\nclient_id: a\nclient_secret: b\n"
    )
    ended = shell("push", "--dry-run")
    assert ended.code == 0
    assert f"the configuration is {usual}/threatq.yaml (the usual place)\n" in ended.err
