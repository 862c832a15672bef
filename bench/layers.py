"""Counts instructions by library, from callgrind's profiles; inside our library by room, which is a folder of src/."""

import collections
import os
import re
import tempfile

import measure

# A line with a cost. The line after "calls=" is the cost of the callee, which is also listed with the callee.
COST = re.compile(r"[0-9+*-]\S* (\d+)$")
LIBRARIES = {
    "libcurl": "libcurl",
    "libc": "C library",
    "ld-linux-x86-64": "loader",
    "libz": "zlib",
    "libnghttp2": "nghttp2",
    "libyyjson": "yyjson",
}
OURS = "libbeluga"
LEAST_SHARE = 200  # a part with less than 1/200 of the total is not listed separately


def part_of(library, source):
    """Return the room for our own code, if the profile has the names of its files; else the library."""
    stem = os.path.basename(library).split(".so")[0]
    if stem != OURS and not stem.startswith("bench-"):
        return LIBRARIES.get(stem, stem)
    if source == "???":  # only yyjson is linked in without names of files
        return "yyjson"
    room = re.search(r"src/(\w+)/", source)
    return room.group(1) if room and stem == OURS else "program"


def read(path):
    """Read a profile. Returns the instructions of each part."""
    parts, library, source, callee = collections.Counter(), "", "", False
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("ob="):
                library = line[3:].strip()
            elif line.startswith(("fl=", "fi=", "fe=")):
                source = line[3:].strip()
            elif line.startswith("calls="):
                callee = True
            else:
                cost = COST.match(line)
                if cost and not callee:
                    parts[part_of(library, source)] += int(cost.group(1))
                callee = callee and not cost
    return parts


def parts(command, told):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        done = measure.callgrind(out, command, ["--compress-strings=no", "--compress-pos=no"], told)
        if done.returncode:
            raise measure.Failed("valgrind %s:\n%s" % (" ".join(command), done.stderr))
        return read(out)


def of_one_call(bench, program, *peer_options, few=20, many=120, **job):
    """Return the instructions of one call of a job, by part."""

    def of(calls):
        with measure.one_core(), bench.peer(*peer_options) as port:
            return parts(bench.client(program), measure.job_line(port, calls, **job))

    less, more = of(few), of(many)
    found = {part: (count - less[part]) / (many - few) for part, count in more.items()}
    return with_rest(found, sum(found.values()) / LEAST_SHARE)


def with_rest(found, least):
    """Return the parts, largest first; parts below `least` are added up as one."""
    shown = {part: round(n) for part, n in sorted(found.items(), key=lambda pair: -pair[1]) if n >= least}
    rest = round(sum(n for n in found.values() if n < least))
    return {**shown, "rest": rest} if rest > 0 else shown
