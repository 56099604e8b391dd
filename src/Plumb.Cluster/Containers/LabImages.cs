using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Plumb.Cluster.Containers;

/// <summary>The images that every lab has, and how names are looked up.</summary>
internal static partial class LabImages
{
    internal const string BusyboxPath = "/usr/bin/busybox";

    /// <summary>Where the links to busybox's applets appear in a container.</summary>
    internal const string AppletDirectory = "/opt/busybox/bin";

    /// <summary>The applets of Debian's busybox (<c>busybox --list</c>). A link to one that a build lacks only says "applet not found".</summary>
    private static readonly string[] Applets =
        """
        [ [[ acpid adjtimex ar arch arp arping ascii ash awk base64 basename bc blkdiscard blkid blockdev brctl bunzip2 bzcat bzip2 cal
        cat chgrp chmod chown chroot chvt clear cmp cp cpio crc32 cttyhack cut date dc dd deallocvt depmod devmem df diff dirname dmesg
        dnsdomainname dos2unix du dumpkmap dumpleases echo egrep env expand expr factor fallocate false fatattr fdisk fgrep find findfs
        fold free freeramdisk fsfreeze fstrim ftpget ftpput getopt getty grep groups gunzip gzip halt head hexdump hostid hostname httpd
        hwclock i2cdetect i2cdump i2cget i2cset i2ctransfer id ifconfig ifdown ifup init insmod ionice ip ipcalc ipneigh kill killall
        klogd last less link linux32 linux64 linuxrc ln loadfont loadkmap logger login logname logread losetup ls lsmod lsscsi lzcat lzma
        lzop md5sum mdev microcom mim mkdir mkdosfs mke2fs mkfifo mknod mkpasswd mkswap mktemp modinfo modprobe more mount mt mv nameif nc
        netstat nl nologin nproc nsenter nslookup nuke od openvt partprobe paste patch pidof ping ping6 pivot_root poweroff printf ps pwd
        rdate readlink realpath reboot renice reset resume rev rm rmdir rmmod route rpm rpm2cpio run-init run-parts sed seq setkeycodes
        setpriv setsid sh sha1sum sha256sum sha3sum sha512sum shred shuf sleep sort ssl_client start-stop-daemon stat strings stty svc
        svok swapoff swapon switch_root sync sysctl syslogd tac tail tar taskset tee telnet test tftp time timeout top touch tr traceroute
        traceroute6 true truncate ts tty ubirename udhcpc udhcpd uevent umount uname uncompress unexpand uniq unix2dos unlink unlzma
        unshare unxz unzip uptime usleep uudecode uuencode vconfig vi w watch watchdog wc wget which who whoami xargs xxd xz xzcat yes
        zcat
        """.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    public static IReadOnlyList<LabImage> Default { get; } =
    [
        Busybox("busybox:*"),
        PostgresImage.Create("postgres:*"),
        new LabImage("prom/prometheus:*", ["/usr/bin/prometheus"])
        {
            DefaultArgs = ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
            WorkingDirectory = "/",
            Needs = "/usr/bin/prometheus",
            Package = "prometheus",
        },
    ];

    /// <summary>The machine's busybox, with every applet under its own name. Like the real image, it has a default command and no entrypoint, so arguments alone are a command.</summary>
    public static LabImage Busybox(string pattern) =>
        new(pattern, []) { DefaultArgs = ["sh"], Path = [AppletDirectory], Needs = BusyboxPath, Package = "busybox" };

    /// <summary>True when the text is a well-formed image reference.</summary>
    internal static bool IsReference(string image) => Reference().IsMatch(image);

    /// <summary>A stable identity, so that two lookups of one image agree: the hash of what the image stands for.</summary>
    internal static string IdOf(LabImage image) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image.Pattern + "\n" + string.Join('\n', image.Entrypoint) + image.Needs)));

    /// <summary>Makes the directory of links once per lab; quick when it is there already.</summary>
    internal static void WriteAppletLinks(string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (var applet in Applets)
        {
            var link = System.IO.Path.Combine(directory, applet);
            if (!File.Exists(link))
            {
                File.CreateSymbolicLink(link, BusyboxPath);
            }
        }
    }

    [GeneratedRegex("^[a-z0-9]+(?:[._-][a-z0-9]+)*(?::[0-9]+)?(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
