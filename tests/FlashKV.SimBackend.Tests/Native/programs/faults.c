/*
 * The program's own fault handlers, beside register windows.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf s_return;
static volatile sig_atomic_t s_faults;
static void *volatile s_fault_address;
static volatile int s_was_usr1_blocked;
static volatile bool s_was_on_other_stack;
static char s_other_stack[65536];
static volatile uint64_t *volatile s_nowhere = (volatile uint64_t *)8;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    char here;
    sigset_t mask;
    CHECK(number, SIGSEGV);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    s_was_usr1_blocked = sigismember(&mask, SIGUSR1);
    s_was_on_other_stack = &here >= s_other_stack && &here < s_other_stack + sizeof s_other_stack;
    s_fault_address = info->si_addr;
    s_faults++;
    siglongjmp(s_return, 1);
}

static void on_plain_fault(int number)
{
    CHECK(number, SIGSEGV);
    s_faults++;
    siglongjmp(s_return, 1);
}

static void expect_fault(volatile uint64_t *address, bool is_store)
{
    int before = s_faults;
    s_fault_address = NULL;
    if (sigsetjmp(s_return, 1) == 0) {
        if (is_store)
            *address = 1;
        else
            (void)*address;
        CHECK(0, 1); /* no fault */
    }
    CHECK(s_faults, before + 1);
}

static void die_by_default(struct context *context)
{
    signal(SIGSEGV, SIG_DFL);
    (void)register_read(context, CMD_ROOM);
    *s_nowhere = 1;
}

static void expect_death(struct context *context, void (*run)(struct context *))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        run(context);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) ? WTERMSIG(status) : -1, SIGSEGV);
}

/* A context of the child's own. */
static void die_with_own_context(struct context *parent)
{
    struct context context;
    context_attach(&context, parent->device, 2);
    context_set_up(&context);
    die_by_default(&context);
}

static void *touch_until_gone(void *argument)
{
    struct context *context = argument;
    for (;;)
        (void)register_read(context, CMD_ROOM);
    return NULL;
}

static void unmap_during_use(struct context *parent)
{
    struct context context;
    pthread_t thread;
    signal(SIGSEGV, SIG_DFL);
    context_attach(&context, parent->device, 2);
    context_set_up(&context);
    CHECK(pthread_create(&thread, NULL, touch_until_gone, &context), 0);
    for (int i = 0; i < 100; i++)
        (void)register_read(&context, CMD_ROOM);
    CHECK(munmap((void *)context.registers, 0x10000), 0);
    pthread_join(thread, NULL);
}

static void set_handler(int flags)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags };
    sigaddset(&action.sa_mask, SIGUSR1);
    CHECK(sigaction(SIGSEGV, &action, NULL), 0);
}

void scenario_faults(void)
{
    struct context context;
    struct sigaction current;
    stack_t stack = { .ss_sp = s_other_stack, .ss_size = sizeof s_other_stack };
    int device = open_device();
    set_handler(0); /* before there is a window */
    CHECK(sigaltstack(&stack, NULL), 0);
    context_attach(&context, device, 2);
    context_set_up(&context);

    CHECK(sigaction(SIGSEGV, NULL, &current), 0);
    CHECK(current.sa_sigaction == on_fault, true);
    CHECK(sigismember(&current.sa_mask, SIGUSR1), 1);
    expect_fault(s_nowhere + 1, true);
    CHECK((uintptr_t)s_fault_address, 16);
    CHECK(s_was_usr1_blocked, 1);
    CHECK(s_was_on_other_stack, false);
    uint64_t room = register_read(&context, CMD_ROOM);
    CHECK(room != UINT64_MAX, true);

    /* After it; and on another stack. */
    set_handler(SA_ONSTACK);
    expect_fault(s_nowhere + 2, false);
    CHECK((uintptr_t)s_fault_address, 24);
    CHECK(s_was_on_other_stack, true);
    CHECK(register_read(&context, CMD_ROOM), room);

    CHECK(signal(SIGSEGV, on_plain_fault) == (sighandler_t)(void *)on_fault, true);
    expect_fault(s_nowhere + 3, true);
    CHECK(signal(SIGSEGV, SIG_DFL) == on_plain_fault, true);
    set_handler(0);

    /* A window for reading only, one that is not there any more, and beyond the end. */
    volatile uint64_t *read_only = mmap(NULL, 0x10000, PROT_READ, MAP_SHARED, context.adapter, 0);
    CHECK(read_only != MAP_FAILED, true);
    CHECK(read_only[CMD_ROOM / 8] != UINT64_MAX, true);
    expect_fault(&read_only[INTR_MASK / 8], true);
    CHECK((uintptr_t)s_fault_address, (uintptr_t)&read_only[INTR_MASK / 8]);
    CHECK(mprotect((void *)read_only, 0x10000, PROT_READ | PROT_WRITE), 0);
    read_only[INTR_MASK / 8] = UINT64_MAX;
    CHECK(mprotect((void *)read_only, 0x10000, PROT_NONE), 0);
    expect_fault(&read_only[CMD_ROOM / 8], false);
    CHECK(munmap((void *)read_only, 0x10000), 0);
    expect_fault(&read_only[CMD_ROOM / 8], false);
    CHECK(register_read(&context, CMD_ROOM), room);

    /* Blocked signals do not block registers. */
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_BLOCK, &all, &before), 0);
    CHECK(register_read(&context, CMD_ROOM), room);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);

    expect_death(&context, die_with_own_context);
    expect_death(&context, unmap_during_use);
    context_detach(&context);
    CHECK(close(device), 0);
}
