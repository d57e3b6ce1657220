/*
 * Register windows: mappings of context descriptors. A trapped window is memory without access, so
 * that each load and store faults and is carried out by the daemon; a shared window is a page that
 * the daemon looks at. The table is read by fault handlers without a lock.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define WINDOWS_MAX 4096
#define REGISTERS_TRAPPED 1u
#define REGISTERS_SHARED 2u

struct slot {
    atomic_uint version; /* odd: being changed */
    _Atomic uintptr_t start; /* 0: free */
    _Atomic uintptr_t end;
    struct window window;
};

static struct slot s_slots[WINDOWS_MAX];
static atomic_int s_used; /* slots below this one may be in use */
static atomic_int s_count;
static uint32_t s_wanted = REGISTERS_TRAPPED;

/* ---- the lock of the table; signals are blocked while it is held ---------------------------- */

static atomic_int s_lock;

static void lock(sigset_t *saved)
{
    sigset_t all;
    sigfillset(&all);
    real()->pthread_sigmask(SIG_SETMASK, &all, saved);
    int expected = 0;
    if (atomic_compare_exchange_strong(&s_lock, &expected, 1))
        return;
    while (atomic_exchange(&s_lock, 2) != 0)
        syscall(SYS_futex, &s_lock, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

static void unlock(const sigset_t *saved)
{
    if (atomic_exchange(&s_lock, 0) == 2)
        syscall(SYS_futex, &s_lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    real()->pthread_sigmask(SIG_SETMASK, saved, NULL);
}

static sigset_t s_mask_before_fork;

void windows_before_fork(void)
{
    sigset_t saved;
    lock(&saved);
    s_mask_before_fork = saved;
}

void windows_after_fork(void)
{
    sigset_t saved = s_mask_before_fork;
    unlock(&saved);
}

/* A thread that is not in this process may have held the lock. */
void windows_after_unseen_fork(void)
{
    atomic_store(&s_lock, 0);
}

/* ---- the table ---------------------------------------------------------------------------- */

static bool read_slot(struct slot *slot, uintptr_t address, struct window *out)
{
    for (;;) {
        unsigned version = atomic_load(&slot->version);
        if (version & 1)
            continue;
        uintptr_t start = atomic_load(&slot->start), end = atomic_load(&slot->end);
        bool is_inside = start != 0 && address >= start && address < end;
        if (is_inside)
            *out = slot->window;
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load(&slot->version) == version)
            return is_inside;
    }
}

bool windows_find(uintptr_t address, struct window *out)
{
    int used = atomic_load(&s_used);
    for (int i = 0; i < used; i++)
        if (read_slot(&s_slots[i], address, out))
            return true;
    return false;
}

static void set_slot(struct slot *slot, const struct window *window)
{
    atomic_fetch_add(&slot->version, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (window) {
        slot->window = *window;
        atomic_store(&slot->end, window->end);
    }
    atomic_store(&slot->start, window ? window->start : 0);
    atomic_fetch_add(&slot->version, 1);
}

static bool add_window(const struct window *window)
{
    for (int i = 0; i < WINDOWS_MAX; i++) {
        if (atomic_load(&s_slots[i].start) != 0)
            continue;
        set_slot(&s_slots[i], window);
        if (i >= atomic_load(&s_used))
            atomic_store(&s_used, i + 1);
        atomic_fetch_add(&s_count, 1);
        return true;
    }
    return false;
}

static void remove_slot(struct slot *slot)
{
    set_slot(slot, NULL);
    atomic_fetch_sub(&s_count, 1);
}

/* A duplicate that the program does not see holds the context's file open, as a mapping does. */
static int duplicate_hidden(int descriptor, uint64_t file)
{
    int duplicate = (int)syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, 16);
    if (duplicate < 0)
        return -1;
    duplicate = link_make_hidden(duplicate);
    struct file hidden = { .kind = FILE_HIDDEN, .id = file };
    if (!files_add(duplicate, &hidden)) {
        syscall(SYS_close, duplicate);
        return -1;
    }
    return duplicate;
}

struct closing {
    int descriptor;
    uint64_t file;
};

/* The part [start, end) of a window goes away; returns a descriptor to close, if it was the last. */
static struct closing cut_window(struct slot *slot, uintptr_t start, uintptr_t end)
{
    struct window before = slot->window, after = slot->window;
    struct closing none = { -1, 0 };
    bool has_before = before.start < start, has_after = after.end > end;
    if (!has_before && !has_after) {
        remove_slot(slot);
        return (struct closing) { before.duplicate, before.file };
    }
    before.end = start;
    before.has_guard = false;
    after.offset += end - after.start;
    after.start = end;
    if (has_before && has_after) {
        after.duplicate = duplicate_hidden(after.duplicate, after.file);
        set_slot(slot, &before);
        (void)add_window(&after);
    } else {
        set_slot(slot, has_before ? &before : &after);
    }
    return none;
}

/* Takes [address, address + length) out of the table. Guard pages go with the end of their window. */
static void forget_range(uintptr_t address, size_t length)
{
    if (atomic_load(&s_count) == 0 || length == 0)
        return;
    uintptr_t end = address + length;
    for (int i = 0; i < atomic_load(&s_used); i++) {
        sigset_t saved;
        struct closing closing = { -1, 0 };
        lock(&saved);
        struct slot *slot = &s_slots[i];
        uintptr_t slot_start = atomic_load(&slot->start), slot_end = atomic_load(&slot->end);
        if (slot_start != 0 && slot_start < end && slot_end > address) {
            if (slot->window.has_guard && end >= slot_end)
                real()->munmap((void *)slot_end, (size_t)sysconf(_SC_PAGESIZE));
            closing = cut_window(slot, address < slot_start ? slot_start : address,
                end > slot_end ? slot_end : end);
        }
        unlock(&saved);
        if (closing.descriptor >= 0)
            calls_close_context(closing.descriptor, closing.file);
    }
}

/* ---- mmap --------------------------------------------------------------------------------- */

void windows_set_mode(bool wants_shared)
{
    s_wanted = wants_shared ? REGISTERS_SHARED : REGISTERS_TRAPPED;
#if !defined(__x86_64__)
    s_wanted = REGISTERS_SHARED;
#endif
}

static void *fail_map(int error)
{
    errno = error;
    return MAP_FAILED;
}

/* Asks the daemon; the mode given and, for a shared page, its descriptor. */
static int ask_to_map(const struct file *file, size_t length, off_t offset, uint32_t *mode,
    int *page)
{
    struct {
        struct message_header header;
        uint64_t id, length, offset;
        uint32_t mode, reserved;
    } request = {
        .id = file->id, .length = length, .offset = (uint64_t)offset, .mode = s_wanted,
    };
    struct {
        struct message_header header;
        uint32_t mode, reserved;
        uint64_t page_bytes;
    } reply;
    struct exchange exchange = {
        .type = MESSAGE_MAP, .request = &request, .request_length = sizeof request,
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    int error = link_exchange(&exchange);
    *page = exchange.descriptor;
    *mode = reply.mode;
    return error == LINK_DOWN ? EIO : error;
}

/* Memory without access. Where the program does not say where, a page follows that nothing else
   gets: an access beyond the window always faults. */
static void *reserve(void *address, size_t length, int flags, bool *has_guard)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    *has_guard = fixed == 0;
    return real()->mmap(address, length + (*has_guard ? page : 0), PROT_NONE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
}

static void *map_shared(void *address, size_t length, int protection, int page, off_t offset)
{
    return address == MAP_FAILED ? address : real()->mmap(
        address, length, protection, MAP_SHARED | MAP_FIXED, page, offset);
}

static bool can_trap(void)
{
#if defined(__x86_64__)
    return fault_install();
#else
    static atomic_bool s_has_reported;
    if (!atomic_exchange(&s_has_reported, true))
        report("trapped registers need x86-64; on this processor the adapter must be in SQ mode");
    return false;
#endif
}

static void *map_window(const struct file *file, void *address, size_t length, int protection,
    int flags, int descriptor, off_t offset)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded = (length + page_bytes - 1) & ~(page_bytes - 1);
    if (length == 0 || rounded < length || offset < 0 || (size_t)offset % page_bytes != 0)
        return fail_map(EINVAL);

    uint32_t mode;
    int page;
    int error = ask_to_map(file, rounded, offset, &mode, &page);
    if (error != 0)
        return fail_map(error);

    struct window window = {
        .offset = (uint64_t)offset, .file = file->id, .protection = protection,
        .is_trapped = mode == REGISTERS_TRAPPED,
    };
    void *mapped = MAP_FAILED;
    if (flags & MAP_FIXED)
        forget_range((uintptr_t)address, rounded);
    if (!window.is_trapped || can_trap())
        mapped = reserve(address, rounded, flags, &window.has_guard);
    else
        errno = ENODEV;
    if (!window.is_trapped)
        mapped = map_shared(mapped, rounded, protection, page, offset);
    error = errno;
    if (page >= 0)
        syscall(SYS_close, page);
    if (mapped == MAP_FAILED)
        return fail_map(error);

    window.start = (uintptr_t)mapped;
    window.end = window.start + rounded;
    window.duplicate = duplicate_hidden(descriptor, file->id);
    sigset_t saved;
    lock(&saved);
    bool is_added = window.duplicate >= 0 && add_window(&window);
    unlock(&saved);
    if (!is_added) {
        real()->munmap(mapped, rounded + (window.has_guard ? page_bytes : 0));
        if (window.duplicate >= 0)
            calls_close_context(window.duplicate, file->id);
        return fail_map(ENOMEM);
    }
    debug("window of %zu bytes at %p, %s", rounded, mapped,
        window.is_trapped ? "trapped" : "shared");
    return mapped;
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int descriptor,
    off_t offset)
{
    if (!(flags & MAP_ANONYMOUS) && descriptor >= 0) {
        struct file file = files_get(descriptor);
        if (file.kind == FILE_CONTEXT)
            return map_window(&file, address, length, protection, flags, descriptor, offset);
        if (file.kind != FILE_NONE)
            return fail_map(file.kind == FILE_HIDDEN ? EBADF : ENODEV);
    }
    if (flags & MAP_FIXED)
        forget_range((uintptr_t)address, length);
    void *mapped = real()->mmap(address, length, protection, flags, descriptor, offset);
    if (mapped == MAP_FAILED && errno == ENODEV && preload_is_active()) {
        struct file file = files_identify(descriptor);
        if (file.kind == FILE_CONTEXT)
            return map_window(&file, address, length, protection, flags, descriptor, offset);
        errno = ENODEV;
    }
    return mapped;
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int descriptor,
    off64_t offset) __attribute__((alias("mmap")));

/* First out of the table, then out of memory: a thread that still uses the window gets SIGSEGV. */
EXPORT int munmap(void *address, size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if ((uintptr_t)address % page == 0)
        forget_range((uintptr_t)address, (length + page - 1) & ~(page - 1));
    return real()->munmap(address, length);
}

static bool is_over_window(uintptr_t address, size_t length, bool *is_trapped)
{
    bool is_over = false;
    *is_trapped = false;
    for (int i = 0; i < atomic_load(&s_used); i++) {
        uintptr_t start = atomic_load(&s_slots[i].start), end = atomic_load(&s_slots[i].end);
        if (start == 0 || start >= address + length || end <= address)
            continue;
        is_over = true;
        *is_trapped = *is_trapped || s_slots[i].window.is_trapped;
    }
    return is_over;
}

/* A trapped window stays without access; its protection is remembered, and asked by the handler. */
EXPORT int mprotect(void *address, size_t length, int protection)
{
    bool is_trapped;
    if (atomic_load(&s_count) == 0
        || !is_over_window((uintptr_t)address, length, &is_trapped) || !is_trapped)
        return real()->mprotect(address, length, protection);

    sigset_t saved;
    int result = 0;
    uintptr_t start = (uintptr_t)address, end = start + length;
    lock(&saved);
    for (int i = 0; i < atomic_load(&s_used); i++) {
        struct slot *slot = &s_slots[i];
        if (atomic_load(&slot->start) != start || atomic_load(&slot->end) > end) {
            if (atomic_load(&slot->start) != 0 && atomic_load(&slot->start) < end
                && atomic_load(&slot->end) > start)
                result = ENOMEM; /* a part of a window keeps the protection of the whole */
            continue;
        }
        struct window window = slot->window;
        window.protection = protection;
        set_slot(slot, &window);
    }
    unlock(&saved);
    errno = result != 0 ? result : errno;
    return result == 0 ? 0 : -1;
}

EXPORT void *mremap(void *address, size_t old_length, size_t new_length, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *target = va_arg(arguments, void *);
    va_end(arguments);
    bool is_trapped;
    if (atomic_load(&s_count) != 0
        && is_over_window((uintptr_t)address, old_length, &is_trapped))
        return fail_map(EINVAL);
    return real()->mremap(address, old_length, new_length, flags, target);
}
