# shellcheck shell=bash disable=SC2154 # $root comes from the script that sources this
# Functions that build the console and the program; sourced by ./plumb and ./test, with $root set to the repository.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1

stop() { # MESSAGE: one line that says what is wrong and how to mend it; exit code 2
    printf 'plumb: %s\n' "$1" >&2
    exit 2
}

# Runs a command with its output in a log, and shows on standard error what is being waited for and for how long.
# On a terminal that is one line which is kept up to date.
with_progress() { # TITLE LOG COMMAND...
    local title=$1 log=$2 began=$SECONDS status=0
    shift 2
    "$@" > "$log" 2>&1 < /dev/null &
    local job=$!
    # shellcheck disable=SC2064 # the job of now
    trap "kill $job 2> /dev/null || true; exit 130" INT TERM
    if [ -t 2 ]; then
        while kill -0 "$job" 2> /dev/null; do
            printf '\r\033[K%5d s  %s …' $((SECONDS - began)) "$title" >&2
            sleep 0.2
        done
        printf '\r\033[K' >&2
    else
        printf '%5d s  %s …\n' 0 "$title" >&2
    fi
    wait "$job" || status=$?
    trap - INT TERM
    [ "$status" -ne 0 ] || printf '%5d s  %s: done\n' $((SECONDS - began)) "$title" >&2
    return "$status"
}

require_sdk() {
    local wanted=10
    if ! command -v dotnet > /dev/null; then
        stop "the .NET $wanted SDK is missing. Install it: https://dotnet.microsoft.com/download/dotnet/$wanted.0 (Ubuntu: apt-get install dotnet-sdk-$wanted.0)"
    fi
    if ! dotnet --list-sdks | grep -q "^$wanted\."; then
        stop "the .NET SDK is here, but not version $wanted. Install it: https://dotnet.microsoft.com/download/dotnet/$wanted.0 (Ubuntu: apt-get install dotnet-sdk-$wanted.0)"
    fi
}

runtime_identifier() {
    local machine libc=linux
    case $(uname -m) in
        x86_64) machine=x64 ;;
        aarch64) machine=arm64 ;;
        *) stop "this machine's processor ($(uname -m)) is not supported; x86_64 and aarch64 are" ;;
    esac
    if ldd --version 2>&1 | grep -qi musl; then libc=linux-musl; fi
    printf '%s-%s' "$libc" "$machine"
}

console_up_to_date() {
    [ -e "$root/web/dist/index.html" ] && [ -e "$root/.build/web.stamp" ] && [ -z "$(
        find "$root/web" \( -name node_modules -o -name dist -o -name test \) -prune -o -newer "$root/.build/web.stamp" -type f -print -quit)" ]
}

# The console is TypeScript; its built files are embedded in the program.
build_console() {
    [ -e "$root/web/package.json" ] || return 0
    mkdir -p "$root/.build"
    if console_up_to_date; then return 0; fi
    . "$root/scripts/packages.sh"
    require_packages "building the web console" nodejs npm
    touch "$root/.build/web.stamp.new"
    if [ ! -e "$root/web/node_modules/.package-lock.json" ] || [ "$root/web/package-lock.json" -nt "$root/web/node_modules/.package-lock.json" ]; then
        with_progress "fetching what the console is built with (npm ci)" "$root/.build/npm.log" npm --prefix "$root/web" ci --no-audit --no-fund ||
            stop "npm ci failed: $(grep -m1 -i 'error' "$root/.build/npm.log" || tail -n1 "$root/.build/npm.log"). The whole log: $root/.build/npm.log"
    fi
    with_progress "building the console" "$root/.build/console.log" npm --prefix "$root/web" run build ||
        stop "the console does not build: $(grep -m1 -i 'error' "$root/.build/console.log" || tail -n1 "$root/.build/console.log"). The whole log: $root/.build/console.log"
    mv "$root/.build/web.stamp.new" "$root/.build/web.stamp"
}

publish() { # READY_TO_RUN
    # The published build has directories of its own: it never disturbs the one that an editor or the tests use.
    # The analyzers have their say in ./test; here they would only cost time.
    dotnet publish "$root/src/Plumb.Cli" -c Release -r "$(runtime_identifier)" --self-contained false -p:PublishReadyToRun="$1" \
        -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false -p:TreatWarningsAsErrors=false -p:GenerateDocumentationFile=false \
        --artifacts-path "$root/.build/artifacts" -o "$root/.build/app.new" --disable-build-servers -v quiet
}

build_program() {
    require_sdk
    mkdir -p "$root/.build"
    local log=$root/.build/build.log
    exec 9> "$root/.build/lock"
    if ! flock -n 9; then
        printf '%5d s  another build is running; waiting for it …\n' 0 >&2
        flock 9
    fi
    # Whoever had the lock may have built it already.
    if ! up_to_date; then
        build_console
        touch "$root/.build/app.stamp.new"
        rm -rf "$root/.build/app.new"
        if ! with_progress "building the program" "$log" publish true; then
            if grep -qiE 'crossgen|NETSDK1094|ReadyToRun' "$log"; then
                printf 'plumb: the ahead-of-time compiler cannot be fetched; the program will start a little slower\n' >&2
                with_progress "building the program without it" "$log" publish false || build_failed "$log"
            else
                build_failed "$log"
            fi
        fi
        # A running program keeps its old files; replacing the directory does not change them under its feet.
        rm -rf "$root/.build/app.old"
        if [ -e "$root/.build/app" ]; then mv "$root/.build/app" "$root/.build/app.old"; fi
        mv "$root/.build/app.new" "$root/.build/app"
        rm -rf "$root/.build/app.old"
        mv "$root/.build/app.stamp.new" "$root/.build/app.stamp"
    fi
    exec 9>&-
}

build_failed() { # LOG
    stop "the build failed: $(grep -m1 -E 'error' "$1" | sed 's/ \[.*//' || tail -n1 "$1"). The whole log: $1"
}
