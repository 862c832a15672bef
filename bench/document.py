#!/usr/bin/env python3
"""Write the tables of docs/performance.md from measured figures.

    bench/document.py             from bench/results/library.json and peers.json, and from bench/budgets
    bench/document.py --check     say whether the page has them already

`make performance` measures again, writes those files, and runs this script. The text between two marks of the page is made
here; the other text is written by hand.
"""

import json
import os
import re
import sys

import system
from budgets import Budgets
from page import ahead, number

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(os.path.dirname(HERE), "docs", "performance.md")
RESULTS = os.path.join(HERE, "results")
MARKED = re.compile(r"(<!-- made by bench/document\.py: (\w+) -->\n).*?(<!-- end of what is made -->)", re.DOTALL)
# The columns of each table of peers: {measure: head of its column}.
WORK = {
    "answers": {
        "answer": "answer, µs",
        "answer-64": "64 at once, µs",
        "event": "event, µs",
        "event-64": "64 at once, µs",
        "batch": "batch, µs a line",
    },
    "sizes": {
        "prompt-10k": "prompt 10 KB, µs",
        "prompt-100k": "prompt 100 KB, µs",
        "prompt-500k": "prompt 500 KB, µs",
        "answer-100k": "answer 100 KB, µs",
    },
    "memory": {
        "memory": "open stream, KiB",
        "bytes-answer": "answer, bytes",
        "bytes-stream": "stream of 100, bytes",
        "start-up": "start-up, ms",
    },
    "tls": {"tls": "kept connection, µs", "tls-64": "64 at once, µs", "tls-connect": "new connection, µs"},
}
NOT_MEASURED = "Not measured yet.\n"


def markdown(heads, rows):
    lines = ["| %s |" % " | ".join(heads), "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| %s |" % " | ".join(str(cell) for cell in row) for row in rows]) + "\n"


def read_json(name):
    path = os.path.join(RESULTS, name)
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


# ---- peers -----------------------------------------------------------------------------------------------------------


def cell(row):
    if row is None:
        return ""
    if "value" not in row:
        return "failed"
    if row["ratio"] is None or row["client"] == "beluga":
        return number(row["value"])
    return "%s (%s)" % (number(row["value"]), number(row["ratio"]))


def peers_table(peers, columns, notes=False):
    measures = {m["name"]: {row["client"]: row for row in m["rows"]} for m in peers["measures"] if m["name"] in columns}
    skipped = {m["skipped"] for m in peers["measures"] if m["name"] in columns and m.get("skipped")}
    rows = []
    for client in (client["name"] for client in peers["clients"]):
        cells = [cell(measures.get(name, {}).get(client)) for name in columns]
        if notes:
            found = (measures.get(name, {}).get(client, {}) for name in ("tls-64", "tls"))
            cells.append(next((row["note"] for row in found if row.get("note")), ""))
        if any(cells):
            rows.append((client, *cells))
    if not rows:
        return "Not measured: %s.\n" % (", ".join(sorted(skipped)) or "not asked for")
    return markdown(["client", *columns.values(), *(["connections"] if notes else [])], rows)


def ahead_table(peers):
    rows = [
        (
            row["client"],
            measure["what"],
            measure["unit"],
            number(row["value"]),
            number(row["ratio"]),
            "%s to %s" % (number(row["least"]), number(row["most"])),
        )
        for row, measure in ahead(peers)
    ]
    return (
        markdown(["peer", "work", "unit", "it takes", "of ours", "spread"], rows)
        if rows
        else "In nothing that was measured.\n"
    )


def versions(peers):
    rows = [
        (c["name"], c["language"], c["version"], c["skipped"] or "measured")
        for c in peers["clients"]
        if c["language"] != "c"
    ]
    return markdown(["client", "language", "version", ""], rows)


def original_table(peers):
    tables = {}
    for measure in peers["measures"]:
        if measure["name"] == "original":
            if measure.get("skipped"):
                return "Not measured: %s.\n" % measure["skipped"]
            for row in measure["rows"]:
                tables.setdefault((measure["what"].split()[0], row["client"]), {})[measure["unit"]] = number(
                    row["value"]
                )
    units = ("ns of CPU an operation", "bytes an operation", "allocations an operation")
    rows = [(name, client, *(found.get(unit, "") for unit in units)) for (name, client), found in tables.items()]
    return markdown(["benchmark", "client", "ns of CPU", "bytes", "allocations"], rows) if rows else NOT_MEASURED


# ---- this library ----------------------------------------------------------------------------------------------------


def where(library):
    about = library["about"]
    return "%s, %s, %d cores, load %.1f when it began.\n" % (
        about["description"],
        about["machine"],
        about["cores"],
        about["load"],
    )


def exchanges(library):
    rows = [
        (
            x["what"],
            number(x["ours_us"]),
            number(x["bare_us"]),
            number(x["ratio"]),
            "{:,.0f}".format(x["ours_instructions"]),
            "{:,.0f}".format(x["bare_instructions"]),
            number(x["instruction_ratio"]),
        )
        for x in library["exchanges"]
    ]
    return markdown(["work", "our µs", "bare µs", "ratio", "our instructions", "bare instructions", "ratio"], rows)


def layers_table(library):
    tables = []
    for one in library["layers"]:
        names = [side["name"] for side in one["sides"]]
        parts = sorted(
            {part for side in one["sides"] for part in side["parts"]},
            key=lambda part: -max(s["parts"].get(part, 0) for s in one["sides"]),
        )
        rows = [(part, *("{:,}".format(side["parts"].get(part, 0)) for side in one["sides"])) for part in parts]
        rows.append(("in all", *("{:,}".format(sum(side["parts"].values())) for side in one["sides"])))
        tables.append("Instructions of %s:\n\n%s" % (one["what"], markdown(["part", *names], rows)))
    return "\n".join(tables)


def growth(library):
    tables = []
    for name, size in (("prompt", "bytes"), ("answer", "words"), ("stream", "pieces")):
        rows = library["growth"][name]
        sides = [side for side in rows[0] if side != size]
        cells = [
            (
                "{:,}".format(row[size]),
                *(
                    text
                    for side in sides
                    for text in ("{:,.0f}".format(row[side]["instructions"]), number(row[side]["cpu_us"]))
                ),
            )
            for row in rows
        ]
        heads = ["%s of the %s" % (size, name), *(text for side in sides for text in (side + ": instructions", "µs"))]
        tables.append(markdown(heads, cells))
    return "\n".join(tables)


def open_streams(library):
    rows = [
        ("{:,}".format(row["streams"]), number(row["ours_kib"]), number(row["own_kib"]), number(row["bare_kib"]))
        for row in library["open_streams"]
    ]
    return markdown(["open at once", "KiB each", "of it our allocator's", "bare libcurl's KiB"], rows)


def missed(budgets):
    """Return a table of the recorded figures that miss the target of their budget."""
    rows = []
    for row in budgets.rows:
        for column, value in row.recorded.items():
            if not row.met(value):
                rows.append((row.what, row.unit, "≤ " + row.show(row.target), row.show(value), column))
    return markdown(["what", "unit", "budget", "recorded", "system"], rows) if rows else "All are met.\n"


def sections(library, peers, budgets):
    """The text of each section by its name."""
    found = {"missed": missed(budgets)}
    for name, function in (
        ("where", where),
        ("exchanges", exchanges),
        ("layers", layers_table),
        ("growth", growth),
        ("streams", open_streams),
    ):
        found[name] = function(library) if library else NOT_MEASURED
    found.update(
        {name: peers_table(peers, columns, name == "tls") if peers else NOT_MEASURED for name, columns in WORK.items()}
    )
    for name, function in (("ahead", ahead_table), ("versions", versions), ("original", original_table)):
        found[name] = function(peers) if peers else NOT_MEASURED
    return found


def put_into(page, found):
    return MARKED.sub(lambda match: match.group(1) + "\n" + found[match.group(2)] + "\n" + match.group(3), page)


def main(arguments):
    with open(os.path.join(HERE, "budgets"), encoding="utf-8") as table:
        found = sections(read_json("library.json"), read_json("peers.json"), Budgets(table.read()))
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    if arguments == ["--check"]:
        return (
            0
            if put_into(page, found) == page
            else "docs/performance.md is not what bench/document.py makes of bench/results/"
        )
    if arguments:
        return __doc__
    system.write(PAGE, put_into(page, found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
