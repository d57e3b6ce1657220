/*
 * The calls on paths. Nodes of the daemon's tree come first; directories that the machine has too
 * are the machine's, with our names added.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

static int fail(int error)
{
    errno = error;
    return -1;
}

/* ---- open --------------------------------------------------------------------------------- */

static int open_content(const struct node *node, int flags)
{
    if ((flags & O_ACCMODE) != O_RDONLY)
        return fail(EACCES);
    /* Opening an attribute succeeds; reading is what is refused, as an epoll descriptor does. */
    if (node->is_refused)
        return epoll_create1((flags & O_CLOEXEC) ? EPOLL_CLOEXEC : 0);
    int memory = memfd_create("flashkv-attribute", MFD_CLOEXEC);
    if (memory < 0)
        return -1;
    char path[64];
    int result = -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", memory);
    if (real()->write(memory, node->content, node->length) == (ssize_t)node->length)
        result = real()->open(path, O_RDONLY | (flags & O_CLOEXEC));
    int error = errno;
    real()->close(memory);
    errno = error;
    return result;
}

/* True: the path is ours, and *result is what open gives. */
static bool open_node(const char *path, int flags, int *result)
{
    struct node node;
    if (!nodes_may_have(path) || !nodes_find(path, !(flags & O_NOFOLLOW), &node))
        return false;
    bool is_ours = true;
    if (node.kind == NODE_DEVICE)
        *result = calls_open(node.path, flags, node.device);
    else if (node.kind == NODE_FILE)
        *result = open_content(&node, flags);
    else if (node.kind == NODE_LINK)
        *result = fail(ELOOP);
    else
        is_ours = false;
    nodes_free(&node);
    return is_ours;
}

/* A link of the machine, such as /tmp/disk -> /dev/sg0, to a node that only the daemon has. */
static bool open_linked(const char *path, int flags, int *result)
{
    char target[PATH_MAX];
    int error = errno;
    ssize_t length = preload_is_active() && (error == ENOENT || error == ENXIO || error == ENODEV)
        ? real()->readlink(path, target, sizeof target - 1) : -1;
    errno = error;
    if (length <= 0)
        return false;
    target[length] = '\0';
    bool is_ours = open_node(target, flags, result);
    if (!is_ours)
        errno = error;
    return is_ours;
}

static bool needs_mode(int flags)
{
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_any(int directory, const char *path, int flags, mode_t mode)
{
    int result;
    if (open_node(path, flags, &result))
        return result;
    result = directory == AT_FDCWD ? real()->open(path, flags, mode)
                                   : real()->openat(directory, path, flags, mode);
    if (result < 0 && path)
        (void)open_linked(path, flags, &result);
    return result;
}

EXPORT int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (needs_mode(flags)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_any(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (needs_mode(flags)) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return open_any(directory, path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
EXPORT int openat64(int directory, const char *path, int flags, ...)
    __attribute__((alias("openat")));

/* What checked builds call. */
#define DEFINE_OPEN_CHECKED(name) \
    EXPORT int name(const char *path, int flags); \
    EXPORT int name(const char *path, int flags) { return open_any(AT_FDCWD, path, flags, 0); }
#define DEFINE_OPENAT_CHECKED(name) \
    EXPORT int name(int directory, const char *path, int flags); \
    EXPORT int name(int directory, const char *path, int flags) \
    { return open_any(directory, path, flags, 0); }
DEFINE_OPEN_CHECKED(__open_2)
DEFINE_OPEN_CHECKED(__open64_2)
DEFINE_OPENAT_CHECKED(__openat_2)
DEFINE_OPENAT_CHECKED(__openat64_2)

EXPORT FILE *fopen(const char *path, const char *mode)
{
    int result;
    bool is_read = mode && mode[0] == 'r' && !strchr(mode, '+');
    if (nodes_may_have(path)
        && open_node(path, (is_read ? O_RDONLY : O_RDWR) | (mode && strchr(mode, 'e')
            ? O_CLOEXEC : 0), &result))
        return result < 0 ? NULL : fdopen(result, mode);
    return real()->fopen(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode) __attribute__((alias("fopen")));

/* ---- stat --------------------------------------------------------------------------------- */

static uint64_t path_number(const char *path)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *path; path++)
        hash = (hash ^ (unsigned char)*path) * 0x100000001B3u;
    return hash >> 1;
}

static mode_t node_mode(const struct node *node)
{
    switch (node->kind) {
    case NODE_DIRECTORY: return S_IFDIR | 0755;
    case NODE_FILE: return S_IFREG | 0444;
    case NODE_LINK: return S_IFLNK | 0777;
    default: return S_IFCHR | 0660;
    }
}

static dev_t node_device(uint32_t device)
{
    return makedev(device >> 20, device & 0xFFFFF);
}

static void fill_stat(const struct node *node, struct stat *status)
{
    memset(status, 0, sizeof *status);
    status->st_dev = makedev(0, 0xFC);
    status->st_ino = path_number(node->path);
    status->st_mode = node_mode(node);
    status->st_nlink = 1;
    status->st_blksize = 4096;
    if (node->kind == NODE_DEVICE)
        status->st_rdev = node_device(node->device);
    else
        status->st_size = node->kind == NODE_FILE ? 4096 : node->length;
}

/* True: *node is to be used. A directory that the machine has is the machine's. */
static bool find_virtual(const char *path, bool follows_last, struct node *node)
{
    struct stat status;
    if (!nodes_may_have(path) || !nodes_find(path, follows_last, node))
        return false;
    if (node->kind != NODE_DIRECTORY || real()->stat(path, &status) != 0)
        return true;
    nodes_free(node);
    return false;
}

static bool stat_node(const char *path, bool follows_last, struct stat *status)
{
    struct node node;
    if (!find_virtual(path, follows_last, &node))
        return false;
    fill_stat(&node, status);
    nodes_free(&node);
    return true;
}

EXPORT int stat(const char *restrict path, struct stat *restrict status)
{
    return stat_node(path, true, status) ? 0 : real()->stat(path, status);
}

EXPORT int lstat(const char *restrict path, struct stat *restrict status)
{
    return stat_node(path, false, status) ? 0 : real()->lstat(path, status);
}

/* A device node's descriptor is a socket underneath; it shows itself as the node. */
EXPORT int fstat(int descriptor, struct stat *status)
{
    struct file file = files_get(descriptor);
    int result = real()->fstat(descriptor, status);
    if (result == 0 && (file.kind == FILE_DEVICE || file.kind == FILE_HOST)) {
        status->st_mode = S_IFCHR | 0660;
        status->st_rdev = node_device(file.device);
    }
    return result;
}

EXPORT int fstatat(int directory, const char *restrict path, struct stat *restrict status,
    int flags)
{
    if ((flags & AT_EMPTY_PATH) && path[0] == '\0' && directory >= 0)
        return fstat(directory, status);
    return stat_node(path, !(flags & AT_SYMLINK_NOFOLLOW), status)
        ? 0 : real()->fstatat(directory, path, status, flags);
}

/* On 64-bit Linux the two structures are one. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "struct stat");
EXPORT int stat64(const char *restrict path, struct stat64 *restrict status)
{
    return stat(path, (struct stat *)status);
}
EXPORT int lstat64(const char *restrict path, struct stat64 *restrict status)
{
    return lstat(path, (struct stat *)status);
}
EXPORT int fstat64(int descriptor, struct stat64 *status)
{
    return fstat(descriptor, (struct stat *)status);
}
EXPORT int fstatat64(int directory, const char *restrict path, struct stat64 *restrict status,
    int flags)
{
    return fstatat(directory, path, (struct stat *)status, flags);
}

/* What programs built against an older libc call. */
#define DEFINE_OLD_STAT(name, parameters, call) \
    EXPORT int name parameters; \
    EXPORT int name parameters { (void)version; return call; }
DEFINE_OLD_STAT(__xstat, (int version, const char *path, struct stat *status), stat(path, status))
DEFINE_OLD_STAT(__lxstat, (int version, const char *path, struct stat *status),
    lstat(path, status))
DEFINE_OLD_STAT(__fxstat, (int version, int descriptor, struct stat *status),
    fstat(descriptor, status))
DEFINE_OLD_STAT(__xstat64, (int version, const char *path, struct stat *status),
    stat(path, status))
DEFINE_OLD_STAT(__lxstat64, (int version, const char *path, struct stat *status),
    lstat(path, status))
DEFINE_OLD_STAT(__fxstat64, (int version, int descriptor, struct stat *status),
    fstat(descriptor, status))

EXPORT int statx(int directory, const char *restrict path, int flags, unsigned mask,
    struct statx *restrict status)
{
    struct stat plain;
    bool is_descriptor = (flags & AT_EMPTY_PATH) && path[0] == '\0' && directory >= 0;
    struct file file = files_get(is_descriptor ? directory : -1);
    bool is_ours = file.kind == FILE_DEVICE || file.kind == FILE_HOST
        ? fstat(directory, &plain) == 0
        : !is_descriptor && stat_node(path, !(flags & AT_SYMLINK_NOFOLLOW), &plain);
    if (!is_ours)
        return real()->statx(directory, path, flags, mask, status);
    memset(status, 0, sizeof *status);
    status->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID | STATX_INO
        | STATX_SIZE;
    status->stx_mode = (uint16_t)plain.st_mode;
    status->stx_nlink = 1;
    status->stx_ino = plain.st_ino;
    status->stx_size = (uint64_t)plain.st_size;
    status->stx_blksize = 4096;
    status->stx_rdev_major = major(plain.st_rdev);
    status->stx_rdev_minor = minor(plain.st_rdev);
    return 0;
}

EXPORT int faccessat(int directory, const char *path, int mode, int flags)
{
    struct node node;
    if (!find_virtual(path, !(flags & AT_SYMLINK_NOFOLLOW), &node))
        return real()->faccessat(directory, path, mode, flags);
    bool is_denied = (mode & W_OK && node.kind != NODE_DEVICE)
        || (mode & X_OK && node.kind != NODE_DIRECTORY);
    nodes_free(&node);
    return is_denied ? fail(EACCES) : 0;
}

EXPORT int access(const char *path, int mode)
{
    return nodes_may_have(path) ? faccessat(AT_FDCWD, path, mode, 0) : real()->access(path, mode);
}

/* ---- links --------------------------------------------------------------------------------- */

static bool read_link(const char *path, char *buffer, size_t size, ssize_t *result)
{
    struct node node;
    if (!find_virtual(path, false, &node))
        return false;
    if (node.kind == NODE_LINK) {
        *result = (ssize_t)(node.length < size ? node.length : size);
        memcpy(buffer, node.content, (size_t)*result);
    } else {
        *result = fail(EINVAL);
    }
    nodes_free(&node);
    return true;
}

EXPORT ssize_t readlink(const char *restrict path, char *restrict buffer, size_t size)
{
    ssize_t result;
    return read_link(path, buffer, size, &result) ? result : real()->readlink(path, buffer, size);
}

EXPORT ssize_t readlinkat(int directory, const char *restrict path, char *restrict buffer,
    size_t size)
{
    ssize_t result;
    return read_link(path, buffer, size, &result)
        ? result : real()->readlinkat(directory, path, buffer, size);
}

EXPORT char *realpath(const char *restrict path, char *restrict resolved)
{
    struct node node;
    if (!nodes_may_have(path) || !nodes_find(path, true, &node))
        return real()->realpath(path, resolved);
    char *result = resolved ? strcpy(resolved, node.path) : strdup(node.path);
    nodes_free(&node);
    return result;
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t size);

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t size)
{
    if (size < PATH_MAX)
        __builtin_trap();
    return realpath(path, resolved);
}

EXPORT char *canonicalize_file_name(const char *path)
{
    return realpath(path, NULL);
}

/* ---- directories ---------------------------------------------------------------------------- */

struct listing {
    struct listing *next;
    DIR *directory;
    bool is_ours_alone; /* the machine has no such directory; the DIR is only a carrier */
    struct node node;
    size_t at;
    struct dirent entry;
};

static pthread_mutex_t s_listings_lock = PTHREAD_MUTEX_INITIALIZER;
static struct listing *s_listings;

static struct listing **find_listing(DIR *directory)
{
    struct listing **link = &s_listings;
    while (*link && (*link)->directory != directory)
        link = &(*link)->next;
    return link;
}

EXPORT DIR *opendir(const char *path)
{
    struct listing *listing = NULL;
    if (nodes_may_have(path))
        listing = calloc(1, sizeof *listing);
    if (listing && (!nodes_find(path, true, &listing->node)
            || listing->node.kind != NODE_DIRECTORY)) {
        nodes_free(&listing->node);
        free(listing);
        listing = NULL;
    }
    DIR *directory = real()->opendir(path);
    if (!listing)
        return directory;
    if (!directory) {
        listing->is_ours_alone = true;
        directory = real()->opendir("/");
    }
    listing->directory = directory;
    pthread_mutex_lock(&s_listings_lock);
    listing->next = s_listings;
    s_listings = listing;
    pthread_mutex_unlock(&s_listings_lock);
    return directory;
}

static unsigned char entry_type(const struct node *parent, const char *name)
{
    struct node node;
    char path[1280];
    snprintf(path, sizeof path, "%s/%s", parent->path, name);
    unsigned char type = DT_UNKNOWN;
    if (nodes_find(path, false, &node)) {
        type = node.kind == NODE_DIRECTORY ? DT_DIR : node.kind == NODE_FILE ? DT_REG
            : node.kind == NODE_LINK ? DT_LNK : DT_CHR;
        nodes_free(&node);
    }
    return type;
}

/* The next of our names; one that the machine's directory has too was given already. */
static struct dirent *next_name(struct listing *listing)
{
    const char *names = listing->node.content;
    while (listing->at < listing->node.length) {
        size_t length = strcspn(names + listing->at, "\n");
        size_t start = listing->at;
        listing->at += length + 1;
        if (length == 0 || length >= sizeof listing->entry.d_name)
            continue;
        struct dirent *entry = &listing->entry;
        memset(entry, 0, sizeof *entry);
        memcpy(entry->d_name, names + start, length);
        struct stat status;
        char path[1280];
        snprintf(path, sizeof path, "%s/%s", listing->node.path, entry->d_name);
        if (!listing->is_ours_alone && real()->lstat(path, &status) == 0)
            continue;
        entry->d_type = entry_type(&listing->node, entry->d_name);
        entry->d_ino = path_number(path);
        entry->d_reclen = sizeof *entry;
        entry->d_off = (off_t)listing->at;
        return entry;
    }
    return NULL;
}

EXPORT struct dirent *readdir(DIR *directory)
{
    pthread_mutex_lock(&s_listings_lock);
    struct listing *listing = *find_listing(directory);
    pthread_mutex_unlock(&s_listings_lock);
    if (!listing)
        return real()->readdir(directory);
    struct dirent *entry = listing->is_ours_alone ? NULL : real()->readdir(directory);
    return entry ? entry : next_name(listing);
}

EXPORT struct dirent64 *readdir64(DIR *directory)
{
    return (struct dirent64 *)readdir(directory);
}

EXPORT void rewinddir(DIR *directory)
{
    pthread_mutex_lock(&s_listings_lock);
    struct listing *listing = *find_listing(directory);
    if (listing)
        listing->at = 0;
    pthread_mutex_unlock(&s_listings_lock);
    real()->rewinddir(directory);
}

EXPORT int closedir(DIR *directory)
{
    pthread_mutex_lock(&s_listings_lock);
    struct listing **link = find_listing(directory), *listing = *link;
    if (listing)
        *link = listing->next;
    pthread_mutex_unlock(&s_listings_lock);
    if (listing) {
        nodes_free(&listing->node);
        free(listing);
    }
    return real()->closedir(directory);
}

typedef int compare_entries(const struct dirent **, const struct dirent **);

/* libc's scandir does not come back to our opendir. */
EXPORT int scandir(const char *restrict path, struct dirent ***restrict names,
    int (*selects)(const struct dirent *), compare_entries *compares)
{
    DIR *directory = opendir(path);
    if (!directory)
        return -1;
    struct dirent **list = NULL, *entry;
    size_t count = 0, capacity = 0;
    bool is_short = false;
    while (!is_short && (entry = readdir(directory)) != NULL) {
        if (selects && !selects(entry))
            continue;
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            struct dirent **larger = realloc(list, capacity * sizeof *list);
            is_short = larger == NULL;
            list = larger ? larger : list;
        }
        struct dirent *copy = is_short ? NULL : malloc(sizeof *copy);
        is_short = copy == NULL;
        if (copy) {
            memcpy(copy, entry, offsetof(struct dirent, d_name) + strlen(entry->d_name) + 1);
            list[count++] = copy;
        }
    }
    (void)closedir(directory);
    if (is_short) {
        while (count > 0)
            free(list[--count]);
        free(list);
        return fail(ENOMEM);
    }
    if (compares && count > 1)
        qsort(list, count, sizeof *list, (int (*)(const void *, const void *))compares);
    *names = list;
    return (int)count;
}

EXPORT int scandir64(const char *restrict path, struct dirent64 ***restrict names,
    int (*selects)(const struct dirent64 *),
    int (*compares)(const struct dirent64 **, const struct dirent64 **))
{
    return scandir(path, (struct dirent ***)names, (int (*)(const struct dirent *))selects,
        (compare_entries *)compares);
}
