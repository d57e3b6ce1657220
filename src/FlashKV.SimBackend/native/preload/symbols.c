/*
 * dlsym and dlopen. A program that asks for a call by name, on libc's handle, gets ours; .NET binds
 * its native calls so. One that loads libudev at run time gets this library.
 */
#include "preload.h"

#include <dlfcn.h>
#include <string.h>

/* Not the address of the declared function, which the compiler may replace by a libc variant. */
static void *own_symbol(const char *name)
{
    static _Atomic(void *) s_self;
    void *self = atomic_load(&s_self);
    Dl_info info;
    if (!self && dladdr((void *)(uintptr_t)&own_symbol, &info) != 0) {
        self = real()->dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
        atomic_store(&s_self, self);
    }
    return self ? real()->dlsym(self, name) : NULL;
}

/* The calls that this library takes over: what libc's handle must not give. */
static bool is_taken_over(const char *name)
{
    static const char *const s_names[] = {
        "open", "open64", "openat", "openat64", "close", "close_range", "closefrom", "dup", "dup2",
        "dup3", "fcntl", "fcntl64", "ioctl", "read", "write", "poll", "ppoll", "mmap", "mmap64",
        "munmap", "mprotect", "mremap", "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64",
        "fstatat", "fstatat64", "statx", "access", "faccessat", "readlink", "readlinkat",
        "realpath", "canonicalize_file_name", "fopen", "fopen64", "opendir", "readdir",
        "readdir64", "rewinddir", "closedir", "scandir", "scandir64", "sigaction", "signal",
        "sigprocmask", "pthread_sigmask", "dlsym", "dlopen",
    };
    for (size_t i = 0; i < sizeof s_names / sizeof *s_names; i++)
        if (strcmp(name, s_names[i]) == 0)
            return true;
    return false;
}

/* The calls of libc end this function, so that libc sees who called it. */
EXPORT void *dlsym(void *restrict handle, const char *restrict name)
{
    if (handle == RTLD_NEXT || !preload_is_active() || !is_taken_over(name))
        return real()->dlsym(handle, name);
    void *found = real()->dlsym(handle, name);
    void *own = found ? own_symbol(name) : NULL;
    return own && found == real()->dlsym(RTLD_NEXT, name) ? own : found;
}

static bool is_udev(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, "libudev.so", 10) == 0;
}

EXPORT void *dlopen(const char *path, int flags)
{
    Dl_info info;
    if (path && preload_is_active() && is_udev(path)
        && dladdr((void *)(uintptr_t)&own_symbol, &info) != 0)
        path = info.dli_fname;
    return real()->dlopen(path, flags);
}
