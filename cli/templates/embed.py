#!/usr/bin/env python3
"""Write the files of a folder as a C table.

    embed.py OUT.c FOLDER...

Each folder is a kind of provider that `beluga new provider` can begin; its files keep their names.
"""
import os
import sys


def literal(line):
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("??", '?""?')):
        line = line.replace(plain, escaped)
    return '"' + line + '"'


# C only guarantees string literals of up to 4095 bytes, so each line of a text is a literal.
def lines_of(text):
    return "".join(f"        {literal(line)},\n" for line in text.splitlines(keepends=True))


def files(folder):
    for where, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            path = os.path.join(where, name)
            yield os.path.relpath(path, folder), open(path, encoding="utf-8").read()


def main(out, folders):
    with open(out, "w", encoding="utf-8") as c:
        c.write('/* Made by embed.py from the files in cli/templates/. */\n')
        c.write('#include "commands/new_templates.h"\n\n')
        c.write("const template_file template_files[] = {\n")
        for folder in folders:
            kind = os.path.basename(os.path.normpath(folder))
            for name, text in files(folder):
                c.write(f'    {{"{kind}", "{name}", (const char *const[]){{\n')
                c.write(f'{lines_of(text)}        NULL}}}},\n')
        c.write("    {NULL, NULL, NULL},\n};\n")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2:])
