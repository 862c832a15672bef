"""The diagrams of the Markdown pages as SVG. GitHub draws them itself; here Graphviz draws the flowcharts, and this file
the sequences, from the same source. It knows what our pages use, and refuses what it does not know.
"""
import html
import re
import subprocess

NODE = r'(\w+)(?:\["([^"]*)"\]|\[([^\]]*)\])?'
EDGE = re.compile(rf'^{NODE} (-->|-\.->)(?:\|"?([^|"]*)"?\|)? {NODE}$')
ALONE = re.compile(rf"^{NODE}$")
BREAK = re.compile(r"<br ?/?>")


def quoted(text):
    return '"' + "\\n".join(BREAK.split(text)).replace('"', '\\"') + '"'


class Flowchart:
    def __init__(self, direction):
        self.lines, self.labels = [f"rankdir={direction};"], {}
        self.groups = 0

    def node(self, name, *labels):
        label = next((label for label in labels if label is not None), None)
        if label is not None or name not in self.labels:
            self.labels[name] = label or name
            self.lines.append(f"{name} [label={quoted(self.labels[name])}];")

    def read(self, line):
        edge, alone = EDGE.match(line), ALONE.match(line)
        if line.startswith("subgraph "):
            self.groups += 1
            self.lines.append(f"subgraph cluster_{self.groups} {{ label={quoted(line.split(' ', 1)[1])};")
        elif line == "end":
            self.lines.append("}")
        elif edge:
            self.node(edge.group(1), *edge.group(2, 3))
            self.node(edge.group(6), *edge.group(7, 8))
            style = ' style="dashed"' if edge.group(4) == "-.->" else ""
            self.lines.append(f"{edge.group(1)} -> {edge.group(6)} [label={quoted(edge.group(5) or '')}{style}];")
        elif alone:
            self.node(alone.group(1), *alone.group(2, 3))
        else:
            raise ValueError(f"this line of a flowchart is not known: {line}")

    def draw(self):
        text = 'digraph { bgcolor="transparent"; nodesep=0.3; ranksep=0.35; node [shape=box, style=rounded, margin="0.18,0.09"];\n'
        text += 'graph [fontname="Helvetica", fontsize=12]; node [fontname="Helvetica", fontsize=12]; edge [fontname="Helvetica", '
        text += 'fontsize=11, arrowsize=0.7];\n' + "\n".join(self.lines) + "\n}\n"
        svg = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True, timeout=60).stdout
        return coloured(svg[svg.index("<svg"):])


def coloured(svg):
    """Graphviz's picture in the colours of the page, as wide as it is or as the page is."""
    svg = re.sub(r"<title>.*?</title>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = svg.replace('stroke="black"', 'stroke="currentColor"').replace('fill="black"', 'fill="currentColor"')
    svg = re.sub(r'<text (?![^>]*fill=)', '<text fill="currentColor" ', svg)
    svg = svg.replace('font-family="Helvetica,sans-Serif"', 'font-family="sans-serif"')
    return re.sub(r"\n+", "\n", re.sub(r' id="[^"]*"', "", svg))


class Sequence:
    COLUMN, ROW, TOP, EDGE = 172, 34, 64, 12

    def __init__(self):
        self.names, self.steps = [], []

    def read(self, line):
        participant = re.match(r"participant (\w+) as (.*)", line)
        message = re.match(r"(\w+)->>(\w+): (.*)", line)
        if participant:
            self.names.append(participant.groups())
        elif message:
            self.steps.append(("message", *message.groups()))
        elif line.startswith("loop "):
            self.steps.append(("loop", line[5:]))
        elif line == "end":
            self.steps.append(("end",))
        else:
            raise ValueError(f"this line of a sequence is not known: {line}")

    def x(self, name):
        return self.EDGE + self.COLUMN * ([key for key, _ in self.names].index(name) + 0.5)

    def message(self, y, sender, receiver, text):
        start, end = self.x(sender), self.x(receiver)
        if start == end:
            path = f'M{start} {y - 4} h22 v12 h-20'
            where, anchor, end = start + 28, "start", start
        else:
            path = f"M{start} {y} H{end + (3 if end < start else -3)}"
            where, anchor = (start + end) / 2, "middle"
        height = y + 8 if start == end else y
        tip = 7 if start >= end else -7
        return [f'<path d="{path}" fill="none" stroke="currentColor"/>',
                f'<path d="M{end} {height} l{tip} -4 v8 z" fill="currentColor"/>',
                f'<text x="{where}" y="{y - 7 if anchor == "middle" else y + 5}" text-anchor="{anchor}">{html.escape(text)}</text>']

    def heads(self, height):
        out = []
        for name, label in self.names:
            words, x = re.split(r" (?=\()", label), self.x(name)
            out.append(f'<path d="M{x} {self.TOP - 12} V{height - 8}" stroke="currentColor" stroke-dasharray="3 4" opacity="0.5"/>')
            out.append(f'<rect x="{x - 68}" y="8" width="136" height="44" rx="6" fill="none" stroke="currentColor"/>')
            for number, word in enumerate(words):
                y = 34 + (number * 15 - 6 if len(words) > 1 else 0)
                size = ' font-size="10"' if number else ""
                out.append(f'<text x="{x}" y="{y}" text-anchor="middle"{size}>{html.escape(word)}</text>')
        return out

    def draw(self):
        y, body, loops = self.TOP + 14, [], []
        width = 2 * self.EDGE + self.COLUMN * len(self.names)
        for step in self.steps:
            if step[0] == "message":
                body += self.message(y, *step[1:])
                y += self.ROW + (8 if step[1] == step[2] else 0)
            elif step[0] == "loop":
                loops.append((y - 16, step[1]))
                y += 22
            else:
                start, text = loops.pop()
                body.append(f'<rect x="4" y="{start}" width="{width - 8}" height="{y - start - 12}" rx="6" fill="none" '
                            'stroke="currentColor" opacity="0.5"/>')
                body.append(f'<text x="14" y="{start + 15}" font-weight="bold">loop {html.escape(text)}</text>')
                y += 12
        head = f'<svg viewBox="0 0 {width} {y}" width="{width}" height="{y}" xmlns="http://www.w3.org/2000/svg" '
        return "\n".join([head + 'font-family="sans-serif" font-size="12"><g fill="currentColor">', *self.heads(y), *body, "</g></svg>"])


def draw(text):
    """The SVG of a diagram."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    head = lines[0].split()
    diagram = Flowchart(head[1]) if head[0] == "flowchart" else Sequence() if head[0] == "sequenceDiagram" else None
    if diagram is None:
        raise ValueError(f"this kind of diagram is not known: {lines[0]}")
    for line in lines[1:]:
        diagram.read(line)
    return diagram.draw()
