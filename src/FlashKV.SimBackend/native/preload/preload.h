/*
 * flashkv-preload: native programs that use open, ioctl, mmap, poll, read and close on SCSI generic
 * nodes run unmodified against an adapter that `flashkv adapter serve` simulates in another process.
 *
 *   start.c        being loaded, being forked
 *   link.c         connections to the daemon, requests and answers
 *   files.c        which descriptors of the program are ours
 *   calls.c        the calls on descriptors
 *   windows.c      register windows: mmap, munmap, mprotect
 *   fault.c        the fault handler, and the program's own behind it
 *   registers.c    a faulting instruction, carried out in registers
 *   instruction.c  its decoding
 *   scratch.c      instructions that are run once more, on scratch memory
 *   nodes.c        the daemon's tree of devices
 *   paths.c        the calls on paths
 *   udev.c         the part of libudev that finds devices
 *   symbols.c      dlsym and dlopen
 *
 * Everything that a fault handler may reach uses system calls only: no malloc, no stdio, no lock
 * that is held while a signal handler can run.
 */
#ifndef FLASHKV_PRELOAD_H
#define FLASHKV_PRELOAD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
/* The names defined here must not be replaced by checked or 64-bit variants. */
#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

#define REGISTER_WINDOW_BYTES 0x10000u
#define ALL_ONES UINT64_MAX

/* ---- libc's own functions ---------------------------------------------------------------- */

struct stat64;
struct statx;

#define REAL_FUNCTIONS(X) \
    X(int, open, (const char *, int, ...)) \
    X(int, openat, (int, const char *, int, ...)) \
    X(int, close, (int)) \
    X(int, close_range, (unsigned, unsigned, int)) \
    X(int, dup, (int)) \
    X(int, dup2, (int, int)) \
    X(int, dup3, (int, int, int)) \
    X(int, fcntl, (int, int, ...)) \
    X(int, ioctl, (int, unsigned long, ...)) \
    X(ssize_t, read, (int, void *, size_t)) \
    X(ssize_t, write, (int, const void *, size_t)) \
    X(int, poll, (struct pollfd *, nfds_t, int)) \
    X(int, ppoll, (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *)) \
    X(void *, mmap, (void *, size_t, int, int, int, off_t)) \
    X(int, munmap, (void *, size_t)) \
    X(int, mprotect, (void *, size_t, int)) \
    X(void *, mremap, (void *, size_t, size_t, int, ...)) \
    X(int, stat, (const char *, struct stat *)) \
    X(int, lstat, (const char *, struct stat *)) \
    X(int, fstat, (int, struct stat *)) \
    X(int, fstatat, (int, const char *, struct stat *, int)) \
    X(int, statx, (int, const char *, int, unsigned, struct statx *)) \
    X(int, access, (const char *, int)) \
    X(int, faccessat, (int, const char *, int, int)) \
    X(ssize_t, readlink, (const char *, char *, size_t)) \
    X(ssize_t, readlinkat, (int, const char *, char *, size_t)) \
    X(char *, realpath, (const char *, char *)) \
    X(FILE *, fopen, (const char *, const char *)) \
    X(DIR *, opendir, (const char *)) \
    X(struct dirent *, readdir, (DIR *)) \
    X(void, rewinddir, (DIR *)) \
    X(int, closedir, (DIR *)) \
    X(int, sigaction, (int, const struct sigaction *, struct sigaction *)) \
    X(int, sigprocmask, (int, const sigset_t *, sigset_t *)) \
    X(int, pthread_sigmask, (int, const sigset_t *, sigset_t *)) \
    X(void *, dlopen, (const char *, int))

struct real_functions {
#define X(type, name, arguments) type (*name) arguments;
    REAL_FUNCTIONS(X)
#undef X
    void *(*dlsym)(void *, const char *);
};

/* Filled at load, or by the first call that comes before. */
const struct real_functions *real(void);

/* Whether there is a daemon to serve this process: the environment names its socket. */
bool preload_is_active(void);

/* Makes this process's own what a fork that libc did not see has copied; false: nothing was. */
bool preload_adopt_memory(void);

/* Reads or writes the program's memory; false where an access would fault. */
bool memory_copy(uintptr_t address, void *data, size_t length, bool is_write);

/* One line on standard error. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- link.c ------------------------------------------------------------------------------- */

enum message_type {
    MESSAGE_HELLO = 1, MESSAGE_OPEN, MESSAGE_IDENTIFY, MESSAGE_IOCTL, MESSAGE_MAP,
    MESSAGE_READ_REGISTER, MESSAGE_WRITE_REGISTER, MESSAGE_WAIT, MESSAGE_CLOSING, MESSAGE_CLOSED,
    MESSAGE_LOOKUP, MESSAGE_LIST
};

#define MESSAGE_HEADER_BYTES 16u
#define MESSAGE_MAX_REPLY_BYTES 65536u

struct message_header {
    uint16_t type;
    uint16_t flags; /* in replies: descriptors passed */
    uint32_t length;
    uint32_t sequence;
    uint32_t error; /* in replies */
};

_Static_assert(sizeof(struct message_header) == MESSAGE_HEADER_BYTES, "message header");

/* Requests that may sleep have lanes of their own, so that register accesses never wait for them. */
enum lane { LANE_CALL, LANE_REGISTER };

struct exchange {
    enum lane lane;
    bool is_interruptible;
    void *request;           /* begins with a message_header, which link_exchange fills in */
    uint16_t type;
    uint32_t request_length;
    void *reply;             /* begins with a message_header */
    uint32_t reply_capacity;
    uint32_t reply_length;
    int descriptor;          /* passed with the reply, or -1 */
};

#define LINK_DOWN (-1) /* there is no daemon, or it went away */

/* 0, an errno of the daemon, EINTR, or LINK_DOWN. */
int link_exchange(struct exchange *exchange);

/* A connection held over several exchanges; NULL without a daemon. */
struct connection;
struct connection *link_take(enum lane lane);
void link_return(struct connection *connection);
int link_exchange_on(struct connection *connection, struct exchange *exchange);

bool link_is_hidden(int descriptor);
void link_start(const char *socket_path);
void link_forget_after_fork(void);
bool link_is_own_process(void);
int link_make_hidden(int descriptor); /* moves a descriptor out of the program's way */

/* ---- files.c ------------------------------------------------------------------------------ */

enum file_kind { FILE_NONE = 0, FILE_DEVICE = 1, FILE_HOST = 2, FILE_CONTEXT = 3, FILE_HIDDEN = 4 };

#define FILES_MAX 65536

struct file {
    enum file_kind kind;
    uint32_t access; /* O_RDONLY, O_WRONLY, O_RDWR */
    uint64_t id;     /* the inode number of the descriptor */
    uint32_t device; /* number of the node, as stat shows it; 0 where it is not known */
};

bool files_add(int descriptor, const struct file *file);
void files_remove(int descriptor);
struct file files_get(int descriptor);
/* As files_get; asks the daemon about a socket that is not known, such as an inherited one. */
struct file files_identify(int descriptor);
bool files_is_any_ours(void);
void files_find_inherited(void);

/* ---- calls.c ------------------------------------------------------------------------------ */

int calls_open(const char *path, int flags, uint32_t device);
void calls_close_context(int descriptor, uint64_t file);

/* ---- windows.c ---------------------------------------------------------------------------- */

struct window {
    uintptr_t start;
    uintptr_t end;     /* of the program's mapping; a guard page may follow */
    uint64_t offset;   /* in the register window, of start */
    uint64_t file;
    int protection;
    int duplicate;     /* of the descriptor: keeps the context's file open */
    bool is_trapped;
    bool has_guard;
};

bool windows_find(uintptr_t address, struct window *out); /* usable in fault handlers */
void windows_set_mode(bool wants_shared);
void windows_before_fork(void);
void windows_after_fork(void);
void windows_after_unseen_fork(void);

/* ---- fault.c, registers.c, scratch.c ------------------------------------------------------ */

enum served { SERVED, SERVED_BUS_ERROR, NOT_SERVED };

bool fault_install(void);
void signals_strip(sigset_t *set); /* takes the fault signal out of a mask */

enum served registers_serve(
    const struct window *window, uintptr_t address, bool is_write, ucontext_t *context);
bool registers_load(const struct window *window, uintptr_t address, void *data, size_t length,
    enum served *outcome);
bool registers_store(const struct window *window, uintptr_t address, const void *data,
    size_t length, enum served *outcome);

struct instruction;
enum served scratch_begin(const struct window *window, uintptr_t address,
    const struct instruction *instruction, ucontext_t *context);
bool scratch_is_ours(uintptr_t program_counter);
enum served scratch_finish(ucontext_t *context, uintptr_t *address);
void scratch_after_fork(void);

/* ---- nodes.c, paths.c, symbols.c ---------------------------------------------------------- */

enum node_kind {
    NODE_NONE = 0, NODE_DIRECTORY = 1, NODE_FILE = 2, NODE_LINK = 3, NODE_DEVICE = 4
};

#define NODE_CONTENT_BYTES 61440u

struct node {
    enum node_kind kind;
    uint32_t device;
    uint32_t length;
    bool is_refused; /* a file that is there and cannot be read: EINVAL, no content */
    char path[1024];
    char *content; /* malloc'ed, ends in a NUL */
};

/* Looks a path up in the daemon's tree; follows links on the way, the last one if asked to. */
bool nodes_find(const char *path, bool follows_last, struct node *out);
bool nodes_may_have(const char *path);
void nodes_free(struct node *node);

void *symbols_own(const char *name);

#endif
