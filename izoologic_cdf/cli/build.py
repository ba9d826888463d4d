"""`build` and `verify`: the bundle that is uploaded."""

import argparse
from pathlib import Path

from izoologic_cdf.bundle import archive, layout
from izoologic_cdf.bundle.build import BuildError, build_yaml
from izoologic_cdf.bundle.usage import checklist, uses
from izoologic_cdf.bundle.verify import verify as faults_of
from izoologic_cdf.cli.feeds import definition_files
from izoologic_cdf.cli.main import UsageError
from izoologic_cdf.content import folder
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.positions import DefinitionError


def build(options: argparse.Namespace) -> int:
    """Write the zip, and say what nobody could confirm."""
    try:
        (path,) = definition_files()
        text = build_yaml(path, folder("filters"))
        version, required = archive.version_of(text)
        body = archive.pack(archive.members(text, version, required))
    except DefinitionError as error:
        raise UsageError(f"the definitions can't be used\n{error}") from None
    except BuildError as error:
        raise UsageError(str(error)) from None
    output = Path(options.output)
    target = output / layout.zip_name(version)
    try:
        output.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
        if options.yaml:
            (output / layout.DEFINITION).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror}") from None
    print(checklist(uses(Document(layout.DEFINITION, text)), layout.DEFINITION))
    print(f"\nwritten: {target}")
    return 0


def verify(options: argparse.Namespace) -> int:
    """Print what is wrong with a bundle."""
    found = faults_of(Path(options.zip))
    for fault in found:
        print(fault)
    if found:
        print(f"\n{options.zip}: {len(found)} faults; do not upload it")
        return 1
    print(f"{options.zip}: this bundle can be uploaded")
    return 0
