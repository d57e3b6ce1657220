#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void check(const char *file, int line, const char *what, long long actual, long long expected)
{
    if (actual == expected)
        return;
    fprintf(stderr, "%s:%d: process %d: %s is %lld (%#llx), not %lld (%#llx)\n", file, line,
        (int)getpid(), what, actual, actual, expected, expected);
    _exit(1);
}

void check_error(const char *file, int line, const char *what, int result, int error)
{
    int actual = result == 0 ? 0 : errno;
    if (actual == error)
        return;
    fprintf(stderr, "%s:%d: process %d: %s gave errno %d (%s), not %d (%s)\n", file, line,
        (int)getpid(), what, actual, strerror(actual), error, strerror(error));
    _exit(1);
}

/* ---- registers ---------------------------------------------------------------------------- */

uint64_t register_read(struct context *context, unsigned offset)
{
    uint64_t value = *(volatile uint64_t *)(context->registers + offset);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

void register_write(struct context *context, unsigned offset, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    *(volatile uint64_t *)(context->registers + offset) = value;
}

/* ---- contexts ----------------------------------------------------------------------------- */

void context_attach(struct context *context, int device, uint64_t open_mode)
{
    struct dk_cxlflash_attach attach = { .hdr.flags = open_mode, .num_interrupts = 4 };
    memset(context, 0, sizeof *context);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_ATTACH, &attach), 0);
    CHECK(attach.hdr.return_flags & DK_CXLFLASH_APP_CLOSE_ADAP_FD, DK_CXLFLASH_APP_CLOSE_ADAP_FD);
    CHECK(attach.mmio_size, 0x10000);
    context->device = device;
    context->adapter = (int)attach.adap_fd;
    context->id = attach.context_id;
    context->mmio_size = attach.mmio_size;
    context->block_size = attach.block_size;
    context->last_lba = attach.last_lba;
    context->max_transfer = attach.max_xfer;
    context->is_sq = (attach.hdr.return_flags & DK_CXLFLASH_CONTEXT_SQ_CMD_MODE) != 0;
}

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
    if (!memory)
        abort();
    memset(memory, 0, bytes);
    return memory;
}

void context_set_up(struct context *context)
{
    context->registers = mmap(NULL, context->mmio_size, PROT_READ | PROT_WRITE, MAP_SHARED,
        context->adapter, 0);
    if (context->registers == MAP_FAILED)
        check_error(__FILE__, __LINE__, "mmap of the context", -1, 0);
    int flags = fcntl(context->adapter, F_GETFL);
    CHECK(fcntl(context->adapter, F_SETFL, flags | O_NONBLOCK), 0);

    if (!context->responses) {
        context->responses = allocate(COMMANDS * sizeof(uint64_t));
        context->slots = allocate((COMMANDS + 1) * sizeof(struct sisl_ioarcb));
        context->commands = allocate(COMMANDS * sizeof(struct command));
    }
    memset((void *)context->responses, 0, COMMANDS * sizeof(uint64_t));
    context->response = context->slot = 0;
    context->toggle = 1;

    register_write(context, RRQ_START, (uintptr_t)context->responses);
    register_write(context, RRQ_END, (uintptr_t)(context->responses + COMMANDS - 1));
    if (context->is_sq) {
        register_write(context, SQ_START, (uintptr_t)context->slots);
        register_write(context, SQ_END, (uintptr_t)(context->slots + COMMANDS));
    }
    register_write(context, CTX_CTRL, 1);
    register_write(context, INTR_MASK, ~0x1Full);
}

void context_unmap(struct context *context)
{
    CHECK(munmap((void *)context->registers, context->mmio_size), 0);
    context->registers = NULL;
}

void context_free(struct context *context)
{
    free((void *)context->responses);
    free(context->slots);
    free(context->commands);
    context->responses = NULL;
}

void context_detach(struct context *context)
{
    struct dk_cxlflash_detach detach = { .context_id = context->id };
    if (context->registers)
        context_unmap(context);
    CHECK_ERROR(ioctl(context->device, DK_CXLFLASH_DETACH, &detach), 0);
    CHECK(close(context->adapter), 0);
    context_free(context);
}

bool context_recover(struct context *context)
{
    struct dk_cxlflash_recover_afu recover = { .context_id = context->id };
    CHECK_ERROR(ioctl(context->device, DK_CXLFLASH_RECOVER_AFU, &recover), 0);
    if (!(recover.hdr.return_flags & DK_CXLFLASH_RECOVER_AFU_CONTEXT_RESET))
        return false;
    CHECK(recover.hdr.return_flags & DK_CXLFLASH_APP_CLOSE_ADAP_FD, DK_CXLFLASH_APP_CLOSE_ADAP_FD);
    CHECK(recover.context_id >> 32, context->id >> 32);
    int old = context->adapter;
    context->id = recover.context_id;
    context->adapter = (int)recover.adap_fd;
    context->mmio_size = recover.mmio_size;
    if (context->registers)
        context_unmap(context);
    CHECK(close(old), 0);
    context_set_up(context);
    return true;
}

/* ---- handles ------------------------------------------------------------------------------ */

int user_virtual(struct context *context, uint64_t blocks, uint64_t *handle, uint64_t *last)
{
    struct dk_cxlflash_uvirtual call = { .context_id = context->id, .lun_size = blocks };
    int result = ioctl(context->device, DK_CXLFLASH_USER_VIRTUAL, &call);
    *handle = call.rsrc_handle;
    if (last)
        *last = call.last_lba;
    return result;
}

int user_direct(struct context *context, uint64_t *handle, uint64_t *last)
{
    struct dk_cxlflash_udirect call = { .context_id = context->id };
    int result = ioctl(context->device, DK_CXLFLASH_USER_DIRECT, &call);
    *handle = call.rsrc_handle;
    if (last)
        *last = call.last_lba;
    return result;
}

int resize(struct context *context, uint64_t handle, uint64_t blocks, uint64_t *last)
{
    struct dk_cxlflash_resize call = {
        .context_id = context->id, .rsrc_handle = handle, .req_size = blocks,
    };
    int result = ioctl(context->device, DK_CXLFLASH_VLUN_RESIZE, &call);
    if (last)
        *last = call.last_lba;
    return result;
}

int release(struct context *context, uint64_t handle)
{
    struct dk_cxlflash_release call = { .context_id = context->id, .rsrc_handle = handle };
    return ioctl(context->device, DK_CXLFLASH_RELEASE, &call);
}

int verify(struct context *context, uint64_t handle, const uint8_t *sense, uint64_t *last)
{
    struct dk_cxlflash_verify call = { .context_id = context->id, .rsrc_handle = handle };
    if (sense) {
        call.hint = DK_CXLFLASH_VERIFY_HINT_SENSE;
        memcpy(call.sense_data, sense, sizeof call.sense_data);
    }
    int result = ioctl(context->device, DK_CXLFLASH_VERIFY, &call);
    if (last)
        *last = call.last_lba;
    return result;
}

/* ---- commands ----------------------------------------------------------------------------- */

static void put_big_endian(uint8_t *to, uint64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

void prepare(struct context *context, struct command *command, uint64_t handle, bool is_write,
    uint64_t lba, uint32_t blocks, void *data)
{
    uint64_t multiplier = BLOCK_BYTES / context->block_size;
    memset(command, 0, sizeof *command);
    command->rcb.ctx_id = (uint16_t)context->id;
    command->rcb.req_flags = (uint16_t)(SISL_REQ_FLAGS_RES_HNDL
        | (is_write ? SISL_REQ_FLAGS_HOST_WRITE : 0));
    command->rcb.res_hndl = (uint32_t)handle;
    command->rcb.data_len = blocks * BLOCK_BYTES;
    command->rcb.data_ea = (uintptr_t)data;
    command->rcb.timeout = 5;
    command->rcb.cdb[0] = is_write ? 0x8A : 0x88;
    put_big_endian(command->rcb.cdb + 2, lba * multiplier, 8);
    put_big_endian(command->rcb.cdb + 10, blocks * multiplier, 4);
    if (context->is_sq)
        command->rcb.ioasa = (uintptr_t)&command->sa;
}

void send_command(struct context *context, struct command *command)
{
    if (!context->is_sq) {
        register_write(context, IOARRIN, (uintptr_t)&command->rcb);
        return;
    }
    context->slots[context->slot] = command->rcb;
    context->slot = context->slot == COMMANDS ? 0 : context->slot + 1;
    register_write(context, SQ_TAIL, (uintptr_t)&context->slots[context->slot]);
}

struct command *await_response(struct context *context)
{
    volatile uint64_t *response = &context->responses[context->response];
    uint64_t value;
    for (unsigned looks = 1;
         ((value = __atomic_load_n(response, __ATOMIC_ACQUIRE)) & 1) != context->toggle; looks++) {
        sched_yield();
        if (looks % 1024 == 0 && register_read(context, INTR_STATUS) == UINT64_MAX)
            return NULL;
    }
    if (++context->response == COMMANDS) {
        context->response = 0;
        context->toggle ^= 1;
    }
    value &= ~1ull;
    return (struct command *)(uintptr_t)(context->is_sq ? value - sizeof(struct sisl_ioarcb)
                                                        : value);
}

static uint32_t status_of(const struct command *command)
{
    return (uint32_t)command->sa.afu_rc << 16 | (uint32_t)command->sa.scsi_rc << 8
        | command->sa.fc_rc | (uint32_t)(command->sa.flags & 0x7F) << 24;
}

uint32_t transfer(struct context *context, uint64_t handle, bool is_write, uint64_t lba,
    uint32_t blocks, void *data)
{
    struct command *command = &context->commands[0];
    prepare(context, command, handle, is_write, lba, blocks, data);
    send_command(context, command);
    struct command *answered = await_response(context);
    if (answered == NULL)
        return UINT32_MAX;
    CHECK((uintptr_t)answered, (uintptr_t)command);
    return status_of(command);
}

void transfer_well(struct context *context, uint64_t handle, bool is_write, uint64_t lba,
    uint32_t blocks, void *data)
{
    for (int attempt = 0; attempt < 4; attempt++) {
        uint32_t status = transfer(context, handle, is_write, lba, blocks, data);
        if (status == 0)
            return;
        CHECK(status & 0x00FFFFFF, 0x00000200); /* CHECK CONDITION */
        uint64_t last;
        CHECK_ERROR(verify(context, handle, context->commands[0].sa.sense_data, &last), 0);
    }
    CHECK(0, 1);
}

/* ---- what happens to hardware ---------------------------------------------------------------- */

static void exchange(int connection, void *message, uint32_t length, uint16_t type)
{
    unsigned char reply[4096];
    uint32_t error;
    memcpy(message, &type, 2);
    memcpy((char *)message + 4, &length, 4);
    CHECK(send(connection, message, length, 0), length);
    CHECK(recv(connection, reply, sizeof reply, 0) >= 16, 1);
    memcpy(&error, reply + 12, 4);
    CHECK(error, 0);
}

void control(unsigned verb, unsigned adapter, unsigned first, unsigned second, uint64_t value)
{
    static uint64_t s_proof = 0x1234;
    struct {
        unsigned char header[16];
        uint32_t magic, version;
        uint64_t address, content;
    } hello = {
        .magic = 0x44414B46, .version = 1, .address = (uintptr_t)&s_proof, .content = s_proof,
    };
    struct {
        unsigned char header[16];
        uint32_t verb, adapter, first, second;
        uint64_t value;
    } request = { .verb = verb, .adapter = adapter, .first = first, .second = second,
        .value = value };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = getenv("FLASHKV_ADAPTER_SOCKET");
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    socklen_t length = sizeof address;
    if (path[0] == '@') {
        address.sun_path[0] = '\0';
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    }
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    CHECK_ERROR(connect(connection, (struct sockaddr *)&address, length), 0);
    exchange(connection, &hello, sizeof hello, 1);
    exchange(connection, &request, sizeof request, 32);
    CHECK(close(connection), 0);
}
