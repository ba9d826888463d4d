"""`python -m izoologic_cdf.lint.pages`: write docs/lint and docs/cdf.schema.json in a checkout."""

import json
from pathlib import Path
from textwrap import dedent

from izoologic_cdf.lint.editor_schema import CUSTOM_TAGS, schema
from izoologic_cdf.lint.rule import Rule
from izoologic_cdf.lint.rules import RULES

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
SCHEMA_FILE = "cdf.schema.json"
_GROUPS = {
    "CDF0": "The language (found by the loader as well, so a run refuses them)",
    "CDF1": "How keys and calls flow",
    "CDF2": "The approval checklist",
    "CDF3": "What not every version of ThreatQ knows",
    "CDF9": "Comments that silence",
}
_README = """\
# Lint

`izoologic-cdf lint [FILE...]` checks definitions; without FILE the built-in ones. Nothing of a
definition, or of the Python filters beside it, is run. Exit codes: 0 no finding, 1 findings, 2
usage. `--format json` prints a list of objects: file, line, column, code, message, help,
source_line; line and column count from 1.

This folder and `../{schema_file}` are written by `python -m izoologic_cdf.lint.pages`.

## Rules

{rules}
## Silencing a finding

A comment on the line of the finding, or on a line of its own above it, with the code and the
reason:

```yaml
category: Regional  # lint: ignore CDF204 because our platform has this category
```

Several codes have commas between them. A finding inside a text of several lines, where no comment
can stand, is silenced at the line where the text begins. A comment without a reason is a finding,
and so is one that silences nothing.

## In an editor

`../{schema_file}` is the closed schema as JSON Schema. With the YAML extension of Visual Studio
Code, put this into `.vscode/settings.json`:

```json
{settings}
```

Other editors with yaml-language-server take the same two settings. Expressions, names and the
flow of keys are checked by `izoologic-cdf lint` only.
"""
_PAGE = """\
# {code} {name}

## What it checks

{what}

## Why

{why}

## Example

```yaml
{bad}
```

## Instead

```yaml
{good}
```
"""


def documents() -> dict[str, str]:
    """Return every generated document: its path below docs/, and its text."""
    pages = {f"lint/{rule.code}.md": _page(rule) for rule in RULES}
    settings = {
        "yaml.customTags": list(CUSTOM_TAGS),
        "yaml.schemas": {f"docs/{SCHEMA_FILE}": "feeds/*.yaml"},
    }
    readme = _README.format(
        rules=_index(), settings=json.dumps(settings, indent=2), schema_file=SCHEMA_FILE
    )
    return {
        "lint/README.md": readme,
        **pages,
        SCHEMA_FILE: json.dumps(schema(), indent=2) + "\n",
    }


def _index() -> str:
    lines = []
    for prefix, title in _GROUPS.items():
        lines += [f"### {title}", "", "| code | name | what it checks |", "|---|---|---|"]
        lines += [
            f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.what} |"
            for rule in RULES
            if rule.code.startswith(prefix)
        ]
        lines.append("")
    return "\n".join(lines)


def _page(rule: Rule) -> str:
    return _PAGE.format(
        code=rule.code,
        name=rule.name,
        what=rule.what,
        why=rule.why,
        bad=dedent(rule.bad).strip("\n"),
        good=dedent(rule.good).strip("\n"),
    )


def write(folder: Path = DOCS) -> None:
    """Write every document."""
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
