/*
 * Several LUNs in one context, all contexts of an adapter, and what an operator does to it.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define CONTEXTS 508
#define AFU_NO_CHANNELS 0x20

/* Another LUN joins a context; the context lives as long as one of them. */
static void check_reuse(int first, int second)
{
    static _Alignas(4096) unsigned char s_block[BLOCK_BYTES];
    struct context context;
    uint64_t one, other, again;
    context_attach(&context, first, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &one, NULL), 0);

    struct dk_cxlflash_attach attach = {
        .hdr.flags = DK_CXLFLASH_ATTACH_REUSE_CONTEXT | 2, .num_interrupts = 4,
        .context_id = context.id,
    }, twice = attach;
    CHECK_ERROR(ioctl(second, DK_CXLFLASH_ATTACH, &attach), 0);
    CHECK(attach.adap_fd, UINT64_MAX);
    CHECK(attach.context_id, context.id);
    CHECK(attach.hdr.return_flags & DK_CXLFLASH_APP_CLOSE_ADAP_FD, 0);
    CHECK_ERROR(ioctl(second, DK_CXLFLASH_ATTACH, &twice), EINVAL);

    context.device = second;
    CHECK_ERROR(user_virtual(&context, 1, &other, NULL), 0);
    CHECK(other, one + 1);
    CHECK_ERROR(release(&context, one), EINVAL); /* the other LUN's */
    memset(s_block, 0x5A, sizeof s_block);
    transfer_well(&context, other, true, 11, 1, s_block);

    struct dk_cxlflash_detach detach = { .context_id = context.id };
    CHECK_ERROR(ioctl(first, DK_CXLFLASH_DETACH, &detach), 0);
    memset(s_block, 0, sizeof s_block);
    transfer_well(&context, other, false, 11, 1, s_block);
    CHECK(s_block[BLOCK_BYTES - 1], 0x5A);
    CHECK_ERROR(user_virtual(&context, 1, &again, NULL), 0);
    CHECK(again, one);
    context_detach(&context);
    CHECK_ERROR(ioctl(second, DK_CXLFLASH_ATTACH, &twice), EINVAL);
}

static void check_limit(int device)
{
    static struct context s_contexts[CONTEXTS];
    struct dk_cxlflash_attach attach = { .hdr.flags = 2, .num_interrupts = 4 };
    for (int i = 0; i < CONTEXTS; i++)
        context_attach(&s_contexts[i], device, 2);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), ENODEV);
    for (int i = 0; i < CONTEXTS; i++)
        context_detach(&s_contexts[i]);
    context_attach(&s_contexts[0], device, 2);
    context_detach(&s_contexts[0]);
}

void scenario_contexts(void)
{
    int first = open_device(), second = open("/dev/sg1", O_RDWR);
    CHECK(second >= 0, true);
    check_reuse(first, second);
    check_limit(first);
    CHECK(close(first), 0);
    CHECK(close(second), 0);
}

/* ---- ports, unit attentions, capacities ------------------------------------------------------- */

static void check_port_attribute(const char *expected)
{
    char text[16] = "";
    FILE *file = fopen("/sys/class/scsi_host/host0/port0", "r");
    CHECK(file != NULL, true);
    CHECK(fgets(text, sizeof text, file) != NULL, true);
    text[strcspn(text, "\n")] = '\0';
    CHECK(strcmp(text, expected), 0);
    CHECK(fclose(file), 0);
}

void scenario_adapter(void)
{
    static _Alignas(4096) unsigned char s_block[BLOCK_BYTES];
    struct context context;
    uint64_t handle, last;
    int device = open_device();
    context_attach(&context, device, 2);
    context_set_up(&context);
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
    transfer_well(&context, handle, true, 0, 1, s_block);

    for (unsigned port = 0; port < 2; port++)
        control(CONTROL_PORT, 0, port, 0, 0);
    check_port_attribute("offline");
    CHECK(transfer(&context, handle, true, 0, 1, s_block) >> 16 & 0xFF, AFU_NO_CHANNELS);
    for (unsigned port = 0; port < 2; port++)
        control(CONTROL_PORT, 0, port, 1, 0);
    check_port_attribute("online");
    transfer_well(&context, handle, true, 0, 1, s_block);

    /* Parameters changed: told once, verified, and as if nothing had been. */
    control(CONTROL_ATTENTION, 0, 0, 0x2A01, 0);
    CHECK(transfer(&context, handle, false, 0, 1, s_block) & 0xFFFFFF, 0x000200);
    struct sisl_ioasa *status = &context.commands[0].sa;
    CHECK(status->flags & 0x80, 0x80); /* with sense data */
    CHECK(status->sense_data[2] & 0x0F, 6);
    CHECK(status->sense_data[12], 0x2A);
    CHECK(status->sense_data[13], 1);
    CHECK_ERROR(verify(&context, handle, status->sense_data, &last), 0);
    CHECK(transfer(&context, handle, false, 0, 1, s_block), 0);
    context_detach(&context);
    CHECK(close(device), 0);
}
