"""Names of files that somebody else chose, as this machine can have them."""

# bytes of a name on most file systems, and characters of its ending that are kept
_MAX_NAME, _MAX_ENDING = 255, 20
_UNNAMED = "unnamed"
# what separates folders, drives and streams on any system
_SEPARATORS = frozenset('/\\:<>|"?*')
# what Windows keeps for devices, with any ending
_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789\N{SUPERSCRIPT ONE}²³"
}


def safe_name(name: str) -> str:
    """Return a name as that of a file in a folder: no path, not hidden, no option of a command."""
    one_line = (one if one.isprintable() and one not in _SEPARATORS else "_" for one in name)
    kept = "".join(one_line).strip()
    if kept[:1] in (".", "-", "~"):
        kept = f"_{kept[1:]}"
    if kept.partition(".")[0].strip().upper() in _DEVICES:
        kept = f"_{kept}"
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > _MAX_ENDING:
        stem, dot, ending = kept, "", ""
    while len(f"{stem}{dot}{ending}".encode()) > _MAX_NAME:
        stem = stem[:-1]
    return f"{stem}{dot}{ending}".rstrip(". ") or _UNNAMED
