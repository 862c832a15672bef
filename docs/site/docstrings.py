#!/usr/bin/env python3
"""Doxygen's view of a public header: the same text, with what common.h and plain English say written as commands.

    docstrings.py HEADER

The docstrings are written for people who read the header. A rule that holds everywhere stands in common.h once, and
not at each of 400 functions; so the reference gets it from here: what `err` is, who owns an object that is passed,
and that `Return …` begins the description of a result. What no rule tells stays without words, and Doxygen complains.
"""
import re
import sys

DOCSTRING = re.compile(r"/\*\*(?!<)(.*?)\*/", re.DOTALL)
NOTES = re.compile(r"(?<![\w@])(Threads|Blocks|Since): ")
DECLARED = re.compile(r"(?:BELUGA_API\s[^;{]*?|int |static inline [^;{]*?|typedef [^;{]*?\(\*)\b(beluga_\w+)\)?\(", re.DOTALL)
MACRO = re.compile(r"#define (\w+)(\([^)]*\))?((?:[^\n]*\\\n)*[^\n]*\n)")
# What an object is called where nothing else is said of it; the rest of its type's name else.
NOUNS = {"chat_model": "model", "op": "call", "json": "value", "json_doc": "document", "json_writer": "writer",
         "batch_op": "batch", "emit": "handle of the call", "http_request": "request", "http_response": "response",
         "memory_cache": "cache", "mcp": "set of servers", "config_checking": "check", "job": "handle",
         "batch_requests": "list of requests", "attempt": "handle of the call", "tool_result": "result"}
FREES = re.compile(r"_(free|unref|ref|clear)$")
BY_NAME = {
    "err": "Receives details of a failure; NULL: not wanted.",
    "payload": "The payload that the host passed with this function.",
    "ctx": "Deadline, cancellation and trace; borrowed. NULL: none.",
    "context": "Deadline, cancellation and trace; borrowed.",
    "opts": "Options, borrowed; NULL for none.",
    "options": "Options, borrowed; NULL for none.",
    "n_opts": "Number of options, or BELUGA_OPTIONS_TERMINATED.",
    "out": "Receives the object.",
    "messages": "The conversation; borrowed.",
    "info": "Receives the details.",
    "index": "Index from 0.",
    "code": "A BELUGA_ERROR_ code.",
    "status": "Status of the HTTP answer.",
    "succeeded": "How many inputs were answered.",
    "failed": "How many inputs failed.",
    "otherwise": "The result if there is no such value.",
    "format": "Format as for printf; its values follow.",
    "argument": "Passed to the function.",
    "count": "The number of items.",
    "unit": "UCUM, such as \"s\"; NULL: none.",
    "media_type": 'Such as "image/png"; borrowed.',
}
BY_TYPE = {
    "int key": "A beluga_option_key.",
    "const char * key": "Name of the member.",
    "const beluga_json *": "The value; NULL counts as a value of another type.",
    "const char *": "UTF-8 that ends in NUL; borrowed.",
    "beluga_part_kind": "BELUGA_PART_IMAGE, BELUGA_PART_AUDIO or BELUGA_PART_FILE.",
}


class Header:
    text = ""  # all of it


def split_arguments(text):
    """The arguments of a declaration: text between commas that stand in no parentheses."""
    depth, part = 0, ""
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    yield part


def arguments(text, start):
    """Type and name of each argument, from the parenthesis on that ends at `start`."""
    depth, end = 1, start
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    for part in split_arguments(text[start:end - 1]):
        part = " ".join(part.split())
        pointer = re.search(r"\(\*(\w+)\)", part)
        name = pointer or re.search(r"(\w+)(?:\[\w*\])?$", part)
        if part not in ("void", "...", ""):
            yield part[:name.start(1)].strip(), name.group(1)


def about(kind, name, function, before, behind):
    """What the rules say of an argument that its docstring does not name; None where they say nothing."""
    if name == "err" and kind.startswith("const"):
        return "The error; borrowed."
    if name == "payload" and "_start" in function:
        return "Passed to the callbacks."
    if name in BY_NAME and not (name == "messages" and function.startswith("beluga_messages_")):
        return BY_NAME[name]
    if name == "n" and "option" in before:
        return BY_NAME["n_opts"]
    if re.search(r"(^|_)length$", name):
        return {"size_t *": "Receives the length of the text in bytes; NULL: not wanted.", "size_t": "Length in bytes."}.get(kind)
    if name == "n" and re.search(r"\*( ?const)? ?\*?$", before):
        return "The number of items."
    if kind == "const char *" and name == "key" and function.startswith(("beluga_json_put", "beluga_json_begin")):
        return "Name of the member; NULL in an array."
    sized = re.fullmatch(r"size_t (\w*length)", behind)
    if kind in ("const char *", "const void *") and sized:
        return f"{'UTF-8' if 'char' in kind else 'Content'} of `{sized.group(1)}` bytes; borrowed."
    if kind == "const char *" and "_with_" in function:
        return "UTF-8 that ends in NUL; borrowed until the function that takes the option returns."
    ruled = BY_TYPE.get(f"{kind} {name}", BY_TYPE.get(kind))
    if ruled:
        return ruled
    if name == "value" and not kind.startswith("const beluga"):
        return "Receives the value." if kind.endswith("*") else "The value."
    if re.fullmatch(r"beluga_\w+", kind) and kind not in ("beluga_option", "beluga_input"):
        return f"One of {kind}."
    return about_object(kind, function)


def about_object(kind, function):
    made = re.fullmatch(r"(const )?(?:struct )?beluga_(\w+) \*", kind)
    if not made:
        return None
    noun = NOUNS.get(made.group(2), made.group(2).replace("_", " "))
    return f"The {noun}; {'NULL allowed' if FREES.search(function) else 'borrowed'}."


def body(comment):
    """The lines of a docstring without its stars."""
    return [re.sub(r"^\s*\* ?", "", line) if number else line.strip() for number, line in enumerate(comment.split("\n"))]


def with_notes(text):
    """`Threads: any. Blocks: never. Since: 0.1` as paragraphs that the writers can tell apart."""
    marks = {"Threads": "@par Threads\n", "Blocks": "@par Blocks\n", "Since": "@since "}
    return NOTES.sub(lambda note: "\n\n" + marks[note.group(1)], text)


def sentence_of_result(text):
    """The sentence of a docstring that says what is returned, where no @return does."""
    plain = re.split(r"\n\s*\n|@", text.strip())[0]
    plain = NOTES.split(" ".join(plain.split()))[0]
    found = re.search(r"(?:^|(?<=[.;:] ))Return ((?:[^.]|\.(?!\s|$))+(?:\.(?=\s|$).*)?)", plain)
    return found.group(1).strip() if found else None


def escaped(text):
    """What is no tag of HTML; between backticks Doxygen knows so itself."""
    parts = text.split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;").replace(">", "&gt;") for number, part in enumerate(parts))


REFERS = re.compile(r"(?:parameters (?:of|are those of)|\b[Aa]s(?: for)?) (beluga_\w+)")
PARAM = re.compile(r"@param\s+(\w+(?:, *\w+)*)\s+(.*?)(?=\n\s*\n|@|\Z)", re.DOTALL)


# What a function in _start has in common with the one without, but for what becomes of its call.
OF_ITS_OWN = ("err", "out", "opts", "n", "n_opts", "payload")


def inherited(own, words, header):
    """What the functions that a docstring refers to say of their arguments: "as beluga_generate_n". Name: (names, text)"""
    texts = {}
    for name in REFERS.findall(words) + ([own.replace("_start", "")] if "_start" in own else []):
        declared = re.search(rf"(/\*\*(?:(?!\*/).)*\*/)\s*BELUGA_API [^;]*?\b{name}\(", header, re.DOTALL)
        for names, text in PARAM.findall("\n".join(body(declared.group(1)[3:-2]))) if declared else ():
            for one in () if text.startswith("As for ") else re.split(", *", names):
                if one not in texts and (name in words or one not in OF_ITS_OWN):
                    texts[one] = (names, " ".join(text.split()))
    return texts


def enriched(comment, text, declared):
    """The docstring of the function that `declared` matches."""
    from_others = inherited(declared.group(1), "\n".join(body(comment)), Header.text)
    name, words = declared.group(1), "\n".join(body(comment)).replace("@{", "").rstrip()
    said = {word for names in re.findall(r"@param\s+(\w+(?:, *\w+)*)", words) for word in re.split(", *", names)}
    own, before, types = [], "", list(arguments(text, declared.end()))
    known = {argument for _, argument in types}
    followers = [f"{kind} {argument}" for kind, argument in types[1:]] + [""]
    for (kind, argument), behind in zip(types, followers):
        names, tells = from_others.get(argument, (argument, about(kind, argument, name, before, behind)))
        if argument not in said and tells:
            those = [one for one in re.split(", *", names) if one in known and one not in said]
            said |= set(those)
            own.append(f"@param {','.join(those)} {tells}")
        elif argument not in said and len(types) == 1 and name.startswith("beluga_with_"):
            own.append(f"@param {argument} The option's value.")
        before = kind
    words = PARAM.sub(lambda said: one_each(said.group(1), said.group(2), known), words)
    if "@return" not in words and not re.match(r"(BELUGA_API|typedef)\s+void \(?\*?\bbeluga_", declared.group(0).replace("void *b", "void_b")):
        result = sentence_of_result(words)
        if name.startswith("beluga_with_"):
            result = "the option."
        if result is None and re.match(r"(BELUGA_API|typedef)\s+int\b", declared.group(0)):
            result = "0, or a negative BELUGA_ERROR_ code."
        own += [f"@return {result}"] if result else []
    words = re.sub(r" ?(@return)", r"\n\n\1", words)
    notes = NOTES.search(words)
    at = notes.start() if notes else len(words)
    words = words[:at] + "\n\n" + "\n".join(own) + "\n\n" + words[at:] if own else words
    return "/** " + with_notes(escaped(words)) + "\n*/"


def one_each(names, text, known):
    """`@param a,b` for those of the names that this function has."""
    those = [name for name in re.split(", *", names) if name in known]
    return f"@param {','.join(those)} {text}\n" if those else ""


def is_hidden(macro):
    """Guards of headers, and macros that only other macros use."""
    return macro.endswith("_") or macro.endswith("_H") or macro == "XX" or macro == "BELUGA_PLUGIN_SLOT"


def macro_text(name, header):
    """A docstring for a macro that has none before it: that of its header which names it, or its twin's."""
    if f"{name}_n(" in header:
        return f"/** {name}_n with options as further arguments behind the last one, any number of them. */\n"
    for comment in DOCSTRING.finditer(header):
        if re.search(rf"\b{name}\b", comment.group(1)):
            return "/**" + escaped(comment.group(1)).replace("@{", "") + "*/\n"
    return ""


def is_described_before(text):
    """Whether a text ends in the #else behind C++'s form of a macro, which has the docstring."""
    return text.endswith("#else") and text[:text.rindex("#ifdef")].rstrip().endswith("*/") if "#ifdef" in text else False


def documented_macros(text, header):
    """The macros of a text: each with a docstring, or hidden."""
    last = {}

    def one(macro):
        before = text[:macro.start()].rstrip()
        if is_hidden(macro.group(1)):
            return f"/** @cond */\n{macro.group(0)}/** @endcond */\n"
        shared = last.get(macro.start())
        words = before[before.rindex("/**"):] + "\n" if before.endswith("*/") and "/**" in before else ""
        last[macro.end()] = words or shared or ""
        if words or is_described_before(before):
            return macro.group(0)
        return (shared or macro_text(macro.group(1), header)) + macro.group(0)
    return MACRO.sub(one, text)


def after(text, position):
    """What stands behind a docstring: the place of the next thing that is declared."""
    gap = re.compile(r"(?:\s|/\*(?!\*).*?\*/|#if\w*[^\n]*\n|template <class\.\.\. Options>\s)*", re.DOTALL)
    return gap.match(text, position).end()


def grouped(comment, text, position):
    """A docstring that is for all that stands up to "@}", before each of them."""
    end = text.index("@}", position)
    end = text.rindex("/**", 0, end)
    parts = re.split(r"(?<=;)\n(?=\s*(?:BELUGA_API|int|static))|(?<=\})\n(?=static)", text[position:end].strip("\n"))
    return "\n".join(one_docstring(comment, part + "\n", 0) + "\n" + part for part in parts), text.index("*/", end) + 2


def one_docstring(comment, text, position):
    declared = DECLARED.match(text, after(text, position))
    if declared:
        return enriched(comment, text, declared)
    return "/** " + with_notes(escaped("\n".join(body(comment)).replace("@{", ""))) + "\n*/"


def split_members(text):
    """`double minimum, maximum; /**< … */` as two members, each with the comment."""
    one = re.compile(r"^( +)((?:const )?\w+ )((?:\*?\w+, )+\*?\w+);[ ]*(/\*\*<(?:(?!\*/).)*\*/)?", re.MULTILINE | re.DOTALL)
    return one.sub(lambda m: "\n".join(f"{m.group(1)}{m.group(2)}{name}; {m.group(4) or ''}" for name in m.group(3).split(", ")), text)


def read(header):
    Header.text = header
    header = split_members(header)
    out, at = [], 0
    for comment in DOCSTRING.finditer(header):
        if comment.start() < at:
            continue
        out.append(header[at:comment.start()])
        at = comment.end()
        if "@{" in comment.group(1) and "#ifdef __cplusplus" not in header[at:at + 20]:
            piece, at = grouped(comment.group(1), header, at)
            out.append(piece)
        elif "@}" not in comment.group(1):
            out.append(one_docstring(comment.group(1), header, at))
    out.append(header[at:])
    text = re.sub(r"(\breserved\w*(?:\[\d+\])?;)[ \t]*$", r"\1 /**< room for later versions; 0 */", "".join(out), flags=re.MULTILINE)
    text = re.sub(r"(size_t size;)[ \t]*$", r"\1 /**< bytes of the struct, as the one who made it knows it */", text, flags=re.MULTILINE)
    return documented_macros(text, header)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(read(file.read()))
