"""Describes the system on which figures were measured: only what the figures depend on."""

import datetime
import os
import platform
import subprocess


def name():
    """Return the name and the release of this system, for its column."""
    release = platform.freedesktop_os_release()
    return "%s-%s" % (release["ID"], release.get("VERSION_ID", "rolling"))


def first_line(*command_line):
    return subprocess.run(command_line, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def description():
    parts = [
        "%s %s" % (library, first_line("pkg-config", "--modversion", package))
        for library, package in (("libcurl", "libcurl"), ("yyjson", "yyjson"))
    ]
    parts += [
        "gcc " + first_line("gcc", "-dumpfullversion"),
        "glibc " + platform.libc_ver()[1],
        first_line("valgrind", "--version").replace("-", " "),
    ]
    return "%s, %s" % (datetime.date.today().isoformat(), ", ".join(parts))


def about(**more):
    """Return a description for a record in JSON. With a high load, times are less exact."""
    return {
        "system": name(),
        "description": description(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        **more,
    }


def write(path, text):
    """Write a file so that it is replaced as a whole."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)
