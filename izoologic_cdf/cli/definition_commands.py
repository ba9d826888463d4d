"""`lint`, `build` and `verify`: from a definition to the bundle that is uploaded."""

import argparse
import contextlib
import json
from pathlib import Path

from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.bundle.build import build_yaml
from izoologic_cdf.bundle.checklist import checklist, uses
from izoologic_cdf.bundle.verify import Verified, examine
from izoologic_cdf.cli import streams
from izoologic_cdf.cli.form import definition_files
from izoologic_cdf.cli.watching import watch
from izoologic_cdf.content import folder
from izoologic_cdf.errors import UsageError
from izoologic_cdf.language.load import filters_of
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import Finding
from izoologic_cdf.language.spellings import NO_SPELLINGS, Spellings, read_spellings
from izoologic_cdf.lint.check import RULES
from izoologic_cdf.lint.check import lint as lint_file

ORIGIN = (
    "Its parts fit together. That does not prove where it comes from: compare the SHA-256 with the",
    "one that the build printed, or that you were given on another way than the zip.",
)


def lint(options: argparse.Namespace) -> int:
    """Print what is wrong with the files; 0 when nothing is, 1 when something is."""
    if options.explain:
        return _explain(options.explain)
    paths = [Path(name) for name in options.files] or definition_files()
    for path in paths:
        if not path.is_file():
            raise UsageError(f"there is no file {str(path)!r} to lint")
    filters = Path(options.filters) if options.filters else None
    spellings = _spellings(options)
    if options.watch:
        folders = [filters] if filters is not None else map(filters_of, paths)
        watched = [*paths, *folders]
        return watch(dict.fromkeys(watched), lambda: _lint(options, paths, filters, spellings))
    return _lint(options, paths, filters, spellings)


def _lint(
    options: argparse.Namespace, paths: list[Path], filters: Path | None, spellings: Spellings
) -> int:
    findings = [finding for path in paths for finding in lint_file(path, filters, spellings)]
    if options.format == "json":
        streams.tell_text(json.dumps([as_object(finding) for finding in findings], indent=2))
    for number, finding in enumerate(findings if options.format == "text" else ()):
        coded = finding._replace(message=f"{finding.code} {finding.message}")
        streams.tell(*[""][: number > 0], *coded.lines)
    return 1 if findings else 0


def _explain(code: str) -> int:
    rules = {rule.code: rule for rule in RULES}
    if code.upper() not in rules:
        raise UsageError(f"there is no rule {code!r}; there are {', '.join(rules)}")
    streams.tell_text(rules[code.upper()].page)
    return 0


def as_object(finding: Finding) -> dict[str, str | int | None]:
    """Return a finding for a program; line and column count from 1, absent is null."""
    about = ("code", "message", "help", "source_line")
    return finding.position._asdict() | {name: getattr(finding, name) for name in about}


def build(options: argparse.Namespace) -> int:
    """Write the zip, and say what nobody could confirm."""
    (path,) = definition_files()
    spellings = _spellings(options)
    text = build_yaml(path, folder("filters"), spellings)
    version, required = archive.version_of(text)
    body = archive.pack(archive.members(text, version, required, spellings))
    output = Path(options.output)
    target = output / layout.zip_name(version)
    # what is there under the name is whole and verified, whenever the build is broken off
    new = target.with_suffix(".new")
    try:
        output.mkdir(parents=True, exist_ok=True)
        new.write_bytes(body)
        found = examine(new)
        if not found.faults:
            new.replace(target)
            if options.yaml:
                (output / layout.DEFINITION).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
    if found.faults:
        _tell_faults(found)
        streams.tell("", "the bundle that was built has faults; nothing is written")
        return 1
    built = spellings.applied(Document(layout.DEFINITION, text))
    streams.tell_text(checklist(uses(built), layout.DEFINITION))
    streams.tell("", f"written: {target}", f"SHA-256: {found.sha256}")
    return 0


def _spellings(options: argparse.Namespace) -> Spellings:
    return read_spellings(Path(options.spellings)) if options.spellings else NO_SPELLINGS


def verify(options: argparse.Namespace) -> int:
    """Print what is wrong with a bundle, and which one it is."""
    found = examine(Path(options.zip))
    _tell_faults(found)
    if found.faults:
        count = len(found.faults)
        streams.tell("", f"{options.zip}: {count} fault{'s' * (count > 1)}; do not upload it")
    else:
        streams.tell(f"{options.zip}: this bundle can be uploaded")
    if found.version is not None:
        streams.tell(f"  version  {found.version}")
    if found.sha256 is not None:
        streams.tell(f"  SHA-256  {found.sha256}")
    if not found.faults:
        streams.tell(*(f"  {line}" for line in ORIGIN))
    return 1 if found.faults else 0


def _tell_faults(found: Verified) -> None:
    for fault in found.faults:
        streams.tell(*fault.lines)
