"""The envelope of answers and of refusals."""

from typing import Any

from izoologic_cdf.errors import CdfError
from izoologic_cdf.loopback.serving import Answer, encode
from izoologic_cdf.platform.assumptions import Options

# what is wrong, by field, or in general
Errors = dict[str, list[str]] | list[str]


class RefusalError(CdfError):
    """A request is refused, with a status and what is wrong."""

    def __init__(self, status: int, errors: Errors, **headers: str) -> None:
        super().__init__(str(errors))
        self.status = status
        self.errors = errors
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def wrong(field: str, message: str) -> RefusalError:
    """Return the refusal of one field (400)."""
    return RefusalError(400, {field: [message]})


def missing(what: str) -> RefusalError:
    """Return the refusal of something that is not there (404)."""
    return RefusalError(404, [f"{what} not found."])


def one(data: Any, status: int = 200) -> Answer:
    """Return an answer with one object, without a total as several real ones are."""
    return Answer(status, encode({"data": data}))


def several(data: list[Any], total: int | None = None, status: int = 200, **more: Any) -> Answer:
    """Return an answer with a list; the total counts what a limit has left out too."""
    total = len(data) if total is None else total
    return Answer(status, encode({"total": total, "data": data, **more}))


def nothing() -> Answer:
    """Return the answer to a DELETE: 204 with an empty body."""
    return Answer(204, b"", None)


def refusal(error: RefusalError, options: Options) -> Answer:
    """Return the answer of a refusal, in one of the two forms that clients know."""
    errors = error.errors
    body: dict[str, Any] = {"data": {"errors": errors}}
    if isinstance(errors, list):
        body = {"errors": errors}
    elif options.error_form == "list":
        texts = list(errors.values())
        body = {"errors": [text[0] if len(text) == 1 else text for text in texts]}
    return Answer(error.status, encode(body), headers=dict(error.headers))
