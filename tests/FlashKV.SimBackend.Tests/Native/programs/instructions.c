/*
 * Registers, touched by one form of instruction after the other.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

static struct context s_context;
static unsigned char *s_area; /* addresses that rings may have */

static uint64_t wire(uint64_t value)
{
    return __builtin_bswap64(value);
}

static volatile uint64_t *at(unsigned offset)
{
    return (volatile uint64_t *)(s_context.registers + offset);
}

static uint64_t address(unsigned number)
{
    return (uintptr_t)(s_area + 64 * number);
}

/* Each form stores its own value, which another form reads back. */
#define STORE_FORM(text, constraint) do { \
    uint64_t value = address(++number); \
    __asm__ volatile(text : "=m"(*at(RRQ_START)) : constraint(wire(value)) : "memory"); \
    CHECK(register_read(&s_context, RRQ_START), value); \
} while (0)
#define LOAD_FORM(text, constraint) do { \
    uint64_t value = address(++number), loaded; \
    register_write(&s_context, RRQ_START, value); \
    __asm__ volatile(text : constraint(loaded) : "m"(*at(RRQ_START)) : "memory"); \
    CHECK(wire(loaded), value); \
} while (0)

static void moves(void)
{
    unsigned number = 0;
    STORE_FORM("movq %1, %0", "r");
    STORE_FORM("movq %1, %0", "a");
    STORE_FORM("movnti %1, %0", "r");
    LOAD_FORM("movq %1, %0", "=r");
    LOAD_FORM("movq %1, %0", "=a");

    /* The registers with an extension bit, and addresses with index and scale. */
    for (uint64_t i = 0; i < 2; i++) {
        uint64_t value = address(++number), loaded;
        const volatile unsigned char *base = s_context.registers;
        __asm__ volatile("movq %1, %%r9; movq %2, %%r12; movq %3, %%r13;"
                         "movq %%r9, (%%r12, %%r13, 8); movq (%%r12, %%r13, 8), %%r10; movq %%r10, %0"
                         : "=r"(loaded)
                         : "r"(wire(value)), "r"(base), "r"((uint64_t)RRQ_START / 8)
                         : "r9", "r10", "r12", "r13", "memory");
        CHECK(wire(loaded), value);
        CHECK(register_read(&s_context, RRQ_START), value);
    }

    /* A sign-extended immediate: all but the lowest 32 bits of the register's bytes are ones. */
    __asm__ volatile("movq $-2, %0" : "=m"(*at(INTR_MASK)) : : "memory");
    CHECK(register_read(&s_context, INTR_MASK), wire((uint64_t)-2));
    register_write(&s_context, INTR_MASK, ~0x1Full);

    uint64_t exchanged = wire(address(++number));
    uint64_t before = register_read(&s_context, RRQ_START);
    __asm__ volatile("xchgq %0, %1" : "+r"(exchanged), "+m"(*at(RRQ_START)) : : "memory");
    CHECK(wire(exchanged), before);
    CHECK(register_read(&s_context, RRQ_START), address(number));
}

__attribute__((target("movbe"))) static void swapped_moves(void)
{
    uint64_t value = address(101), loaded;
    __asm__ volatile("movbeq %1, %0" : "=m"(*at(RRQ_START)) : "r"(value) : "memory");
    CHECK(register_read(&s_context, RRQ_START), value);
    __asm__ volatile("movbeq %1, %0" : "=r"(loaded) : "m"(*at(RRQ_START)) : "memory");
    CHECK(loaded, value);
}

/* What reads and changes memory: the register is read, and written once. */
static void updates(void)
{
    register_write(&s_context, INTR_MASK, 0);
    uint64_t bits = wire(0xF0), sum = wire(1);
    __asm__ volatile("orq %1, %0" : "+m"(*at(INTR_MASK)) : "r"(bits) : "memory");
    CHECK(register_read(&s_context, INTR_MASK), 0xF0);
    __asm__ volatile("lock xaddq %0, %1" : "+r"(sum), "+m"(*at(INTR_MASK)) : : "memory");
    CHECK(wire(sum), 0xF0);
    CHECK(register_read(&s_context, INTR_MASK), 0xF1);
    __asm__ volatile("notq %0" : "+m"(*at(INTR_MASK)) : : "memory");
    CHECK(register_read(&s_context, INTR_MASK), ~0xF1ull);

    bool is_equal;
    uint64_t expected = wire(~0xF1ull);
    __asm__ volatile("lock cmpxchgq %3, %1; sete %0"
                     : "=q"(is_equal), "+m"(*at(INTR_MASK)), "+a"(expected)
                     : "r"(wire(~0x1Full)) : "memory", "cc");
    CHECK(is_equal, true);
    CHECK(register_read(&s_context, INTR_MASK), ~0x1Full);

    /* Comparisons only read, and set the flags of the program. */
    __asm__ volatile("cmpq %2, %1; sete %0"
                     : "=q"(is_equal) : "m"(*at(INTR_MASK)), "r"(wire(~0x1Full)) : "cc");
    CHECK(is_equal, true);
    uint64_t pushed;
    __asm__ volatile("subq $128, %%rsp; pushq %1; popq %0; addq $128, %%rsp"
                     : "=r"(pushed) : "m"(*at(INTR_MASK)) : "memory");
    CHECK(wire(pushed), ~0x1Full);
}

static void strings(void)
{
    uint64_t source[2] = { wire(address(7)), wire(address(9)) }, copy[2] = { 0, 0 };
    const void *from = source;
    void *to = (void *)at(SQ_START);
    uint64_t count = 2;
    __asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
    CHECK(count, 0);
    CHECK((uintptr_t)to, (uintptr_t)at(SQ_START) + 16);
    CHECK(register_read(&s_context, SQ_START), address(7));
    CHECK(register_read(&s_context, SQ_END), address(9));

    from = (const void *)at(SQ_START);
    to = copy;
    count = 2;
    __asm__ volatile("rep movsq" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
    CHECK(wire(copy[0]), address(7));
    CHECK(wire(copy[1]), address(9));

    to = (void *)at(SQ_END);
    uint64_t stored = wire(address(11));
    __asm__ volatile("std; stosq; cld" : "+D"(to) : "a"(stored) : "memory");
    CHECK((uintptr_t)to, (uintptr_t)at(SQ_START));
    CHECK(register_read(&s_context, SQ_END), address(11));
    uint64_t loaded = 0;
    from = (const void *)at(SQ_END);
    __asm__ volatile("lodsq" : "+S"(from), "=a"(loaded) : : "memory");
    CHECK(wire(loaded), address(11));
}

static void vectors(void)
{
    uint64_t pair[2] = { wire(address(21)), wire(address(22)) }, loaded[2];
    void *target = (void *)at(SQ_START);
    __m128i value = _mm_loadu_si128((const __m128i *)pair);

#define STORE_VECTOR(text, first) do { \
    register_write(&s_context, SQ_START, address(1)); \
    register_write(&s_context, SQ_END, address(2)); \
    __asm__ volatile(text " %1, (%0)" : : "r"(target), "x"(value) : "memory"); \
    CHECK(register_read(&s_context, SQ_START), address(21)); \
    CHECK(register_read(&s_context, SQ_END), (first) == 16 ? address(22) : address(2)); \
} while (0)
    STORE_VECTOR("movdqa", 16);
    STORE_VECTOR("movdqu", 16);
    STORE_VECTOR("movups", 16);
    STORE_VECTOR("movaps", 16);
    STORE_VECTOR("movntdq", 16);
    STORE_VECTOR("movntps", 16);
    STORE_VECTOR("movq", 8);
    STORE_VECTOR("movlps", 8);

    __asm__ volatile("movdqu (%1), %0" : "=x"(value) : "r"(target) : "memory");
    _mm_storeu_si128((__m128i *)loaded, value);
    CHECK(wire(loaded[0]), address(21));
    CHECK(wire(loaded[1]), address(2));

    /* Not on the boundary of a vector, and through the x87 registers. */
    value = _mm_loadu_si128((const __m128i *)pair);
    __asm__ volatile("movups %1, (%0)" : : "r"(at(RRQ_START)), "x"(value) : "memory");
    CHECK(register_read(&s_context, RRQ_START), address(21));
    CHECK(register_read(&s_context, RRQ_END), address(22));
    __asm__ volatile("fildll %1; fistpll %0" : "=m"(*at(RRQ_END)) : "m"(*at(RRQ_START)) : "st");
    CHECK(register_read(&s_context, RRQ_END), address(21));
}

__attribute__((target("avx2"))) static void wide_vectors(void)
{
    uint64_t values[4] = { 0, wire(address(31)), wire(address(32)), 0 }, loaded[4];
    __m256i value = _mm256_loadu_si256((const __m256i *)values);
    __asm__ volatile("vmovdqu %1, (%0)" : : "r"(at(MBOX_W)), "x"(value) : "memory");
    CHECK(register_read(&s_context, SQ_START), address(31));
    CHECK(register_read(&s_context, SQ_END), address(32));
    __asm__ volatile("vmovdqu (%1), %0" : "=x"(value) : "r"(at(MBOX_W)) : "memory");
    _mm256_storeu_si256((__m256i *)loaded, value);
    CHECK(wire(loaded[1]), address(31));
    CHECK(wire(loaded[2]), address(32));

    /* A masked store touches what the mask names. */
    __m256i mask = _mm256_set_epi64x(0, -1, 0, 0);
    values[1] = values[2] = wire(address(33));
    value = _mm256_loadu_si256((const __m256i *)values);
    _mm256_maskstore_epi64((long long *)at(MBOX_W), mask, value);
    CHECK(register_read(&s_context, SQ_START), address(31));
    CHECK(register_read(&s_context, SQ_END), address(33));
    _mm256_zeroupper();
}

__attribute__((target("avx512f"))) static void widest_vectors(void)
{
    uint64_t start = wire(address(41)), end = wire(address(57));
    uint64_t values[8] = { wire(1), 0, start, end, 0, start, 0, 0 };
    __m512i value = _mm512_loadu_si512(values);
    __asm__ volatile("vmovdqa64 %1, (%0)" : : "r"(at(CTX_CTRL)), "v"(value) : "memory");
    CHECK(register_read(&s_context, CTX_CTRL) & 0xFF, 1);
    CHECK(register_read(&s_context, SQ_START), address(41));
    CHECK(register_read(&s_context, SQ_END), address(57));
    value = _mm512_loadu_si512((const void *)at(CTX_CTRL));
    _mm512_storeu_si512(values, value);
    CHECK(values[2], start);
    CHECK(values[3], end);

    /* Elements 3 and 2 only, with a displacement that EVEX multiplies. */
    values[2] = values[3] = wire(address(43));
    value = _mm512_loadu_si512(values);
    _mm512_mask_storeu_epi64((void *)(s_context.registers + CTX_CTRL), 0x08, value);
    CHECK(register_read(&s_context, SQ_START), address(41));
    CHECK(register_read(&s_context, SQ_END), address(43));
    _mm256_zeroupper();
}

/* A register is 64 bits: what is narrower, or beside it, reaches none. */
static void narrow(void)
{
    register_write(&s_context, RRQ_START, address(61));
    uint32_t low;
    uint16_t half;
    uint64_t wide;
    __asm__ volatile("movl %1, %0" : "=r"(low) : "m"(*at(RRQ_START)));
    CHECK(low, UINT32_MAX);
    __asm__ volatile("movw %1, %0" : "=r"(half) : "m"(*at(RRQ_START)));
    CHECK(half, UINT16_MAX);
    __asm__ volatile("movzbq %1, %0" : "=r"(wide) : "m"(*at(RRQ_START)));
    CHECK(wide, 0xFF);
    __asm__ volatile("movslq %1, %0" : "=r"(wide) : "m"(*at(RRQ_START)));
    CHECK(wide, UINT64_MAX);
    __asm__ volatile("movq %1, %0" : "=r"(wide)
                     : "m"(*(volatile uint64_t *)(s_context.registers + RRQ_START + 4)));
    CHECK(wide, UINT64_MAX);
    __asm__ volatile("movl $5, %0" : "=m"(*at(RRQ_START)));
    __asm__ volatile("movb %%ah, %0" : "=m"(*at(RRQ_START)));
    CHECK(register_read(&s_context, RRQ_START), address(61));
}

static bool has_movbe(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_MOVBE);
}

void scenario_instructions(void)
{
    int device = open_device();
    context_attach(&s_context, device, 2);
    context_set_up(&s_context);
    s_area = aligned_alloc(4096, 16384);
    memset(s_area, 0, 16384);
    __builtin_cpu_init();

    moves();
    updates();
    strings();
    vectors();
    if (has_movbe())
        swapped_moves();
    if (__builtin_cpu_supports("avx2"))
        wide_vectors();
    if (__builtin_cpu_supports("avx512f"))
        widest_vectors();
    const char *mode = getenv("FLASHKV_ADAPTER_REGISTERS");
    if (!mode || strcmp(mode, "shared") != 0)
        narrow();
    context_detach(&s_context);
    free(s_area);
    CHECK(close(device), 0);
}

#else

void scenario_instructions(void)
{
    _exit(77);
}

#endif
