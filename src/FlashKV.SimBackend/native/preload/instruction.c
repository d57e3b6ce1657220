/*
 * A decoder for the instructions that programs touch device registers with. Plain moves, string
 * instructions and exchanges are described completely, so that they can be carried out here. Of all
 * others only the shape is decoded: enough to run them once more on scratch memory.
 */
#include "instruction.h"

#include <string.h>

enum { REX_B = 1, REX_X = 2, REX_R = 4, REX_W = 8 };

struct cursor {
    const uint8_t *code;
    size_t available;
    size_t at;
    bool is_short;
};

static uint8_t next_byte(struct cursor *cursor)
{
    if (cursor->at >= cursor->available || cursor->at >= INSTRUCTION_MAX_BYTES) {
        cursor->is_short = true;
        return 0;
    }
    return cursor->code[cursor->at++];
}

static uint8_t peek_byte(const struct cursor *cursor)
{
    return cursor->at < cursor->available ? cursor->code[cursor->at] : 0;
}

static void decode_prefixes(struct cursor *cursor, struct instruction *out)
{
    for (;;) {
        switch (peek_byte(cursor)) {
        case 0x66: out->operand16 = true; break;
        case 0x67: out->address32 = true; break;
        case 0xF0: break;
        case 0xF2: out->repeat = 0xF2; break;
        case 0xF3: out->repeat = 0xF3; break;
        case 0x26: case 0x2E: case 0x36: case 0x3E: break;
        case 0x64: case 0x65: out->segment = peek_byte(cursor); break;
        default: return;
        }
        (void)next_byte(cursor);
        if (cursor->is_short)
            return;
    }
}

/* The pp field of VEX and EVEX stands for one of the legacy prefixes. */
static void apply_implied_prefix(struct instruction *out, unsigned implied)
{
    out->operand16 = implied == 1;
    out->repeat = implied == 2 ? 0xF3 : implied == 3 ? 0xF2 : 0;
}

/* REX, VEX or EVEX, up to and with the opcode. */
static bool decode_opcode(struct cursor *cursor, struct instruction *out)
{
    uint8_t byte = next_byte(cursor);
    if ((byte & 0xF0) == 0x40) {
        out->rex = byte & 0x0F;
        out->has_rex = true;
        byte = next_byte(cursor);
    } else if (byte == 0xC5) {
        uint8_t payload = next_byte(cursor);
        out->encoding = ENCODING_VEX2;
        out->map = MAP_0F;
        out->rex = (payload & 0x80) ? 0 : REX_R;
        out->vvvv = (~payload >> 3) & 0x0F;
        out->size = (payload & 4) ? 32 : 16;
        apply_implied_prefix(out, payload & 3u);
        out->opcode = next_byte(cursor);
        return !cursor->is_short;
    } else if (byte == 0xC4) {
        uint8_t first = next_byte(cursor), second = next_byte(cursor);
        out->encoding = ENCODING_VEX3;
        out->map = (enum opcode_map)(first & 0x1F);
        out->rex = (uint8_t)((~first >> 5) & 7) | ((second & 0x80) ? REX_W : 0);
        out->vvvv = (~second >> 3) & 0x0F;
        out->size = (second & 4) ? 32 : 16;
        apply_implied_prefix(out, second & 3u);
        out->opcode = next_byte(cursor);
        return !cursor->is_short && first != 0 && (first & 0x1F) >= 1 && (first & 0x1F) <= 3;
    } else if (byte == 0x62) {
        uint8_t first = next_byte(cursor), second = next_byte(cursor), third = next_byte(cursor);
        out->encoding = ENCODING_EVEX;
        out->map = (enum opcode_map)(first & 7);
        out->rex = (uint8_t)((~first >> 5) & 7) | ((second & 0x80) ? REX_W : 0);
        out->vvvv = (~second >> 3) & 0x0F;
        out->size = (uint8_t)(16u << ((third >> 5) & 3u));
        out->is_broadcast = (third & 0x10) != 0;
        apply_implied_prefix(out, second & 3u);
        out->opcode = next_byte(cursor);
        return !cursor->is_short && (first & 7) >= 1 && (first & 7) <= 3 && out->size <= 64;
    }

    out->opcode = byte;
    if (byte != 0x0F)
        return !cursor->is_short;
    out->map = MAP_0F;
    out->opcode = next_byte(cursor);
    if (out->opcode == 0x38 || out->opcode == 0x3A) {
        out->map = out->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
        out->opcode = next_byte(cursor);
    }
    return !cursor->is_short;
}

static int32_t read_displacement(struct cursor *cursor, unsigned length)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < length; i++)
        value |= (uint32_t)next_byte(cursor) << (8 * i);
    return length == 1 ? (int8_t)value : (int32_t)value;
}

static bool decode_modrm(struct cursor *cursor, struct instruction *out)
{
    out->modrm_offset = (uint8_t)cursor->at;
    out->modrm = next_byte(cursor);
    unsigned mod = out->modrm >> 6, rm = out->modrm & 7u;
    if (mod == 3)
        return false; /* no memory operand */
    if (rm == 4)
        out->sib = next_byte(cursor);
    unsigned length = mod == 1 ? 1 : mod == 2 ? 4 : 0;
    if (mod == 0 && (rm == 5 || (rm == 4 && (out->sib & 7) == 5)))
        length = 4;
    out->displacement = read_displacement(cursor, length);
    return !cursor->is_short;
}

static uint8_t operand_size(const struct instruction *out)
{
    return (out->rex & REX_W) ? 8 : out->operand16 ? 2 : 4;
}

static void describe(
    struct instruction *out, enum operation operation, uint8_t size, uint8_t immediate)
{
    out->operation = operation;
    out->size = size;
    out->register_size = size;
    out->immediate_length = immediate;
}

static void describe_extension(struct instruction *out, uint8_t size, enum extension extension)
{
    describe(out, OPERATION_MOVE_LOAD, size, 0);
    out->register_size = operand_size(out);
    out->extension = extension;
}

/* x87: the escape byte and the reg field give the operand; all stores have reg 1, 2, 3, 6 or 7. */
static bool describe_x87(struct instruction *out)
{
    static const uint8_t sizes[8][8] = {
        { 4, 4, 4, 4, 4, 4, 4, 4 }, { 4, 0, 4, 4, 0, 2, 0, 2 }, { 4, 4, 4, 4, 4, 4, 4, 4 },
        { 4, 4, 4, 4, 0, 10, 0, 10 }, { 8, 8, 8, 8, 8, 8, 8, 8 }, { 8, 8, 8, 8, 0, 0, 0, 2 },
        { 2, 2, 2, 2, 2, 2, 2, 2 }, { 2, 2, 2, 2, 10, 8, 10, 8 },
    };
    unsigned escape = out->opcode - 0xD8u, reg = (out->modrm >> 3) & 7u;
    uint8_t size = sizes[escape][reg];
    if (size == 0)
        return false;
    bool is_store = ((escape & 1) && (reg == 1 || reg == 2 || reg == 3 || reg >= 6))
        && !(escape == 7 && reg == 5);
    describe(out, is_store ? OPERATION_WRITE : OPERATION_READ, size, 0);
    return true;
}

static bool describe_one_byte(struct instruction *out)
{
    uint8_t wide = operand_size(out), opcode = out->opcode;
    uint8_t sized = (opcode & 1) ? wide : 1;
    uint8_t wide_immediate = wide == 2 ? 2 : 4;
    unsigned reg = (out->modrm >> 3) & 7u;

    if (opcode < 0x40 && (opcode & 7) < 4) {
        bool is_compare = (opcode & 0x38) == 0x38, is_load = (opcode & 2) != 0;
        describe(out, is_compare || is_load ? OPERATION_READ : OPERATION_UPDATE, sized, 0);
        return true;
    }
    switch (opcode) {
    case 0x63:
        describe_extension(out, 4, EXTEND_SIGN);
        return true;
    case 0x69: describe(out, OPERATION_READ, wide, wide_immediate); return true;
    case 0x6B: describe(out, OPERATION_READ, wide, 1); return true;
    case 0x80: case 0x81: case 0x83:
        describe(out, reg == 7 ? OPERATION_READ : OPERATION_UPDATE, sized,
            opcode == 0x81 ? wide_immediate : 1);
        return true;
    case 0x84: case 0x85: describe(out, OPERATION_READ, sized, 0); return true;
    case 0x86: case 0x87: describe(out, OPERATION_EXCHANGE, sized, 0); return true;
    case 0x88: case 0x89: describe(out, OPERATION_MOVE_STORE, sized, 0); return true;
    case 0x8A: case 0x8B: describe(out, OPERATION_MOVE_LOAD, sized, 0); return true;
    case 0x8F: describe(out, OPERATION_WRITE, out->operand16 ? 2 : 8, 0); return reg == 0;
    case 0xC0: case 0xC1: describe(out, OPERATION_UPDATE, sized, 1); return true;
    case 0xC6: case 0xC7:
        describe(out, OPERATION_STORE_VALUE, sized, opcode == 0xC6 ? 1 : wide_immediate);
        return reg == 0;
    case 0xD0: case 0xD1: case 0xD2: case 0xD3:
        describe(out, OPERATION_UPDATE, sized, 0);
        return true;
    case 0xD8: case 0xD9: case 0xDA: case 0xDB: case 0xDC: case 0xDD: case 0xDE: case 0xDF:
        return describe_x87(out);
    case 0xF6: case 0xF7:
        if (reg <= 1)
            describe(out, OPERATION_READ, sized, opcode == 0xF6 ? 1 : wide_immediate);
        else
            describe(out, reg <= 3 ? OPERATION_UPDATE : OPERATION_READ, sized, 0);
        return true;
    case 0xFE: case 0xFF:
        if (reg <= 1)
            describe(out, OPERATION_UPDATE, sized, 0);
        else
            describe(out, OPERATION_READ, out->operand16 ? 2 : 8, 0);
        return reg <= 1 || (opcode == 0xFF && reg == 6); /* inc, dec; push, but no call or jump */
    default:
        return false;
    }
}

/* The legacy instructions of the 0F map that work on general registers. */
static bool describe_0f_general(struct instruction *out)
{
    uint8_t wide = operand_size(out), opcode = out->opcode;
    uint8_t sized = (opcode & 1) ? wide : 1;

    if ((opcode & 0xF0) == 0x40) {
        describe(out, OPERATION_READ, wide, 0);
        return true;
    }
    switch (opcode) {
    case 0xA3: describe(out, OPERATION_READ, wide, 0); return true;
    case 0xA4: case 0xAC: describe(out, OPERATION_UPDATE, wide, 1); return true;
    case 0xA5: case 0xAB: case 0xAD: case 0xB3: case 0xBB:
        describe(out, OPERATION_UPDATE, wide, 0);
        return true;
    case 0xAF: case 0xB8: case 0xBC: case 0xBD:
        describe(out, OPERATION_READ, wide, 0);
        return true;
    case 0xB0: case 0xB1: case 0xC0: case 0xC1:
        describe(out, OPERATION_UPDATE, sized, 0);
        return true;
    case 0xB6: describe_extension(out, 1, EXTEND_ZERO); return true;
    case 0xB7: describe_extension(out, 2, EXTEND_ZERO); return true;
    case 0xBE: describe_extension(out, 1, EXTEND_SIGN); return true;
    case 0xBF: describe_extension(out, 2, EXTEND_SIGN); return true;
    case 0xBA:
        describe(out, ((out->modrm >> 3) & 7) == 4 ? OPERATION_READ : OPERATION_UPDATE, wide, 1);
        return true;
    case 0xC3:
        describe(out, OPERATION_MOVE_STORE, wide, 0);
        return true;
    case 0xC7:
        describe(out, OPERATION_UPDATE, (out->rex & REX_W) ? 16 : 8, 0);
        return ((out->modrm >> 3) & 7) == 1;
    default:
        return false;
    }
}

/* Instructions with operands larger than a vector, or of several addresses. */
static bool is_beyond_scratch(const struct instruction *out)
{
    uint8_t opcode = out->opcode;
    if (out->encoding == ENCODING_LEGACY)
        return out->map == MAP_0F
            && (opcode < 0x10 || (opcode >= 0x18 && opcode < 0x28)
                || (opcode >= 0x30 && opcode < 0x50) || (opcode >= 0x80 && opcode < 0xC2)
                || (opcode > 0xC6 && opcode < 0xD0));
    return out->map == MAP_0F38
        && ((opcode >= 0x90 && opcode <= 0x93) || (opcode >= 0xA0 && opcode <= 0xA3)
            || opcode == 0xC6 || opcode == 0xC7 || opcode == 0x49 || opcode == 0x4B);
}

static bool describe_vector(struct instruction *out, bool is_write)
{
    bool has_immediate = out->map == MAP_0F3A
        || (out->map == MAP_0F
            && ((out->opcode >= 0x70 && out->opcode <= 0x73) || out->opcode == 0xC2
                || (out->opcode >= 0xC4 && out->opcode <= 0xC6)));
    describe(out, is_write ? OPERATION_WRITE : OPERATION_READ,
        out->encoding == ENCODING_LEGACY ? 16 : out->size, has_immediate ? 1 : 0);
    return !is_beyond_scratch(out);
}

static bool describe_with_modrm(struct instruction *out, bool is_write)
{
    if (out->encoding != ENCODING_LEGACY)
        return describe_vector(out, is_write);
    if (out->map == MAP_ONE_BYTE)
        return describe_one_byte(out);
    if (out->map == MAP_0F && describe_0f_general(out))
        return true;
    if (out->map == MAP_0F38 && (out->opcode & 0xFE) == 0xF0) {
        if (out->repeat == 0xF2) {
            describe(out, OPERATION_READ, out->opcode == 0xF0 ? 1 : operand_size(out), 0);
            return true; /* crc32 */
        }
        describe(out, out->opcode == 0xF0 ? OPERATION_MOVE_LOAD : OPERATION_MOVE_STORE,
            operand_size(out), 0);
        out->swaps_bytes = true;
        return true;
    }
    if (out->map == MAP_0F38 && out->opcode == 0xF9) {
        describe(out, OPERATION_MOVE_STORE, operand_size(out), 0);
        return true; /* movdiri */
    }
    if (out->map == MAP_0F38 && out->opcode == 0xF8)
        return false; /* movdir64b: two addresses */
    return describe_vector(out, is_write);
}

static bool describe_string(struct instruction *out)
{
    uint8_t size = (out->opcode & 1) ? operand_size(out) : 1;
    switch (out->opcode & 0xFE) {
    case 0xA4: describe(out, OPERATION_STRING_MOVE, size, 0); return true;
    case 0xAA: describe(out, OPERATION_STRING_STORE, size, 0); return true;
    case 0xAC: describe(out, OPERATION_STRING_LOAD, size, 0); return true;
    default: return false;
    }
}

/* mov between the accumulator and an absolute address: A0 to A3. */
static void describe_absolute(struct instruction *out)
{
    uint8_t size = (out->opcode & 1) ? operand_size(out) : 1;
    describe(out, out->opcode < 0xA2 ? OPERATION_MOVE_LOAD : OPERATION_MOVE_STORE, size,
        out->address32 ? 4 : 8);
}

bool instruction_decode(
    const uint8_t *code, size_t available, bool is_write, struct instruction *out)
{
    struct cursor cursor = { .code = code, .available = available };
    memset(out, 0, sizeof *out);
    decode_prefixes(&cursor, out);
    out->prefix_length = (uint8_t)cursor.at;
    if (cursor.is_short || !decode_opcode(&cursor, out))
        return false;

    bool is_legacy_byte = out->encoding == ENCODING_LEGACY && out->map == MAP_ONE_BYTE;
    if (is_legacy_byte && describe_string(out)) {
        out->length = (uint8_t)cursor.at;
        return true;
    }
    if (is_legacy_byte && (out->opcode & 0xFC) == 0xA0)
        describe_absolute(out);
    else if (!decode_modrm(&cursor, out) || !describe_with_modrm(out, is_write))
        return false;

    out->immediate_offset = (uint8_t)cursor.at;
    for (unsigned i = 0; i < out->immediate_length; i++)
        (void)next_byte(&cursor);
    out->length = (uint8_t)cursor.at;
    return !cursor.is_short;
}

unsigned instruction_displacement_scale(const struct instruction *instruction)
{
    unsigned element = (instruction->rex & REX_W) ? 8 : 4;
    bool is_scalar = instruction->repeat != 0;
    if (instruction->encoding != ENCODING_EVEX || instruction->modrm >> 6 != 1)
        return 1;
    if (instruction->is_broadcast)
        return element;
    if (instruction->map == MAP_0F) {
        switch (instruction->opcode) {
        case 0x10: case 0x11: return is_scalar ? element : instruction->size;
        case 0x28: case 0x29: case 0x2B: case 0x6F: case 0x7F: case 0xE7: return instruction->size;
        case 0x12: case 0x13: case 0x16: case 0x17: return is_scalar ? 0 : 8;
        case 0xD6: return 8;
        case 0x6E: case 0x7E: return is_scalar ? 8 : element;
        default: return 0;
        }
    }
    if (instruction->map == MAP_0F38 && instruction->opcode >= 0x88 && instruction->opcode <= 0x8B)
        return element; /* expand and compress */
    return 0;
}
