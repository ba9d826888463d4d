"""The uploaded file: native, readable, as its author wrote it, the same bytes everywhere."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from izoologic_cdf.bundle.build import BuildError, build_yaml
from izoologic_cdf.bundle.checklist import uses
from izoologic_cdf.bundle.emit import WIDTH, emit
from izoologic_cdf.bundle.native import inline, inline_template, settled
from izoologic_cdf.bundle.tree import Scalar, from_document, from_text, walk
from izoologic_cdf.language.nodes import Document, MappingNode, Node, ScalarNode, read
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.lint.check import lint_document
from tests.support.built import authored_file, built_text

FEEDS = [
    "iZoologic Incident Case Sync",
    "Get Incident Case Details",
    "Get Case Communications",
    "Get Case Files",
    "iZoologic DLR Case Sync",
    "Get DLR Incident Case Details",
    "List Cases",
]
# what our runtime alone knows
OURS = {"window", "fallback_url", "warn", "track", "python", "_uploaded"}
# how comments begin that go: the authored file's own head, and those of what is written out
# where it is used, or stays with our runtime
COMMENTS_THAT_GO = (
    "# iZoologic Sync Cases for ThreatQ: ",
    "# and IP addresses; leaked credentials",
    "# `python: module.function` is a filter",
    "# (null: has not), or in addition: ",
    "# (token, host, begin and end of the run)",
    "# the host with a scheme, without a",
    "# begin and end as epoch seconds, ",
    "# messages are requested by whole days: ",
    "# the uploaded file needs no placeholders: ",
)


def test_the_file_holds_all_feeds_in_the_order_of_the_guide() -> None:
    document = Document("built.yaml", built_text())
    feeds = {e.key: e.value for e in document.entries(document.root, "it")}["feeds"]
    assert [entry.key for entry in document.entries(feeds, "feeds")] == FEEDS


def test_the_file_has_no_tag_beyond_the_attested_ones() -> None:
    loader = yaml.SafeLoader
    events = yaml.parse(built_text(), Loader=loader)
    tags = {getattr(event, "tag", None) for event in events} - {None}
    assert tags == {"!expr", "!tmpl", "!json"}


def test_what_remains_unattested_is_the_known_list() -> None:
    document = Document("built.yaml", built_text())
    assert [use.convention.name for use in uses(document)] == [
        "supplemental call",
        "bytes of an attachment",
        "feed type",
        "sets of other object codes",
        "objects by an expression",
        "parse-json on made text",
        "filter-mapping in a filter-mapping",
        "global names of Jinja2",
        "failing on purpose",
        "first page",
        "timestamp format",
    ]


def test_the_file_has_no_statement_of_a_template() -> None:
    assert "{%" not in built_text()


def test_the_file_is_short_and_so_is_every_line_and_expression() -> None:
    lines = built_text().splitlines()
    assert len(lines) <= 720
    assert [line for line in lines if len(line) > 110] == []
    texts = (one for one in _nodes(Document("b", built_text()).root) if isinstance(one, ScalarNode))
    # the lines of a block begin below its sign
    ends = {one.start_mark.line + (one.style in (">", "|")): one.end_mark.line for one in texts}
    assert max(end - first for first, end in ends.items()) <= 6


def test_lint_says_nothing_of_the_file() -> None:
    document = Document("built.yaml", built_text())
    assert lint_document(document, Path("built.yaml")) == []


def test_no_key_of_the_file_is_known_to_our_runtime_alone() -> None:
    nodes = _nodes(Document("built.yaml", built_text()).root)
    keys = {key.value for node in nodes if isinstance(node, MappingNode) for key, _ in node.value}
    assert {"supplemental", "pagination"} <= keys
    assert keys & OURS == set()


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in () if isinstance(node, ScalarNode) else node.value:
        for inner in child if isinstance(child, tuple) else (child,):
            yield from _nodes(inner)


def test_the_head_names_the_line_of_each_feed_and_of_the_anchors() -> None:
    lines = built_text().splitlines()
    head = lines[: lines.index("")]
    named = [found for line in head if (found := re.fullmatch(r"#   line +(\d+)  (.+)", line))]
    assert [found[2] for found in named] == ["_anchors", *FEEDS]
    for found in named:
        assert lines[int(found[1]) - 1].strip() == f"{found[2]}:"


def test_every_authored_comment_stands_in_the_file_but_those_whose_node_does_not() -> None:
    written = {line.strip() for line in built_text().splitlines()}
    comments = [
        line.strip()
        for line in authored_file().read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("#")
    ]
    gone = [comment for comment in comments if comment not in written]
    assert [one for one in gone if not one.startswith(COMMENTS_THAT_GO)] == []
    assert len(gone) == len(COMMENTS_THAT_GO)
    assert len(comments) > 3 * len(gone)


def test_an_author_s_line_breaks_stay() -> None:
    document = read(authored_file(), uploaded=True)
    texts = [node for node in walk(from_document(document)) if isinstance(node, Scalar)]
    built = "\n".join(line.strip() for line in built_text().splitlines())
    shared = {
        node.text
        for node in walk(from_document(Document("b", built_text())))
        if isinstance(node, Scalar)
    }
    broken = [node.lines for node in texts if len(node.lines) > 1 and node.text in shared]
    assert len(broken) > 10
    assert [lines for lines in broken if "\n".join(lines) not in built] == []


AUTHORED = """\
version: "1.0.0"
required_threatq_version: ">=5.29.0"
template_values:
  # how far back
  days: 30
  since: !expr run_meta.since | int - days * 86400
_anchors:
  # of every list
  - &listed
    - parse-json
    # each by itself
    - iterate
    - warn: [new: a remark]
feeds:
  Cases:
    category: Commercial
    namespace: threatq.feeds.example.cases
    default_indicator_status: Active
    source:
      http:
        url: !tmpl "https://api.example.com/{{ since * 2 }}"
        fallback_url: https://api.example.com/
        window: {days: !expr days}
    filters:
      - chain: *listed
      # is it broken
      # as its author broke it?
      - drop: !expr >-
          value.status
          == 'closed'
          or value.old
      - _uploaded:
          - set: {origin: uploaded}
    _uploaded:
      category: OSINT
    report:
      incident-sets:
        cases: {items: [{value: !expr data.id}]}
"""
BUILT = """\
feeds:
  Cases:
    category: OSINT
    namespace: threatq.feeds.example.cases
    default_indicator_status: Active
    source:
      http:
        url: !tmpl https://api.example.com/{{ (run_meta.since | int - days * 86400) * 2 }}
    filters:
      # of every list
      - parse-json
      # each by itself
      - iterate
      # is it broken
      # as its author broke it?
      - drop: !expr >-
          value.status
          == 'closed'
          or value.old
      - set: {origin: uploaded}
    report:
      incident-sets:
        cases: {items: [{value: !expr data.id}]}
"""


def build(folder: Path, text: str, native: str = "{}") -> str:
    """Build a definition with a Python filter `own.read` beside it."""
    (folder / "filters").mkdir()
    (folder / "filters" / "own.py").write_text(
        '__all__ = ["read"]\n\n\ndef read(value):\n    return value\n'
    )
    (folder / "filters" / "native.yaml").write_text(native)
    (folder / "small.yaml").write_text(text)
    return build_yaml(folder / "small.yaml", folder / "filters")


def test_a_small_definition_is_built_as_a_person_would_write_it(tmp_path: Path) -> None:
    assert build(tmp_path, AUTHORED).partition("\nfeeds:\n")[2] == BUILT.partition("feeds:\n")[2]


@pytest.mark.parametrize("more", range(-2, 3))
def test_a_mapping_in_braces_keeps_them_for_as_long_as_its_line_allows(more: int) -> None:
    before, after = "list:\n  - {a: 1, b: ", "}\n"
    word = "w" * (WIDTH + more - len("  - {a: 1, b: }"))
    inline = f"{before}{word}{after}"
    blocks = f"list:\n  - a: 1\n    b: {word}\n"
    assert emit(from_text(inline, "given")) == (blocks if more > 0 else inline)


@pytest.mark.parametrize("more", range(-2, 3))
def test_a_long_list_in_brackets_is_broken_where_its_line_ends(more: int) -> None:
    word = "w" * (WIDTH + more - len("key: [,"))
    given = emit(from_text(f"key: [{word}, b]\n", "given"))
    assert given == (f"key:\n    [{word},\n    b]\n" if more > 0 else f"key: [{word},\n    b]\n")


@pytest.mark.parametrize("more", [0, 1])
def test_a_folded_line_is_as_wide_as_it_may_be(more: int) -> None:
    words = ["w" * (WIDTH // 2 - 2), "w" * (WIDTH - 2 - WIDTH // 2 + 1 + more), "w" * WIDTH]
    tree = from_document(Document("f", f"key: {' '.join(words)}\n"))
    first = "  " + (" ".join(words[:2]) if not more else words[0])
    assert emit(tree).splitlines()[:2] == ["key: >-", first]


@pytest.mark.parametrize(
    ("text", "written"),
    [("caf\u00e9: a", '"caf\u00e9: a"'), ("a\u202e: b", '"a\\u202e: b"')],
)
def test_what_cannot_be_seen_is_escaped_and_nothing_else_is(text: str, written: str) -> None:
    given = f"key: {json.dumps(text)}\n"
    assert emit(from_text(given, "given")) == f"key: {written}\n"


READS = AUTHORED.replace("    - iterate\n", "    - python: own.read\n    - iterate\n")
WRONG = {
    "a filter without a native form": (
        READS,
        "{}",
        "small.yaml:12:15: the filter 'own.read' has no native form\n    help: add it to",
    ),
    "a native form that is no list": (READS, "own.read: iterat", "the built file is wrong\n"),
    "native forms that are no mapping": (READS, "[]", "native.yaml must be a mapping of"),
    "native forms that are no YAML": (READS, "own.read: [", "native.yaml:1:11: not valid YAML"),
    "an overlay of a mapping that is a list": (
        AUTHORED.replace("    _uploaded:\n      category: OSINT\n", "    _uploaded: [a]\n"),
        "{}",
        "small.yaml:34:16: _uploaded takes a mapping here",
    ),
    "a mistyped key of an overlay": (
        AUTHORED.replace("category: OSINT", "categry: OSINT"),
        "{}",
        "the built file is wrong\nizoologic_sync_cases.yaml:44:5: a feed has no key 'categry'",
    ),
    "a mistake of the definition": (
        AUTHORED.replace("- parse-json", "- parse-jsn"),
        "{}",
        "small.yaml:10:7: unknown filter 'parse-jsn'",
    ),
}


@pytest.mark.parametrize(("text", "native", "said"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_built_is_told_with_its_place(
    tmp_path: Path, text: str, native: str, said: str
) -> None:
    with pytest.raises((BuildError, DefinitionError)) as caught:
        build(tmp_path, text, native)
    assert said in str(caught.value)


def test_the_native_form_of_a_filter_is_shared_by_an_anchor(tmp_path: Path) -> None:
    text = READS.replace("      - _uploaded:\n", "      - python: own.read\n      - _uploaded:\n")
    native = "# what it does\nown.read: [parse-json, {get: rows}]\nown.other: [iterate]\n"
    built = build(tmp_path, text, native)
    assert built.count("chain: *own_read") == 2
    assert "  # what it does\n  - &own_read [parse-json, {get: rows}]\n" in built
    assert "own.other" not in built


def test_every_anchor_of_the_file_is_used() -> None:
    events = [
        (getattr(event, "anchor", None), isinstance(event, yaml.AliasEvent))
        for event in yaml.parse(built_text(), Loader=yaml.SafeLoader)
    ]
    anchors = {anchor for anchor, alias in events if anchor and not alias}
    assert anchors == {anchor for anchor, alias in events if alias}


def test_two_builds_in_two_processes_with_other_hash_seeds_are_the_same_bytes(
    tmp_path: Path,
) -> None:
    digests = set()
    for seed in ("1", "2"):
        folder = tmp_path / seed
        subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "izoologic_cdf.cli.main", "build", "--output", str(folder)],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": f"UTC+{seed}"},
            cwd=tmp_path,
        )
        body = (folder / "izoologic-sync-cases-1.1.0.zip").read_bytes()
        digests.add(hashlib.sha256(body).hexdigest())
    assert len(digests) == 1


def test_an_expression_behind_a_name_is_written_in_brackets() -> None:
    meanings = settled({"a": "x + 1", "b": "a * 2"})
    assert inline("b.a ~ 'a' ~ {'a': a}.a", meanings) == "((x + 1) * 2).a ~ 'a' ~ {'a': (x + 1)}.a"


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ a }}!", "{{ x + 1 }}!"),
        ("{{- a -}}", "{{- x + 1 -}}"),
        ("{{ a * 2 }}", "{{ (x + 1) * 2 }}"),
        ("{{ 2 * a }}", "{{ 2 * (x + 1) }}"),
        ("{{ a | lower }}{{ p | lower }}", "{{ (x + 1) | lower }}{{ x.y | lower }}"),
        ("a {{ 'a' ~ b.a }} a", "a {{ 'a' ~ b.a }} a"),
    ],
)
def test_a_name_of_a_template_is_written_in_brackets_unless_it_stands_alone(
    source: str, written: str
) -> None:
    assert inline_template(source, {"a": "x + 1", "p": "x.y"}) == written
