# shellcheck shell=bash disable=SC2154 # $root comes from the script that sources this
# Functions that install Debian packages; sourced, with $root set to the repository. No service is started or enabled by them.

has() { # PACKAGE: whether what it is needed for is there, whoever installed it
    case $1 in
        postgresql) command -v postgres > /dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' > /dev/null ;;
        nodejs) command -v node > /dev/null ;;
        kubernetes-client) command -v kubectl > /dev/null ;;
        # Debian's own, which the tests name, and not another one of the PATH.
        awscli) [ -x /usr/bin/aws ] ;;
        *) command -v "$1" > /dev/null ;;
    esac
}

# Installs what is missing as root; otherwise names the one command to run and ends with exit code 2.
require_packages() { # WHAT_FOR PACKAGE...
    local what_for=$1 missing=() package
    shift
    for package in "$@"; do
        has "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get > /dev/null; then
        printf 'plumb: %s needs %s. Install it with the package manager of this system, then run the same command again\n' "$what_for" "${missing[*]}" >&2
        exit 2
    fi
    if [ "$(id -u)" -ne 0 ]; then
        printf 'plumb: %s needs %s. Run: sudo apt-get install --no-install-recommends %s\n' "$what_for" "${missing[*]}" "${missing[*]}" >&2
        exit 2
    fi
    mkdir -p "$root/.build"
    . "$root/scripts/build.sh"
    with_progress "installing ${missing[*]} (apt-get)" "$root/.build/apt.log" install_packages "${missing[@]}" || {
        printf 'plumb: apt-get could not install %s: %s. The whole log: %s\n' "${missing[*]}" "$(grep -m1 '^E:' "$root/.build/apt.log" || tail -n1 "$root/.build/apt.log")" "$root/.build/apt.log" >&2
        exit 2
    }
}

install_packages() ( # PACKAGE...: in a subshell, so that the trap is its own
    set -e
    export DEBIAN_FRONTEND=noninteractive
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        # Debian asks this file before it starts a service; 101 forbids it (invoke-rc.d(8)).
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
    # Without this the package would make a database cluster of its own.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
        mkdir -p /etc/postgresql-common
        printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.conf
    fi
    apt-get install -y -q --no-install-recommends "$@" || { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; }
    if command -v systemctl > /dev/null; then
        for service in "$@"; do
            case $service in postgresql | prometheus) systemctl disable "$service" > /dev/null 2>&1 || true ;; esac
        done
    fi
)

# Debian's own kubectl is years older than others, and people use it. It is unpacked beside whatever kubectl this machine has, never over it.
debian_kubectl() {
    local at=$root/.build/debian-kubectl version
    if compgen -G "$at/kubectl.1.*" > /dev/null || ! command -v apt-get dpkg-deb > /dev/null; then return 0; fi
    mkdir -p "$at"
    with_progress "fetching Debian's kubectl" "$root/.build/apt.log" bash -c \
        'cd "$1" && { apt-get download -q kubernetes-client || { apt-get update -q && apt-get download -q kubernetes-client; }; } && dpkg-deb -x kubernetes-client_*.deb unpacked' - "$at" || return 0
    version=$("$at/unpacked/usr/bin/kubectl" version --client --short 2> /dev/null | grep -o '1\.[0-9]*' | head -1)
    mv "$at/unpacked/usr/bin/kubectl" "$at/kubectl.$version"
    rm -rf "$at/unpacked" "$at"/*.deb
}
