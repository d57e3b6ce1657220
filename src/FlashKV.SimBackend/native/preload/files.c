/*
 * Which descriptors of the program are ours. The kernel counts the references to what is behind
 * them; this table only says what a number means, so that a call on any other costs a look.
 */
#include "preload.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

/* A socket is known by its inode number, which is the daemon's file id too. */
static struct {
    _Atomic uint64_t id;
    _Atomic uint32_t meaning; /* kind | access << 8; 0: not ours */
    _Atomic uint32_t device;
} s_files[FILES_MAX];

static atomic_int s_count; /* of devices, hosts and contexts */

static bool counts(uint32_t meaning)
{
    enum file_kind kind = (enum file_kind)(meaning & 0xFF);
    return kind != FILE_NONE && kind != FILE_HIDDEN;
}

bool files_add(int descriptor, const struct file *file)
{
    if (descriptor < 0 || descriptor >= FILES_MAX)
        return false;
    uint32_t meaning = (uint32_t)file->kind | file->access << 8;
    atomic_store(&s_files[descriptor].id, file->id);
    atomic_store(&s_files[descriptor].device, file->device);
    uint32_t before = atomic_exchange(&s_files[descriptor].meaning, meaning);
    atomic_fetch_add(&s_count, (int)counts(meaning) - (int)counts(before));
    return true;
}

void files_remove(int descriptor)
{
    if (descriptor < 0 || descriptor >= FILES_MAX)
        return;
    uint32_t before = atomic_exchange(&s_files[descriptor].meaning, 0);
    atomic_fetch_sub(&s_count, (int)counts(before));
}

struct file files_get(int descriptor)
{
    struct file file = { FILE_NONE, 0, 0, 0 };
    if (descriptor < 0 || descriptor >= FILES_MAX)
        return file;
    uint32_t meaning = atomic_load(&s_files[descriptor].meaning);
    file.kind = (enum file_kind)(meaning & 0xFF);
    file.access = meaning >> 8;
    file.id = atomic_load(&s_files[descriptor].id);
    file.device = atomic_load(&s_files[descriptor].device);
    return file;
}

struct file files_identify(int descriptor)
{
    struct file file = files_get(descriptor);
    struct stat status;
    if (file.kind != FILE_NONE || !preload_is_active() || descriptor < 0
        || real()->fstat(descriptor, &status) != 0 || !S_ISSOCK(status.st_mode))
        return file;

    struct {
        struct message_header header;
        uint64_t id;
    } request = { .id = status.st_ino };
    struct {
        struct message_header header;
        uint64_t id;
        uint32_t kind, access;
        uint64_t mmio_bytes;
    } reply;
    struct exchange exchange = {
        .type = MESSAGE_IDENTIFY, .request = &request, .request_length = sizeof request,
        .reply = &reply, .reply_capacity = sizeof reply,
    };
    if (link_exchange(&exchange) != 0 || exchange.reply_length < sizeof reply)
        return file;
    file.kind = (enum file_kind)reply.kind;
    file.access = reply.access;
    file.id = reply.id;
    (void)files_add(descriptor, &file);
    return file;
}

bool files_is_any_ours(void)
{
    return atomic_load(&s_count) > 0;
}

/* After exec: what the program before has left open. */
void files_find_inherited(void)
{
    DIR *directory = real()->opendir("/proc/self/fd");
    if (!directory)
        return;
    struct dirent *entry;
    while ((entry = real()->readdir(directory)) != NULL) {
        int descriptor = 0;
        const char *digit = entry->d_name;
        while (*digit >= '0' && *digit <= '9')
            descriptor = descriptor * 10 + (*digit++ - '0');
        struct stat status;
        if (digit != entry->d_name && *digit == '\0' && descriptor > 2
            && real()->fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode))
            (void)files_identify(descriptor);
    }
    real()->closedir(directory);
}
