"""The table of budgets: reads it, judges figures by it, records measured figures, and writes it as Markdown.

The file itself explains its format. Figures are compared as rounded as they are printed, so that digits
which are not shown do not decide.
"""
import re

DECIMALS = {"instructions": 0, "bytes": 0, "allocations": 0, "ratio": 2, "KiB": 1, "libraries": 0, "syscalls": 0, "per-byte": 2}
# How much a figure of these units may exceed the recorded one. Other units are exact counts, which may not grow.
SLACK = {"instructions": 1.02, "ratio": 1.02, "KiB": 1.02, "per-byte": 1.02}
NONE = "-"
BEGIN, END = "<!-- recorded by bench/run --record -->", "<!-- end of what is recorded -->"


def rounded(value, unit):
    return round(value, DECIMALS[unit]) + 0.0  # and never a zero with a sign


def show(value, unit):
    return "{:,.{}f}".format(rounded(value, unit), DECIMALS[unit])


class Row:
    """One budget: its target, and the figures that were recorded on each system."""

    def __init__(self, work, unit, target, recorded, what):
        self.work, self.unit, self.target, self.recorded, self.what = work, unit, target, recorded, what
        self.name = "%s %s" % (work, unit)

    def show(self, value):
        return NONE if value is None else show(value, self.unit)

    def round(self, value):
        return rounded(value, self.unit)

    def met(self, value):
        """Return whether a value reaches the target. Without a target every value does."""
        return self.target is None or self.round(value) <= self.target

    def limit(self, system):
        """Return the largest accepted value: a little above the recorded one, but not above the target if that was reached."""
        recorded = self.recorded.get(system)
        if recorded is None:
            return None
        most = self.round(recorded * SLACK.get(self.unit, 1))
        return most if self.target is None or recorded > self.target else min(most, self.target)

    def holds(self, value, system):
        return self.round(value) <= self.limit(system)


class Budgets:
    """All rows, in the order of the file, and a description of each system that has a column."""

    def __init__(self, text):
        self.comments, self.systems, self.rows = [], {}, []
        columns = []
        for line in text.splitlines():
            if line.startswith("#"):
                self.comments.append(line)
            elif line.startswith("system "):
                _, system, description = line.split(None, 2)
                self.systems[system] = description
            elif line.startswith("work "):
                columns = line.split()[3:-1]
            elif line.strip():
                self.rows.append(self.read_row(line, columns))

    @staticmethod
    def read_row(line, columns):
        work, unit, target, *rest = line.split(None, 3 + len(columns))
        figures = [None if word == NONE else float(word) for word in (target, *rest[:-1])]
        recorded = {system: value for system, value in zip(columns, figures[1:]) if value is not None}
        return Row(work, unit, figures[0], recorded, rest[-1])

    def text(self):
        """Return the text of the file."""
        plain = [["work", "unit", "target", *self.systems, "what"]]
        for row in self.rows:
            figures = [row.show(row.target)] + [row.show(row.recorded.get(system)) for system in self.systems]
            plain.append([row.work, row.unit, *(figure.replace(",", "") for figure in figures), row.what])
        widths = [max(len(line[i]) for line in plain) for i in range(len(plain[0]) - 1)]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)) + "  " + line[-1] for line in plain]
        systems = ["system %s  %s" % pair for pair in self.systems.items()]
        return "\n".join([*self.comments, "", *systems, "", *table]) + "\n"

    def record(self, system, description, measured):
        """Write measured figures into the column of a system, which may be new."""
        self.systems[system] = description
        self.systems = dict(sorted(self.systems.items()))
        for row in self.rows:
            if row.name in measured:
                row.recorded[system] = row.round(measured[row.name])

    def markdown(self):
        """Return the table in Markdown."""
        lines = ["| what | unit | target | " + " | ".join(self.systems) + " |", "|---|---|---|" + "---|" * len(self.systems)]
        for row in self.rows:
            figures = []
            for system in self.systems:
                value = row.recorded.get(system)
                figures.append(row.show(value) + ("" if value is None or row.met(value) else ", not met"))
            target = NONE if row.target is None else "≤ " + row.show(row.target)
            lines.append("| %s | %s | %s | %s |" % (row.what, row.unit, target, " | ".join(figures)))
        lines += ["", *("- %s: %s" % pair for pair in self.systems.items())]
        return "\n".join(lines)

    def put_into(self, page):
        """Return the page with the table between its marks."""
        between = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
        return between.sub(lambda _: "%s\n%s\n%s" % (BEGIN, self.markdown(), END), page)
