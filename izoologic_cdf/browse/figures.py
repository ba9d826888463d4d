"""The plots, drawn as SVG: no script, no style of their own, and every text escaped.

The style sheet colours the classes: `s0` to `s5` are the series, `finished`, `part`, `gap`,
`running` and `old` the days of a calendar.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup

from izoologic_cdf.printable import printable
from izoologic_cdf.runtime.windows import DAY, Window

# series that are told apart; what is rarer stands together in the last one
MAX_SERIES = 6
OTHERS = "others"
# bars that a plot has room for
_MAX_BARS = 40
_WIDTH, _HEIGHT, _LEFT, _FOOT = 640, 168, 44, 22
_ROW, _LABEL = 26, 150
_CELL, _PITCH, _WEEKS = 10, 12, 54


@dataclass(frozen=True, slots=True)
class Series:
    """A plot: the SVG, its legend as (class, name, count), and the counts as rows of a table.

    `undated` is how many are not in it, since nobody knows when they were.
    """

    svg: Markup
    legend: list[tuple[str, str, int]]
    heads: list[str]
    rows: list[tuple[str, list[int]]]
    undated: int = 0


def bars_over_time(counts: Mapping[tuple[str, str], int], what: str) -> Series | None:
    """Return stacked bars of counts by (day as YYYY-MM-DD, name); null where there are none.

    A bar is a day, a week, a month or a year, so that there are not too many. What has no day is
    left out.
    """
    undated = sum(count for (day, _), count in counts.items() if not day)
    counts = {key: count for key, count in counts.items() if key[0]}
    days = {date.fromisoformat(text) for text, _ in counts}
    if not days:
        return None
    bins, unit = _bins(min(days), max(days))
    names = _names((name, count) for (_, name), count in counts.items())
    table = [[0] * len(names) for _ in bins]
    starts = [start for start, _ in bins]
    for (text, name), count in counts.items():
        bar = max(index for index, start in enumerate(starts) if start <= date.fromisoformat(text))
        table[bar][_index(names, name)] += count
    top = _round_up(max(sum(row) for row in table))
    plot = _HEIGHT - _FOOT
    step = (_WIDTH - _LEFT) / len(bins)
    parts = []
    for part in (0, 0.5, 1) if top > 1 else (0, 1):
        y = plot - plot * part * 0.94
        line = Markup('<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>')
        parts.append(line.format(_LEFT, _WIDTH, _n(y)))
        parts.append(_text("tick end", _LEFT - 8, y + 4, f"{round(top * part):,}"))
    every = -(-len(bins) * 64 // _WIDTH)
    for index, ((_, label), row) in enumerate(zip(bins, table, strict=True)):
        left, low = _LEFT + step * index, float(plot)
        for series, count in enumerate(row):
            if count:
                high = count / top * plot * 0.94
                low -= high
                box = (left + 1, low, max(1, min(step - 2, 40)), high)
                parts.append(_bar(series, box, f"{label}: {names[series]} {count:,}"))
        if index % every == 0:
            parts.append(_text("tick", left + 1, _HEIGHT - 6, label))
    svg = _svg(_WIDTH, _HEIGHT, f"{what}, by {unit}", parts)
    return _series(svg, unit, names, [label for _, label in bins], table, undated)


def bars_by_name(counts: Mapping[tuple[str, str], int], what: str) -> Series | None:
    """Return a bar for each first name, of parts by second name; null where there are none."""
    if not counts:
        return None
    heads = _names((head, count) for (head, _), count in counts.items())
    names = _names((name, count) for (_, name), count in counts.items())
    table = [[0] * len(names) for _ in heads]
    for (head, name), count in counts.items():
        table[_index(heads, head)][_index(names, name)] += count
    top = max(sum(row) for row in table)
    room = _WIDTH - _LABEL - 60
    parts = []
    for line, (head, row) in enumerate(zip(heads, table, strict=True)):
        left, y = float(_LABEL), line * _ROW + 5
        parts.append(_text("label end", _LABEL - 10, y + 12, _short(printable(head))))
        for series, count in enumerate(row):
            if count:
                width = max(1.0, count / top * room)
                parts.append(
                    _bar(series, (left, y, width, 16), f"{head}: {names[series]} {count:,}")
                )
                left += width
        parts.append(_text("tick", left + 8, y + 12, f"{sum(row):,}"))
    svg = _svg(_WIDTH, len(heads) * _ROW + 4, what, parts)
    return _series(svg, "", names, heads, table)


def calendar_year(year: int, states: Mapping[str, Sequence[Window]], what: str) -> Markup:
    """Return one year of days, a column a week, Monday on top.

    `states` are windows in epoch seconds by class, the weaker ones first: a day has the class of
    the last one that touches it; `finished` is `part` unless it has the whole day.
    """
    first = date(year, 1, 1)
    lead = first.weekday()
    cells: dict[str, list[str]] = {}
    for number in range(366 if calendar.isleap(year) else 365):
        start = int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) + number * DAY
        week, weekday = divmod(number + lead, 7)
        name = _state(states, start)
        path = f"M{week * _PITCH} {weekday * _PITCH + 16}h{_CELL}v{_CELL}h-{_CELL}z"
        cells.setdefault(name, []).append(path)
    parts = [
        Markup('<path class="{}" d="{}"/>').format(name, "".join(paths))
        for name, paths in cells.items()
    ]
    # not by colour alone: a bar through what is missing
    parts += [
        Markup('<path class="mark" d="{}"/>').format(
            "".join(f"{path.split('h')[0]}m2 8l6-6" for path in cells.get("gap", ()))
        )
    ]
    for month in range(1, 13):
        week = ((date(year, month, 1) - first).days + lead) // 7
        parts.append(_text("tick", week * _PITCH, 10, calendar.month_abbr[month]))
    return _svg(_WEEKS * _PITCH, 7 * _PITCH + 16, what, parts)


def _state(states: Mapping[str, Sequence[Window]], start: int) -> str:
    found = "none"
    for name, windows in states.items():
        touching = [one for one in windows if one.since < start + DAY and one.until >= start]
        if touching and name == "finished":
            whole = any(one.since <= start and one.until >= start + DAY - 1 for one in touching)
            found = "finished" if whole else "part"
        elif touching:
            found = name
    return found


def _text(kind: str, x: float, y: float, text: str) -> Markup:
    mark = Markup('<text class="{}" x="{}" y="{}">{}</text>')
    return mark.format(kind, _n(x), _n(y), text)


def _bar(series: int, box: tuple[float, float, float, float], title: str) -> Markup:
    mark = Markup('<rect class="s{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>')
    return mark.format(series, *map(_n, box), printable(title))


def _series(
    svg: Markup,
    unit: str,
    names: list[str],
    labels: list[str],
    table: list[list[int]],
    undated: int = 0,
) -> Series:
    sums = [sum(column) for column in zip(*table, strict=True)]
    legend = [(f"s{index}", name, sums[index]) for index, name in enumerate(names)]
    return Series(svg, legend, [unit, *names], list(zip(labels, table, strict=True)), undated)


def _svg(width: int, height: int, what: str, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'
    ).format(width, height, width, height, what, Markup("").join(parts))


def _bins(first: date, last: date) -> tuple[list[tuple[date, str]], str]:
    """Return the first days of the bars with their labels, and the unit of a bar."""
    span = (last - first).days + 1
    if span <= _MAX_BARS:
        days = [first + timedelta(days=n) for n in range(span)]
        return [(one, f"{one.day} {one:%b}") for one in days], "day"
    if span <= _MAX_BARS * 7:
        monday = first - timedelta(days=first.weekday())
        weeks = [monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1)]
        return [(one, f"{one.day} {one:%b}") for one in weeks], "week"
    months = last.year * 12 + last.month - first.year * 12 - first.month + 1
    if months <= _MAX_BARS:
        starts = [divmod(first.year * 12 + first.month - 1 + n, 12) for n in range(months)]
        return [(date(y, m + 1, 1), f"{date(y, m + 1, 1):%b %y}") for y, m in starts], "month"
    return [(date(y, 1, 1), str(y)) for y in range(first.year, last.year + 1)], "year"


def _names(counts: Iterable[tuple[str, int]]) -> list[str]:
    """Return the most frequent names, and one for the others where there are more."""
    sums: dict[str, int] = {}
    for name, count in counts:
        sums[name] = sums.get(name, 0) + count
    names = sorted(sums, key=lambda name: (-sums[name], name))
    return names if len(names) <= MAX_SERIES else [*names[: MAX_SERIES - 1], OTHERS]


def _index(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names) - 1


def _round_up(number: int) -> int:
    """Return the next number that an axis can end with: 1, 2, 4, 6, 8 or 10 times a power of 10."""
    power = int("1" + "0" * (len(str(number)) - 1))
    return next(one * power for one in (1, 2, 4, 6, 8, 10) if one * power >= number)


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _short(text: str, room: int = 20) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
