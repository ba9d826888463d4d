"""How the emulated server behaves where the real one is unknown or may differ between tenants."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Self

from izoologic_cdf.emulator.api_errors import EmulatorError, unknown
from izoologic_cdf.emulator.endpoints import ENDPOINTS

_PARAMETERS = {f"{point.name}.{name.default}" for point in ENDPOINTS for name in point.names}


def _choice(default: Any, *others: Any) -> Any:
    return field(default=default, metadata={"choices": (default, *others)})


def _number(default: float | None, *, least: float, whole: bool = True, none: bool = True) -> Any:
    metadata = {"least": least, "whole": whole, "none": none}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One reading of the API.

    Days and seconds are numbers; None means without a limit. Each option is told in
    docs/emulator.md. Raises EmulatorError for a value that an option cannot take.
    """

    # requests
    strict: bool = _choice(False, True)
    path_mode: str = _choice("both", "api", "bare", "without")
    epoch_type: str = _choice("both", "string", "int")
    renamed: dict[str, str | None] = field(default_factory=dict, metadata={"names": _PARAMETERS})
    # lists and ranges
    window: str = _choice("window", "open-ended", "reject-older-than-30d")
    max_lookback_days: int | None = _number(None, least=1)
    range_limit_days: int = _number(30, least=1, none=False)
    day_rounding: bool = _choice(True, False)
    list_order: str = _choice("asc", "desc", "shuffled")
    # login
    token_life_seconds: int | None = _number(None, least=0)
    token_life_uses: int | None = _number(None, least=1)
    single_token: bool = _choice(False, True)
    bad_login_status: int = _choice(200, 401)
    # files
    file_tokens: str = _choice("fresh", "stored")
    file_token_life_seconds: int | None = _number(None, least=0)
    file_token_uses: int | None = _number(None, least=1)
    content_disposition: bool = _choice(False, True)
    # the server itself
    latency: float = _number(0.0, least=0, whole=False, none=False)
    log_limit: int = _number(50_000, least=0, none=False)
    date_header: str = _choice("real", "clock")

    def __post_init__(self) -> None:
        for option in dataclasses.fields(self):
            _check(option.name, getattr(self, option.name), option.metadata)

    def changed(self, **changes: Any) -> Self:
        """Return a copy with the named options changed; raises EmulatorError for a wrong one."""
        names = {option.name for option in dataclasses.fields(self)}
        for name in changes:
            if name not in names:
                raise EmulatorError(unknown("option", name, names))
        return dataclasses.replace(self, **changes)


def _check(name: str, value: Any, rule: Any) -> None:
    if "choices" in rule:
        choices = rule["choices"]
        # True == 1 in Python, yet a flag given as a number is a slip
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return
        wanted = "one of " + ", ".join(repr(choice) for choice in choices)
    elif "names" in rule:
        for key in value if isinstance(value, dict) else ():
            if key not in rule["names"]:
                raise EmulatorError(unknown("parameter", str(key), rule["names"]))
        if isinstance(value, dict) and all(v is None or isinstance(v, str) for v in value.values()):
            return
        wanted = "an object of names, each a text or null"
    else:
        kinds = int if rule["whole"] else (int, float)
        if value is None and rule["none"]:
            return
        if isinstance(value, kinds) and not isinstance(value, bool) and value >= rule["least"]:
            return
        wanted = f"a {'whole ' if rule['whole'] else ''}number from {rule['least']}"
        wanted += " or null" if rule["none"] else ""
    raise EmulatorError(f"option {name!r} is {value!r}; it must be {wanted}")
