/*
 * The part of libudev with which programs find SCSI devices: a device by path, name or number, its
 * parents, attributes and properties, and enumeration. Other devices of the machine are not shown.
 * A device is a directory of the daemon's tree that has a "uevent" file. Monitors see no event.
 */
#include "preload.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

struct udev {
    int references;
};

struct udev_list_entry {
    struct udev_list_entry *next;
    char *name;
    char *value;
};

struct udev_device {
    int references;
    struct udev *udev;
    struct udev_device *parent; /* owned; NULL until it is asked for */
    char *path;
    char *subsystem;
    struct udev_list_entry *properties;
    struct udev_list_entry *attributes; /* values that were asked for, and live as long */
    char *node_path;
    uint32_t number;
};

struct udev_enumerate {
    int references;
    struct udev *udev;
    struct udev_list_entry *subsystems, *names, *attributes, *properties;
    struct udev_list_entry *found;
    char *parent;
};

/* ---- lists ------------------------------------------------------------------------------------ */

static void *fail_with(int error)
{
    errno = error;
    return NULL;
}

static void free_list(struct udev_list_entry *entry)
{
    while (entry) {
        struct udev_list_entry *next = entry->next;
        free(entry->name);
        free(entry->value);
        free(entry);
        entry = next;
    }
}

static struct udev_list_entry *find_entry(struct udev_list_entry *entry, const char *name)
{
    while (entry && strcmp(entry->name, name) != 0)
        entry = entry->next;
    return entry;
}

/* In the order of names; one of each. */
static struct udev_list_entry *add_entry(
    struct udev_list_entry **list, const char *name, const char *value)
{
    while (*list && strcmp((*list)->name, name) < 0)
        list = &(*list)->next;
    if (*list && strcmp((*list)->name, name) == 0)
        return *list;
    struct udev_list_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    entry->name = strdup(name);
    entry->value = value ? strdup(value) : NULL;
    entry->next = *list;
    *list = entry;
    return entry;
}

EXPORT struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry);
EXPORT struct udev_list_entry *udev_list_entry_get_next(struct udev_list_entry *entry)
{
    return entry ? entry->next : NULL;
}

EXPORT struct udev_list_entry *udev_list_entry_get_by_name(
    struct udev_list_entry *entry, const char *name);
EXPORT struct udev_list_entry *udev_list_entry_get_by_name(
    struct udev_list_entry *entry, const char *name)
{
    return find_entry(entry, name);
}

EXPORT const char *udev_list_entry_get_name(struct udev_list_entry *entry);
EXPORT const char *udev_list_entry_get_name(struct udev_list_entry *entry)
{
    return entry ? entry->name : NULL;
}

EXPORT const char *udev_list_entry_get_value(struct udev_list_entry *entry);
EXPORT const char *udev_list_entry_get_value(struct udev_list_entry *entry)
{
    return entry ? entry->value : NULL;
}

/* ---- the library ------------------------------------------------------------------------------- */

EXPORT struct udev *udev_new(void);
EXPORT struct udev *udev_new(void)
{
    if (!preload_is_active())
        return fail_with(ENOSYS);
    struct udev *udev = calloc(1, sizeof *udev);
    if (udev)
        udev->references = 1;
    return udev;
}

EXPORT struct udev *udev_ref(struct udev *udev);
EXPORT struct udev *udev_ref(struct udev *udev)
{
    if (udev)
        udev->references++;
    return udev;
}

EXPORT struct udev *udev_unref(struct udev *udev);
EXPORT struct udev *udev_unref(struct udev *udev)
{
    if (udev && --udev->references == 0)
        free(udev);
    return NULL;
}

/* ---- devices ----------------------------------------------------------------------------------- */

/* The content of a file, or the last component of a link's target. */
static char *read_attribute(const char *directory, const char *name)
{
    char path[1280];
    struct node node;
    char *value = NULL;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (!nodes_find(path, false, &node))
        return NULL;
    if (node.kind == NODE_FILE && !node.is_refused) {
        value = strdup(node.content);
        size_t length = value ? strlen(value) : 0;
        while (length > 0 && value[length - 1] == '\n')
            value[--length] = '\0';
    } else if (node.kind == NODE_LINK) {
        const char *slash = strrchr(node.content, '/');
        value = strdup(slash ? slash + 1 : node.content);
    }
    nodes_free(&node);
    return value;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *property(struct udev_device *device, const char *name)
{
    struct udev_list_entry *entry = find_entry(device->properties, name);
    return entry ? entry->value : NULL;
}

static void read_properties(struct udev_device *device, char *uevent)
{
    char *rest = NULL;
    for (char *line = strtok_r(uevent, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *equals = strchr(line, '=');
        if (!equals)
            continue;
        *equals = '\0';
        (void)add_entry(&device->properties, line, equals + 1);
    }
    (void)add_entry(&device->properties, "DEVPATH", device->path + strlen("/sys"));
    if (device->subsystem)
        (void)add_entry(&device->properties, "SUBSYSTEM", device->subsystem);
    const char *major_text = property(device, "MAJOR"), *minor_text = property(device, "MINOR");
    if (major_text && minor_text)
        device->number = (uint32_t)(atoi(major_text) << 20 | atoi(minor_text));
}

EXPORT struct udev_device *udev_device_unref(struct udev_device *device);

static struct udev_device *make_device(struct udev *udev, const char *path)
{
    struct node node;
    if (!udev || !path || !nodes_find(path, true, &node))
        return fail_with(udev && path ? ENOENT : EINVAL);
    char *uevent = node.kind == NODE_DIRECTORY ? read_attribute(node.path, "uevent") : NULL;
    struct udev_device *device = uevent ? calloc(1, sizeof *device) : NULL;
    if (device) {
        device->references = 1;
        device->udev = udev;
        device->path = strdup(node.path);
        device->subsystem = read_attribute(node.path, "subsystem");
        read_properties(device, uevent);
        const char *name = property(device, "DEVNAME");
        if (name && (device->node_path = malloc(strlen(name) + sizeof "/dev/")) != NULL) {
            sprintf(device->node_path, "%s%s", name[0] == '/' ? "" : "/dev/", name);
            struct udev_list_entry *entry = find_entry(device->properties, "DEVNAME");
            free(entry->value);
            entry->value = strdup(device->node_path);
        }
    }
    free(uevent);
    nodes_free(&node);
    return device ? device : fail_with(ENOENT);
}

EXPORT struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path);
EXPORT struct udev_device *udev_device_new_from_syspath(struct udev *udev, const char *path)
{
    return make_device(udev, path);
}

EXPORT struct udev_device *udev_device_new_from_subsystem_sysname(
    struct udev *udev, const char *subsystem, const char *name);
EXPORT struct udev_device *udev_device_new_from_subsystem_sysname(
    struct udev *udev, const char *subsystem, const char *name)
{
    char path[1024];
    if (!subsystem || !name)
        return fail_with(EINVAL);
    snprintf(path, sizeof path, "/sys/class/%s/%s", subsystem, name);
    struct udev_device *device = make_device(udev, path);
    if (device)
        return device;
    snprintf(path, sizeof path, "/sys/bus/%s/devices/%s", subsystem, name);
    device = make_device(udev, path);
    if (device || strcmp(subsystem, "scsi") != 0)
        return device;
    snprintf(path, sizeof path, "/sys/class/scsi_device/%s", name);
    return make_device(udev, path);
}

EXPORT struct udev_device *udev_device_ref(struct udev_device *device);
EXPORT struct udev_device *udev_device_ref(struct udev_device *device)
{
    if (device)
        device->references++;
    return device;
}

EXPORT struct udev_device *udev_device_unref(struct udev_device *device)
{
    if (!device || --device->references > 0)
        return NULL;
    (void)udev_device_unref(device->parent);
    free_list(device->properties);
    free_list(device->attributes);
    free(device->path);
    free(device->subsystem);
    free(device->node_path);
    free(device);
    return NULL;
}

/* The parent belongs to the child, as in libudev. */
EXPORT struct udev_device *udev_device_get_parent(struct udev_device *device);
EXPORT struct udev_device *udev_device_get_parent(struct udev_device *device)
{
    if (!device || device->parent)
        return device ? device->parent : fail_with(EINVAL);
    char *path = strdup(device->path);
    char *slash;
    while (path && !device->parent && (slash = strrchr(path, '/')) != NULL && slash != path) {
        *slash = '\0';
        device->parent = make_device(device->udev, path);
    }
    free(path);
    return device->parent ? device->parent : fail_with(ENOENT);
}

EXPORT const char *udev_device_get_subsystem(struct udev_device *device);
EXPORT const char *udev_device_get_subsystem(struct udev_device *device)
{
    return device ? device->subsystem : NULL;
}

EXPORT const char *udev_device_get_devtype(struct udev_device *device);
EXPORT const char *udev_device_get_devtype(struct udev_device *device)
{
    return device ? property(device, "DEVTYPE") : NULL;
}

EXPORT struct udev_device *udev_device_get_parent_with_subsystem_devtype(
    struct udev_device *device, const char *subsystem, const char *type);
EXPORT struct udev_device *udev_device_get_parent_with_subsystem_devtype(
    struct udev_device *device, const char *subsystem, const char *type)
{
    struct udev_device *parent = udev_device_get_parent(device);
    for (; parent; parent = udev_device_get_parent(parent)) {
        const char *actual = udev_device_get_devtype(parent);
        if (subsystem && parent->subsystem && strcmp(parent->subsystem, subsystem) == 0
            && (!type || (actual && strcmp(actual, type) == 0)))
            return parent;
    }
    return fail_with(ENOENT);
}

#define DEFINE_TEXT(name, expression) \
    EXPORT const char *name(struct udev_device *device); \
    EXPORT const char *name(struct udev_device *device) { return device ? expression : NULL; }
DEFINE_TEXT(udev_device_get_syspath, device->path)
DEFINE_TEXT(udev_device_get_devpath, device->path + strlen("/sys"))
DEFINE_TEXT(udev_device_get_sysname, base_name(device->path))
DEFINE_TEXT(udev_device_get_devnode, device->node_path)
DEFINE_TEXT(udev_device_get_driver, property(device, "DRIVER"))
DEFINE_TEXT(udev_device_get_action, (const char *)NULL)

EXPORT const char *udev_device_get_sysnum(struct udev_device *device);
EXPORT const char *udev_device_get_sysnum(struct udev_device *device)
{
    if (!device)
        return NULL;
    const char *name = base_name(device->path), *digits = name + strlen(name);
    while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    return *digits ? digits : NULL;
}

EXPORT dev_t udev_device_get_devnum(struct udev_device *device);
EXPORT dev_t udev_device_get_devnum(struct udev_device *device)
{
    return device ? makedev(device->number >> 20, device->number & 0xFFFFF) : 0;
}

EXPORT struct udev *udev_device_get_udev(struct udev_device *device);
EXPORT struct udev *udev_device_get_udev(struct udev_device *device)
{
    return device ? device->udev : NULL;
}

EXPORT int udev_device_get_is_initialized(struct udev_device *device);
EXPORT int udev_device_get_is_initialized(struct udev_device *device)
{
    return device != NULL;
}

EXPORT const char *udev_device_get_property_value(struct udev_device *device, const char *name);
EXPORT const char *udev_device_get_property_value(struct udev_device *device, const char *name)
{
    return device && name ? property(device, name) : NULL;
}

EXPORT struct udev_list_entry *udev_device_get_properties_list_entry(struct udev_device *device);
EXPORT struct udev_list_entry *udev_device_get_properties_list_entry(struct udev_device *device)
{
    return device ? device->properties : NULL;
}

EXPORT struct udev_list_entry *udev_device_get_devlinks_list_entry(struct udev_device *device);
EXPORT struct udev_list_entry *udev_device_get_devlinks_list_entry(struct udev_device *device)
{
    (void)device;
    return NULL;
}

/* Values are kept, as by libudev: a device shows what an attribute was when it was first read. */
EXPORT const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name);
EXPORT const char *udev_device_get_sysattr_value(struct udev_device *device, const char *name)
{
    if (!device || !name)
        return fail_with(EINVAL);
    struct udev_list_entry *entry = find_entry(device->attributes, name);
    if (entry)
        return entry->value;
    char *value = read_attribute(device->path, name);
    if (!value)
        return fail_with(ENOENT);
    entry = add_entry(&device->attributes, name, value);
    free(value);
    return entry ? entry->value : NULL;
}

/* ---- enumeration --------------------------------------------------------------------------------- */

EXPORT struct udev_enumerate *udev_enumerate_new(struct udev *udev);
EXPORT struct udev_enumerate *udev_enumerate_new(struct udev *udev)
{
    struct udev_enumerate *enumerate = udev ? calloc(1, sizeof *enumerate) : fail_with(EINVAL);
    if (enumerate) {
        enumerate->references = 1;
        enumerate->udev = udev;
    }
    return enumerate;
}

EXPORT struct udev_enumerate *udev_enumerate_ref(struct udev_enumerate *enumerate);
EXPORT struct udev_enumerate *udev_enumerate_ref(struct udev_enumerate *enumerate)
{
    if (enumerate)
        enumerate->references++;
    return enumerate;
}

EXPORT struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate);
EXPORT struct udev_enumerate *udev_enumerate_unref(struct udev_enumerate *enumerate)
{
    if (!enumerate || --enumerate->references > 0)
        return NULL;
    free_list(enumerate->subsystems);
    free_list(enumerate->names);
    free_list(enumerate->attributes);
    free_list(enumerate->properties);
    free_list(enumerate->found);
    free(enumerate->parent);
    free(enumerate);
    return NULL;
}

#define DEFINE_MATCH(name, list, has_value) \
    EXPORT int name(struct udev_enumerate *enumerate, const char *key, const char *value); \
    EXPORT int name(struct udev_enumerate *enumerate, const char *key, const char *value) \
    { return !enumerate || !key ? -EINVAL \
        : add_entry(&enumerate->list, key, has_value ? value : NULL) ? 0 : -ENOMEM; }
#define DEFINE_NAME_MATCH(name, list) \
    EXPORT int name(struct udev_enumerate *enumerate, const char *key); \
    EXPORT int name(struct udev_enumerate *enumerate, const char *key) \
    { return !enumerate || !key ? -EINVAL : add_entry(&enumerate->list, key, NULL) ? 0 : -ENOMEM; }
DEFINE_NAME_MATCH(udev_enumerate_add_match_subsystem, subsystems)
DEFINE_NAME_MATCH(udev_enumerate_add_match_sysname, names)
DEFINE_MATCH(udev_enumerate_add_match_sysattr, attributes, true)
DEFINE_MATCH(udev_enumerate_add_match_property, properties, true)

EXPORT int udev_enumerate_add_match_parent(
    struct udev_enumerate *enumerate, struct udev_device *parent);
EXPORT int udev_enumerate_add_match_parent(
    struct udev_enumerate *enumerate, struct udev_device *parent)
{
    if (!enumerate || !parent)
        return -EINVAL;
    free(enumerate->parent);
    enumerate->parent = strdup(parent->path);
    return enumerate->parent ? 0 : -ENOMEM;
}

EXPORT int udev_enumerate_add_match_is_initialized(struct udev_enumerate *enumerate);
EXPORT int udev_enumerate_add_match_is_initialized(struct udev_enumerate *enumerate)
{
    return enumerate ? 0 : -EINVAL;
}

static bool matches_any(struct udev_list_entry *patterns, const char *text)
{
    if (!patterns)
        return true;
    for (; patterns && text; patterns = patterns->next)
        if (fnmatch(patterns->name, text, 0) == 0)
            return true;
    return false;
}

static bool matches(struct udev_enumerate *enumerate, struct udev_device *device)
{
    if (!matches_any(enumerate->subsystems, device->subsystem)
        || !matches_any(enumerate->names, base_name(device->path))
        || (enumerate->parent
            && strncmp(device->path, enumerate->parent, strlen(enumerate->parent)) != 0))
        return false;
    for (struct udev_list_entry *entry = enumerate->attributes; entry; entry = entry->next) {
        const char *value = udev_device_get_sysattr_value(device, entry->name);
        if (!value || (entry->value && fnmatch(entry->value, value, 0) != 0))
            return false;
    }
    bool has_property = enumerate->properties == NULL;
    for (struct udev_list_entry *entry = enumerate->properties; entry; entry = entry->next) {
        const char *value = property(device, entry->name);
        has_property = has_property
            || (value && (!entry->value || fnmatch(entry->value, value, 0) == 0));
    }
    return has_property;
}

/* A device and the devices that it hangs on. */
static void consider(struct udev_enumerate *enumerate, const char *path)
{
    struct udev_device *first = make_device(enumerate->udev, path);
    for (struct udev_device *device = first; device; device = udev_device_get_parent(device))
        if (matches(enumerate, device))
            (void)add_entry(&enumerate->found, device->path, NULL);
    (void)udev_device_unref(first);
}

EXPORT int udev_enumerate_scan_devices(struct udev_enumerate *enumerate);
EXPORT int udev_enumerate_scan_devices(struct udev_enumerate *enumerate)
{
    static const char *const s_classes[] = {
        "/sys/class/scsi_generic", "/sys/class/scsi_host", "/sys/class/scsi_device",
    };
    if (!enumerate)
        return -EINVAL;
    free_list(enumerate->found);
    enumerate->found = NULL;
    for (size_t i = 0; i < sizeof s_classes / sizeof *s_classes; i++) {
        struct node node;
        if (!nodes_find(s_classes[i], true, &node))
            continue;
        char *rest = NULL;
        for (char *name = strtok_r(node.content, "\n", &rest); name;
            name = strtok_r(NULL, "\n", &rest)) {
            char path[1280];
            snprintf(path, sizeof path, "%s/%s", s_classes[i], name);
            consider(enumerate, path);
        }
        nodes_free(&node);
    }
    return 0;
}

EXPORT struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate);
EXPORT struct udev_list_entry *udev_enumerate_get_list_entry(struct udev_enumerate *enumerate)
{
    return enumerate && enumerate->found ? enumerate->found : fail_with(ENODATA);
}

EXPORT struct udev *udev_enumerate_get_udev(struct udev_enumerate *enumerate);
EXPORT struct udev *udev_enumerate_get_udev(struct udev_enumerate *enumerate)
{
    return enumerate ? enumerate->udev : NULL;
}

/* By number: 'c' for character devices. */
EXPORT struct udev_device *udev_device_new_from_devnum(struct udev *udev, char type, dev_t number);
EXPORT struct udev_device *udev_device_new_from_devnum(struct udev *udev, char type, dev_t number)
{
    struct udev_device *found = NULL;
    struct udev_enumerate *enumerate = type == 'c' ? udev_enumerate_new(udev) : NULL;
    if (enumerate)
        (void)udev_enumerate_scan_devices(enumerate);
    for (struct udev_list_entry *entry = enumerate ? enumerate->found : NULL; entry && !found;
        entry = entry->next) {
        found = make_device(udev, entry->name);
        if (found && (found->node_path == NULL || udev_device_get_devnum(found) != number))
            found = udev_device_unref(found);
    }
    (void)udev_enumerate_unref(enumerate);
    return found ? found : fail_with(ENOENT);
}

struct udev_monitor;
EXPORT struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name);
EXPORT struct udev_monitor *udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
    (void)udev;
    (void)name;
    return fail_with(ENOSYS);
}
