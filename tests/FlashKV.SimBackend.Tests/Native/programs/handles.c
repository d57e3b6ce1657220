/*
 * Contexts and handles: virtual and physical LUNs from attach to detach, and what is refused.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AFU_OUT_OF_BOUNDS 0x130000u
#define SCSI_CHECK 0x000200u
#define AFU_NO_PERMISSION 0x050000u

static uint64_t chunk_blocks(const struct context *context)
{
    return 65536 * context->block_size / BLOCK_BYTES;
}

static void fill(uint64_t *block, uint64_t seed)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        block[i] = seed * 0x9E3779B97F4A7C15u + i;
}

static void check_block(const uint64_t *block, uint64_t seed)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        CHECK(block[i], seed * 0x9E3779B97F4A7C15u + i);
}

static void write_then_read(struct context *context, uint64_t handle, uint64_t lba, uint64_t seed)
{
    static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8];
    fill(s_block, seed);
    transfer_well(context, handle, true, lba, 1, s_block);
    memset(s_block, 0, sizeof s_block);
    transfer_well(context, handle, false, lba, 1, s_block);
    check_block(s_block, seed);
}

void scenario_lifecycle(void)
{
    static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8 * 2];
    struct context context;
    uint64_t handle, last;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    uint64_t chunk = chunk_blocks(&context);

    CHECK_ERROR(user_virtual(&context, 1, &handle, &last), 0);
    CHECK(handle, 0);
    CHECK(last, chunk - 1);
    write_then_read(&context, handle, 0, 1);
    write_then_read(&context, handle, chunk - 1, 2);
    CHECK(transfer(&context, handle, false, chunk, 1, s_block), AFU_OUT_OF_BOUNDS);
    CHECK(transfer(&context, handle + 2, false, 0, 1, s_block) & 0xFF0000, AFU_NO_PERMISSION);

    CHECK_ERROR(resize(&context, handle, chunk + 1, &last), 0);
    CHECK(last, 2 * chunk - 1);
    write_then_read(&context, handle, 2 * chunk - 1, 3);
    CHECK_ERROR(verify(&context, handle, NULL, &last), 0);
    CHECK(last, 2 * chunk - 1);
    CHECK_ERROR(resize(&context, handle, chunk, &last), 0);
    CHECK(last, chunk - 1);
    CHECK(transfer(&context, handle, false, chunk, 1, s_block), AFU_OUT_OF_BOUNDS);
    transfer_well(&context, handle, false, 0, 1, s_block);
    check_block(s_block, 1);

    uint64_t empty;
    CHECK_ERROR(user_virtual(&context, 0, &empty, &last), 0);
    CHECK(last, UINT64_MAX);
    CHECK_ERROR(release(&context, empty), 0);
    CHECK_ERROR(release(&context, handle), 0);
    CHECK_ERROR(release(&context, handle), EINVAL);

    struct dk_cxlflash_detach detach = { .context_id = context.id };
    context_detach(&context);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_DETACH, &detach), EINVAL);
    CHECK(close(device), 0);
}

void scenario_physical(void)
{
    struct context context;
    uint64_t handle, last, other;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK(context.max_transfer, 16 * 1024 * 1024 / context.block_size);
    CHECK_ERROR(user_direct(&context, &handle, &last), 0);
    CHECK(last, context.last_lba);

    const uint32_t blocks = 64;
    uint64_t *data = aligned_alloc(4096, blocks * BLOCK_BYTES);
    for (uint32_t i = 0; i < blocks; i++)
        fill(data + i * (BLOCK_BYTES / 8), 1000 + i);
    transfer_well(&context, handle, true, 17, blocks, data);
    memset(data, 0, blocks * BLOCK_BYTES);
    transfer_well(&context, handle, false, 17, blocks, data);
    for (uint32_t i = 0; i < blocks; i++)
        check_block(data + i * (BLOCK_BYTES / 8), 1000 + i);

    uint64_t end = (last + 1) / (BLOCK_BYTES / context.block_size);
    CHECK(transfer(&context, handle, false, end, 1, data) & 0xFF00, SCSI_CHECK);
    CHECK_ERROR(user_virtual(&context, 1, &other, NULL), EINVAL);
    CHECK_ERROR(resize(&context, handle, 1, NULL), EINVAL);
    CHECK_ERROR(verify(&context, handle, NULL, &last), 0);
    CHECK(last, context.last_lba);
    CHECK_ERROR(release(&context, handle), 0);
    context_detach(&context);
    free(data);
    CHECK(close(device), 0);
}

/* Runs in a child that must be ended by a signal. */
static void expect_signal(int number, void (*run)(int), int argument)
{
    pid_t child = fork();
    if (child == 0) {
        run(argument);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status), number);
}

static void read_beyond(int device)
{
    struct context context;
    context_attach(&context, device, 2);
    context_set_up(&context);
    (void)register_read(&context, 0x10000);
}

static void read_unmapped(int device)
{
    struct context context;
    context_attach(&context, device, 2);
    context_set_up(&context);
    volatile unsigned char *registers = context.registers;
    context_unmap(&context);
    context.registers = registers;
    (void)register_read(&context, CMD_ROOM);
}

void scenario_errors(void)
{
    struct dk_cxlflash_attach attach = { .num_interrupts = 4 }, before;
    int device = open("/dev/sg0", O_RDONLY);
    CHECK(device >= 0, 1);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), EPERM);
    CHECK(close(device), 0);
    CHECK_ERROR(open("/dev/sg999", O_RDWR) < 0 ? -1 : 0, ENOENT);

    device = open("/dev/sg0", O_RDWR | O_NONBLOCK);
    CHECK(device >= 0, 1);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, NULL), EFAULT);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, (void *)16), EFAULT);
    CHECK_ERROR(ioctl(device, CXLFLASH_IOWR(0x8A, dk_cxlflash_attach), &attach), EINVAL);
    static const uint16_t versions[] = { 1, 99, 1000 };
    for (int i = 0; i < 3; i++) {
        attach.hdr.version = versions[i];
        before = attach;
        CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), EINVAL);
        CHECK(memcmp(&attach, &before, sizeof attach), 0);
    }
    attach.hdr.version = 0;
    attach.hdr.return_flags = 1;
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), EINVAL);
    attach.hdr.return_flags = 0;
    attach.num_interrupts = 0x99;
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), EINVAL);

    /* An argument that can be read but not written: what was done stays done. */
    struct dk_cxlflash_attach *read_only = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    read_only->num_interrupts = 4;
    CHECK(mprotect(read_only, 4096, PROT_READ), 0);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, read_only), EFAULT);
    CHECK(munmap(read_only, 4096), 0);

    struct context context;
    context_attach(&context, device, 2);
    uint64_t handle, id = context.id;
    context.id = 0x3fff7b29;
    CHECK_ERROR(user_direct(&context, &handle, NULL), EINVAL);
    context.id = 0x99;
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), EINVAL);
    context.id = id;
    CHECK_ERROR(release(&context, 0xdead), EINVAL);
    CHECK_ERROR(resize(&context, 0, 1, NULL), EINVAL);

    CHECK_ERROR(mmap(NULL, 0x20000, PROT_READ, MAP_SHARED, context.adapter, 0) == MAP_FAILED
        ? -1 : 0, EINVAL);
    CHECK_ERROR(mmap(NULL, 0x10000, PROT_READ, MAP_SHARED, context.adapter, 4096) == MAP_FAILED
        ? -1 : 0, EINVAL);
    context_set_up(&context);
    expect_signal(SIGSEGV, read_beyond, device);
    expect_signal(SIGSEGV, read_unmapped, device);

    struct dk_cxlflash_detach detach = { .context_id = context.id };
    context_unmap(&context);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_DETACH, &detach), 0);
    CHECK_ERROR(mmap(NULL, 0x10000, PROT_READ, MAP_SHARED, context.adapter, 0) == MAP_FAILED
        ? -1 : 0, EIO);
    CHECK(close(context.adapter), 0);
    context_free(&context);
    CHECK(close(device), 0);
}

void scenario_handles(void)
{
    enum { HANDLES = 1024 };
    static _Alignas(4096) uint64_t s_block[BLOCK_BYTES / 8];
    struct context context;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    for (uint64_t i = 0; i < HANDLES; i++) {
        uint64_t handle;
        CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
        CHECK(handle, i);
        fill(s_block, i);
        transfer_well(&context, handle, true, 0, 1, s_block);
    }
    for (uint64_t i = 0; i < HANDLES; i++) {
        transfer_well(&context, i, false, 0, 1, s_block);
        check_block(s_block, i);
    }

    /* The lowest free index is taken first. */
    uint64_t handle;
    CHECK_ERROR(release(&context, 1000), 0);
    CHECK_ERROR(release(&context, 7), 0);
    CHECK_ERROR(user_virtual(&context, 0, &handle, NULL), 0);
    CHECK(handle, 7);
    CHECK_ERROR(user_virtual(&context, 0, &handle, NULL), 0);
    CHECK(handle, 1000);
    context_detach(&context); /* and with it all of them */

    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_direct(&context, &handle, NULL), 0); /* the mode is free again */
    context_detach(&context);
    CHECK(close(device), 0);
}

static void work(unsigned number)
{
    for (unsigned round = 0; round < 3; round++) {
        struct context context;
        uint64_t handles[4];
        int device = open_device();
        context_attach(&context, device, 2);
        context_set_up(&context);
        uint64_t chunk = chunk_blocks(&context);
        for (unsigned i = 0; i < 4; i++) {
            CHECK_ERROR(user_virtual(&context, chunk, &handles[i], NULL), 0);
            for (uint64_t lba = 0; lba < 8; lba++)
                write_then_read(&context, handles[i], lba * 1001, number * 100 + i * 10 + lba);
        }
        uint64_t last;
        CHECK_ERROR(resize(&context, handles[1], 2 * chunk, &last), 0);
        CHECK(last, 2 * chunk - 1);
        write_then_read(&context, handles[1], last, number);
        CHECK_ERROR(release(&context, handles[2]), 0);
        context_detach(&context);
        CHECK(close(device), 0);
    }
}

void scenario_processes(void)
{
    enum { PROCESSES = 8 }; /* more than cores, usually */
    pid_t children[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            work(i + 1);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        CHECK(waitpid(children[i], &status, 0), children[i]);
        CHECK(status, 0);
    }
}
