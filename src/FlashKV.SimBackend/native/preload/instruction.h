/*
 * Decoding of the x86-64 instruction that touched a register window: its length, its memory
 * operand, and what it does with it.
 */
#ifndef FLASHKV_INSTRUCTION_H
#define FLASHKV_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INSTRUCTION_MAX_BYTES 15

enum opcode_map { MAP_ONE_BYTE = 0, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3 };

enum encoding { ENCODING_LEGACY, ENCODING_VEX2, ENCODING_VEX3, ENCODING_EVEX };

/* What the instruction does with its memory operand, as far as the handler must know. */
enum operation {
    OPERATION_UNKNOWN,      /* cannot be served */
    OPERATION_MOVE_LOAD,    /* general register := memory */
    OPERATION_MOVE_STORE,   /* memory := general register */
    OPERATION_STORE_VALUE,  /* memory := immediate */
    OPERATION_EXCHANGE,     /* memory <-> general register */
    OPERATION_STRING_MOVE,  /* movs */
    OPERATION_STRING_STORE, /* stos */
    OPERATION_STRING_LOAD,  /* lods */
    OPERATION_READ,         /* reads memory; executed on scratch memory */
    OPERATION_UPDATE,       /* reads, then writes memory; executed on scratch memory */
    OPERATION_WRITE         /* writes memory, how much is not decoded; on scratch memory */
};

enum extension { EXTEND_NONE, EXTEND_ZERO, EXTEND_SIGN };

struct instruction {
    uint8_t length;
    enum encoding encoding;
    enum opcode_map map;
    uint8_t opcode;
    uint8_t rex;            /* 0 when there is none; for VEX and EVEX the equivalent bits */
    bool has_rex;
    bool operand16;
    bool address32;
    uint8_t repeat;         /* 0, 0xF2 or 0xF3 */
    uint8_t segment;        /* 0, or the prefix byte */
    uint8_t vvvv;           /* second source register of VEX and EVEX */
    bool is_broadcast;      /* EVEX: one element for all */
    uint8_t prefix_length;  /* legacy prefixes before REX, VEX, EVEX or the opcode */
    uint8_t modrm_offset;   /* 0 when there is no ModRM byte */
    uint8_t modrm;
    uint8_t sib;
    int32_t displacement;
    uint8_t immediate_offset;
    uint8_t immediate_length;

    enum operation operation;
    uint8_t size;           /* bytes of the memory operand */
    uint8_t register_size;  /* bytes of the register operand, where it differs by extension */
    enum extension extension;
    bool swaps_bytes;       /* movbe */
};

/* Decodes up to `available` bytes of code. False: not understood. */
bool instruction_decode(
    const uint8_t *code, size_t available, bool is_write, struct instruction *out);

/* What a displacement of one byte is multiplied by, which EVEX does; 0: not known. */
unsigned instruction_displacement_scale(const struct instruction *instruction);

/* The register number in the reg field, with its REX extension. */
static inline unsigned instruction_reg(const struct instruction *instruction)
{
    return ((instruction->modrm >> 3) & 7u) | ((instruction->rex & 4u) << 1);
}

#endif
