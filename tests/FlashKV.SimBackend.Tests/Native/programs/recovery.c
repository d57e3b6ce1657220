/*
 * Resets of the adapter, the events of a context, and threads.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static void write_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    static __thread _Alignas(4096) uint64_t t_block[BLOCK_BYTES / 8];
    t_block[0] = t_block[511] = value;
    transfer_well(context, handle, true, lba, 1, t_block);
}

static void check_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    static __thread _Alignas(4096) uint64_t t_block[BLOCK_BYTES / 8];
    t_block[0] = t_block[511] = 0;
    transfer_well(context, handle, false, lba, 1, t_block);
    CHECK(t_block[0], value);
    CHECK(t_block[511], value);
}

/* A shared page is filled by the daemon; a trapped register answers at once. */
static void await_all_ones(struct context *context)
{
    int looks = 0;
    while (register_read(context, INTR_STATUS) != UINT64_MAX && looks++ < 5000)
        poll(NULL, 0, 1);
    CHECK(register_read(context, INTR_STATUS), UINT64_MAX);
    CHECK(register_read(context, CMD_ROOM), UINT64_MAX);
}

static void check_closed_descriptor(int adapter)
{
    static char s_events[CXL_READ_MIN_SIZE];
    struct pollfd entry = { .fd = adapter, .events = POLLIN };
    CHECK(poll(&entry, 1, 5000), 1);
    CHECK(entry.revents, POLLERR);
    CHECK_ERROR(read(adapter, s_events, sizeof s_events) < 0 ? -1 : 0, EIO);
}

static void recover_once(int device, int ready, int go)
{
    struct context context;
    uint64_t handle, last;
    char byte = 'r';
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &handle, &last), 0);
    write_tag(&context, handle, 5, (uint64_t)getpid());
    CHECK(context_recover(&context), false); /* nothing is wrong */
    CHECK(write(ready, &byte, 1), 1);
    CHECK(read(go, &byte, 1), 1);

    await_all_ones(&context);
    check_closed_descriptor(context.adapter);
    uint64_t other;
    CHECK_ERROR(user_virtual(&context, 1, &other, NULL), EINVAL);
    CHECK_ERROR(verify(&context, handle, NULL, NULL), EINVAL);
    CHECK(context_recover(&context), true);
    CHECK(register_read(&context, INTR_STATUS), 0);
    check_tag(&context, handle, 5, (uint64_t)getpid());
    CHECK_ERROR(verify(&context, handle, NULL, &other), 0);
    CHECK(other, last);
    CHECK_ERROR(resize(&context, handle, 1000000, NULL), 0);
    write_tag(&context, handle, 999999, 3);
    CHECK(context_recover(&context), false);
    CHECK_ERROR(release(&context, handle), 0);
    context_detach(&context);
}

void scenario_recovery(void)
{
    enum { PROCESSES = 4 };
    pid_t children[PROCESSES];
    int ready[2], go[2], device = open_device();
    char byte;
    CHECK(pipe(ready), 0);
    CHECK(pipe(go), 0);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            recover_once(device, ready[1], go[0]);
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++)
        CHECK(read(ready[0], &byte, 1), 1);
    control(CONTROL_RESET, 0, 0, 0, 0);
    for (int i = 0; i < PROCESSES; i++)
        CHECK(write(go[1], "g", 1), 1);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        CHECK(waitpid(children[i], &status, 0), children[i]);
        CHECK(status, 0);
    }
    CHECK(close(device), 0);
}

/* ---- events ------------------------------------------------------------------------------- */

/* A command at an address that is not there. */
static void send_bad_address(struct context *context)
{
    if (!context->is_sq) {
        register_write(context, IOARRIN, 0x1000);
        return;
    }
    register_write(context, SQ_START, 0x1000);
    register_write(context, SQ_END, 0x1400);
    register_write(context, SQ_TAIL, 0x1040);
}

/* In a shared page the status may follow the event. */
static void await_interrupt(struct context *context, uint64_t bit)
{
    int looks = 0;
    while (!(register_read(context, INTR_STATUS) & bit) && looks++ < 5000)
        poll(NULL, 0, 1);
    CHECK(register_read(context, INTR_STATUS) & bit, bit);
}

static void check_ready_everywhere(int adapter)
{
    struct pollfd entry = { .fd = adapter, .events = POLLIN | POLLRDNORM };
    CHECK(poll(&entry, 1, 10000), 1);
    CHECK(entry.revents, POLLIN | POLLRDNORM);
    struct timespec now = { 0, 0 };
    CHECK(ppoll(&entry, 1, &now, NULL), 1);

    fd_set set;
    FD_ZERO(&set);
    FD_SET(adapter, &set);
    struct timeval none = { 0, 0 };
    CHECK(select(adapter + 1, &set, NULL, NULL, &none), 1);

    struct epoll_event event = { .events = EPOLLIN }, got;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, adapter, &event), 0);
    CHECK(epoll_wait(epoll, &got, 1, 0), 1);
    CHECK(close(epoll), 0);
}

void scenario_events(void)
{
    static char s_events[CXL_READ_MIN_SIZE];
    struct context context;
    struct cxl_event_header header;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    struct pollfd entry = { .fd = context.adapter, .events = POLLIN };
    CHECK(poll(&entry, 1, 0), 0);
    CHECK_ERROR(read(context.adapter, s_events, 64) < 0 ? -1 : 0, EINVAL);
    CHECK_ERROR(read(context.adapter, s_events, sizeof s_events) < 0 ? -1 : 0, EAGAIN);
    CHECK_ERROR(write(context.adapter, s_events, 64) < 0 ? -1 : 0, EINVAL);

    send_bad_address(&context);
    check_ready_everywhere(context.adapter);
    await_interrupt(&context, 0x8);
    CHECK_ERROR(read(context.adapter, s_events, 64) < 0 ? -1 : 0, EINVAL);
    ssize_t length = read(context.adapter, s_events, sizeof s_events);
    memcpy(&header, s_events, sizeof header);
    CHECK(length, header.size);
    CHECK(header.type, 1);
    CHECK(header.size, 16);
    CHECK(header.process_element, context.id & 0xFFFF);

    struct dk_cxlflash_detach detach = { .context_id = context.id };
    context_unmap(&context);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_DETACH, &detach), 0);
    while (read(context.adapter, s_events, sizeof s_events) > 0)
        ; /* events that came before */
    check_closed_descriptor(context.adapter);
    CHECK(close(context.adapter), 0);
    context_free(&context);
    CHECK(close(device), 0);
}

/* ---- threads ------------------------------------------------------------------------------- */

static int s_device;

static void *work_in_thread(void *argument)
{
    uint64_t number = (uintptr_t)argument, handle;
    struct context context;
    context_attach(&context, s_device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
    for (uint64_t i = 0; i < 32; i++)
        write_tag(&context, handle, i, number * 1000 + i);
    for (uint64_t i = 0; i < 32; i++)
        check_tag(&context, handle, i, number * 1000 + i);
    context_detach(&context);
    return NULL;
}

static struct context s_shared;

/* One window, all threads: each sees its own stores in order. */
static void *read_and_write(void *argument)
{
    unsigned offset = (uintptr_t)argument % 2 ? SQ_START : SQ_END;
    for (int i = 0; i < 200; i++) {
        CHECK(register_read(&s_shared, INTR_MASK), ~0x1Full);
        (void)register_read(&s_shared, offset);
        register_write(&s_shared, CTX_CTRL, 1);
    }
    return NULL;
}

static void run_threads(void *(*run)(void *))
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(i + 1)), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL), 0);
}

void scenario_threads(void)
{
    s_device = open_device();
    run_threads(work_in_thread);
    context_attach(&s_shared, s_device, 2);
    context_set_up(&s_shared);
    run_threads(read_and_write);
    context_detach(&s_shared);
    CHECK(close(s_device), 0);
}

/* ---- the end of the daemon ------------------------------------------------------------------- */

/* Says "ready", and goes on once there is no daemon any more. */
void scenario_abandoned(void)
{
    struct context context;
    uint64_t handle;
    char line[8];
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
    write_tag(&context, handle, 1, 1);
    puts("ready");
    fflush(stdout);
    CHECK(fgets(line, sizeof line, stdin) != NULL, true);

    await_all_ones(&context);
    register_write(&context, CTX_CTRL, 1);
    check_closed_descriptor(context.adapter);
    CHECK_ERROR(release(&context, handle), ENODEV);
    struct dk_cxlflash_recover_afu recover = { .context_id = context.id };
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_RECOVER_AFU, &recover), ENODEV);
    context_unmap(&context);
    CHECK(close(context.adapter), 0);
    CHECK(close(device), 0);
    context_free(&context);
}
