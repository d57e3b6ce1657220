/*
 * Parents and children: clones, contexts of others, and processes that end without a word.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0), child);
    CHECK(status, 0);
}

static void tag(uint64_t *block, uint64_t value)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        block[i] = value + i;
}

static void write_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8];
    tag(s_block, value);
    transfer_well(context, handle, true, lba, 1, s_block);
}

static void check_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8];
    memset(s_block, 0xEE, sizeof s_block);
    transfer_well(context, handle, false, lba, 1, s_block);
    CHECK(s_block[0], value);
    CHECK(s_block[BLOCK_BYTES / 8 - 1], value + BLOCK_BYTES / 8 - 1);
}

/* ---- clone -------------------------------------------------------------------------------- */

static bool is_closed(uint64_t handle)
{
    return handle == 1 || handle == 7 || handle == 10 || handle == 12 || handle == 15;
}

static void clone_in_child(struct context *parent)
{
    struct context context;
    context_attach(&context, parent->device, 2);
    context_set_up(&context);
    context_unmap(parent);
    struct dk_cxlflash_clone clone = {
        .hdr.flags = 2, .context_id_src = parent->id, .context_id_dst = context.id,
        .adap_fd_src = (uint64_t)parent->adapter,
    };
    CHECK_ERROR(ioctl(context.device, DK_CXLFLASH_VLUN_CLONE, &clone), 0);
    CHECK(close(parent->adapter), 0);

    for (uint64_t i = 0; i < 16; i++)
        if (!is_closed(i))
            check_tag(&context, i, 3, 500 + i);
    for (uint64_t i = 0; i < 5; i++) {
        uint64_t handle;
        CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
        CHECK(is_closed(handle), true); /* the free ones */
        write_tag(&context, handle, 3, 900 + handle);
    }
    check_tag(&context, 0, 3, 500);
    write_tag(&context, 2, 4, 777); /* chunks are shared */
    context_detach(&context);
}

void scenario_clone(void)
{
    struct context context;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    for (uint64_t i = 0; i < 16; i++) {
        uint64_t handle;
        CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
        write_tag(&context, handle, 3, 500 + i);
    }
    for (uint64_t i = 0; i < 16; i++)
        if (is_closed(i))
            CHECK_ERROR(release(&context, i), 0);

    pid_t child = fork();
    if (child == 0) {
        clone_in_child(&context);
        _exit(0);
    }
    wait_for(child);
    for (uint64_t i = 0; i < 16; i++)
        if (!is_closed(i))
            check_tag(&context, i, 3, 500 + i);
    check_tag(&context, 2, 4, 777);
    context_detach(&context);
    CHECK(close(device), 0);
}

/* ---- others' contexts, and ends ------------------------------------------------------------- */

/* A child may do nothing with its parent's context, and its copies of descriptors are only that. */
static void use_parents_context(struct context *parent)
{
    uint64_t handle;
    struct dk_cxlflash_detach detach = { .context_id = parent->id };
    struct dk_cxlflash_recover_afu recover = { .context_id = parent->id };
    struct dk_cxlflash_attach reuse = {
        .hdr.flags = DK_CXLFLASH_ATTACH_REUSE_CONTEXT | 2, .num_interrupts = 4,
        .context_id = parent->id,
    };
    CHECK_ERROR(resize(parent, 0, 70000, NULL), EINVAL);
    CHECK_ERROR(release(parent, 0), EINVAL);
    CHECK_ERROR(user_virtual(parent, 1, &handle, NULL), EINVAL);
    CHECK_ERROR(ioctl(parent->device, DK_CXLFLASH_RECOVER_AFU, &recover), EINVAL);
    CHECK_ERROR(ioctl(parent->device, DK_CXLFLASH_ATTACH, &reuse), EINVAL);
    CHECK(close(parent->adapter), 0);
    CHECK_ERROR(ioctl(parent->device, DK_CXLFLASH_DETACH, &detach), EINVAL);
}

/* The last close of a process that was killed comes when the kernel gets to it. */
static void await_free_mode(int device)
{
    struct context context;
    uint64_t handle;
    context_attach(&context, device, 2);
    context_set_up(&context);
    int result, looks = 0;
    while ((result = user_direct(&context, &handle, NULL)) != 0 && looks++ < 5000)
        poll(NULL, 0, 1);
    CHECK_ERROR(result, 0);
    context_detach(&context);
}

static void hold_much(int device, int ready)
{
    struct context contexts[3];
    for (int i = 0; i < 3; i++) {
        context_attach(&contexts[i], device, 2);
        context_set_up(&contexts[i]);
        for (int handles = 0; handles < 5; handles++) {
            uint64_t handle;
            CHECK_ERROR(user_virtual(&contexts[i], 1, &handle, NULL), 0);
            write_tag(&contexts[i], handle, 0, 1);
        }
    }
    CHECK(write(ready, "r", 1), 1);
}

void scenario_ends(void)
{
    struct context context;
    uint64_t handle;
    char byte;
    int ready[2], device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
    write_tag(&context, handle, 9, 42);

    pid_t child = fork();
    if (child == 0) {
        use_parents_context(&context);
        _exit(0);
    }
    wait_for(child);
    check_tag(&context, handle, 9, 42);
    context_detach(&context);

    /* One that exits, and one that is killed. */
    CHECK(pipe(ready), 0);
    for (int is_killed = 0; is_killed < 2; is_killed++) {
        child = fork();
        if (child == 0) {
            hold_much(device, ready[1]);
            while (is_killed)
                pause();
            _exit(0);
        }
        CHECK(read(ready[0], &byte, 1), 1);
        if (is_killed)
            CHECK(kill(child, SIGKILL), 0);
        CHECK(waitpid(child, NULL, 0), child);
        await_free_mode(device);
    }
    CHECK(close(device), 0);
}
