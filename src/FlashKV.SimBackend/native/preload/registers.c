/*
 * A load or store that faulted on a trapped window, carried out: in the daemon's registers and in
 * those of the thread, which then goes on behind the instruction.
 *
 * Registers are 64 bits wide. An aligned access of 8 bytes is one register, a wider one is several,
 * in the order of addresses. What is narrower or not aligned reaches no register: it reads as all
 * ones and what it stores is lost, as on a bus that the device does not answer.
 */
#include "preload.h"
#include "instruction.h"

#include <errno.h>
#include <string.h>

#if defined(__x86_64__)

/* ---- the daemon's registers ------------------------------------------------------------------- */

struct register_request {
    struct message_header header;
    uint64_t file;
    uint32_t offset, reserved;
    uint64_t value;
};

static uint64_t swap64(uint64_t value)
{
    return __builtin_bswap64(value); /* registers are big-endian, x86-64 is not */
}

static uint64_t read_register(const struct window *window, uint64_t offset, enum served *outcome)
{
    struct register_request request = { .file = window->file, .offset = (uint32_t)offset };
    struct {
        struct message_header header;
        uint64_t value;
    } reply;
    struct exchange exchange = {
        .lane = LANE_REGISTER, .type = MESSAGE_READ_REGISTER,
        .request = &request, .request_length = offsetof(struct register_request, value),
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    int error = link_exchange(&exchange);
    if (error == EFAULT)
        *outcome = SERVED_BUS_ERROR;
    return error == 0 ? reply.value : ALL_ONES;
}

static void write_register(
    const struct window *window, uint64_t offset, uint64_t value, enum served *outcome)
{
    struct register_request request = {
        .file = window->file, .offset = (uint32_t)offset, .value = value,
    };
    struct message_header reply;
    struct exchange exchange = {
        .lane = LANE_REGISTER, .type = MESSAGE_WRITE_REGISTER,
        .request = &request, .request_length = sizeof request,
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    if (link_exchange(&exchange) == EFAULT)
        *outcome = SERVED_BUS_ERROR;
}

static bool is_register(const struct window *window, uintptr_t address, size_t left)
{
    return left >= 8 && address % 8 == 0 && address + 8 <= window->end;
}

bool registers_load(const struct window *window, uintptr_t address, void *data, size_t length,
    enum served *outcome)
{
    memset(data, 0xFF, length);
    for (size_t done = 0; is_register(window, address + done, length - done); done += 8) {
        uint64_t offset = window->offset + (address + done - window->start);
        uint64_t value = swap64(read_register(window, offset, outcome));
        memcpy((char *)data + done, &value, 8);
    }
    return *outcome == SERVED;
}

bool registers_store(const struct window *window, uintptr_t address, const void *data,
    size_t length, enum served *outcome)
{
    for (size_t done = 0; is_register(window, address + done, length - done); done += 8) {
        uint64_t value;
        memcpy(&value, (const char *)data + done, 8);
        uint64_t offset = window->offset + (address + done - window->start);
        write_register(window, offset, swap64(value), outcome);
    }
    return *outcome == SERVED;
}

/* ---- the thread's registers ------------------------------------------------------------------- */

static greg_t *general(ucontext_t *context, unsigned number)
{
    static const uint8_t s_order[16] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
    };
    return &context->uc_mcontext.gregs[s_order[number]];
}

/* Without REX, the byte registers 4 to 7 are the second bytes of the first four. */
static bool is_high_byte(const struct instruction *instruction, unsigned number)
{
    return instruction->register_size == 1 && !instruction->has_rex && number >= 4 && number < 8;
}

static uint64_t get_general(
    ucontext_t *context, const struct instruction *instruction, unsigned number)
{
    if (is_high_byte(instruction, number))
        return (uint64_t)*general(context, number - 4) >> 8;
    return (uint64_t)*general(context, number);
}

static void set_general(ucontext_t *context, const struct instruction *instruction,
    unsigned number, uint64_t value)
{
    switch (instruction->register_size) {
    case 8: *general(context, number) = (greg_t)value; break;
    case 4: *general(context, number) = (greg_t)(uint32_t)value; break;
    case 2: memcpy(general(context, number), &value, 2); break;
    default:
        if (is_high_byte(instruction, number))
            memcpy((char *)general(context, number - 4) + 1, &value, 1);
        else
            memcpy(general(context, number), &value, 1);
    }
}

static uint64_t swap_operand(uint64_t value, unsigned size)
{
    return swap64(value) >> (64 - 8 * size);
}

static uint64_t extend(const struct instruction *instruction, uint64_t value)
{
    unsigned unused = 64 - 8 * instruction->size;
    if (instruction->swaps_bytes)
        value = swap_operand(value, instruction->size);
    value <<= unused;
    return instruction->extension == EXTEND_SIGN ? (uint64_t)((int64_t)value >> unused)
                                                 : value >> unused;
}

/* ---- moves ------------------------------------------------------------------------------------- */

static unsigned register_operand(const struct instruction *instruction)
{
    return instruction->modrm_offset == 0 ? 0 : instruction_reg(instruction);
}

static enum served load(const struct window *window, uintptr_t address,
    const struct instruction *instruction, ucontext_t *context)
{
    enum served outcome = SERVED;
    uint64_t value = 0;
    if (registers_load(window, address, &value, instruction->size, &outcome))
        set_general(
            context, instruction, register_operand(instruction), extend(instruction, value));
    return outcome;
}

static enum served store(const struct window *window, uintptr_t address,
    const struct instruction *instruction, ucontext_t *context)
{
    enum served outcome = SERVED;
    uint64_t value = get_general(context, instruction, register_operand(instruction));
    if (instruction->swaps_bytes)
        value = swap_operand(value, instruction->size);
    registers_store(window, address, &value, instruction->size, &outcome);
    return outcome;
}

static enum served store_immediate(const struct window *window, uintptr_t address,
    const struct instruction *instruction, const uint8_t *code)
{
    enum served outcome = SERVED;
    int32_t immediate = 0;
    memcpy(&immediate, code + instruction->immediate_offset, instruction->immediate_length);
    int64_t value = immediate; /* 64-bit stores extend its sign */
    registers_store(window, address, &value, instruction->size, &outcome);
    return outcome;
}

static enum served exchange(const struct window *window, uintptr_t address,
    const struct instruction *instruction, ucontext_t *context)
{
    enum served outcome = SERVED;
    uint64_t loaded = 0, stored = get_general(context, instruction, register_operand(instruction));
    if (registers_load(window, address, &loaded, instruction->size, &outcome)
        && registers_store(window, address, &stored, instruction->size, &outcome))
        set_general(context, instruction, register_operand(instruction), loaded);
    return outcome;
}

/* ---- strings ------------------------------------------------------------------------------------ */

/* One side of a string instruction: a window, or the program's memory, which may fault. */
static enum served move_memory(uintptr_t address, void *data, size_t length, bool is_write)
{
    enum served outcome = SERVED;
    struct window window;
    if (!windows_find(address, &window) || !window.is_trapped)
        return memory_copy(address, data, length, is_write) ? SERVED : NOT_SERVED;
    if (is_write)
        registers_store(&window, address, data, length, &outcome);
    else
        registers_load(&window, address, data, length, &outcome);
    return outcome;
}

static uintptr_t string_address(const struct instruction *instruction, greg_t value)
{
    return instruction->address32 ? (uint32_t)value : (uintptr_t)value;
}

static void advance(const struct instruction *instruction, greg_t *value, int64_t by)
{
    *value = instruction->address32 ? (greg_t)(uint32_t)(*value + by) : *value + by;
}

/* One element; a repeated instruction comes back for the next. */
static enum served serve_string(const struct instruction *instruction, ucontext_t *context)
{
    enum { DIRECTION_FLAG = 0x400 };
    greg_t *registers = context->uc_mcontext.gregs;
    int64_t step = (registers[REG_EFL] & DIRECTION_FLAG) ? -(int64_t)instruction->size
                                                         : (int64_t)instruction->size;
    bool has_source = instruction->operation != OPERATION_STRING_STORE;
    bool has_target = instruction->operation != OPERATION_STRING_LOAD;
    uint64_t value = (uint64_t)registers[REG_RAX];
    enum served outcome = SERVED;

    if (instruction->segment != 0)
        return NOT_SERVED;
    if (has_source)
        outcome = move_memory(string_address(instruction, registers[REG_RSI]), &value,
            instruction->size, false);
    if (outcome == SERVED && has_target)
        outcome = move_memory(string_address(instruction, registers[REG_RDI]), &value,
            instruction->size, true);
    if (outcome != SERVED)
        return outcome;

    if (has_source)
        advance(instruction, &registers[REG_RSI], step);
    if (has_target)
        advance(instruction, &registers[REG_RDI], step);
    else
        set_general(context, instruction, 0, value);
    if (instruction->repeat != 0) {
        advance(instruction, &registers[REG_RCX], -1);
        if (string_address(instruction, registers[REG_RCX]) != 0)
            return SERVED;
    }
    registers[REG_RIP] += instruction->length;
    return SERVED;
}

/* ---- one fault ------------------------------------------------------------------------------------ */

/* The address that the operand names, if it is known. The address of the fault may be another: that
   of the first element of a masked vector, or of the second page of an access. */
static uintptr_t operand_address(
    const struct instruction *instruction, ucontext_t *context, uintptr_t fault)
{
    unsigned scale = instruction_displacement_scale(instruction);
    if (instruction->modrm_offset == 0 || instruction->segment != 0 || scale == 0)
        return fault;
    unsigned mod = instruction->modrm >> 6, rm = instruction->modrm & 7u;
    uint64_t effective = (uint64_t)((int64_t)instruction->displacement * scale);
    if (rm == 4) {
        unsigned base = instruction->sib & 7u, index = (instruction->sib >> 3) & 7u;
        index |= (instruction->rex & 2u) << 2;
        if (base != 5 || mod != 0)
            effective += (uint64_t)*general(context, base | (instruction->rex & 1u) << 3);
        if (index != 4)
            effective += (uint64_t)*general(context, index) << (instruction->sib >> 6);
    } else if (rm == 5 && mod == 0) {
        effective += (uint64_t)context->uc_mcontext.gregs[REG_RIP] + instruction->length;
    } else {
        effective += (uint64_t)*general(context, rm | (instruction->rex & 1u) << 3);
    }
    return instruction->address32 ? (uint32_t)effective : effective;
}

static bool decode_at(const uint8_t *code, bool is_write, struct instruction *instruction)
{
    size_t to_page_end = 4096 - (uintptr_t)code % 4096;
    if (to_page_end >= INSTRUCTION_MAX_BYTES)
        return instruction_decode(code, INSTRUCTION_MAX_BYTES, is_write, instruction);
    return instruction_decode(code, to_page_end, is_write, instruction)
        || instruction_decode(code, INSTRUCTION_MAX_BYTES, is_write, instruction);
}

static void report_unknown(const uint8_t *code)
{
    report("no register access by the instruction %02x %02x %02x %02x %02x %02x %02x %02x at %p",
        code[0], code[1], code[2], code[3], code[4], code[5], code[6], code[7],
        (const void *)code);
}

enum served registers_serve(
    const struct window *window, uintptr_t address, bool is_write, ucontext_t *context)
{
    const uint8_t *code = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
    struct instruction instruction;
    if (!decode_at(code, is_write, &instruction)) {
        report_unknown(code);
        return NOT_SERVED;
    }

    enum served outcome = NOT_SERVED;
    if (instruction.operation == OPERATION_STRING_MOVE
        || instruction.operation == OPERATION_STRING_STORE
        || instruction.operation == OPERATION_STRING_LOAD)
        return serve_string(&instruction, context);
    uintptr_t operand = operand_address(&instruction, context, address);
    bool is_masked = instruction.encoding != ENCODING_LEGACY;
    if (operand < window->start || operand > address || (!is_masked && operand != address)
        || address - operand >= 64)
        return NOT_SERVED; /* it begins outside of the window */

    switch (instruction.operation) {
    case OPERATION_MOVE_LOAD: outcome = load(window, address, &instruction, context); break;
    case OPERATION_MOVE_STORE: outcome = store(window, address, &instruction, context); break;
    case OPERATION_STORE_VALUE:
        outcome = store_immediate(window, address, &instruction, code);
        break;
    case OPERATION_EXCHANGE: outcome = exchange(window, address, &instruction, context); break;
    default: return scratch_begin(window, operand, &instruction, context);
    }
    if (outcome == SERVED)
        context->uc_mcontext.gregs[REG_RIP] += instruction.length;
    return outcome;
}

#endif
