"""A folder of filters for the definitions in `bad`."""

from typing import Any, Generic, Literal, TypedDict, TypeVar

__all__ = ["cases", "dated", "family"]

Parent = TypeVar("Parent")


class Date(TypedDict):
    """A date."""

    seconds: int
    text: str | None


class Case(TypedDict):
    """A case."""

    id: str
    date: Date
    kind: Literal["Case", "Alert"]


class Row(TypedDict, Generic[Parent]):
    """A row, with what it belongs to."""

    name: str
    parent: Parent


class Family(TypedDict, Generic[Parent]):
    """Rows, and what they belong to."""

    rows: list[Any]
    parent: Parent


def cases(value: Any) -> Any:
    """Return the value, of which nothing is stated."""
    return value


def dated(value: Any) -> list[Case]:
    """Return cases."""
    return list(value)


def family(value: Family[Parent]) -> "list[Row[Parent]]":
    """Return each row with the parent."""
    return [{"name": str(row), "parent": value["parent"]} for row in value["rows"]]
