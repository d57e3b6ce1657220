/*
 * A small superpipe client: one context, its rings, one command at a time or many.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "superpipe.h"

#define BLOCK_BYTES 4096
#define COMMANDS 16

/* Ends the process with the place and the two values. */
#define CHECK(actual, expected) check(__FILE__, __LINE__, #actual, \
    (long long)(actual), (long long)(expected))
/* An ioctl that must fail: 0 is success, otherwise the errno. */
#define CHECK_ERROR(call, error) check_error(__FILE__, __LINE__, #call, (call), (error))

void check(const char *file, int line, const char *what, long long actual, long long expected);
void check_error(const char *file, int line, const char *what, int result, int error);

struct command {
    _Alignas(128) struct sisl_ioarcb rcb;
    struct sisl_ioasa sa;
};

struct context {
    int device;          /* fd1 */
    int adapter;         /* fd2 */
    uint64_t id;
    uint64_t mmio_size;
    uint64_t block_size; /* of the device */
    uint64_t last_lba;
    uint64_t max_transfer;
    bool is_sq;
    volatile unsigned char *registers;
    volatile uint64_t *responses;
    unsigned response;
    unsigned toggle;
    struct sisl_ioarcb *slots;
    unsigned slot;
    struct command *commands;
};

void context_attach(struct context *context, int device, uint64_t open_mode);
void context_set_up(struct context *context); /* maps fd2, makes rings, programs registers */
void context_unmap(struct context *context);
void context_detach(struct context *context); /* unmaps, detaches, closes fd2 */
void context_free(struct context *context);
/* RECOVER_AFU; true: the context was reset and is set up anew. */
bool context_recover(struct context *context);

uint64_t register_read(struct context *context, unsigned offset);
void register_write(struct context *context, unsigned offset, uint64_t value);

int user_virtual(struct context *context, uint64_t blocks, uint64_t *handle, uint64_t *last);
int user_direct(struct context *context, uint64_t *handle, uint64_t *last);
int resize(struct context *context, uint64_t handle, uint64_t blocks, uint64_t *last);
int release(struct context *context, uint64_t handle);
int verify(struct context *context, uint64_t handle, const uint8_t *sense, uint64_t *last);

/* READ(16) or WRITE(16) of 4 KiB blocks; the first four bytes of the IOASA, 0 is good. */
uint32_t transfer(struct context *context, uint64_t handle, bool is_write, uint64_t lba,
    uint32_t blocks, void *data);
/* The same; unit attentions are verified and retried. */
void transfer_well(struct context *context, uint64_t handle, bool is_write, uint64_t lba,
    uint32_t blocks, void *data);
/* Fills in a command without sending it. */
void prepare(struct context *context, struct command *command, uint64_t handle, bool is_write,
    uint64_t lba, uint32_t blocks, void *data);
void send_command(struct context *context, struct command *command);
/* The next response; NULL if the adapter is lost. */
struct command *await_response(struct context *context);

/* A request to the daemon that stands for what happens to hardware: resets and the like. */
void control(unsigned verb, unsigned adapter, unsigned first, unsigned second, uint64_t value);
enum { CONTROL_RESET = 1, CONTROL_FAIL, CONTROL_PORT, CONTROL_ATTENTION, CONTROL_CAPACITY };

#endif
