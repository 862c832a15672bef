"""Blocks of the pages, and the remarks that say more about one.

A remark is an HTML comment on the lines just before a block's fence:

    <!-- from FILE -->       it stands in FILE, word by word; FILE is put into the page's folder
    <!-- file PATH -->       it is put into the page's folder as PATH, or below the home as ~/PATH
    <!-- with a key -->      OPENAI_API_KEY is set, and OPENAI_BASE_URL leads to the scripted service
    <!-- with services -->   every provider's base URL leads there
    <!-- with batch jobs --> the same leads to the batch API that `beluga-peer --mode batch` plays
    <!-- with a gateway --> from here on http://127.0.0.1:4000 is `beluga serve`, with the configuration that is in the home now
    <!-- with a queue -->    from here on nats://127.0.0.1:4222 is a server of NATS with JetStream; what asks it is skipped where
                             there is none
    <!-- in the repository -->  what is in the root of the repository is in the page's folder
    <!-- installed -->       from here on the page is typed with an installed library, and http://127.0.0.1:8081 is
                             a service: peer/example_server.c
    <!-- needs PROGRAM -->   it is skipped where that program is not installed
    <!-- before: COMMAND --> is typed first, and not shown
    <!-- output of: COMMAND -->  what this command prints is shown, not what the block before prints
    <!-- has errors -->      `beluga config check` must find some in it
    <!-- typed -->           before a table: what stands between backticks in its last column is typed, line by line
    <!-- not run: REASON --> it is neither run nor compiled; these blocks are counted
"""
import os
import re

FENCE = re.compile(r"^( *)```(.*)$")
REMARK = re.compile(r"^ *<!-- (from|file|with a key|with batch jobs|with services|with a gateway|with a queue|in the repository|installed|needs|before:|output of:|"
                    r"has errors|typed|not run:)(?: (.*))? -->$")
# Other ways to write code, which are read by nobody here. A text that is indented behind an empty line is one, unless
# a list goes on.
OTHER_CODE = re.compile(r"^ *(~~~|````|> ?```|> {5}\S|.*<(pre|code)\b)")
INDENTED = re.compile(r"^(\t| {4,})\S")
ITEM = re.compile(r"^ *([-*+]|[0-9]+[.)]) ")
# A cell of a table ends at a bar, and a bar in it is written \\|.
BAR = re.compile(r"(?<!\\)\|")
LANGUAGES = ("c", "json", "mermaid", "python", "sh", "text", "yaml")


class Block:
    """What stands between two fences: lines first to last of the page, from 0."""

    def __init__(self, page, first, indent, language):
        self.page, self.first, self.indent, self.language = page, first, indent, language
        self.last, self.text, self.remarks, self.output = first, "", {}, None

    def __str__(self):
        return f"{self.page}:{self.first}"

    def says(self, remark):
        return self.remarks.get(remark)


class Page:
    def __init__(self, root, name):
        self.root, self.name = root, name
        with open(os.path.join(root, name), encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.blocks = list(self.read_blocks())

    def read_blocks(self):
        block = None
        for number, line in enumerate(self.lines):
            fence = FENCE.match(line)
            if block and fence:
                block.last = number
                block.text = "".join(text[len(block.indent):] + "\n" for text in self.lines[block.first:number])
                yield block
                block = None
            elif fence:
                block = Block(self.name, number + 1, fence.group(1), fence.group(2))
                block.remarks = self.read_remarks(number)
            elif not block and line.startswith("|") and "typed" in (remarks := self.read_remarks(number)):
                yield self.read_table(number, remarks)

    def read_table(self, number, remarks):
        """The commands in the last column of a table, as a block of sh."""
        table = Block(self.name, number + 1, "", "sh")
        table.remarks = remarks
        while number < len(self.lines) and self.lines[number].startswith("|"):
            last = BAR.split(self.lines[number].rstrip(" |"))[-1]
            table.text += "".join(command.replace("\\|", "|") + "\n" for command in re.findall(r"`([^`]+)`", last))
            number += 1
        table.last = number
        return table

    def unread(self):
        """Number and text of each line that is code and stands in no block."""
        inside = {number for block in self.blocks for number in range(block.first - 1, block.last + 1)}
        in_list = after_empty = False
        for number, line in enumerate(self.lines):
            if number in inside:
                continue
            in_list = bool(ITEM.match(line)) or (in_list and (not line or line.startswith(" ")))
            if OTHER_CODE.match(line) or (after_empty and not in_list and INDENTED.match(line)):
                yield number + 1, line
            after_empty = not line

    def read_remarks(self, fence):
        remarks = {}
        while fence and self.lines[fence - 1].lstrip().startswith("<!--"):
            fence -= 1
            remark = REMARK.match(self.lines[fence])
            name = remark.group(1).rstrip(":") if remark else "unknown"
            value = (remark.group(2) or True) if remark else self.lines[fence]
            remarks[name] = [value] + remarks.get(name, []) if name == "before" else value
        return remarks

    def write(self):
        """Put what was printed into the page."""
        for block in reversed(self.blocks):
            if block.output is not None:
                lines = block.output.rstrip("\n").split("\n")
                self.lines[block.first:block.last] = [(block.indent + line).rstrip() for line in lines]
        with open(os.path.join(self.root, self.name), "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines))
