/*
 * The user interface of the superpipe driver and the host transport map of the AFU, as a native
 * program sees them. Layouts as in the kernel's public header; registers are big-endian.
 */
#ifndef SUPERPIPE_H
#define SUPERPIPE_H

#include <stdint.h>
#include <sys/ioctl.h>

struct dk_cxlflash_hdr {
    uint16_t version;
    uint16_t rsvd[3];
    uint64_t flags;
    uint64_t return_flags;
};

#define DK_CXLFLASH_ALL_PORTS_ACTIVE 0x1u
#define DK_CXLFLASH_APP_CLOSE_ADAP_FD 0x2u
#define DK_CXLFLASH_CONTEXT_SQ_CMD_MODE 0x4u

struct dk_cxlflash_attach {
    struct dk_cxlflash_hdr hdr;
    uint64_t num_interrupts, context_id, mmio_size, block_size, adap_fd, last_lba, max_xfer;
    uint64_t reserved[8];
};

#define DK_CXLFLASH_ATTACH_REUSE_CONTEXT (1ull << 63)

struct dk_cxlflash_detach {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id;
    uint64_t reserved[8];
};

struct dk_cxlflash_udirect {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id, rsrc_handle, last_lba;
    uint64_t reserved[8];
};

struct dk_cxlflash_uvirtual {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id, lun_size, rsrc_handle, last_lba;
    uint64_t reserved[8];
};

struct dk_cxlflash_release {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id, rsrc_handle;
    uint64_t reserved[8];
};

struct dk_cxlflash_resize {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id, rsrc_handle, req_size, last_lba;
    uint64_t reserved[8];
};

struct dk_cxlflash_clone {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id_src, context_id_dst, adap_fd_src;
    uint64_t reserved[8];
};

struct dk_cxlflash_verify {
    struct dk_cxlflash_hdr hdr;
    uint64_t context_id, rsrc_handle, hint, last_lba;
    uint8_t sense_data[18];
    uint8_t pad[6];
    uint64_t reserved[8];
};

#define DK_CXLFLASH_VERIFY_HINT_SENSE (1ull << 63)

struct dk_cxlflash_recover_afu {
    struct dk_cxlflash_hdr hdr;
    uint64_t reason, context_id, mmio_size, adap_fd;
    uint64_t reserved[8];
};

#define DK_CXLFLASH_RECOVER_AFU_CONTEXT_RESET (1ull << 63)

struct dk_cxlflash_manage_lun {
    struct dk_cxlflash_hdr hdr;
    uint8_t wwid[16];
    uint64_t reserved[8];
};

#define DK_CXLFLASH_MANAGE_LUN_ENABLE_SUPERPIPE (1ull << 63)
#define DK_CXLFLASH_MANAGE_LUN_DISABLE_SUPERPIPE (1ull << 62)

#define CXL_MAGIC 0xCA
#define CXLFLASH_IOWR(number, type) _IOWR(CXL_MAGIC, number, struct type)
#define DK_CXLFLASH_ATTACH CXLFLASH_IOWR(0x80, dk_cxlflash_attach)
#define DK_CXLFLASH_USER_DIRECT CXLFLASH_IOWR(0x81, dk_cxlflash_udirect)
#define DK_CXLFLASH_RELEASE CXLFLASH_IOWR(0x82, dk_cxlflash_release)
#define DK_CXLFLASH_DETACH CXLFLASH_IOWR(0x83, dk_cxlflash_detach)
#define DK_CXLFLASH_VERIFY CXLFLASH_IOWR(0x84, dk_cxlflash_verify)
#define DK_CXLFLASH_RECOVER_AFU CXLFLASH_IOWR(0x85, dk_cxlflash_recover_afu)
#define DK_CXLFLASH_MANAGE_LUN CXLFLASH_IOWR(0x86, dk_cxlflash_manage_lun)
#define DK_CXLFLASH_USER_VIRTUAL CXLFLASH_IOWR(0x87, dk_cxlflash_uvirtual)
#define DK_CXLFLASH_VLUN_RESIZE CXLFLASH_IOWR(0x88, dk_cxlflash_resize)
#define DK_CXLFLASH_VLUN_CLONE CXLFLASH_IOWR(0x89, dk_cxlflash_clone)

/* The host transport map: offsets in bytes. */
enum host_register {
    ENDIAN_CTRL = 0x00, INTR_STATUS = 0x08, INTR_CLEAR = 0x10, INTR_MASK = 0x18, IOARRIN = 0x20,
    RRQ_START = 0x28, RRQ_END = 0x30, CMD_ROOM = 0x38, CTX_CTRL = 0x40, MBOX_W = 0x48,
    SQ_START = 0x50, SQ_END = 0x58, SQ_HEAD = 0x60, SQ_TAIL = 0x68, SQ_CTX_RESET = 0x70
};

struct sisl_ioarcb {
    uint16_t ctx_id;
    uint16_t req_flags;
    uint32_t res_hndl;
    uint64_t lun_id;
    uint32_t data_len;
    uint32_t ioadl_len;
    uint64_t data_ea;
    uint8_t msi;
    uint8_t rrq;
    uint16_t timeout;
    uint32_t rsvd;
    uint8_t cdb[16];
    uint64_t ioasa;
};

#define SISL_REQ_FLAGS_RES_HNDL 0x8000u
#define SISL_REQ_FLAGS_HOST_WRITE 0x0001u

struct sisl_ioasa {
    uint8_t flags, afu_rc, scsi_rc, fc_rc;
    uint32_t resid;
    uint8_t port, afu_extra, scsi_extra, fc_extra;
    uint8_t sense_data[20];
    uint8_t host_use[32];
};

#define CXL_READ_MIN_SIZE 4096

struct cxl_event_header {
    uint16_t type, size, process_element, reserved;
};

_Static_assert(sizeof(struct dk_cxlflash_attach) == 144, "attach");
_Static_assert(sizeof(struct dk_cxlflash_udirect) == 112, "udirect");
_Static_assert(sizeof(struct dk_cxlflash_release) == 104, "release");
_Static_assert(sizeof(struct dk_cxlflash_detach) == 96, "detach");
_Static_assert(sizeof(struct dk_cxlflash_verify) == 144, "verify");
_Static_assert(sizeof(struct dk_cxlflash_recover_afu) == 120, "recover");
_Static_assert(sizeof(struct dk_cxlflash_manage_lun) == 104, "manage");
_Static_assert(sizeof(struct dk_cxlflash_uvirtual) == 120, "uvirtual");
_Static_assert(sizeof(struct dk_cxlflash_resize) == 120, "resize");
_Static_assert(sizeof(struct dk_cxlflash_clone) == 112, "clone");
_Static_assert(sizeof(struct sisl_ioarcb) == 64 && sizeof(struct sisl_ioasa) == 64, "command");

#endif
