/*
 * Connections to the daemon. A connection carries one request at a time and belongs to the process
 * that made it: the daemon knows a process by the credentials of its connections. Taking one is a
 * compare-and-swap, so it cannot deadlock in a signal handler.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define HELLO_MAGIC 0x44414B46u
#define PROTOCOL_VERSION 1u
#define CALL_CONNECTIONS 24
#define REGISTER_CONNECTIONS 4
#define INTERRUPTED_GRACE_MILLISECONDS 1000

struct connection {
    atomic_bool is_taken;
    int descriptor; /* -1: not connected */
    bool is_single_use;
};

static struct connection s_calls[CALL_CONNECTIONS];
static struct connection s_registers[REGISTER_CONNECTIONS];
static struct sockaddr_un s_address;
static socklen_t s_address_length;
static char s_socket_path[sizeof s_address.sun_path];
static atomic_int s_process;
static atomic_uint s_sequence;
static atomic_bool s_has_reported;
static uint64_t s_proof; /* the daemon reads it, to see that it can */

static int process_id(void)
{
    return (int)syscall(SYS_getpid);
}

bool link_is_own_process(void)
{
    return atomic_load(&s_process) == process_id() || preload_adopt_memory();
}

static void report_down(int error)
{
    if (!atomic_exchange(&s_has_reported, true))
        report("no adapter daemon at %s: %s", s_socket_path, strerror(error));
}

void link_start(const char *socket_path)
{
    for (int i = 0; i < CALL_CONNECTIONS; i++)
        s_calls[i].descriptor = -1;
    for (int i = 0; i < REGISTER_CONNECTIONS; i++)
        s_registers[i].descriptor = -1;
    s_address.sun_family = AF_UNIX;
    s_address_length = sizeof s_address;
    if (strlen(socket_path) >= sizeof s_address.sun_path) {
        report("the socket's path is too long: %s", socket_path);
    } else {
        strcpy(s_socket_path, socket_path);
        strcpy(s_address.sun_path, socket_path);
    }
    if (socket_path[0] == '@') { /* a name that the system keeps, and no file */
        s_address.sun_path[0] = 0;
        s_address_length =
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(s_socket_path));
    }
    s_proof = 0x666C6173686B7600u ^ (uint64_t)process_id();
    atomic_store(&s_process, process_id());
}

/* The parent's connections are not the child's. */
static void forget(struct connection *connections, int count)
{
    for (int i = 0; i < count; i++) {
        if (connections[i].descriptor >= 0) {
            files_remove(connections[i].descriptor);
            syscall(SYS_close, connections[i].descriptor);
        }
        connections[i].descriptor = -1;
        atomic_store(&connections[i].is_taken, false);
    }
}

void link_forget_after_fork(void)
{
    forget(s_calls, CALL_CONNECTIONS);
    forget(s_registers, REGISTER_CONNECTIONS);
    atomic_store(&s_process, process_id());
    if (files_is_any_ours())
        link_return(link_take(LANE_CALL)); /* so that the daemon knows of this process */
}

int link_make_hidden(int descriptor)
{
    struct rlimit limit = { .rlim_cur = 1024 };
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    int from = (limit.rlim_cur > 8192 ? 8192 : (int)limit.rlim_cur) - 256;
    int hidden = (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, from > 16 ? from : 16);
    if (hidden < 0)
        return descriptor;
    syscall(SYS_close, descriptor);
    return hidden;
}

/* ---- one message each way ----------------------------------------------------------------- */

static bool send_message(int descriptor, const void *message, size_t length)
{
    for (;;) {
        ssize_t sent = syscall(SYS_sendto, descriptor, message, length, MSG_NOSIGNAL, NULL, 0);
        if (sent == (ssize_t)length)
            return true;
        if (sent >= 0 || errno != EINTR)
            return false;
    }
}

/* A call that sleeps in the driver ends with EINTR when a signal says so; one that is merely slow
   is waited for. */
static bool answers_after_signal(int descriptor)
{
    struct pollfd entry = { .fd = descriptor, .events = POLLIN };
    struct timespec grace = { .tv_sec = INTERRUPTED_GRACE_MILLISECONDS / 1000 };
    return syscall(SYS_ppoll, &entry, 1ul, &grace, NULL, 0ul) == 1;
}

/* 0, EINTR, or LINK_DOWN. */
static int receive_message(int descriptor, struct exchange *exchange)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec vector = { exchange->reply, exchange->reply_capacity };
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    ssize_t length;
    for (;;) {
        length = syscall(SYS_recvmsg, descriptor, &message, MSG_CMSG_CLOEXEC);
        if (length >= 0 || errno != EINTR)
            break;
        if (exchange->is_interruptible && !answers_after_signal(descriptor))
            return EINTR;
    }
    exchange->descriptor = -1;
    struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&exchange->descriptor, CMSG_DATA(header), sizeof(int));
    exchange->reply_length = length > 0 ? (uint32_t)length : 0;

    struct message_header reply;
    if (exchange->reply_length < MESSAGE_HEADER_BYTES || (message.msg_flags & MSG_TRUNC))
        return LINK_DOWN;
    memcpy(&reply, exchange->reply, sizeof reply);
    return reply.type == (exchange->type | 0x8000u) ? 0 : LINK_DOWN;
}

static int exchange_over(int descriptor, struct exchange *exchange)
{
    struct message_header header = {
        .type = exchange->type,
        .length = exchange->request_length,
        .sequence = atomic_fetch_add(&s_sequence, 1),
    };
    memcpy(exchange->request, &header, sizeof header);
    exchange->descriptor = -1;
    if (!send_message(descriptor, exchange->request, exchange->request_length))
        return LINK_DOWN;
    int result = receive_message(descriptor, exchange);
    if (result != 0)
        return result;

    struct message_header reply;
    memcpy(&reply, exchange->reply, sizeof reply);
    return reply.sequence == header.sequence ? (int)reply.error : LINK_DOWN;
}

/* ---- connecting --------------------------------------------------------------------------- */

static bool say_hello(int descriptor)
{
    struct {
        struct message_header header;
        uint32_t magic, version;
        uint64_t address, content;
    } request = {
        .magic = HELLO_MAGIC, .version = PROTOCOL_VERSION,
        .address = (uintptr_t)&s_proof, .content = s_proof,
    };
    char reply[64];
    struct exchange exchange = {
        .type = MESSAGE_HELLO, .request = &request, .request_length = sizeof request,
        .reply = reply, .reply_capacity = sizeof reply,
    };
    int error = exchange_over(descriptor, &exchange);
    if (error == 0)
        return true;
    if (!atomic_exchange(&s_has_reported, true)) {
        report(error == EPERM ? "the adapter daemon may not reach this process's memory"
            : error == EACCES ? "the adapter daemon belongs to another user"
            : error == LINK_DOWN ? "the adapter daemon has no connection left, or ended"
            : "the adapter daemon speaks another protocol");
    }
    return false;
}

static int connect_to_daemon(void)
{
    int saved = errno;
    int descriptor = (int)syscall(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        errno = saved;
        return -1;
    }
    long result;
    do {
        result = syscall(SYS_connect, descriptor, &s_address, s_address_length);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        report_down(errno);
    } else {
        struct ucred peer = { 0 };
        socklen_t length = sizeof peer;
        if (syscall(SYS_getsockopt, descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0)
            (void)prctl(PR_SET_PTRACER, (unsigned long)peer.pid, 0, 0, 0);
    }
    if (result < 0 || !say_hello(descriptor)) {
        syscall(SYS_close, descriptor);
        descriptor = -1;
    }
    errno = saved;
    return descriptor;
}

/* A process that shares this memory but is not the one that made the connections (between vfork and
   exec) has one for each request. */
static struct connection *take_single_use(void)
{
    static struct connection s_single[8];
    for (;;) {
        for (int i = 0; i < 8; i++) {
            if (atomic_exchange(&s_single[i].is_taken, true))
                continue;
            s_single[i].is_single_use = true;
            s_single[i].descriptor = connect_to_daemon();
            if (s_single[i].descriptor >= 0)
                return &s_single[i];
            atomic_store(&s_single[i].is_taken, false);
            return NULL;
        }
        sched_yield();
    }
}

static void disconnect(int descriptor, bool is_single_use)
{
    if (!is_single_use)
        files_remove(descriptor);
    syscall(SYS_close, descriptor);
}

static bool make_ready(struct connection *connection)
{
    if (connection->descriptor >= 0)
        return true;
    int descriptor = connect_to_daemon();
    if (descriptor < 0)
        return false;
    descriptor = link_make_hidden(descriptor);
    struct file hidden = { .kind = FILE_HIDDEN };
    (void)files_add(descriptor, &hidden);
    connection->descriptor = descriptor;
    return true;
}

struct connection *link_take(enum lane lane)
{
    if (!link_is_own_process())
        return take_single_use();
    struct connection *connections = lane == LANE_CALL ? s_calls : s_registers;
    int count = lane == LANE_CALL ? CALL_CONNECTIONS : REGISTER_CONNECTIONS;
    for (;;) {
        for (int i = 0; i < count; i++) {
            if (atomic_exchange(&connections[i].is_taken, true))
                continue;
            if (make_ready(&connections[i]))
                return &connections[i];
            atomic_store(&connections[i].is_taken, false);
            return NULL;
        }
        sched_yield();
    }
}

void link_return(struct connection *connection)
{
    if (!connection)
        return;
    if (connection->is_single_use && connection->descriptor >= 0)
        disconnect(connection->descriptor, true);
    atomic_store(&connection->is_taken, false);
}

int link_exchange_on(struct connection *connection, struct exchange *exchange)
{
    if (connection->descriptor < 0)
        return LINK_DOWN;
    int saved = errno, descriptor = connection->descriptor;
    int result = exchange_over(descriptor, exchange);
    if (result == LINK_DOWN && !atomic_exchange(&s_has_reported, true))
        report("the adapter daemon at %s went away", s_socket_path);
    if (result == LINK_DOWN || result == EINTR) {
        /* An answer may still come, so the connection is of no more use. First the next one: the
           daemon takes a process without any for ended. */
        connection->descriptor = -1;
        if (result == EINTR && !connection->is_single_use)
            (void)make_ready(connection);
        disconnect(descriptor, connection->is_single_use);
    }
    errno = saved;
    return result;
}

int link_exchange(struct exchange *exchange)
{
    struct connection *connection = link_take(exchange->lane);
    if (!connection)
        return LINK_DOWN;
    int result = link_exchange_on(connection, exchange);
    link_return(connection);
    return result;
}
