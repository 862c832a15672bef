# shellcheck shell=bash
# What the scripts share that try something in a new Debian. To be sourced by bash, in the source tree.
#
# The new system lives below $work, a temporary folder; its processes and mounts end with the script. Packages come
# from the mirror that apt uses here.

passed=0 failed=0 skipped=0
child= mirror= work= root=
environment=()
network=yes

skip() { printf 'skipped: a new %s (%s)\n0 passed, 0 failed, 1 skipped\n' "$1" "$2"; exit 0; }

# Or end here, with the reason why there is none to be had.
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
    # Both timeout and the namespace end their own.
    if [ -n "$child" ]; then kill "$child" 2>/dev/null && wait "$child" || true; fi
    rm -rf --one-file-system "$work"
}

# Run a command with an end, in namespaces that end all that it started and mounted. In the background, so that a
# signal to this script is heeded at once.
apart() { # SECONDS COMMAND...
    timeout --kill-after=5 "$1" unshare --mount --pid --fork --kill-child "${@:2}" </dev/null &
    child=$!
    local status=0
    wait $child || status=$?
    child=
    return $status
}

# With terminals of its own, which the tests of the command want, and nothing else of this machine; network=no leaves
# the loopback alone. The shell stays, to wait for processes whose parents are gone.
# shellcheck disable=SC2016
enter='mount -t devpts -o newinstance,ptmxmode=0666 devpts "$0/dev/pts" && chroot "$0" "$@"; exit $?'
inside() {
    local enter=$enter alone=()
    if [ $network = no ]; then
        alone=(--net)
        enter="ip link set lo up && $enter"
    fi
    apart 1800 "${alone[@]}" --mount-proc="$root/proc" sh -c "$enter" "$root" \
        /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
        "${environment[@]}" "$@"
}

# A new system in $root, with these packages beside the least.
make_system() { # SUITE PACKAGE,...
    local more=()
    [ -z "$2" ] || more=("--include=$2")
    apart 600 debootstrap --variant=minbase "${more[@]}" "$1" "$root" "$mirror" \
        >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log"; return 1; }
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|http::Proxy)' \
        >"$root/etc/apt/apt.conf.d/10host" || true
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/quick" # a crash of the machine ends this one, too
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

# The last line of the suites: "N passed, N failed[, N skipped]".
add_cases() { # FILE
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$1" | tail -n 1) || return 0
    [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
}

# Packages come from the suite itself, and from nothing else, but for those of these names.
own_packages_only() { # NAME...
    local other
    other=$(inside sh -c "dpkg-query -W -f '\${Package}=\${Version}\n' | while read -r package; do
        case \" $* \" in *\" \${package%%=*} \"*) continue ;; esac
        apt-cache show \"\$package\" >/dev/null 2>&1 || echo \"\$package\"; done") || true
    [ -z "$other" ] || echo "installed from elsewhere: $other"
    [ -z "$other" ]
}

# The last line; the status tells whether all is well.
report() {
    if [ $skipped -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ $failed -eq 0 ]
}
