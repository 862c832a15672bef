#!/usr/bin/env python3
"""Write the page of `beluga serve` as C, with a Content-Security-Policy that allows only its own style and script.

    embed.py PAGE.html OUT.c
"""
import base64
import hashlib
import re
import sys

MAX_BYTES = 40 * 1024


def shorten(text):
    """Return the text without indentation, empty lines, and comments on lines of their own."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(line + "\n" for line in lines if line and not line.startswith("// "))


def digest(html, tag):
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    if len(found) != 1:
        sys.exit(f"embed.py: the page has {len(found)} elements {tag}, but its policy needs exactly one")
    return "'sha256-" + base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode() + "'"


def policy(html):
    return "; ".join((
        "default-src 'none'", f"script-src {digest(html, 'script')}", f"style-src {digest(html, 'style')}",
        "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return shorten(file.read())


def main(page, out):
    html = read(page)
    data = html.encode()
    if len(data) > MAX_BYTES:
        sys.exit(f"embed.py: the page has {len(data)} bytes, and {MAX_BYTES} are allowed")
    rows = (data[i:i + 24] for i in range(0, len(data), 24))
    with open(out, "w", encoding="utf-8") as c:
        c.write("/* Made by embed.py from cli/serve/page/page.html. */\n#include \"serve/page/page_bytes.h\"\n\n")
        c.write("const unsigned char page_bytes[] = {\n")
        c.writelines("    " + ", ".join(map(str, row)) + ",\n" for row in rows)
        c.write("};\nconst size_t page_length = sizeof page_bytes;\n")
        c.write("const char page_policy[] =\n" + "".join(f'    "{part}; "\n' for part in policy(html).split("; ")) + "    ;\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
