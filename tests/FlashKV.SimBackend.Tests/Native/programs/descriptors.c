/*
 * Descriptors: duplicates, flags, inheritance, and when a context's last one is closed.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INHERITED "SUPERPIPE_TEST_INHERITED"

static bool is_context_there(struct context *context)
{
    uint64_t handle;
    int result = user_virtual(context, 0, &handle, NULL);
    if (result != 0) {
        CHECK(errno, EINVAL);
        return false;
    }
    CHECK_ERROR(release(context, handle), 0);
    return true;
}

static void check_duplicates_of_device(int device)
{
    struct context context;
    int duplicates[] = {
        dup(device), dup2(device, 300), dup3(device, 301, O_CLOEXEC),
        fcntl(device, F_DUPFD, 310), fcntl(device, F_DUPFD_CLOEXEC, 320),
    };
    for (size_t i = 0; i < sizeof duplicates / sizeof *duplicates; i++) {
        CHECK(duplicates[i] >= 0, true);
        context_attach(&context, duplicates[i], 2);
        CHECK(is_context_there(&context), true);
        context_detach(&context);
        CHECK(close(duplicates[i]), 0);
        CHECK_ERROR(ioctl(duplicates[i], DK_CXLFLASH_ATTACH, &context), EBADF);
    }
}

static void check_last_close(int device)
{
    /* Closed, but mapped; then not mapped either. */
    struct context context;
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK(fcntl(context.adapter, F_GETFD), FD_CLOEXEC);
    CHECK(close(context.adapter), 0);
    CHECK(register_read(&context, CMD_ROOM) != UINT64_MAX, true);
    CHECK(is_context_there(&context), true);
    context_unmap(&context);
    CHECK(is_context_there(&context), false);
    context_free(&context);

    /* Half of the mapping is a mapping. */
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK(close(context.adapter), 0);
    CHECK(munmap((void *)(context.registers + 0x8000), 0x8000), 0);
    CHECK(register_read(&context, CMD_ROOM) != UINT64_MAX, true);
    CHECK(is_context_there(&context), true);
    CHECK(munmap((void *)context.registers, 0x8000), 0);
    CHECK(is_context_there(&context), false);
    context_free(&context);

    /* A duplicate; replaced by something else. */
    context_attach(&context, device, 2);
    int duplicate = dup(context.adapter), null = open("/dev/null", O_RDWR);
    CHECK(close(context.adapter), 0);
    CHECK(is_context_there(&context), true);
    CHECK(dup2(null, duplicate), duplicate);
    CHECK(is_context_there(&context), false);
    CHECK(close(duplicate), 0);
    CHECK(close(null), 0);

    context_attach(&context, device, 2);
    CHECK(close_range((unsigned)context.adapter, (unsigned)context.adapter, 0), 0);
    CHECK(is_context_there(&context), false);
}

static void expect_success(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0), child);
    CHECK(status, 0);
}

/* What runs after exec: fd1 was inherited. */
static void use_inherited(const char *text)
{
    struct context context;
    int device = atoi(text);
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK(is_context_there(&context), true);
    context_detach(&context);
}

static void check_inheritance(int device, struct context *open)
{
    extern char **environ;
    char text[16];
    pid_t child;
    char *arguments[] = { "superpipe-test", "descriptors", NULL };
    snprintf(text, sizeof text, "%d", device);
    setenv(INHERITED, text, 1);
    CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
    expect_success(child);

    child = vfork();
    if (child == 0) {
        execv("/proc/self/exe", arguments);
        _exit(1);
    }
    expect_success(child);
    unsetenv(INHERITED);
    CHECK(is_context_there(open), true);
}

/* A fork that libc does not see: the child is a process of its own all the same. */
static void check_unseen_fork(int device, struct context *parent)
{
    pid_t child = (pid_t)syscall(SYS_fork);
    if (child == 0) {
        struct context context;
        context_attach(&context, device, 2);
        context_set_up(&context);
        CHECK(register_read(&context, CMD_ROOM) != UINT64_MAX, true);
        CHECK(is_context_there(&context), true);
        CHECK(is_context_there(parent), false); /* its parent's */
        context_detach(&context);
        _exit(0);
    }
    expect_success(child);
    CHECK(is_context_there(parent), true);
}

static void send_descriptor(int socket, int descriptor)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { .header = {
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
    } };
    char byte = 'd';
    struct iovec vector = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    CHECK(sendmsg(socket, &message, 0), 1);
}

static int receive_descriptor(int socket)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int descriptor;
    struct iovec vector = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    CHECK(recvmsg(socket, &message, 0), 1);
    memcpy(&descriptor, CMSG_DATA(&control.header), sizeof descriptor);
    return descriptor;
}

/* fd1, handed over through a socket to a process that did not open it. */
static void check_passing(void)
{
    int sockets[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    pid_t child = fork();
    if (child == 0) {
        struct context context;
        int device = receive_descriptor(sockets[1]);
        context_attach(&context, device, 2);
        context_set_up(&context);
        CHECK(is_context_there(&context), true);
        context_detach(&context);
        _exit(0);
    }
    int device = open_device();
    send_descriptor(sockets[0], device);
    expect_success(child);
    CHECK(close(device), 0);
    CHECK(close(sockets[0]), 0);
    CHECK(close(sockets[1]), 0);
}

void scenario_descriptors(void)
{
    if (getenv(INHERITED)) {
        use_inherited(getenv(INHERITED));
        return;
    }
    struct context context;
    struct stat status;
    int device = open("/dev/sg0", O_RDWR | O_EXCL | O_NONBLOCK);
    CHECK(device >= 0, true);
    CHECK(fcntl(device, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR | O_NONBLOCK);
    CHECK(fcntl(device, F_GETFD), 0);
    CHECK(fstat(device, &status), 0);
    CHECK(S_ISCHR(status.st_mode), true);
    CHECK(close(device), 0);
    int read_only = open("/dev/sg0", O_RDONLY | O_CLOEXEC);
    CHECK(fcntl(read_only, F_GETFL) & O_ACCMODE, O_RDONLY);
    CHECK(fcntl(read_only, F_GETFD), FD_CLOEXEC);
    CHECK(close(read_only), 0);

    device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    check_duplicates_of_device(device);
    check_last_close(device);
    check_inheritance(device, &context);
    check_unseen_fork(device, &context);
    check_passing();

    /* All that a program may close, it may close; what it does not know stays. */
    closefrom(200);
    CHECK(close_range(250, ~0u, 0), 0);
    CHECK(register_read(&context, CMD_ROOM) != UINT64_MAX, true);
    CHECK(is_context_there(&context), true);
    context_detach(&context);
    CHECK(close(device), 0);
}
