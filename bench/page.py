"""Makes one page of HTML that shows measured figures. It has no scripts and needs no other file. It is readable in dark mode
and on a phone."""

import html

import charts

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --soft: #5b6470; --rule: #d8dde3; --ours: #0b6bcb;
  --c0: #0b6bcb; --c1: #9aa4af; --c2: #d9822b; --c3: #2f9e6e; --c4: #b04fc4; --c5: #c8402f; --c6: #00818f; --c7: #8a6d3b;
  --c8: #5e63d6; --c9: #d6588f; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --text: #e4e8ec; --soft: #9aa5b1; --rule: #333a42; --ours: #58a6ff;
  --c0: #58a6ff; --c1: #77818c; --c2: #f0a35a; --c3: #56c596; --c4: #d58ae5; --c5: #f0796b; --c6: #4fc3d0; --c7: #c8a96a;
  --c8: #9599ff; --c9: #f08fb6; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; } p { margin: .4rem 0; max-width: 46rem; } .soft { color: var(--soft); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.2rem 2rem; }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; margin: .6rem 0 .3rem; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--text); font: 13px system-ui, sans-serif; }
svg .small { fill: var(--soft); font-size: 12px; } svg .grid { stroke: var(--rule); } svg .ours { stroke: var(--ours); stroke-width: 1.5; }
svg .spread { stroke: var(--text); stroke-width: 1.5; } svg polyline { fill: none; stroke-width: 2; }
.key { display: flex; flex-wrap: wrap; gap: .2rem .9rem; font-size: .85rem; } .key i { display: inline-block; width: .8em; height: .8em;
  margin-right: .3em; border-radius: 2px; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:first-child { min-width: 9rem; } td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } .miss { color: var(--c5); }
details { margin: .5rem 0; } summary { cursor: pointer; color: var(--soft); font-size: .9rem; }
""" + "".join(
    "svg .c%d { fill: var(--c%d); } svg .l%d { stroke: var(--c%d); } svg .t%d { fill: var(--c%d); } .key .c%d { background: var(--c%d); }\n"
    % ((i,) * 8)
    for i in range(charts.COLOURS)
)

OURS, OTHERS, BARE = 0, 1, 3
DECIMALS = {"ratio": 2, "KiB": 1, "per-byte": 2}


def escaped(words):
    """Escape a text for the page; text between backticks becomes code."""
    pieces = html.escape(str(words), quote=False).split("`")
    return "".join("<code>%s</code>" % piece if i % 2 else piece for i, piece in enumerate(pieces))


def number(value):
    if value is None:
        return "-"
    return "%.2f" % value if abs(value) < 10 else "%.1f" % value if abs(value) < 100 else "{:,.0f}".format(value)


def count(value, unit):
    return "{:,.{}f}".format(value, DECIMALS.get(unit, 0))


def table(heads, rows):
    """Make a table. A column whose head begins with "#" has numbers, which are aligned to the right."""
    cells = [
        "<th%s>%s</th>" % (' class="n"' if head.startswith("#") else "", escaped(head.lstrip("#"))) for head in heads
    ]
    lines = ["<tr>%s</tr>" % "".join(cells)]
    for row in rows:
        lines.append(
            "<tr>%s</tr>"
            % "".join(
                "<td%s>%s</td>" % (' class="n"' if head.startswith("#") else "", escaped(cell))
                for head, cell in zip(heads, row)
            )
        )
    return '<div class="wide"><table>%s</table></div>' % "\n".join(lines)


def figure(caption, picture, more=""):
    return "<figure><figcaption>%s</figcaption>%s%s</figure>" % (escaped(caption), picture, more)


def details(summary, inside):
    return "<details><summary>%s</summary>%s</details>" % (escaped(summary), inside)


def key(names):
    return '<p class="key">%s</p>' % "".join(
        '<span><i class="c%d"></i>%s</span>' % (i % charts.COLOURS, escaped(name)) for i, name in enumerate(names)
    )


# ---- peers -----------------------------------------------------------------------------------------------------------


def colour_of(client):
    return OURS if client.startswith("beluga") else BARE if client.startswith("bare") else OTHERS


def peer_figure(measure):
    rows = [row for row in measure["rows"] if row.get("ratio")]
    if len(rows) < 2:
        return ""
    drawn = [
        (
            row["client"],
            row["ratio"],
            row["least"],
            row["most"],
            "%s × (%s)" % (number(row["ratio"]), number(row["value"])),
            colour_of(row["client"]),
        )
        for row in rows
    ]
    listed = [
        (
            row["client"],
            number(row.get("value")),
            number(row.get("ratio")),
            "%s to %s" % (number(row["least"]), number(row["most"])) if row.get("ratio") else "",
            row.get("note", row.get("reason", "")),
        )
        for row in measure["rows"]
    ]
    inside = table(["client", "#" + measure["unit"], "#ratio", "#spread", ""], listed)
    return figure(
        "%s, %s" % (measure["what"], measure["unit"]), charts.bars(measure["what"], drawn), details("figures", inside)
    )


def ahead(peers):
    """Return where a peer took less than this library: (client, measure, ratio). Bare libcurl is the limit and not a peer."""
    found = []
    for measure in peers["measures"]:
        for row in measure["rows"]:
            if row.get("ratio") is not None and row["ratio"] < 1 and not row["client"].startswith(("beluga", "bare")):
                found.append((row, measure))
    return sorted(found, key=lambda pair: pair[0]["ratio"])


def ahead_section(peers):
    rows = [
        (row["client"], measure["what"],
            measure["unit"], number(row["ratio"]), "%s to %s" % (number(row["least"]), number(row["most"])))
        for row, measure in ahead(peers)
    ]
    if not rows:
        return "<p>In nothing that was measured.</p>"
    return table(["peer", "work", "unit", "#of ours", "#spread"], rows)


def peer_section(peers):
    versions = [
        (client["name"], client["language"], client["package"], client["version"], client["skipped"] or "")
        for client in peers["clients"]
        if client["language"] != "c"
    ]
    skipped = "".join(
        "<p>%s: skipped, for %s.</p>" % (escaped(m["what"]), escaped(m["skipped"]))
        for m in peers["measures"]
        if m.get("skipped")
    )
    return """<h2>Where a peer is ahead</h2>%s
<h2>Beside other clients</h2>
<p>The same server, the same work, in turns on one core. A bar is the ratio to this library, round by round; the thin line is the
least and the most of it. Left of the line is less than ours. In brackets is the figure itself.</p>
<div class="charts">%s</div>%s%s""" % (
        ahead_section(peers),
        "".join(peer_figure(m) for m in peers["measures"]),
        skipped,
        details("versions", table(["client", "language", "package", "version", "skipped"], versions)),
    )


# ---- this library ----------------------------------------------------------------------------------------------------


def layer_section(survey):
    figures = []
    for one in survey["layers"]:
        totals = {}
        for side in one["sides"]:
            for part, n in side["parts"].items():
                totals[part] = totals.get(part, 0) + n
        order = sorted(totals, key=lambda part: -totals[part])
        rows = [(side["name"], side["parts"]) for side in one["sides"]]
        listed = [(part, *("{:,}".format(side["parts"].get(part, 0)) for side in one["sides"])) for part in order]
        inside = table(["part", *("#" + side["name"] for side in one["sides"])], listed)
        figures.append(
            figure(one["what"], charts.stacks(one["what"], rows, order), key(order) + details("figures", inside))
        )
    exchanges = [
        (
            x["what"],
            number(x["ours_us"]),
            number(x["bare_us"]),
            number(x["ratio"]),
            count(x["ours_instructions"], ""),
            count(x["bare_instructions"], ""),
            number(x["instruction_ratio"]),
        )
        for x in survey["exchanges"]
    ]
    heads = ["work", "#our µs", "#bare µs", "#ratio", "#our instructions", "#bare instructions", "#ratio"]
    return """<h2>Where instructions go</h2><p>Instructions in user space of one call, by library, and inside ours by room
(<code>src/</code>). The bare program sends the same bytes and takes the same out of the answer.</p>%s<div class="charts">%s</div>""" % (
        table(heads, exchanges),
        "".join(figures),
    )


def line_figure(caption, rows, key_of, unit, what):
    names = [name for name in rows[0] if isinstance(rows[0][name], dict)]
    series = [(name, [(max(key_of(row), 1), row[name][what]) for row in rows if key_of(row)]) for name in names]
    return charts.lines(caption, series, unit, "instructions a call" if what == "instructions" else "µs of CPU a call")


def peer_lines(peers):
    """Draw the CPU time of each peer over the size of the prompt."""
    sizes = {"answer": 10, "prompt-10k": 1e4, "prompt-100k": 1e5, "prompt-500k": 5e5}
    by_client = {}
    for measure in peers["measures"]:
        for row in measure["rows"] if measure["name"] in sizes else ():
            if "value" in row:
                by_client.setdefault(row["client"], []).append((sizes[measure["name"]], row["value"]))
    series = [
        (client, points) for client, points in by_client.items() if len(points) > 1 and client != "beluga, waiting"
    ]
    return (
        figure("prompts, of peers", charts.lines("prompts of peers", series, "bytes", "µs of CPU a call"))
        if series
        else ""
    )


def growth_section(survey, peers):
    figures = []
    for name, where, unit in (
        ("prompt", "bytes", "bytes of the prompt"),
        ("answer", "words", "words of the answer"),
        ("stream", "pieces", "pieces of text"),
    ):
        for what in ("instructions", "cpu_us"):
            rows = survey["growth"][name]
            caption = "%s, %s" % (unit, "instructions" if what == "instructions" else "µs")
            figures.append(figure(caption, line_figure(name, rows, lambda row, where=where: row[where], unit, what)))
    return (
        "<h2>How costs grow</h2><p>Both scales are powers of ten: a straight line is a cost that grows with the size.</p>"
        '<div class="charts">%s%s</div>' % ("".join(figures), peer_lines(peers) if peers else "")
    )


def stream_section(survey):
    rows = [
        ("{:,}".format(row["streams"]), number(row["ours_kib"]), number(row["own_kib"]), number(row["bare_kib"]))
        for row in survey["open_streams"]
    ]
    event = survey["event"]
    ours, parse = event["beluga"], event["yyjson"]
    drawn = [
        (
            name,
            one["instructions"] / parse["instructions"],
            one["instructions"] / parse["instructions"],
            one["instructions"] / parse["instructions"],
            "{:,.0f}".format(one["instructions"]),
            OURS if name == "beluga" else BARE,
        )
        for name, one in event.items()
    ]
    return """<h2>Streams and events</h2><div class="charts"><div><h3>Memory of an open stream, KiB</h3>%s</div>%s</div>
<p>One event of a stream takes %s ns from bytes to callback, and yyjson %s ns to parse its JSON.</p>""" % (
        table(["#open at once", "#all", "#of it ours", "#bare libcurl"], rows),
        figure("an event, instructions; 1 is yyjson parsing its JSON", charts.bars("an event", drawn)),
        number(ours["ns"]),
        number(parse["ns"]),
    )


def budget_section(survey):
    rows = []
    for row in survey["budgets"]:
        value = count(row["value"], row["unit"]) if "value" in row else row["left_out"]
        target = "≤ " + count(row["target"], row["unit"]) if row["target"] is not None else ""
        met = (
            "" if row["target"] is None or "value" not in row else "met" if row["value"] <= row["target"] else "missed"
        )
        rows.append((row["what"], row["unit"], target, value, met))
    return "<h2>Budgets</h2>" + table(["what", "unit", "#budget", "#measured", ""], rows)


def go_section(survey):
    rows = [
        (row["name"], row["provider"], count(row["ns"], ""), "{:,}".format(row["bytes"]), row["allocations"])
        for row in survey["go"]
    ]
    return "<h2>Go's four benchmarks</h2>" + table(["benchmark", "provider", "#ns/op", "#B/op", "#allocs/op"], rows)


def whole(survey, peers):
    """Return the page. `survey` or `peers` may be None; the page then has only the other part."""
    about = (survey or peers)["about"]
    parts = [
        "<h1>What Beluga costs</h1>",
        '<p class="soft">%s, %s, %d cores, load %.1f. Times are CPU time and depend on the machine; '
        "instructions and bytes do not depend on how busy it is.</p>"
        % (escaped(about["description"]), about["machine"], about["cores"], about["load"]),
    ]
    parts += [peer_section(peers)] if peers else []
    parts += (
        [
            layer_section(survey),
            growth_section(survey, peers),
            stream_section(survey),
            go_section(survey),
            budget_section(survey),
        ]
        if survey
        else []
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">\n<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n<title>What Beluga costs</title>\n<style>%s</style></head>\n<body>\n%s\n</body>\n</html>\n'
        % (STYLE, "\n".join(parts))
    )
