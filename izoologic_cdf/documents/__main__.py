"""`python -m izoologic_cdf.documents [--check]`: make the generated blocks anew, or check them."""

import argparse
import sys

from izoologic_cdf.documents.blocks import BlockError
from izoologic_cdf.documents.catalog import ROOT, stale
from izoologic_cdf.documents.measured import MeasureError
from izoologic_cdf.language.positions import DefinitionError


def main() -> int:
    """Return 0 when all is well, 1 when a document is stale, 2 when it can't be told."""
    parser = argparse.ArgumentParser(
        prog="python -m izoologic_cdf.documents",
        description="Make the generated blocks of the documents anew.",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; name the stale documents, exit 1"
    )
    options = parser.parse_args()
    try:
        found = list(stale())
    except (BlockError, MeasureError, DefinitionError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for path, due in found:
        print(f"{'stale' if options.check else 'written'}: {path.relative_to(ROOT).as_posix()}")
        if not options.check:
            path.write_text(due, encoding="utf-8", newline="\n")
    if found and options.check:
        print("run `python -m izoologic_cdf.documents` to make them anew")
    return 1 if found and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
