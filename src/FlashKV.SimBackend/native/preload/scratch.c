/*
 * Instructions that are not carried out here, such as vector stores, run once more: a copy of the
 * instruction, with its memory operand turned to scratch memory, followed by one that traps. What it
 * has stored there then goes to the registers of the window. The window itself never becomes
 * accessible, so other threads and their order are not disturbed.
 */
#include "preload.h"
#include "instruction.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__)

#define SLOTS 64
#define SLOT_CODE_BYTES 64u
#define CANARY 0x9C3DA1F04E6B8257u
#define TRAP 0xF4 /* hlt: SIGSEGV with SI_KERNEL */

enum { RBX = 3, RSI = 6, RDI = 7 };

struct slot {
    atomic_bool is_taken;
    _Alignas(64) uint8_t memory[192];
    struct window window;
    uintptr_t address;
    uint8_t *operand; /* in memory, as far from a multiple of 64 as the address */
    enum operation operation;
    size_t size;
    uintptr_t next;
    unsigned base;
    greg_t saved_base;
    sigset_t saved_mask;
};

static struct slot s_slots[SLOTS];
static _Atomic uintptr_t s_code; /* SLOTS * SLOT_CODE_BYTES of executable memory; 0: none yet */

static int base_register(unsigned number)
{
    return number == RBX ? REG_RBX : number == RSI ? REG_RSI : REG_RDI;
}

static bool prepare_code(void)
{
    if (atomic_load(&s_code) != 0)
        return true;
    void *code = real()->mmap(NULL, SLOTS * SLOT_CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC,
        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        report("no executable memory for vector accesses to registers: %s", strerror(errno));
        return false;
    }
    uintptr_t expected = 0;
    if (!atomic_compare_exchange_strong(&s_code, &expected, (uintptr_t)code))
        real()->munmap(code, SLOTS * SLOT_CODE_BYTES);
    return true;
}

static struct slot *take_slot(void)
{
    for (;;) {
        for (int i = 0; i < SLOTS; i++)
            if (!atomic_exchange(&s_slots[i].is_taken, true))
                return &s_slots[i];
        sched_yield(); /* no holder waits for anything but the daemon */
    }
}

static uintptr_t slot_code(const struct slot *slot)
{
    return atomic_load(&s_code) + (uintptr_t)(slot - s_slots) * SLOT_CODE_BYTES;
}

void scratch_after_fork(void)
{
    for (int i = 0; i < SLOTS; i++)
        atomic_store(&s_slots[i].is_taken, false); /* of threads that are not in this process */
}

/* A register that the instruction does not use otherwise; all three need no extension bit. */
static unsigned choose_base(const struct instruction *instruction)
{
    static const unsigned s_candidates[] = { RSI, RDI, RBX };
    for (int i = 0; i < 3; i++)
        if (s_candidates[i] != instruction_reg(instruction)
            && s_candidates[i] != instruction->vvvv)
            return s_candidates[i];
    return RBX;
}

/* The instruction with [base] as its operand, and the trap. */
static void write_code(uint8_t *to, const uint8_t *code, const struct instruction *instruction,
    unsigned base)
{
    size_t length = 0, opcode_at = instruction->prefix_length;
    for (size_t i = 0; i < opcode_at; i++) {
        uint8_t prefix = code[i];
        bool is_of_the_address = prefix == 0x67 || prefix == 0x64 || prefix == 0x65
            || prefix == 0x26 || prefix == 0x2E || prefix == 0x36 || prefix == 0x3E;
        if (!is_of_the_address)
            to[length++] = prefix;
    }
    size_t middle = length;
    for (size_t i = opcode_at; i < instruction->modrm_offset; i++)
        to[length++] = code[i];
    if (instruction->encoding == ENCODING_LEGACY && instruction->has_rex)
        to[middle] &= 0x4C; /* no extension of base and index */
    else if (instruction->encoding == ENCODING_VEX3 || instruction->encoding == ENCODING_EVEX)
        to[middle + 1] |= 0x60; /* the same bits, inverted */
    to[length++] = (uint8_t)((instruction->modrm & 0x38) | base);
    for (size_t i = 0; i < instruction->immediate_length; i++)
        to[length++] = code[instruction->immediate_offset + i];
    to[length] = TRAP;
}

enum served scratch_begin(const struct window *window, uintptr_t address,
    const struct instruction *instruction, ucontext_t *context)
{
    greg_t *registers = context->uc_mcontext.gregs;
    if (!prepare_code())
        return NOT_SERVED;
    struct slot *slot = take_slot();
    slot->window = *window;
    slot->address = address;
    slot->operand = slot->memory + address % 64;
    slot->operation = instruction->operation;
    slot->size = instruction->size;
    slot->next = (uintptr_t)registers[REG_RIP] + instruction->length;
    slot->base = choose_base(instruction);

    enum served outcome = SERVED;
    if (instruction->operation == OPERATION_WRITE) {
        uint64_t canary = CANARY;
        for (size_t i = 0; i < sizeof slot->memory; i += 8)
            memcpy(slot->memory + i, &canary, 8);
    } else if (!registers_load(window, address, slot->operand, slot->size, &outcome)) {
        atomic_store(&slot->is_taken, false);
        return outcome;
    }

    uintptr_t code = slot_code(slot);
    write_code((uint8_t *)code, (const uint8_t *)registers[REG_RIP], instruction, slot->base);
    slot->saved_base = registers[base_register(slot->base)];
    slot->saved_mask = context->uc_sigmask;
    registers[base_register(slot->base)] = (greg_t)(uintptr_t)slot->operand;
    registers[REG_RIP] = (greg_t)code;
    sigfillset(&context->uc_sigmask);
    signals_strip(&context->uc_sigmask);
    return SERVED;
}

bool scratch_is_ours(uintptr_t program_counter)
{
    uintptr_t code = atomic_load(&s_code);
    return code != 0 && program_counter >= code && program_counter < code + SLOTS * SLOT_CODE_BYTES;
}

/* How much was stored is not decoded: a word that lost its canary was. */
static void store_changed(struct slot *slot, enum served *outcome)
{
    for (size_t i = 0; i + 8 <= 64; i += 8) {
        uint64_t word;
        memcpy(&word, slot->operand + i, 8);
        if (word != CANARY)
            registers_store(&slot->window, slot->address + i, &word, 8, outcome);
    }
}

enum served scratch_finish(ucontext_t *context, uintptr_t *address)
{
    greg_t *registers = context->uc_mcontext.gregs;
    size_t number = ((uintptr_t)registers[REG_RIP] - atomic_load(&s_code)) / SLOT_CODE_BYTES;
    struct slot *slot = &s_slots[number];
    enum served outcome = SERVED;
    *address = slot->address;
    if (slot->operation == OPERATION_WRITE)
        store_changed(slot, &outcome);
    else if (slot->operation == OPERATION_UPDATE)
        registers_store(&slot->window, slot->address, slot->operand, slot->size, &outcome);

    registers[base_register(slot->base)] = slot->saved_base;
    registers[REG_RIP] = (greg_t)slot->next;
    context->uc_sigmask = slot->saved_mask;
    atomic_store(&slot->is_taken, false);
    return outcome;
}

#else

void scratch_after_fork(void)
{
}

#endif
