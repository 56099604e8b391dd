namespace Plumb.Cluster.Containers;

/// <summary>The machine's PostgreSQL behind the same environment variables as the official image.</summary>
internal static class PostgresImage
{
    private const string ScriptPath = "/usr/local/bin/docker-entrypoint.sh";
    private const string PackageRoot = "/usr/lib/postgresql";

    /// <summary>
    /// What the official entrypoint does, as far as the lab needs it: a first start makes the cluster, the password, and the database.
    /// initdb takes seconds, so its result is kept as a template and copied.
    /// </summary>
    private const string Script =
        """
        #!/bin/sh
        set -e
        case "$1" in -*) set -- postgres "$@";; esac
        if [ "$1" != postgres ]; then exec "$@"; fi
        PGDATA="${PGDATA:-/var/lib/postgresql/data}"; export PGDATA
        user="${POSTGRES_USER:-postgres}"; db="${POSTGRES_DB:-$user}"
        major=$(basename "$(dirname "$PLUMB_POSTGRES_BIN")")
        if [ "$(id -u)" = 0 ]; then
          mkdir -p "$PGDATA" /var/run/postgresql; chown postgres:postgres "$PGDATA" /var/run/postgresql; chmod 700 "$PGDATA"; chmod 3777 /var/run/postgresql
          mkdir -p /var/cache/plumb; chown postgres:postgres /var/cache/plumb
          exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
        fi
        mkdir -p "$PGDATA"; chmod 700 "$PGDATA"
        if [ ! -s "$PGDATA/PG_VERSION" ]; then
          if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
            echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
            echo '       You must specify POSTGRES_PASSWORD to a non-empty value for the' >&2
            echo '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".' >&2
            exit 1
          fi
          template="/var/cache/plumb/postgres-$major-$user"
          if [ ! -s "$template/PG_VERSION" ]; then
            made=$(mktemp -d /var/cache/plumb/initdb.XXXXXX)
            initdb --no-sync -D "$made" -U "$user" --auth-local=trust --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8 >/dev/null
            mv -T "$made" "$template" 2>/dev/null || rm -rf "$made"
          fi
          cp -a "$template/." "$PGDATA/.new" 2>/dev/null || { mkdir -p "$PGDATA/.new"; cp -a "$template/." "$PGDATA/.new/"; }
          printf 'host all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/.new/pg_hba.conf"
          # In single-user mode with -j an empty line ends a command.
          quoted=$(printf %s "$POSTGRES_PASSWORD" | sed "s/'/''/g")
          {
            [ -z "$POSTGRES_PASSWORD" ] || printf "ALTER USER \"%s\" WITH PASSWORD '%s';\n\n" "$user" "$quoted"
            [ "$db" = postgres ] || printf 'CREATE DATABASE "%s";\n\n' "$db"
          } | postgres --single -j -F -D "$PGDATA/.new" postgres >/dev/null
          mv "$PGDATA/.new/PG_VERSION" "$PGDATA/.version"
          find "$PGDATA/.new" -mindepth 1 -maxdepth 1 -exec mv -t "$PGDATA" {} +
          rmdir "$PGDATA/.new"; mv "$PGDATA/.version" "$PGDATA/PG_VERSION"
          echo 'PostgreSQL init process complete; ready for start up.'
        fi
        listen="${PLUMB_POD_IP:-*}"
        # Without root there may be no right to that directory; clients then come over TCP alone.
        sockets=/var/run/postgresql; [ -w "$sockets" ] || sockets=
        exec "$@" -c "listen_addresses=$listen" -c "unix_socket_directories=$sockets"
        """;

    public static LabImage Create(string pattern)
    {
        var bin = NewestBin();
        return new LabImage(pattern, [ScriptPath])
        {
            DefaultArgs = ["postgres"],
            Path = [bin ?? $"{PackageRoot}/15/bin"],
            Env = new Dictionary<string, string> { ["PGDATA"] = "/var/lib/postgresql/data", ["PLUMB_POSTGRES_BIN"] = bin ?? "" },
            StopSignal = 2,
            Needs = bin is null ? $"{PackageRoot}/15/bin/postgres" : $"{bin}/postgres",
            Package = "postgresql",
            HasCache = true,
            Files = new Dictionary<string, string> { [ScriptPath] = Script + "\n" },
        };
    }

    private static string? NewestBin() =>
        Directory.Exists(PackageRoot)
            ? Directory.GetDirectories(PackageRoot)
                .Where(directory => File.Exists($"{directory}/bin/postgres"))
                .OrderByDescending(directory => int.TryParse(Path.GetFileName(directory), System.Globalization.CultureInfo.InvariantCulture, out var major) ? major : 0)
                .Select(directory => $"{directory}/bin").FirstOrDefault()
            : null;
}
