"""ASSUMED response bodies: what no source shows.

Everything here is invented, except the code and meaning of "no data" and the text about an
inverted range. A client must not depend on any of it but `iZOO2011`.
"""

from typing import Any

from izoologic_cdf.emulator import endpoints

UNAUTHORIZED_HEADER = 'Bearer error="invalid_token"'

NOT_FOUND_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head>"
    b"<body><h1>Not Found</h1><p>The resource you are looking for does not exist.</p>"
    b"</body></html>\n"
)


def failure(message: str, code: str) -> dict[str, Any]:
    """Return the envelope of a refusal."""
    return {"result": None, "success": False, "message": message, "errorCode": code}


def no_data() -> dict[str, Any]:
    """Return the envelope of an empty result; its code is known, its form here is assumed."""
    return failure("No data found", endpoints.NO_DATA_CODE)


def bad_credentials() -> dict[str, Any]:
    """Return the envelope of a refused login; text and code are made up."""
    return failure("Invalid API key or secret key", "iZOO9001")


def inverted_range() -> dict[str, Any]:
    """Return the envelope of fromdate >= todate; the text is known, the code is made up."""
    return failure(endpoints.INVERTED_RANGE_TEXT, "iZOO9002")


def range_too_long(days: int) -> dict[str, Any]:
    """Return the envelope of a range over the limit in days; text and code are made up."""
    return failure(f"date range should not be more than {days} days", "iZOO9003")


def too_far_back(days: int) -> dict[str, Any]:
    """Return the envelope of a start too long ago, in days; text and code are made up."""
    return failure(f"last sync time should not be older than {days} days", "iZOO9004")


def bad_file_token() -> dict[str, Any]:
    """Return the envelope of an unknown, used or expired file token; all of it is made up."""
    return failure("Invalid or expired file token", "iZOO9005")


def problem(status: int, title: str, errors: dict[str, list[str]]) -> dict[str, Any]:
    """Return a problem+json body (RFC 9457) as ASP.NET Core writes it; errors by name."""
    return {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5",
        "title": title,
        "status": status,
        "errors": errors,
        "traceId": "00-00000000000000000000000000000000-0000000000000000-00",
    }
