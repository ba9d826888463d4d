"""A file of spellings renames what no public source attests, and the result is still proven."""

import ast
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

import izoologic_cdf
from izoologic_cdf.bundle.build import BuildError, build_yaml
from izoologic_cdf.cli.main import main
from izoologic_cdf.content import folder
from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.load import load_document
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.language.schema import VOCABULARIES
from izoologic_cdf.language.spellings import Spellings, read_spellings, renamable
from izoologic_cdf.lint.check import lint_document
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.report_objects import ItemReport, ObjectBuilder
from tests.bundle.test_equality import ranges
from tests.support.built import NO_PYTHON, authored, authored_file, built_text, exported
from tests.support.definitions import all_marked, marked
from tools.alternatives import alternatives

HEAD = 'version: "1"\nrequired_threatq_version: ">=5"\n'
BUILT = "izoologic_sync_cases.yaml"


def every_word_renamed() -> str:
    """Return spellings that rename everything that can be renamed."""
    table: dict[str, Any] = {}
    for entry, parts in renamable().items():
        for part, words in parts.items():
            new = {word: f"other_{word}".replace("-", "_") for word in words}
            table.setdefault(entry, {})[part] = new[entry] if part == "word" else new
    return yaml.safe_dump(table)


@pytest.fixture(scope="module")
def spellings() -> Spellings:
    return Spellings(Document("spellings.yaml", every_word_renamed()))


@pytest.fixture(scope="module")
def respelt(spellings: Spellings) -> str:
    return build_yaml(authored_file(), folder("filters"), spellings)


def test_everything_that_is_declared_as_a_guess_and_uploaded_can_be_renamed() -> None:
    guesses = {
        (vocabulary.name, word)
        for vocabulary in VOCABULARIES
        for word, said in vocabulary.items()
        if said.guess and said.uploaded is True
    }
    renamed = {
        (vocabulary.name, word)
        for vocabulary in VOCABULARIES
        for word, said in vocabulary.items()
        if said.spot and said.spot[2] in renamable()[said.spot[0]][said.spot[1]]
    }
    assert len(guesses) > 30
    assert renamed == guesses


# where such a word is the word for something else
OTHER_SENSES = {
    ("bundle/layout.py", "account"),
    ("diff/changes.py", "identity"),
    ("diff/changes.py", "request"),
    ("diff/changes.py", "feed_type"),
    ("diff/changes.py", "key"),
    ("language/model.py", "feed"),
    ("lint/approval_rules.py", "header"),
    ("lint/approval_rules.py", "key"),
    ("lint/approval_rules.py", "token"),
    ("lint/rules.py", "feed"),
    ("runtime/access.py", "feed"),
    ("runtime/bodies.py", "identity"),
    ("runtime/http.py", "identity"),
    ("runtime/summary.py", "feed"),
}
# a filter and a type of feed; both are spelt so by chance
TWICE = {"supplemental"}


def test_the_respelling_of_a_default_is_an_edit_in_one_module() -> None:
    """No module but that of its declaration has a guessed word as a text of its own."""
    said = [pair for vocabulary in VOCABULARIES for pair in vocabulary.items()]
    guessed = {word for word, one in said if one.spot} - {
        word for word, one in said if not one.spot
    }
    assert {"supplemental", "into", "run_params", "feed_type", "auth", "content"} <= guessed
    package = Path(izoologic_cdf.__file__).parent
    found: dict[str, set[str]] = {}
    for part in ("language", "lint", "bundle", "diff", "runtime"):
        for path in (package / part).glob("*.py"):
            module = path.relative_to(package).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if text in guessed and (module, text) not in OTHER_SENSES:
                    found.setdefault(str(text), set()).add(module)
    assert found.keys() >= {"supplemental", "run_params", "feed_type", "token", "primary", "note"}
    assert {word for word, modules in found.items() if len(modules) > 1} == TWICE
    assert [
        (one, word)
        for word, modules in found.items()
        for one in modules
        if not one.startswith("language/")
    ] == []


def words(text: str) -> list[str]:
    """Return the words of a file, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return re.findall(r"[\w-]+", "\n".join(lines))


def test_the_built_file_has_the_new_words_and_none_of_the_old(respelt: str) -> None:
    pairs = list(zip(words(built_text()), words(respelt), strict=True))
    changed = {old: new for old, new in pairs if old != new}
    assert {old: f"other_{old}" for old in changed} == changed
    # what the file uses of the list that the build prints
    used = {"supplemental", "feed", "params", "into", "feed_type", "primary", "run_params"}
    used |= {"content", "note", "attachment", "event-sets", "incident-sets", "note-sets"}
    used |= {"attachment-sets", "account-sets", "identity-sets"}
    assert changed.keys() == used
    # where such a word stays it is another one: a key of a request or of data, prose
    assert {new for _, new in pairs} & used == {"params", "content", "feed", "primary"}


@pytest.mark.parametrize("missing", list(Missing))
def test_the_built_file_loads_lints_runs_and_equals_the_authored_form(
    tmp_path: Path, spellings: Spellings, respelt: str, missing: Missing
) -> None:
    document = spellings.applied(Document(BUILT, respelt))
    assert lint_document(document, Path(BUILT)) == []
    definition = load_document(document, Path(BUILT), NO_PYTHON, missing=missing)
    with Emulator(load_scenario("guide")) as emulator:
        asked = ranges(emulator)
        want = exported(tmp_path, authored(), emulator, asked, {})
        assert '"type": "attachment"' in want
        assert exported(tmp_path, definition, emulator, asked, {}) == want


def test_a_file_that_keeps_one_old_word_is_refused_or_gives_another_library(
    tmp_path: Path, spellings: Spellings, respelt: str
) -> None:
    """The proof above can fail: for each word that was renamed."""
    with Emulator(load_scenario("guide")) as emulator:
        asked = ranges(emulator)
        want = exported(tmp_path, authored(), emulator, asked, {})
        for new in sorted(set(words(respelt)) - set(words(built_text()))):
            kept = re.sub(rf"\b{new}\b", new.removeprefix("other_"), respelt)
            document = spellings.applied(Document(BUILT, kept))
            try:
                definition = load_document(document, Path(BUILT), NO_PYTHON)
            except DefinitionError as error:
                told = str(error)
            else:
                told = new * (exported(tmp_path, definition, emulator, asked, {}) != want)
            assert new in told


def test_what_the_built_file_does_not_use_is_respelt_and_proven_as_well(
    tmp_path: Path, spellings: Spellings
) -> None:
    """The login by `auth`, and files by a fulfillment feed: the alternatives of the guide."""
    text = built_text()
    for alternative in alternatives():
        text = alternative.apply(text)
    row = "- item:\n{0}name: !expr value.name\n{0}published_at: !expr value.published_at\n{0}key:"
    text = text.replace(f"- set:\n{' ' * 20}key:", row.format(" " * 20))
    document = Document(BUILT, text)
    load_document(document, Path(BUILT), NO_PYTHON)
    respelt = spellings.respelt(document)
    new = {word for word in words(respelt) if word.startswith("other_")}
    used = {"auth", "request", "url", "body", "filters", "header", "value", "token", "key"}
    used |= {"fulfillment", "run_params"}
    assert {f"other_{word}" for word in used} <= new
    definition = load_document(spellings.applied(Document(BUILT, respelt)), Path(BUILT), NO_PYTHON)
    with Emulator(load_scenario("guide")) as emulator:
        asked = ranges(emulator)
        want = exported(tmp_path, authored(), emulator, asked, {})
        assert exported(tmp_path, definition, emulator, asked, {}) == want


REPORT = """\
feeds:
  A:
    source: {http: {url: u}}
    report:
      other_incident-sets: {a: {items: !expr data.rows, tag-sets: [t]}}
      tag-sets:
        t:
          items:
            - {name: kept, other_condition: !expr data.yes}
            - {name: gone, other_condition: !expr data.no}
"""


def test_rows_of_the_data_are_read_as_they_are_spelt(spellings: Spellings) -> None:
    document = Document("f.yaml", f"{HEAD}{REPORT}")
    definition = load_document(spellings.applied(document), Path("f.yaml"), NO_PYTHON)
    rows = [
        {
            "value": "one",
            "other_condition": True,
            "other_content": b"x",
            "other_events": [{"title": "two"}],
        },
        {"value": "three", "other_condition": False},
        {"value": "four", "content": b"x", "condition": False},
    ]
    case, report = Case("C1"), ItemReport()
    data = {"rows": rows, "yes": True, "no": False}
    ObjectBuilder(definition.feeds["A"]).add(data, {}, case, report)
    found = [(one.type, one.value, one.content is not None) for one in report.batch.objects]
    assert found == [
        ("incident", "one", True),
        ("event", "two", False),
        ("incident", "four", False),
    ]
    assert report.batch.objects[0].tags == ["kept"]
    assert [message.text for message in case.messages] == [
        "an item has no key \"content (spelt 'other_content')\"; ignored",
        "an item has no key \"condition (spelt 'other_condition')\"; ignored",
    ]


def test_a_canonical_file_is_not_taken_for_one_that_is_spelt_otherwise(
    spellings: Spellings,
) -> None:
    document = spellings.applied(Document(BUILT, built_text()))
    with pytest.raises(DefinitionError) as caught:
        load_document(document, Path(BUILT), NO_PYTHON)
    text = str(caught.value)
    assert "'supplemental' of filter is spelt otherwise" in text
    assert "help: spellings.yaml spells it 'other_supplemental'" in text
    assert "unknown name 'run_params'" in text


def test_a_word_that_is_shared_and_would_be_spelt_in_two_ways_is_refused() -> None:
    text = (
        f"{HEAD}feeds:\n"
        "  Other: {feed_type: &shared supplemental, source: {http: {url: x}}}\n"
        "  Feed: {source: {http: {url: x}}, filters: [? *shared : {feed: Other, into: a}]}\n"
    )
    document = Document(BUILT, text)
    load_document(document, Path(BUILT), NO_PYTHON)
    two = "feed_type: {values: {supplemental: one}}\nsupplemental: {word: two}\n"
    with pytest.raises(DefinitionError, match="this would be spelt 'two' and 'one'"):
        Spellings(Document("spellings.yaml", two)).respelt(document)


def test_a_bundle_carries_its_spellings_and_can_be_verified(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spellings.yaml"
    file.write_text(every_word_renamed(), encoding="utf-8")
    arguments = ["build", "--output", str(tmp_path), "--spellings", str(file), "--yaml"]
    assert main(arguments) == 0
    (path,) = tmp_path.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("MANIFEST.json"))
    assert manifest["spellings"]["supplemental"]["word"] == "other_supplemental"
    assert main(["verify", str(path)]) == 0
    built = tmp_path / BUILT
    assert main(["lint", str(built)]) == 1
    assert main(["lint", str(built), "--spellings", str(file)]) == 0
    assert main(["fields", "dlr", "--definition", str(built), "--spellings", str(file)]) == 0
    assert "Ingest as Identity" in capsys.readouterr().out
    demo = ["demo", str(tmp_path / "demo"), "--definition", str(built), "--spellings", str(file)]
    assert main(demo) == 0
    shown = capsys.readouterr().out
    assert "Authorization" not in shown
    assert "incident: CASE123456" in shown
    assert "its bytes    b'" in shown
    assert "account: Email_Test" in shown
    run = ["run", "dlr", "--since", "2025-01-01", "--spellings", str(file)]
    assert main(run) == 2
    assert "--spellings needs --definition" in capsys.readouterr().err


SPELT = """\
feeds:
  A:
    kind: main
    source: {http: {url: u}}
    filters:
      - call: {name: B, as: x}
      - →supplemental: {→feed: B, →into: x}
      - call: {name: B, →into: x}
  B:
    →feed_type: →supplemental
    source: {http: {url: !expr →run_params.x, body: !expr args.x}}
"""


MISTAKES = {
    "a construct that is not there": ("→suplemental: {word: call}",
        "there is no construct 'suplemental' to rename", "did you mean 'supplemental'?"),
    "a key that is not there": ("supplemental: {keys: {→feeds: name}}",
        "'supplemental' has no 'feeds' to rename under 'keys'", "did you mean 'feed'?"),
    "a part that is not there": ("supplemental: {→wrd: call}",
        "'supplemental' has no 'wrd' to rename", "did you mean 'word'?"),
    "a part of another construct": ("run_params: {→keys: {a: b}}",
        "'run_params' has no 'keys' to rename", "known here: word"),
    "a word twice": ("supplemental: {word: call, →word: run}", "duplicate key 'word'", ""),
    "a filter that is attested": ("→each: {word: every}",
        "'each' is attested by public definitions; it cannot be renamed", ""),
    "a key that is attested": ("item: {keys: {→value: x}}",
        "'item' has no 'value' to rename under 'keys'", "known here"),
    "a filter that the build drops": ("→track: {word: follow}",
        "'track' is never in the uploaded file; it cannot be renamed", ""),
    "a key of another entry": ("→content: {word: bytes}",
        "'content' has no entry of its own", "rename it in the entry 'item'"),
    "a word that is taken": ("supplemental: {word: →chain}",
        "'chain' is taken: it stands for 'chain' here", "choose another word"),
    "one word for two keys": ("supplemental: {keys: {feed: a, into: →a}}",
        "'a' is taken: it stands for 'feed' here", "choose another word"),
    "one word for two values": ("feed_type: {values: {primary: a, fulfillment: →a}}",
        "'a' is taken: it stands for 'primary' here", ""),
    "a key of an item that is a plural": ("{item: {keys: {content: →events}}}",
        "'events' is taken: it stands for 'events' here", ""),
    "a name that is taken": ("run_params: {word: →user_fields}",
        "'user_fields' is taken: it stands for 'the language' here", ""),
    "a name that is none": ("run_params: {word: →run-params}",
        "'run-params' cannot be a name of an expression", "letters, digits and _"),
    "a number": ("supplemental: {word: →7}", "a spelling is one word, this is '7'", ""),
    "an expression": ("supplemental: {word: →!expr x}", "a spelling must be plain text", ""),
    "a word that YAML reads as something else": ("supplemental: {word: →'yes'}",
        "a spelling is one word, this is 'yes'", ""),
    "two words": ("supplemental: {word: →run feed}", "a spelling is one word", "letter"),
    "a list": ("supplemental: →[call]", "the entry 'supplemental' must be a mapping", ""),
    "no mapping": ("→[supplemental]", "the spellings must be a mapping, this is a list", ""),
    "not valid YAML": ("supplemental: →{word: call\n", "this { is not closed", "add }"),
    "an empty file": ("→", "the file is empty", ""),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message", "help_"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, text: str, message: str, help_: str
) -> None:
    clean, (line, column) = marked(text)
    path = tmp_path / "spellings.yaml"
    path.write_text(clean, encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        read_spellings(path)
    (finding,) = caught.value.findings
    assert message in finding.message
    assert help_ in (finding.help or "")
    assert (finding.position.line, finding.position.column) == (line, column)
    assert str(finding).startswith(f"{path}:{line}:{column}: ")


def test_all_mistakes_come_at_once() -> None:
    text, places = all_marked("→a: {}\nsupplemental: {keys: {→b: c}, →d: e}\nauth: {word: →1}\n")
    with pytest.raises(DefinitionError) as caught:
        Spellings(Document("spellings.yaml", text))
    found = sorted(finding.position for finding in caught.value.findings)
    assert [(at.line, at.column) for at in found] == places


def test_a_name_that_the_definition_has_is_refused() -> None:
    spellings = Spellings(Document("spellings.yaml", "run_params: {word: window_days}\n"))
    with pytest.raises(BuildError, match="'window_days' is taken: the definition has a name"):
        build_yaml(authored_file(), folder("filters"), spellings)


def test_old_words_in_a_file_that_is_spelt_otherwise_are_told_where_they_stand() -> None:
    words_ = (
        "supplemental: {word: call, keys: {feed: name, into: as}}\nrun_params: {word: args}\n"
        "feed_type: {word: kind, values: {primary: main, supplemental: called}}\n"
    )
    text, places = all_marked(SPELT)
    head = 'version: "1"\nrequired_threatq_version: ">=5"\n'
    spellings = Spellings(Document("spellings.yaml", words_))
    document = spellings.applied(Document("f.yaml", text + head))
    with pytest.raises(DefinitionError) as caught:
        load_document(document, Path("f.yaml"), NO_PYTHON)
    found = sorted({(one.position.line, one.position.column) for one in caught.value.findings})
    assert found == places
