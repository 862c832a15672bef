"""What is in the library and not ours: yyjson, where no package has it and the build links it in (.deps/)."""
import measure


def size(library, source, prefix):
    """The bytes of one source file's functions and tables, by its symbols; those of hidden names stand apart."""
    total, inside = 0, False
    for line in measure.run("readelf", "--symbols", "--wide", library).splitlines():
        words = line.split()
        if len(words) < 7:
            continue
        name = words[7] if len(words) > 7 else ""
        if words[3] == "FILE":
            inside = name == source
        elif words[3] in ("FUNC", "OBJECT") and (inside or name.startswith(prefix)):
            total += int(words[2], 0)
    return total


def yyjson(library):
    return size(library, "yyjson.c", "yyjson_")
