// The system calls that a service makes, each at least once: what strace and the recorder say of them is compared. Argument: an empty directory.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static char buffer[4096];

static void files(void)
{
    syscall(SYS_mkdir, "sub", 0750);
    syscall(SYS_mkdir, "sub", 0750);
    int fd = syscall(SYS_open, "sub/one", O_WRONLY | O_CREAT | O_TRUNC, 0640);
    struct iovec vector[2] = { { "first ", 6 }, { "second\n", 7 } };
    syscall(SYS_write, fd, "abc", 3);
    syscall(SYS_writev, fd, vector, 2);
    syscall(SYS_pwrite64, fd, "xy", 2, 1);
    syscall(SYS_fsync, fd);
    syscall(SYS_fdatasync, fd);
    syscall(SYS_ftruncate, fd, 10);
    syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, 4096);
    syscall(SYS_fchmod, fd, 0600);
    syscall(SYS_fchown, fd, getuid(), getgid());
    syscall(SYS_flock, fd, LOCK_EX | LOCK_NB);
    syscall(SYS_close, fd);
    int directory = open("sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = syscall(SYS_openat, directory, "one", O_RDWR | O_CLOEXEC);
    syscall(SYS_read, fd, buffer, 4);
    syscall(SYS_pread64, fd, buffer, 4, 2);
    vector[0].iov_base = buffer, vector[1].iov_base = buffer + 100;
    syscall(SYS_readv, fd, vector, 2);
    syscall(SYS_lseek, fd, -2, SEEK_END);
    struct stat status;
    struct statx extended;
    struct statfs system;
    syscall(SYS_fstat, fd, &status);
    syscall(SYS_stat, "sub/one", &status);
    syscall(SYS_lstat, "nothing", &status);
    syscall(SYS_newfstatat, directory, "one", &status, AT_SYMLINK_NOFOLLOW);
    syscall(SYS_stat, "/dev/null", &status);
    syscall(SYS_access, "sub/one", R_OK | W_OK);
    syscall(SYS_faccessat, directory, "two", F_OK);
    syscall(SYS_getdents64, directory, buffer, sizeof(buffer));
    syscall(SYS_getdents64, directory, buffer, sizeof(buffer));
    struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
    int other = syscall(SYS_openat2, directory, "one", &how, sizeof(how));
    syscall(SYS_dup, other);
    syscall(SYS_dup2, other, 40);
    syscall(SYS_dup3, other, 41, O_CLOEXEC);
    syscall(SYS_fcntl, other, F_GETFL);
    syscall(SYS_fcntl, other, F_SETFL, O_NONBLOCK);
    syscall(SYS_fcntl, other, F_GETFD);
    syscall(SYS_fcntl, other, F_SETFD, 0);
    syscall(SYS_fcntl, other, F_DUPFD_CLOEXEC, 50);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 3, .l_len = 4 };
    syscall(SYS_fcntl, fd, F_SETLK, &lock);
    syscall(SYS_close_range, 40, 60, 0);
    syscall(SYS_read, 41, buffer, 1);
    int null = open("/dev/null", O_WRONLY);
    off_t offset = 1;
    syscall(SYS_sendfile, null, fd, &offset, 5);
    syscall(SYS_ioctl, null, TIOCGWINSZ, buffer);
    int count;
    syscall(SYS_ioctl, fd, FIONREAD, &count);
    syscall(SYS_fadvise64, fd, 0, 0, POSIX_FADV_DONTNEED);
    syscall(SYS_rename, "sub/one", "sub/two");
    syscall(SYS_renameat2, directory, "two", directory, "three", RENAME_NOREPLACE);
    syscall(SYS_symlink, "three", "sub/link");
    syscall(SYS_readlink, "sub/link", buffer, 100);
    syscall(SYS_readlinkat, directory, "link", buffer, 2);
    syscall(SYS_link, "sub/three", "sub/four");
    syscall(SYS_chmod, "sub/three", 0644);
    syscall(SYS_truncate, "sub/four", 2);
    syscall(SYS_unlink, "sub/four");
    syscall(SYS_unlinkat, directory, "link", 0);
    syscall(SYS_unlinkat, directory, "three", 0);
    syscall(SYS_rmdir, "sub");
    syscall(SYS_getcwd, buffer, sizeof(buffer));
    syscall(SYS_umask, 027);
}

static void sockets(void)
{
    int one = 1, zero = 0;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_in from;
    struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "socket" };
    socklen_t length = sizeof(address);
    int server = syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    syscall(SYS_setsockopt, server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    struct linger linger = { 1, 5 };
    syscall(SYS_setsockopt, server, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    syscall(SYS_bind, server, &address, sizeof(address));
    syscall(SYS_getsockname, server, &address, &length);
    syscall(SYS_listen, server, 5);
    int client = syscall(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
    syscall(SYS_setsockopt, client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct timeval limit = { 5, 0 };
    syscall(SYS_connect, client, &address, sizeof(address));
    int peer = syscall(SYS_accept4, server, &from, &length, SOCK_CLOEXEC);
    syscall(SYS_sendto, client, "hello", 5, MSG_NOSIGNAL, NULL, 0);
    syscall(SYS_recvfrom, peer, buffer, 100, 0, NULL, NULL);
    length = sizeof(zero);
    syscall(SYS_getsockopt, client, SOL_SOCKET, SO_ERROR, &zero, &length);
    struct pollfd polled[2] = { { client, POLLIN, 0 }, { peer, POLLIN | POLLOUT, 0 } };
    syscall(SYS_poll, polled, 2, 0);
    polled[1].events = POLLIN;
    struct timespec moment = { 0, 1000000 };
    syscall(SYS_ppoll, polled, 2, &moment, NULL, 8);
    syscall(SYS_shutdown, client, SHUT_WR);
    int refused = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons(1);
    syscall(SYS_connect, refused, &address, sizeof(address));
    int named = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
    syscall(SYS_bind, named, &local, 9);
    syscall(SYS_bind, named, &local, 9);
    int pair[2];
    syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
    struct iovec vector[1] = { { "message", 7 } };
    struct msghdr message = { .msg_iov = vector, .msg_iovlen = 1 };
    syscall(SYS_sendmsg, pair[0], &message, 0);
    vector[0].iov_base = buffer, vector[0].iov_len = 100;
    syscall(SYS_recvmsg, pair[1], &message, MSG_DONTWAIT);
    int datagram = syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    syscall(SYS_connect, datagram, &six, sizeof(six));
    int epoll = syscall(SYS_epoll_create1, EPOLL_CLOEXEC);
    struct epoll_event event = { EPOLLIN | EPOLLRDHUP, { .u64 = 7 } }, events[4];
    syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, pair[1], &event);
    syscall(SYS_epoll_wait, epoll, events, 4, 0);
    syscall(SYS_write, pair[0], "x", 1);
    syscall(SYS_epoll_wait, epoll, events, 4, 100);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pair[1], &set);
    limit.tv_sec = 0;
    syscall(SYS_select, pair[1] + 1, &set, NULL, NULL, &limit);
    int event_fd = syscall(SYS_eventfd2, 3, EFD_CLOEXEC | EFD_NONBLOCK);
    syscall(SYS_read, event_fd, buffer, 8);
    int timer = syscall(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC);
    struct itimerspec when = { { 0, 0 }, { 1, 5 } };
    syscall(SYS_timerfd_settime, timer, 0, &when, NULL);
    int watch = syscall(SYS_inotify_init1, IN_CLOEXEC);
    syscall(SYS_inotify_add_watch, watch, "/tmp", IN_CREATE | IN_DELETE);
    int memory = syscall(SYS_memfd_create, "scratch", MFD_CLOEXEC);
    syscall(SYS_write, memory, "m", 1);
    int pipes[2];
    syscall(SYS_pipe2, pipes, O_NONBLOCK);
    syscall(SYS_read, pipes[0], buffer, 1);
    syscall(SYS_write, pipes[1], "p", 1);
    unsigned long mask = 1UL << (SIGUSR1 - 1);
    int signals = syscall(SYS_signalfd4, -1, &mask, 8, SFD_CLOEXEC);
    syscall(SYS_close, signals);
}

static void processes(void)
{
    struct rlimit limit = { 512, 1024 };
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, &limit);
    syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit);
    void *memory = (void *)syscall(SYS_mmap, NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    syscall(SYS_mprotect, memory, 4096, PROT_READ);
    syscall(SYS_madvise, memory, 4096, MADV_DONTNEED);
    syscall(SYS_munmap, memory, 8192);
    syscall(SYS_mmap, NULL, -1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long set = 1UL << (SIGUSR1 - 1) | 1UL << (SIGTERM - 1), old;
    struct { unsigned long handler, flags, restorer, mask; } action = { 1, SA_RESTART, 0, 1UL << (SIGCHLD - 1) };
    syscall(SYS_rt_sigaction, SIGPIPE, &action, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
    syscall(SYS_kill, getpid(), SIGUSR1);
    syscall(SYS_kill, 1, 0);
    struct timespec moment = { 0, 1000 }, got;
    syscall(SYS_nanosleep, &moment, NULL);
    syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &moment, NULL);
    syscall(SYS_clock_getres, CLOCK_REALTIME, &got);
    int futex = 1;
    syscall(SYS_futex, &futex, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    syscall(SYS_futex, &futex, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    syscall(SYS_futex, &futex, FUTEX_WAIT_PRIVATE, 1, &moment, NULL, 0);
    syscall(SYS_prctl, PR_SET_NAME, "renamed", 0, 0, 0);
    syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct utsname name;
    syscall(SYS_uname, &name);
    syscall(SYS_getppid);
    syscall(SYS_getuid);
    syscall(SYS_getrandom, buffer, 8, GRND_NONBLOCK);
    int status;
    int child = fork();
    if (child == 0)
        _exit(3);
    syscall(SYS_wait4, child, &status, 0, NULL);
    struct clone_args arguments = { .exit_signal = SIGCHLD };
    child = syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child == 0)
        kill(getpid(), SIGKILL);
    syscall(SYS_wait4, -1, &status, 0, NULL);
    syscall(SYS_wait4, -1, &status, WNOHANG, NULL);
    syscall(SYS_setsid);
    syscall(SYS_write, 1, "done\n", 5);
}

int main(int count, char **arguments)
{
    syscall(SYS_chdir, arguments[count - 1]);
    files();
    sockets();
    processes();
    syscall(SYS_execve, "/bin/nothing", arguments, NULL);
    syscall(SYS_exit_group, 7);
}
