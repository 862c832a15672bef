"""Charts in SVG for a page: bars, stacked bars, and lines. Their colours are variables of the page, so that they also fit
dark mode. A chart is as wide as a phone, and its text is as large as the text of the page."""

import html
import math

WIDTH = 420
LABEL = 118  # room for names at the left
VALUE = 112  # room for figures at the right
ROW, BAR = 24, 14
COLOURS = 10  # the page defines --c0, --c1, …


def text(x, y, words, kind="", anchor="start"):
    return '<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>' % (
        x,
        y,
        kind,
        anchor,
        html.escape(str(words)),
    )


def line(x1, y1, x2, y2, kind):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"/>' % (x1, y1, x2, y2, kind)


def box(x, y, width, height, colour, title=""):
    inside = "<title>%s</title>" % html.escape(title) if title else ""
    return '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" class="c%d">%s</rect>' % (
        x,
        y,
        max(width, 0.5),
        height,
        colour,
        inside,
    )


def picture(height, parts, name):
    return '<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>' % (
        WIDTH,
        height,
        html.escape(name),
        "".join(parts),
    )


def short(value):
    """Write a number with three digits and a unit: 1,234,567 becomes 1.23 M."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return "%.3g%s" % (value / size, letter)
    return "%.3g" % value


class Logarithmic:
    """A logarithmic scale from the least to the largest of some values, with a mark at each power of ten."""

    def __init__(self, values, left, right):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        if self.high - self.low < 0.3:
            self.low, self.high = self.low - 0.15, self.high + 0.15
        self.left, self.right = left, right

    def at(self, value):
        return self.left + (math.log10(value) - self.low) / (self.high - self.low) * (self.right - self.left)

    def marks(self):
        return [10.0**n for n in range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)]


def bars(name, rows):
    """Draw rows of (label, value, low, high, figure, colour) on a logarithmic scale. A line marks 1, the library's own value."""
    left, right = LABEL, WIDTH - VALUE
    scale = Logarithmic([v for row in rows for v in (row[1], row[2], row[3], 1)] + [0.8, 1.25], left + 4, right)
    parts, height = [], len(rows) * ROW + 18
    for mark in scale.marks():
        parts += [
            line(scale.at(mark), 0, scale.at(mark), height - 16, "grid"),
            text(scale.at(mark), height - 4, short(mark), "small", "middle"),
        ]
    for i, (label, value, low, high, figure, colour) in enumerate(rows):
        y = i * ROW + 4
        start, end = sorted((scale.at(1), scale.at(value)))
        parts += [
            text(left - 6, y + BAR - 2, label, "name", "end"),
            box(start, y, end - start, BAR, colour, "%s: %s" % (label, figure)),
            line(scale.at(low), y + BAR / 2, scale.at(high), y + BAR / 2, "spread"),
            text(WIDTH, y + BAR - 2, figure, "", "end"),
        ]
    parts.append(line(scale.at(1), 0, scale.at(1), height - 16, "ours"))
    return picture(height, parts, name)


def stacks(name, rows, order):
    """Draw stacked bars for rows of (label, {part: value}), all on one scale from 0."""
    most = max(sum(parts.values()) for _, parts in rows)
    width, drawn = WIDTH - VALUE + 20, []
    for i, (label, parts) in enumerate(rows):
        x, y = 0.0, i * 46
        drawn += [text(0, y + 12, label, "name"), text(WIDTH, y + 33, short(sum(parts.values())), "", "end")]
        for part in order:
            size = parts.get(part, 0) / most * width
            if size > 0:
                drawn.append(
                    box(x, y + 18, size, 20, order.index(part) % COLOURS, "%s: %s" % (part, short(parts[part])))
                )
                x += size
    return picture(len(rows) * 46, drawn, name)


def lines(name, series, unit_x, unit_y):
    """Draw lines for series of (label, [(x, y), …]) on logarithmic scales. The label is at the end of its line."""
    points = [point for _, line_points in series for point in line_points]
    left, right, top, bottom = 52, WIDTH - 100, 18, 250
    across, up = Logarithmic([x for x, _ in points], left, right), Logarithmic([y for _, y in points], bottom, top)
    parts = [text(0, 11, unit_y, "small"), text(right, bottom + 32, unit_x, "small", "end")]
    for mark in across.marks():
        parts += [
            line(across.at(mark), top, across.at(mark), bottom, "grid"),
            text(across.at(mark), bottom + 15, short(mark), "small", "middle"),
        ]
    for mark in up.marks():
        parts += [
            line(left, up.at(mark), right, up.at(mark), "grid"),
            text(left - 6, up.at(mark) + 4, short(mark), "small", "end"),
        ]
    ends = spread_out([up.at(line_points[-1][1]) for _, line_points in series], 14, bottom)
    for i, (label, line_points) in enumerate(series):
        path = " ".join("%.1f,%.1f" % (across.at(x), up.at(y)) for x, y in line_points)
        parts += ['<polyline points="%s" class="l%d"/>' % (path, i % COLOURS)]
        parts += [
            '<circle cx="%.1f" cy="%.1f" r="2.6" class="c%d"/>' % (across.at(x), up.at(y), i % COLOURS)
            for x, y in line_points
        ]
        parts += [text(right + 6, ends[i] + 4, label, "t%d" % (i % COLOURS))]
    return picture(bottom + 36, parts, name)


def spread_out(heights, apart, bottom):
    """Return heights for labels that do not overlap, each near its wanted height."""
    places, last = [0.0] * len(heights), -apart
    for i in sorted(range(len(heights)), key=lambda i: heights[i]):
        last = places[i] = max(heights[i], last + apart)
    over = max(0.0, last - bottom)
    return [place - over for place in places]
