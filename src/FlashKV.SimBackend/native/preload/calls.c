/*
 * The calls on descriptors. What is not ours goes to libc untouched.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define EVENT_READ_MINIMUM 4096

static int fail(int error)
{
    errno = error;
    return -1;
}

static int fail_link(int result)
{
    return fail(result == LINK_DOWN ? ENODEV : result);
}

/* ---- open --------------------------------------------------------------------------------- */

/* Opens a device node of the daemon. -1 with ENOENT: it has no such node. */
int calls_open(const char *path, int flags, uint32_t device)
{
    struct {
        struct message_header header;
        uint32_t flags, path_length;
        char path[256];
    } request = { .flags = (uint32_t)flags };
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof request.path)
        return fail(ENOENT);
    request.path_length = (uint32_t)length;
    memcpy(request.path, path, length);

    struct {
        struct message_header header;
        uint64_t id;
        uint32_t kind, reserved;
    } reply;
    struct exchange exchange = {
        .type = MESSAGE_OPEN, .request = &request,
        .request_length = (uint32_t)(offsetof(__typeof__(request), path) + length),
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    int error = link_exchange(&exchange);
    if (error != 0)
        return fail_link(error);
    int descriptor = exchange.descriptor;
    if (exchange.reply_length < sizeof reply || descriptor < 0)
        return fail(ENODEV);
    if (!(flags & O_CLOEXEC))
        (void)real()->fcntl(descriptor, F_SETFD, 0);
    if (flags & O_NONBLOCK)
        (void)real()->fcntl(descriptor, F_SETFL, O_NONBLOCK);
    struct file file = {
        .kind = (enum file_kind)reply.kind, .access = (uint32_t)(flags & O_ACCMODE),
        .id = reply.id, .device = device,
    };
    if (!files_add(descriptor, &file)) {
        real()->close(descriptor);
        return fail(EMFILE);
    }
    debug("open %s: descriptor %d", path, descriptor);
    return descriptor;
}

/* ---- close and its relatives -------------------------------------------------------------- */

static void notify_closing(struct connection *connection, uint16_t type, uint64_t file)
{
    struct {
        struct message_header header;
        uint64_t id;
    } request = { .id = file };
    struct message_header reply;
    struct exchange exchange = {
        .type = type, .request = &request, .request_length = sizeof request,
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    if (connection)
        (void)link_exchange_on(connection, &exchange);
}

/* When it returns, all that the last close of a context does has been done. */
void calls_close_context(int descriptor, uint64_t file)
{
    struct connection *connection = link_take(LANE_CALL);
    notify_closing(connection, MESSAGE_CLOSING, file);
    files_remove(descriptor);
    syscall(SYS_close, descriptor);
    notify_closing(connection, MESSAGE_CLOSED, file);
    link_return(connection);
}

EXPORT int close(int descriptor)
{
    struct file file = files_get(descriptor);
    if (file.kind == FILE_NONE)
        return real()->close(descriptor);
    if (file.kind == FILE_HIDDEN)
        return fail(EBADF);
    if (!link_is_own_process())
        return real()->close(descriptor); /* between vfork and exec: the table is the parent's */
    if (file.kind == FILE_CONTEXT) {
        calls_close_context(descriptor, file.id);
        return 0;
    }
    files_remove(descriptor);
    return real()->close(descriptor);
}

static int close_ordinary(unsigned first, unsigned last, int flags)
{
    return first > last ? 0 : (int)syscall(SYS_close_range, first, last, flags);
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
    if (first > last || (flags & CLOSE_RANGE_CLOEXEC) || !preload_is_active())
        return real()->close_range(first, last, flags);
    if (flags & CLOSE_RANGE_UNSHARE && syscall(SYS_unshare, 0x400) != 0)
        return -1;
    unsigned run = first;
    for (unsigned i = first; i <= last && i < FILES_MAX; i++) {
        enum file_kind kind = files_get((int)i).kind;
        if (kind == FILE_NONE)
            continue;
        if (close_ordinary(run, i - 1, 0) != 0 && i > run)
            return -1;
        run = i + 1;
        if (kind != FILE_HIDDEN)
            (void)close((int)i);
    }
    return close_ordinary(run, last, 0);
}

EXPORT void closefrom(int first)
{
    (void)close_range(first < 0 ? 0 : (unsigned)first, ~0u, 0);
}

static int note_duplicate(int descriptor, int duplicate)
{
    struct file file = files_get(descriptor);
    if (duplicate >= 0 && link_is_own_process()) {
        if (file.kind != FILE_NONE)
            (void)files_add(duplicate, &file);
        else
            files_remove(duplicate);
    }
    return duplicate;
}

EXPORT int dup(int descriptor)
{
    if (files_get(descriptor).kind == FILE_HIDDEN)
        return fail(EBADF);
    return note_duplicate(descriptor, real()->dup(descriptor));
}

static int duplicate_onto(int descriptor, int target, int flags, bool is_dup3)
{
    struct file file = files_get(descriptor), replaced = files_get(target);
    if (file.kind == FILE_HIDDEN)
        return fail(EBADF);
    if (replaced.kind == FILE_HIDDEN)
        return fail(EBUSY);
    bool closes_context = replaced.kind == FILE_CONTEXT && descriptor != target
        && link_is_own_process();
    struct connection *connection = closes_context ? link_take(LANE_CALL) : NULL;
    if (closes_context)
        notify_closing(connection, MESSAGE_CLOSING, replaced.id);
    int result = is_dup3 ? real()->dup3(descriptor, target, flags)
                         : real()->dup2(descriptor, target);
    int error = errno;
    if (descriptor != target)
        (void)note_duplicate(descriptor, result);
    if (closes_context) {
        notify_closing(connection, MESSAGE_CLOSED, replaced.id);
        link_return(connection);
    }
    errno = error;
    return result;
}

EXPORT int dup2(int descriptor, int target)
{
    return duplicate_onto(descriptor, target, 0, false);
}

EXPORT int dup3(int descriptor, int target, int flags)
{
    return duplicate_onto(descriptor, target, flags, true);
}

EXPORT int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);

    struct file file = files_get(descriptor);
    if (file.kind == FILE_NONE)
        return real()->fcntl(descriptor, command, argument);
    if (file.kind == FILE_HIDDEN)
        return fail(EBADF);
    int result = real()->fcntl(descriptor, command, argument);
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return note_duplicate(descriptor, result);
    if (command == F_GETFL && result >= 0 && file.kind != FILE_CONTEXT)
        return (result & ~O_ACCMODE) | (int)file.access;
    return result;
}

EXPORT int fcntl64(int descriptor, int command, ...) __attribute__((alias("fcntl")));

/* ---- ioctl -------------------------------------------------------------------------------- */

static bool is_of_the_file(unsigned long request)
{
    return request == FIOCLEX || request == FIONCLEX || request == FIONBIO || request == FIOASYNC;
}

/* Requests that a descriptor of ours could be meant for, should its number be unknown. */
static bool is_of_the_device(unsigned long request)
{
    unsigned type = (request >> 8) & 0xFF;
    return type == 0xCA || type == 0x22 || type == 0x53;
}

/* The number of a new descriptor goes where the daemon says. */
static bool store_number(uint64_t address, const void *data, size_t length)
{
    return memory_copy((uintptr_t)address, (void *)(uintptr_t)data, length, true);
}

static int forward_ioctl(const struct file *file, unsigned request_number, uint64_t argument)
{
    struct {
        struct message_header header;
        uint64_t id;
        uint32_t number, inline_length;
        uint64_t argument;
    } request = { .id = file->id, .number = request_number, .argument = argument };
    struct {
        struct message_header header;
        uint64_t id;
        uint32_t offset, inline_length;
    } reply = { .id = 0 };
    struct exchange exchange = {
        .is_interruptible = true,
        .type = MESSAGE_IOCTL, .request = &request, .request_length = sizeof request,
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    int error = link_exchange(&exchange);
    if (exchange.descriptor >= 0) {
        struct file context = { .kind = FILE_CONTEXT, .access = O_RDWR, .id = reply.id };
        (void)files_add(exchange.descriptor, &context);
        uint64_t number = (uint64_t)exchange.descriptor;
        if (error == 0 && !store_number(argument + reply.offset, &number, sizeof number))
            error = EFAULT; /* what the call did stays done, as in the driver */
    }
    debug("ioctl %#x: %d", request_number, error);
    return error == 0 ? 0 : fail_link(error);
}

EXPORT int ioctl(int descriptor, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);

    struct file file = files_get(descriptor);
    if (file.kind == FILE_NONE && is_of_the_device(request))
        file = files_identify(descriptor);
    if (file.kind == FILE_NONE)
        return real()->ioctl(descriptor, request, argument);
    if (file.kind == FILE_HIDDEN)
        return fail(EBADF);
    if (is_of_the_file(request))
        return real()->ioctl(descriptor, request, argument);
    return forward_ioctl(&file, (unsigned)request, (uintptr_t)argument);
}

/* ---- read, write, poll -------------------------------------------------------------------- */

EXPORT ssize_t read(int descriptor, void *buffer, size_t count)
{
    struct file file = files_get(descriptor);
    if (file.kind == FILE_NONE)
        return real()->read(descriptor, buffer, count);
    if (file.kind == FILE_HIDDEN)
        return fail(EBADF);
    if (file.kind != FILE_CONTEXT)
        return fail(EINVAL); /* the read and write interface of sg is not there */
    if (count < EVENT_READ_MINIMUM)
        return fail(EINVAL);
    ssize_t length = real()->read(descriptor, buffer, count);
    return length == 0 || (length < 0 && errno == ECONNRESET) ? fail(EIO) : length;
}

EXPORT ssize_t __read_chk(int descriptor, void *buffer, size_t count, size_t size);

EXPORT ssize_t __read_chk(int descriptor, void *buffer, size_t count, size_t size)
{
    if (count > size)
        __builtin_trap();
    return read(descriptor, buffer, count);
}

EXPORT ssize_t write(int descriptor, const void *buffer, size_t count)
{
    struct file file = files_get(descriptor);
    if (file.kind == FILE_NONE)
        return real()->write(descriptor, buffer, count);
    return fail(file.kind == FILE_HIDDEN ? EBADF : EINVAL);
}

/* The closed context of the daemon is a readable end of file; the driver's is an error. */
static void correct_events(struct pollfd *entries, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if (!(entries[i].revents & (POLLIN | POLLHUP | POLLRDHUP))
            || files_get(entries[i].fd).kind != FILE_CONTEXT)
            continue;
        char byte;
        ssize_t length = recv(entries[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (length == 0 || (length < 0 && errno == ECONNRESET))
            entries[i].revents = POLLERR;
    }
}

EXPORT int poll(struct pollfd *entries, nfds_t count, int timeout)
{
    int result = real()->poll(entries, count, timeout);
    if (result > 0 && files_is_any_ours()) {
        correct_events(entries, count);
    }
    return result;
}

EXPORT int ppoll(struct pollfd *entries, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
    sigset_t stripped;
    if (mask && preload_is_active()) {
        stripped = *mask;
        signals_strip(&stripped);
        mask = &stripped;
    }
    int result = real()->ppoll(entries, count, timeout, mask);
    if (result > 0 && files_is_any_ours()) {
        correct_events(entries, count);
    }
    return result;
}

EXPORT int __poll_chk(struct pollfd *entries, nfds_t count, int timeout, size_t size);

EXPORT int __poll_chk(struct pollfd *entries, nfds_t count, int timeout, size_t size)
{
    if (size / sizeof *entries < count)
        __builtin_trap();
    return poll(entries, count, timeout);
}
