/*
 * A program's whole life with the adapter, in more processes than there are processors, one of
 * which has 1,024 handles in one context.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY_HANDLES = 1024, LEAST_PROCESSES = 6 };

static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8];

static uint64_t tag_of(unsigned process, uint64_t handle)
{
    return (uint64_t)process << 32 | (handle + 1) << 8;
}

static void write_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        s_block[i] = value ^ i;
    transfer_well(context, handle, true, lba, 1, s_block);
}

static void check_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    memset(s_block, 0xEE, sizeof s_block);
    transfer_well(context, handle, false, lba, 1, s_block);
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        CHECK(s_block[i], value ^ i);
}

static void check_all(struct context *context, unsigned process, uint64_t handles)
{
    for (uint64_t i = 0; i < handles; i++)
        check_tag(context, i, i % 7, tag_of(process, i));
}

static void wait_for(pid_t child)
{
    int status;
    CHECK(waitpid(child, &status, 0), child);
    CHECK(status, 0);
}

static void clone_in_child(struct context *parent, unsigned process, uint64_t handles)
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
    check_all(&context, process, handles);
    write_tag(&context, handles - 1, 100, tag_of(process, 5000));
    context_detach(&context);
}

static void live(unsigned process, int ready, int go)
{
    struct context context;
    uint64_t handles = process == 0 ? MANY_HANDLES : 1, last, grown;
    char byte = 'r';
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    for (uint64_t i = 0; i < handles; i++) {
        uint64_t handle;
        CHECK_ERROR(user_virtual(&context, 1, &handle, &last), 0);
        CHECK(handle, i);
        write_tag(&context, handle, i % 7, tag_of(process, i));
    }
    check_all(&context, process, handles);
    CHECK_ERROR(resize(&context, 0, last + 2, &grown), 0);
    CHECK(grown, 2 * (last + 1) - 1);
    write_tag(&context, 0, grown, tag_of(process, 6000));
    CHECK_ERROR(verify(&context, 0, NULL, &last), 0);
    CHECK(last, grown);

    CHECK(write(ready, &byte, 1), 1);
    CHECK(read(go, &byte, 1), 1);
    CHECK(context_recover(&context), true);
    check_all(&context, process, handles);
    check_tag(&context, 0, grown, tag_of(process, 6000));

    pid_t child = fork();
    if (child == 0) {
        clone_in_child(&context, process, handles);
        _exit(0);
    }
    wait_for(child);
    check_tag(&context, handles - 1, 100, tag_of(process, 5000));
    for (uint64_t i = 0; i < handles; i++)
        CHECK_ERROR(release(&context, i), 0);
    context_detach(&context);
    CHECK(close(device), 0);
}

void scenario_whole(void)
{
    unsigned processes = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) + 1;
    if (processes < LEAST_PROCESSES)
        processes = LEAST_PROCESSES;
    pid_t *children = calloc(processes, sizeof *children);
    int ready[2], go[2];
    char byte = 'g';
    CHECK(pipe(ready), 0);
    CHECK(pipe(go), 0);
    for (unsigned i = 0; i < processes; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            CHECK(close(ready[0]), 0); /* so that the end of the others shows */
            CHECK(close(go[1]), 0);
            live(i, ready[1], go[0]);
            _exit(0);
        }
    }
    CHECK(close(ready[1]), 0);
    for (unsigned i = 0; i < processes; i++)
        CHECK(read(ready[0], &byte, 1), 1);
    control(CONTROL_RESET, 0, 0, 0, 0);
    for (unsigned i = 0; i < processes; i++)
        CHECK(write(go[1], &byte, 1), 1);
    for (unsigned i = 0; i < processes; i++)
        wait_for(children[i]);
    free(children);
}
