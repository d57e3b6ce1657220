/*
 * What happens to a context under load: its own reset, resets of the adapter, links that go, and a
 * LUN that changes its capacity.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define NO_LOGIN 0x54 /* the link that went is up again */
#define LINK_DOWN 0x57
#define NO_CHANNELS 0x20

static _Alignas(4096) uint64_t s_blocks[COMMANDS][BLOCK_BYTES / 8];

static void tag(unsigned block, uint64_t value)
{
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        s_blocks[block][i] = value + i;
}

static void check_tag(struct context *context, uint64_t handle, uint64_t lba, uint64_t value)
{
    memset(s_blocks[0], 0, sizeof s_blocks[0]);
    transfer_well(context, handle, false, lba, 1, s_blocks[0]);
    for (unsigned i = 0; i < BLOCK_BYTES / 8; i++)
        CHECK(s_blocks[0][i], value + i);
}

static uint64_t set_up(struct context *context, int device)
{
    uint64_t handle;
    context_attach(context, device, 2);
    context_set_up(context);
    CHECK_ERROR(user_virtual(context, 1, &handle, NULL), 0);
    tag(0, 0);
    transfer_well(context, handle, true, 0, 1, s_blocks[0]);
    return handle;
}

static void leave(struct context *context, int device)
{
    context_detach(context);
    CHECK(close(device), 0);
}

/* ---- context reset -------------------------------------------------------------------------- */

static void send_many(struct context *context, uint64_t handle, unsigned count, uint64_t value)
{
    for (unsigned i = 0; i < count; i++) {
        tag(i, value + i);
        prepare(context, &context->commands[i], handle, true, i, 1, s_blocks[i]);
        send_command(context, &context->commands[i]);
    }
}

/* As the driver and the block library do it: 1, and then wait for the bit to go. */
static void reset_context(struct context *context)
{
    unsigned offset = context->is_sq ? SQ_CTX_RESET : IOARRIN;
    register_write(context, offset, 1);
    int looks = 0;
    while ((register_read(context, offset) & 1) && looks++ < 2500)
        poll(NULL, 0, 10);
    CHECK(register_read(context, offset) & 1, 0);
}

/* What was answered before the reset, in any number; afterwards nothing comes any more. */
static unsigned take_answers(struct context *context)
{
    unsigned count = 0;
    while ((__atomic_load_n(&context->responses[context->response], __ATOMIC_ACQUIRE) & 1)
           == context->toggle) {
        CHECK(await_response(context) != NULL, true);
        count++;
    }
    return count;
}

void scenario_contextreset(void)
{
    struct context context;
    int device = open_device();
    uint64_t handle = set_up(&context, device);
    for (uint64_t round = 1; round <= 20; round++) {
        unsigned sent = 1 + round % (COMMANDS - 1);
        send_many(&context, handle, sent, round * 1000);
        reset_context(&context);
        CHECK(take_answers(&context) <= sent, true);
        poll(NULL, 0, 1);
        CHECK(take_answers(&context), 0);
        if (context.is_sq) {
            /* All before the tail is given up; the next slot is where the tail is. */
            CHECK(register_read(&context, SQ_HEAD), register_read(&context, SQ_TAIL));
        } else {
            CHECK(register_read(&context, CMD_ROOM) >= COMMANDS, true);
        }

        /* The same commands once more, and all are done. */
        send_many(&context, handle, sent, round * 1000);
        for (unsigned i = 0; i < sent; i++) {
            struct command *answered = await_response(&context);
            CHECK(answered != NULL, true);
            CHECK(answered->sa.scsi_rc | answered->sa.afu_rc | answered->sa.fc_rc, 0);
        }
        for (unsigned i = 0; i < sent; i++)
            check_tag(&context, handle, i, round * 1000 + i);
    }
    CHECK(context_recover(&context), false); /* a reset of the context is none of the adapter */
    leave(&context, device);
}

/* ---- capacity -------------------------------------------------------------------------------- */

static void expect_capacity(struct context *context, uint64_t handle, uint64_t blocks)
{
    uint64_t last;
    CHECK(transfer(context, handle, false, 0, 1, s_blocks[0]) & 0xFFFFFF, 0x000200);
    struct sisl_ioasa *status = &context->commands[0].sa;
    CHECK(status->sense_data[2] & 0x0F, 6);
    CHECK(status->sense_data[12], 0x2A);
    CHECK(status->sense_data[13], 0x09);
    CHECK_ERROR(verify(context, handle, status->sense_data, &last), 0);
    CHECK(last, blocks - 1);
    CHECK(transfer(context, handle, false, 0, 1, s_blocks[0]), 0);
}

void scenario_capacity(void)
{
    struct context context;
    uint64_t handle, last;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_direct(&context, &handle, &last), 0);
    uint64_t whole = last + 1, half = whole / 2;
    transfer_well(&context, handle, true, whole - 1, 1, s_blocks[0]);

    control(CONTROL_CAPACITY, 0, 0, 0, half);
    expect_capacity(&context, handle, half);
    CHECK(transfer(&context, handle, false, half - 1, 1, s_blocks[0]), 0);
    CHECK(transfer(&context, handle, false, half, 1, s_blocks[0]) & 0xFF00, 0x0200);
    CHECK(context.commands[0].sa.sense_data[2] & 0x0F, 5); /* ILLEGAL REQUEST */
    CHECK(context.commands[0].sa.sense_data[12], 0x21);    /* LBA out of range */

    control(CONTROL_CAPACITY, 0, 0, 0, whole);
    expect_capacity(&context, handle, whole);
    CHECK(transfer(&context, handle, false, whole - 1, 1, s_blocks[0]), 0);
    leave(&context, device);
}

/* ---- resets and links under load ------------------------------------------------------------- */

static atomic_bool s_is_over;
static void (*s_disturb)(unsigned round);

static void *disturb(void *unused)
{
    (void)unused;
    for (unsigned round = 0; round < 10; round++) {
        poll(NULL, 0, 2);
        s_disturb(round);
    }
    atomic_store(&s_is_over, true);
    return NULL;
}

static void reset_adapter(unsigned round)
{
    (void)round;
    control(CONTROL_RESET, 0, 0, 0, 0);
}

/* One port after the other, and now and then both. */
static void pull_links(unsigned round)
{
    unsigned ports = round % 3 + 1;
    for (unsigned port = 0; port < 2; port++)
        control(CONTROL_PORT, 0, port, !(ports & 1u << port), 0);
    poll(NULL, 0, 1);
    for (unsigned port = 0; port < 2; port++)
        control(CONTROL_PORT, 0, port, 1, 0);
}

/* Writes one block until it is written; how often it had to recover. */
static unsigned write_through_all(struct context *context, uint64_t handle, uint64_t lba)
{
    unsigned recoveries = 0;
    for (;;) {
        uint32_t status = transfer(context, handle, true, lba, 1, s_blocks[1]);
        if (status == 0)
            return recoveries;
        struct sisl_ioasa *answer = &context->commands[0].sa;
        if (status == UINT32_MAX) {
            recoveries += context_recover(context);
        } else if (answer->scsi_rc == 2) {
            if (verify(context, handle, answer->sense_data, NULL) != 0)
                CHECK(errno, EINVAL); /* reset once more meanwhile */
        } else if (answer->afu_rc != NO_CHANNELS && answer->fc_rc != NO_LOGIN) {
            CHECK(status, LINK_DOWN);
        }
    }
}

static void run_under(void (*disturbance)(unsigned), bool is_recovered)
{
    struct context context;
    pthread_t other;
    int device = open_device();
    uint64_t handle = set_up(&context, device);
    unsigned recoveries = 0;
    s_disturb = disturbance;
    CHECK(pthread_create(&other, NULL, disturb, NULL), 0);
    uint64_t written = 0;
    for (bool is_last = false; !is_last; written++) {
        is_last = atomic_load(&s_is_over); /* the last write meets what came after the others */
        tag(1, written);
        recoveries += write_through_all(&context, handle, written % 64);
    }
    CHECK(pthread_join(other, NULL), 0);
    CHECK(recoveries > 0, is_recovered);
    for (uint64_t back = 1; back <= 64 && back <= written; back++)
        check_tag(&context, handle, (written - back) % 64, written - back);
    leave(&context, device);
}

void scenario_resetload(void)
{
    run_under(reset_adapter, true);
}

void scenario_linkload(void)
{
    run_under(pull_links, false);
}
