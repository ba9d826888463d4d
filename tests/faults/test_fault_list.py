"""The list of faults, F1 to F34, is covered without a gap."""

import re
from pathlib import Path

FAULTS = range(1, 35)


def test_every_fault_has_a_test_that_is_named_by_its_number() -> None:
    named = {
        int(number)
        for path in Path(__file__).parent.glob("test_*.py")
        for number in re.findall(r"^def test_f(\d\d)_", path.read_text(), re.MULTILINE)
    }
    assert named == set(FAULTS)
