/*
 * Being loaded, being forked, and libc's own functions.
 */
#include "preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static struct real_functions s_real;
static atomic_int s_is_resolved;
static bool s_is_active;
static bool s_is_verbose;

/* ---- messages: one write each, with what is safe in a signal handler ------------------------ */

static void write_line(const char *format, va_list arguments)
{
    char line[512];
    int length = snprintf(line, sizeof line - 1, "flashkv: ");
    length += vsnprintf(line + length, sizeof line - 1 - (size_t)length, format, arguments);
    if (length > (int)sizeof line - 2)
        length = (int)sizeof line - 2;
    line[length++] = '\n';
    int saved = errno;
    long ignored = syscall(SYS_write, STDERR_FILENO, line, length);
    (void)ignored;
    errno = saved;
}

void report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void debug(const char *format, ...)
{
    if (!s_is_verbose)
        return;
    va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

bool memory_copy(uintptr_t address, void *data, size_t length, bool is_write)
{
    struct iovec local = { data, length }, remote = { (void *)address, length };
    int saved = errno;
    long process = syscall(SYS_getpid);
    /* Numbers as wide as the kernel takes them: syscall() does not know their types. */
    long result = is_write
        ? syscall(SYS_process_vm_writev, process, &local, 1ul, &remote, 1ul, 0ul)
        : syscall(SYS_process_vm_readv, process, &local, 1ul, &remote, 1ul, 0ul);
    errno = saved;
    return result == (long)length;
}

/* ---- libc's own functions ---------------------------------------------------------------------- */

/* dlsym is ours; libc's carries the version of the oldest libc of the processor. */
static void *find_dlsym(void)
{
    static const char *const s_versions[] = {
        "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.27", "GLIBC_2.36", "GLIBC_2.34", "GLIBC_2.4",
        "GLIBC_2.2", "GLIBC_2.0",
    };
    for (size_t i = 0; i < sizeof s_versions / sizeof *s_versions; i++) {
        void *function = dlvsym(RTLD_NEXT, "dlsym", s_versions[i]);
        if (function)
            return function;
    }
    report("libc's dlsym was not found");
    abort();
}

static void resolve(void)
{
    /* POSIX lets a function pointer be copied from what dlsym gives; C does not know it. */
    void *function = find_dlsym();
    memcpy(&s_real.dlsym, &function, sizeof function);
#define X(type, name, arguments) \
    function = s_real.dlsym(RTLD_NEXT, #name); \
    memcpy(&s_real.name, &function, sizeof function);
    REAL_FUNCTIONS(X)
#undef X
    atomic_store(&s_is_resolved, 1);
}

const struct real_functions *real(void)
{
    if (!atomic_load_explicit(&s_is_resolved, memory_order_acquire))
        resolve(); /* twice is harmless: the same values are stored */
    return &s_real;
}

bool preload_is_active(void)
{
    return s_is_active;
}

/* ---- fork -------------------------------------------------------------------------------------- */

/* One page that the kernel zeroes in a forked child, and only in one: a child between vfork and exec
   shares this memory, one of a fork that libc did not see has its own. */
static atomic_int *s_is_marked;

static void mark_memory(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *marked = real()->mmap(
        NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (marked == MAP_FAILED)
        return;
    if (madvise(marked, page, MADV_WIPEONFORK) == 0)
        s_is_marked = marked;
    atomic_store((atomic_int *)marked, 1);
}

bool preload_adopt_memory(void)
{
    if (!s_is_marked || atomic_exchange(s_is_marked, 1) != 0)
        return false;
    windows_after_unseen_fork();
    scratch_after_fork();
    link_forget_after_fork();
    return true;
}

static void before_fork(void)
{
    windows_before_fork();
}

static void after_fork_in_parent(void)
{
    windows_after_fork();
}

static void after_fork_in_child(void)
{
    windows_after_fork();
    scratch_after_fork();
    if (s_is_marked)
        atomic_store(s_is_marked, 1);
    link_forget_after_fork();
}

/* ---- load -------------------------------------------------------------------------------------- */

__attribute__((constructor)) static void start(void)
{
    (void)real();
    const char *socket_path = getenv("FLASHKV_ADAPTER_SOCKET");
    const char *registers = getenv("FLASHKV_ADAPTER_REGISTERS");
    const char *verbose = getenv("FLASHKV_ADAPTER_DEBUG");
    s_is_verbose = verbose && strcmp(verbose, "1") == 0;
    if (!socket_path || socket_path[0] == '\0')
        return;
    if (registers && strcmp(registers, "trapped") != 0 && strcmp(registers, "shared") != 0)
        report("FLASHKV_ADAPTER_REGISTERS is \"trapped\" or \"shared\", not \"%s\"", registers);
    link_start(socket_path);
    windows_set_mode(registers && strcmp(registers, "shared") == 0);
    mark_memory();
    s_is_active = true;

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV); /* a blocked fault would end the process */
    real()->pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    files_find_inherited();
}
