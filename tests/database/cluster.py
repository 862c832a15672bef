"""A PostgreSQL server of its own, on a UNIX socket in a temporary folder, as a user that is not root.

PostgreSQL looks for extensions beside the program that runs, so the programs are copied into a tree in which ours is
installed: the system's own PostgreSQL stays as it is.
"""
import os
import pwd
import shutil
import subprocess
import time


def missing(pg_config):
    """Return what is missing for a server, or None."""
    if not shutil.which(pg_config):
        return "there is no pg_config"
    bindir = ask(pg_config, "--bindir")
    for name in ("postgres", "initdb"):
        if not os.access(os.path.join(bindir, name), os.X_OK):
            return f"there is no {name} in {bindir}: the server is not installed"
    if not shutil.which("psql"):
        return "there is no psql"
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        return "there is no setpriv, and root may not run PostgreSQL"
    return None


def ask(pg_config, what):
    return subprocess.run([pg_config, what], check=True, capture_output=True, text=True).stdout.strip()


def link_all(source, target, but=()):
    os.makedirs(target, exist_ok=True)
    for name in os.listdir(source):
        if name not in but:
            os.symlink(os.path.join(source, name), os.path.join(target, name))


class Cluster:
    def __init__(self, folder, pg_config, module, library, sources, environment=None, encoding="UTF8", settings=()):
        self.folder, self.environment = folder, dict(environment or {})
        self.user = "nobody" if os.geteuid() == 0 else None
        self.bin = self._install(pg_config, module, library, sources)
        self.data, self.log = os.path.join(folder, "data"), os.path.join(folder, "log")
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self._run("initdb", "-D", self.data, "-U", "admin", "--auth=trust", "-E", encoding, "--locale=C", "-N")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as file:
            file.write("listen_addresses = ''\nfsync = off\nmax_connections = 20\n"
                       f"unix_socket_directories = '{folder}'\n" + "".join(f"{line}\n" for line in settings))
        self.server = self._start()

    def _install(self, pg_config, module, library, sources):
        """Copy the programs to the same places below the folder, with links to all else, and our files."""
        tree = os.path.join(self.folder, "root")
        at = {what: tree + ask(pg_config, "--" + what) for what in ("bindir", "sharedir", "pkglibdir")}
        os.makedirs(at["bindir"])
        for name in ("postgres", "initdb"):
            shutil.copy2(os.path.join(ask(pg_config, "--bindir"), name), at["bindir"])
        link_all(ask(pg_config, "--pkglibdir"), at["pkglibdir"], {"beluga.so", "bitcode"})
        link_all(ask(pg_config, "--sharedir"), at["sharedir"], {"extension"})
        extensions = os.path.join(at["sharedir"], "extension")
        link_all(os.path.join(ask(pg_config, "--sharedir"), "extension"), extensions,
                 {"beluga.control", "beluga--0.1.sql"})
        # copies, since the other user may not see the build's folder
        shutil.copy2(module, os.path.join(at["pkglibdir"], "beluga.so"))
        shutil.copy2(library, os.path.join(at["pkglibdir"], "libbeluga.so.0"))
        self.environment["LD_LIBRARY_PATH"] = at["pkglibdir"]
        for name in ("beluga.control", "beluga--0.1.sql"):
            shutil.copy2(os.path.join(sources, name), extensions)
        return at["bindir"]

    def _command(self, name, *arguments):
        command = [os.path.join(self.bin, name), *arguments]
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", f"--regid={pwd.getpwnam(self.user).pw_gid}", "--clear-groups",
                       "--reset-env", "env", *[f"{k}={v}" for k, v in self.environment.items()], *command]
        return command

    def _run(self, name, *arguments):
        done = subprocess.run(self._command(name, *arguments), capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def _start(self):
        log = open(self.log, "w")
        environment = {**os.environ, **self.environment}
        server = subprocess.Popen(self._command("postgres", "-D", self.data), stdout=log, stderr=log, cwd=self.folder,
                                  env=environment)
        for _ in range(600):
            if server.poll() is not None:
                raise AssertionError(open(self.log).read())
            if self.psql("SELECT 1", check=False).returncode == 0:
                return server
            time.sleep(0.1)
        raise AssertionError("the server does not answer: " + open(self.log).read())

    def arguments(self, *options, user="admin", database="postgres"):
        return ["psql", "-h", self.folder, "-U", user, "-d", database, "-X", "-A", "-t", "-q", *options]

    def psql(self, *commands, check=True, **where):
        """Run commands in one session; each is a transaction of its own."""
        done = subprocess.run(self.arguments("-v", "VERBOSITY=verbose", **where), capture_output=True, text=True,
                              input=";\n".join(commands) + ";\n", timeout=300)
        assert not check or not done.stderr, done.stderr
        return done

    def ask(self, *commands, **where):
        return self.psql(*commands, **where).stdout.strip()

    def fault(self, *commands, **where):
        """Return what is told of a failure that has to come."""
        done = self.psql(*commands, check=False, **where)
        assert "ERROR" in done.stderr or "FATAL" in done.stderr, (done.stdout, done.stderr)
        return done.stderr

    def begin(self, *commands, **where):
        """Start psql with commands, and return the process."""
        process = subprocess.Popen(self.arguments(**where), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        process.stdin.write(";\n".join(commands) + ";\n")
        process.stdin.close()
        process.stdin = None  # communicate() would flush it
        return process

    def close(self):
        self.server.terminate()
        try:
            self.server.wait(60)
        except subprocess.TimeoutExpired:
            self.server.kill()
