/*
 * How programs find devices: paths, attributes, page 0x83, and libudev.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <scsi/sg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool contains(const char *directory, const char *name)
{
    DIR *listing = opendir(directory);
    struct dirent *entry;
    bool is_there = false;
    CHECK(listing != NULL, true);
    while ((entry = readdir(listing)) != NULL)
        is_there = is_there || strcmp(entry->d_name, name) == 0;
    CHECK(closedir(listing), 0);
    return is_there;
}

static void read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    if (!file)
        check_error(__FILE__, __LINE__, path, -1, 0);
    CHECK(fgets(text, (int)size, file) != NULL, true);
    text[strcspn(text, "\n")] = '\0';
    CHECK(fclose(file), 0);
}

static void check_paths(void)
{
    char path[PATH_MAX], other[PATH_MAX], text[256];
    struct stat status;
    CHECK(stat("/dev/sg0", &status), 0);
    CHECK(S_ISCHR(status.st_mode), true);
    CHECK(lstat("/sys/class/scsi_generic/sg0", &status), 0);
    CHECK(S_ISLNK(status.st_mode), true);
    CHECK(lstat("/sys/class/scsi_generic/sg0/", &status), 0);
    CHECK(S_ISDIR(status.st_mode), true);
    CHECK(access("/dev/sg0", R_OK | W_OK), 0);
    CHECK_ERROR(access("/dev/sg77", F_OK), ENOENT);
    CHECK(realpath("/dev/sg0", path) != NULL, true);
    CHECK(strcmp(path, "/dev/sg0"), 0);
    CHECK(contains("/dev", "sg0"), true);
    CHECK(contains("/dev", "null"), true);
    CHECK(contains("/sys/class/scsi_generic", "sg0"), true);

    CHECK(realpath("/sys/class/scsi_generic/sg0", path) != NULL, true);
    CHECK(strncmp(path, "/sys/devices/", 13), 0);
    CHECK(realpath("/sys/class/scsi_generic/sg0/device", path) != NULL, true);
    snprintf(other, sizeof other, "%.4000s/mode", path);
    read_text(other, text, sizeof text);
    CHECK(strcmp(text, "superpipe"), 0);
    read_text("/sys/class/scsi_generic/sg0/device/mode", text, sizeof text);
    CHECK(strcmp(text, "superpipe"), 0);
    read_text("/sys/class/scsi_host/host0/port0", text, sizeof text);
    CHECK(strcmp(text, "online"), 0);
    /* A port that there is not: the attribute is there and refuses to be read. */
    CHECK(stat("/sys/class/scsi_host/host0/port3", &status), 0);
    CHECK(S_ISREG(status.st_mode), true);
    int refused = open("/sys/class/scsi_host/host0/port3", O_RDONLY);
    CHECK(refused >= 0, true);
    CHECK_ERROR(read(refused, text, sizeof text), EINVAL);
    CHECK(close(refused), 0);
    ssize_t length = readlink("/sys/class/scsi_generic/sg0", path, sizeof path);
    CHECK(length > 0, true);

    int attribute = open("/sys/class/scsi_generic/sg0/device/mode", O_RDONLY);
    CHECK(attribute >= 0, true);
    CHECK(read(attribute, text, sizeof text) >= 9, true);
    CHECK(memcmp(text, "superpipe", 9), 0);
    CHECK(close(attribute), 0);
    CHECK_ERROR(open("/sys/class/scsi_generic/sg0/device/mode", O_WRONLY) < 0 ? -1 : 0, EACCES);
    CHECK_ERROR(open("/sys/class/scsi_generic/sg0/device/nothing", O_RDONLY) < 0 ? -1 : 0,
        ENOENT);
}

/* The identity of the LUN: association and protocol as the mode tool looks for them. */
static void find_identity(uint8_t *wwid)
{
    uint8_t command[6] = { 0x12, 1, 0x83, 1, 0, 0 }, page[256] = { 0 }, sense[32];
    struct sg_io_hdr header = {
        .interface_id = 'S', .dxfer_direction = SG_DXFER_FROM_DEV,
        .cmdp = command, .cmd_len = sizeof command, .dxferp = page, .dxfer_len = sizeof page,
        .sbp = sense, .mx_sb_len = sizeof sense, .timeout = 5000,
    };
    int device = open_device();
    CHECK_ERROR(ioctl(device, SG_IO, &header), 0);
    CHECK(header.status, 0);
    CHECK(page[1], 0x83);
    unsigned length = (unsigned)page[2] << 8 | page[3], found = 0;
    for (unsigned at = 4; at + 4 <= 4 + length && at < 200; at += 4u + page[at + 3]) {
        bool is_naa = (page[at + 1] & 0x0F) == 3 && page[at + 3] == 16;
        if (!is_naa || found++ != 0)
            continue;
        memcpy(wwid, page + at + 4, 16);
    }
    CHECK(found > 0, true);
    CHECK(wwid[0] >> 4, 6);
    CHECK(close(device), 0);
}

static void check_manage_lun(const uint8_t *wwid)
{
    struct context context;
    uint64_t handle;
    int device = open("/dev/sg0", O_RDWR | O_EXCL | O_NONBLOCK);
    struct dk_cxlflash_manage_lun manage = {
        .hdr.flags = DK_CXLFLASH_MANAGE_LUN_DISABLE_SUPERPIPE,
    };
    memcpy(manage.wwid, wwid, 16);
    context_attach(&context, device, 2);
    CHECK_ERROR(user_virtual(&context, 1, &handle, NULL), 0);
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_MANAGE_LUN, &manage), EBUSY);
    CHECK_ERROR(release(&context, handle), 0);
    manage.hdr.flags = DK_CXLFLASH_MANAGE_LUN_ENABLE_SUPERPIPE;
    CHECK_ERROR(ioctl(device, DK_CXLFLASH_MANAGE_LUN, &manage), 0);
    context_detach(&context);
    CHECK(close(device), 0);
}

/* ---- libudev, loaded at run time ------------------------------------------------------------- */

static void *s_udev;

static void *udev_call(const char *name)
{
    void *function = dlsym(s_udev, name);
    if (!function)
        fprintf(stderr, "libudev has no %s\n", name);
    CHECK(function != NULL, true);
    return function;
}

static void check_udev(void)
{
    s_udev = dlopen("libudev.so.1", RTLD_NOW);
    CHECK(s_udev != NULL, true);
    void *(*udev_new)(void) = udev_call("udev_new");
    void *(*by_name)(void *, const char *, const char *)
        = udev_call("udev_device_new_from_subsystem_sysname");
    void *(*by_number)(void *, char, dev_t) = udev_call("udev_device_new_from_devnum");
    void *(*parent)(void *) = udev_call("udev_device_get_parent");
    void *(*parent_of_type)(void *, const char *, const char *)
        = udev_call("udev_device_get_parent_with_subsystem_devtype");
    const char *(*attribute)(void *, const char *) = udev_call("udev_device_get_sysattr_value");
    const char *(*node)(void *) = udev_call("udev_device_get_devnode");
    const char *(*subsystem)(void *) = udev_call("udev_device_get_subsystem");
    void *(*unref_device)(void *) = udev_call("udev_device_unref");
    void *(*enumerate_new)(void *) = udev_call("udev_enumerate_new");
    int (*match)(void *, const char *) = udev_call("udev_enumerate_add_match_subsystem");
    int (*scan)(void *) = udev_call("udev_enumerate_scan_devices");
    void *(*list)(void *) = udev_call("udev_enumerate_get_list_entry");
    const char *(*name)(void *) = udev_call("udev_list_entry_get_name");
    void *(*by_path)(void *, const char *) = udev_call("udev_device_new_from_syspath");
    void *(*unref_enumerate)(void *) = udev_call("udev_enumerate_unref");
    void *(*unref)(void *) = udev_call("udev_unref");

    void *udev = udev_new();
    CHECK(udev != NULL, true);
    void *device = by_name(udev, "scsi_generic", "sg0");
    CHECK(device != NULL, true);
    CHECK(strcmp(subsystem(device), "scsi_generic"), 0);
    CHECK(strcmp(node(device), "/dev/sg0"), 0);
    CHECK(parent(device) != NULL, true);
    CHECK(strcmp(attribute(parent(device), "mode"), "superpipe"), 0);
    void *scsi = parent_of_type(device, "scsi", "scsi_device");
    CHECK(scsi == parent(device), true);
    (void)unref_device(device);
    CHECK(by_name(udev, "scsi_generic", "sg77") == NULL, true);

    struct stat status;
    CHECK(stat("/dev/sg0", &status), 0);
    device = by_number(udev, 'c', status.st_rdev);
    CHECK(device != NULL, true);
    CHECK(strcmp(node(device), "/dev/sg0"), 0);
    (void)unref_device(device);

    void *enumerate = enumerate_new(udev);
    CHECK(match(enumerate, "scsi_generic"), 0);
    CHECK(scan(enumerate), 0);
    CHECK(list(enumerate) != NULL, true);
    device = by_path(udev, name(list(enumerate)));
    CHECK(device != NULL, true);
    CHECK(strcmp(node(device), "/dev/sg0"), 0);
    (void)unref_device(device);
    (void)unref_enumerate(enumerate);
    (void)unref(udev);
    CHECK(dlclose(s_udev), 0);
}

void scenario_discovery(void)
{
    uint8_t wwid[16] = { 0 };
    check_paths();
    find_identity(wwid);
    check_manage_lun(wwid);
    check_udev();
}

/* There is no daemon: said once, and an errno that says so too. */
void scenario_absent(void)
{
    CHECK_ERROR(open("/dev/sg0", O_RDWR) < 0 ? -1 : 0, ENOENT);
    CHECK_ERROR(open("/dev/sg0", O_RDWR) < 0 ? -1 : 0, ENOENT);
    int null = open("/dev/null", O_RDWR);
    CHECK(null >= 0, true);
    CHECK(close(null), 0);
}
