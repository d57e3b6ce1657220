/*
 * The daemon's tree of devices: a path, looked up with the links on its way.
 */
#include "preload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINKS_MAX 16

static bool has_prefix(const char *path, const char *prefix)
{
    return strncmp(path, prefix, strlen(prefix)) == 0;
}

/* What cannot be in the tree costs no request. */
bool nodes_may_have(const char *path)
{
    if (!path || path[0] != '/' || !preload_is_active())
        return false;
    while (path[1] == '/')
        path++;
    return has_prefix(path, "/dev/sg") || has_prefix(path, "/dev/cxlflash")
        || has_prefix(path, "/sys/") || strcmp(path, "/sys") == 0
        || strcmp(path, "/dev") == 0 || strcmp(path, "/dev/") == 0;
}

void nodes_free(struct node *node)
{
    free(node->content);
    node->content = NULL;
}

/* One exact path. */
static bool look_up(const char *path, struct node *out)
{
    struct {
        struct message_header header;
        uint32_t path_length, reserved;
        char path[1000];
    } request = { .reserved = 0 };
    struct reply {
        struct message_header header;
        uint32_t kind, device, length, reserved;
        char content[];
    } *reply;
    size_t length = strlen(path);
    memset(out, 0, sizeof *out);
    if (length == 0 || length > sizeof request.path)
        return false;
    request.path_length = (uint32_t)length;
    memcpy(request.path, path, length);

    reply = malloc(MESSAGE_MAX_REPLY_BYTES);
    if (!reply)
        return false;
    struct exchange exchange = {
        .type = MESSAGE_LOOKUP, .request = &request,
        .request_length = (uint32_t)(offsetof(__typeof__(request), path) + length),
        .reply = reply, .reply_capacity = MESSAGE_MAX_REPLY_BYTES,
    };
    int error = link_exchange(&exchange);
    bool is_found = error == 0
        && exchange.reply_length >= sizeof *reply
        && reply->length <= exchange.reply_length - sizeof *reply;
    if (error == EINVAL) {
        out->kind = NODE_FILE;
        out->is_refused = true;
        out->content = calloc(1, 1);
        if (out->content)
            strcpy(out->path, path);
        free(reply);
        return out->content != NULL;
    }
    if (is_found) {
        out->kind = (enum node_kind)reply->kind;
        out->device = reply->device;
        out->length = reply->length;
        out->content = malloc(reply->length + 1);
        is_found = out->content != NULL;
    }
    if (is_found) {
        memcpy(out->content, reply->content, reply->length);
        out->content[reply->length] = '\0';
        strcpy(out->path, path);
    }
    free(reply);
    return is_found;
}

/* Takes the next component off the path; false: there is none. */
static bool next_component(const char **path, const char **component, size_t *length)
{
    while (**path == '/')
        (*path)++;
    *component = *path;
    while (**path != '/' && **path != '\0')
        (*path)++;
    *length = (size_t)(*path - *component);
    return *length != 0;
}

static bool append(char *path, size_t capacity, const char *component, size_t length)
{
    size_t before = strlen(path);
    if (before + 1 + length >= capacity)
        return false;
    path[before] = '/';
    memcpy(path + before + 1, component, length);
    path[before + 1 + length] = '\0';
    return true;
}

static void remove_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
}

bool nodes_find(const char *path, bool follows_last, struct node *out)
{
    char pending[2][1024], resolved[1000] = "";
    int links = 0, current = 0;
    memset(out, 0, sizeof *out);
    if (!nodes_may_have(path) || strlen(path) >= sizeof pending[0])
        return false;
    strcpy(pending[0], path);
    const char *rest = pending[0], *component;
    size_t length;

    while (next_component(&rest, &component, &length)) {
        if (length == 1 && component[0] == '.')
            continue;
        nodes_free(out);
        if (length == 2 && component[0] == '.' && component[1] == '.')
            remove_last(resolved);
        else if (!append(resolved, sizeof resolved, component, length))
            return false;
        if (!look_up(resolved[0] == '\0' ? "/" : resolved, out))
            return false;
        /* A slash at the end follows the last link too. */
        if (out->kind != NODE_LINK || (!follows_last && *rest == '\0'))
            continue;

        char *next = pending[1 - current];
        bool is_absolute = out->content[0] == '/';
        int written = snprintf(next, sizeof pending[0], "%s%s", out->content, rest);
        if (++links > LINKS_MAX || written >= (int)sizeof pending[0]) {
            nodes_free(out);
            return false;
        }
        if (is_absolute)
            resolved[0] = '\0';
        else
            remove_last(resolved);
        rest = next;
        current = 1 - current;
    }
    return out->content != NULL;
}
