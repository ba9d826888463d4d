"""The one place that makes a text fit for a terminal, a log, a mail: all that is printed passes it.

Ids, names and messages come from an API, from files, from whoever sends a zip. Everybody may import
this module.
"""


def printable(text: str) -> str:
    r"""Return the text as one line that acts on nothing: what is not printable becomes an escape.

    That is control characters with line breaks and tabs, ANSI sequences, marks of direction and
    other invisible characters, every blank but the space, and lone surrogates: `\n`, `\x1b`,
    `\u202e`, `\udcff`. What passed once is not changed by passing again.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
