# shellcheck shell=bash
# Functions for scripts that test something in a new Debian. To be sourced by bash, in the source tree.
#
# The new system lives below $work, a temporary folder; its processes and mounts end with the script. Packages come
# from the mirror that apt uses here.

passed=0 failed=0 skipped=0
child= mirror= work= root=
environment=()
network=yes

skip() { printf 'skipped: a new %s (%s)\n0 passed, 0 failed, 1 skipped\n' "$1" "$2"; exit 0; }

# Check that a new system can be made; if not, skip with the reason.
need_system() { # SUITE
    [ "$(id -u)" -eq 0 ] || skip "$1" "needs root"
    scripts/setup fresh || true
    command -v debootstrap >/dev/null || skip "$1" "needs debootstrap"
    unshare --mount --pid --fork true 2>/dev/null || skip "$1" "needs namespaces of its own, which this system does not give"
    mirror=$(scripts/debs-from --mirror 2>/dev/null) || skip "$1" "apt here has no mirror of Debian"
    work=$(mktemp -d)
    root=$work/root
    trap finish EXIT
    trap 'exit 130' INT TERM HUP
}

finish() {
    # If `child` is killed, timeout and the namespace end all processes in it.
    if [ -n "$child" ]; then kill "$child" 2>/dev/null && wait "$child" || true; fi
    rm -rf --one-file-system "$work"
}

# Run a command with a time limit, in namespaces that end all its processes and mounts with it. It runs in the
# background, so that this script reacts to a signal at once.
apart() { # SECONDS COMMAND...
    timeout --kill-after=5 "$1" unshare --mount --pid --fork --kill-child "${@:2}" </dev/null &
    child=$!
    local status=0
    wait $child || status=$?
    child=
    return $status
}

# Run a command in the new system, with pseudo-terminals of its own, which the command's tests need. With network=no it
# has only the loopback. The shell in `enter` keeps running, to reap processes whose parents have ended.
# shellcheck disable=SC2016
enter='mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts" && chroot "$0" "$@"; exit $?'
inside() {
    local enter=$enter alone=()
    if [ $network = no ]; then
        alone=(--net)
        enter="ip link set lo up && $enter"
    fi
    apart 7200 "${alone[@]}" --mount-proc="$root/proc" sh -c "$enter" "$root" \
        /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        "${environment[@]}" "$@"
}

# Make a new minimal system in $root, with these further packages.
make_system() { # SUITE PACKAGE,...
    local more=()
    [ -z "$2" ] || more=("--include=$2")
    apart 1800 debootstrap --variant=minbase "${more[@]}" "$1" "$root" "$mirror" \
        >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log"; return 1; }
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|http::Proxy)' \
        >"$root/etc/apt/apt.conf.d/10host" || true
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/quick" # the system is temporary, so it need not survive a crash
    ln -sf pts/ptmx "$root/dev/ptmx"
}

verdict() { # STATUS TITLE
    if [ "$1" -eq 0 ]; then
        echo "== ok: $2"
        passed=$((passed + 1))
    else
        echo "== FAILED: $2"
        failed=$((failed + 1))
    fi
}

# Add the numbers of the last such line of the suites: "N passed, N failed[, N skipped]".
add_cases() { # FILE
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1) || return 0
    [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
}

# Check that all packages come from the suite itself, except packages with these names.
own_packages_only() { # NAME...
    local other
    other=$(inside sh -c "dpkg-query -W -f '\${Package}=\${Version}\n' | while read -r package; do
        case \" $* \" in *\" \${package%%=*} \"*) continue ;; esac
        apt-cache show \"\$package\" >/dev/null 2>&1 || echo \"\$package\"; done") || true
    [ -z "$other" ] || echo "installed from elsewhere: $other"
    [ -z "$other" ]
}

# Print the last line. Returns 0 if nothing failed.
report() {
    if [ $skipped -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ $failed -eq 0 ]
}
