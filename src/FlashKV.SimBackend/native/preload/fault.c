/*
 * The fault handler, and the program's own behind it. The program's calls of sigaction and signal
 * for SIGSEGV change a record; the kernel keeps our handler, which passes on what is not ours. The
 * signal is kept out of blocked masks, because a blocked fault would end the program.
 */
#include "preload.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

void signals_strip(sigset_t *set)
{
    sigdelset(set, SIGSEGV);
}

#if defined(__x86_64__)

#define PAGE_FAULT_WRITE 0x2
#define PAGE_FAULT_FETCH 0x10

/* ---- the program's action ------------------------------------------------------------------ */

static atomic_bool s_is_installed;
static atomic_uint s_version; /* odd: being changed */
static atomic_flag s_is_changing = ATOMIC_FLAG_INIT;
static struct sigaction s_program;

static struct sigaction program_action(void)
{
    for (;;) {
        unsigned version = atomic_load(&s_version);
        struct sigaction action = s_program;
        atomic_thread_fence(memory_order_acquire);
        if (!(version & 1) && atomic_load(&s_version) == version)
            return action;
    }
}

static void set_program_action(const struct sigaction *action)
{
    atomic_fetch_add(&s_version, 1);
    atomic_thread_fence(memory_order_seq_cst);
    s_program = *action;
    atomic_fetch_add(&s_version, 1);
}

static void on_fault(int number, siginfo_t *info, void *context);

/* Our handler runs on the stack that the program's would run on. */
static int install_with(const struct sigaction *program, struct sigaction *previous)
{
    struct sigaction action = { .sa_sigaction = on_fault };
    sigfillset(&action.sa_mask);
    action.sa_flags = SA_SIGINFO | (program->sa_flags & (SA_ONSTACK | SA_RESTART));
    return real()->sigaction(SIGSEGV, &action, previous);
}

bool fault_install(void)
{
    sigset_t all, saved;
    sigfillset(&all);
    real()->pthread_sigmask(SIG_SETMASK, &all, &saved);
    while (atomic_flag_test_and_set(&s_is_changing))
        ;
    bool is_installed = atomic_load(&s_is_installed);
    if (!is_installed) {
        struct sigaction program;
        is_installed = real()->sigaction(SIGSEGV, NULL, &program) == 0;
        if (is_installed) {
            set_program_action(&program);
            is_installed = install_with(&program, NULL) == 0;
            atomic_store(&s_is_installed, is_installed);
        }
    }
    atomic_flag_clear(&s_is_changing);
    signals_strip(&saved);
    real()->pthread_sigmask(SIG_SETMASK, &saved, NULL);
    return is_installed;
}

/* ---- passing on ----------------------------------------------------------------------------- */

static void send_to_self(int number, siginfo_t *info)
{
    syscall(SYS_rt_tgsigqueueinfo, syscall(SYS_getpid), syscall(SYS_gettid), number, info);
}

/* The default action: at the instruction that faulted, so that a core shows it. */
static void die_by(int number, siginfo_t *info, ucontext_t *context)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    real()->sigaction(number, &action, NULL);
    sigdelset(&context->uc_sigmask, number);
    if (info->si_code <= 0 || number == SIGBUS)
        send_to_self(number, info); /* does not come again by itself */
}

static void call_program(const struct sigaction *action, int number, siginfo_t *info,
    ucontext_t *context)
{
    sigset_t mask = context->uc_sigmask;
    sigorset(&mask, &mask, &action->sa_mask);
    if (!(action->sa_flags & SA_NODEFER))
        sigaddset(&mask, number);
    signals_strip(&mask);
    real()->pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (action->sa_flags & SA_SIGINFO)
        action->sa_sigaction(number, info, context);
    else
        action->sa_handler(number);
}

static void pass_on(int number, siginfo_t *info, ucontext_t *context)
{
    struct sigaction action;
    if (number == SIGSEGV)
        action = program_action();
    else if (real()->sigaction(number, NULL, &action) != 0)
        action = (struct sigaction) { .sa_handler = SIG_DFL };

    bool is_plain = !(action.sa_flags & SA_SIGINFO);
    if (is_plain && action.sa_handler == SIG_IGN && info->si_code <= 0)
        return; /* sent by a process */
    if (is_plain && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)) {
        die_by(number, info, context);
        return;
    }
    if (action.sa_flags & SA_RESETHAND) {
        struct sigaction reset = { .sa_handler = SIG_DFL };
        if (number == SIGSEGV)
            set_program_action(&reset);
        else
            real()->sigaction(number, &reset, NULL);
    }
    call_program(&action, number, info, context);
}

static void pass_on_bus_error(uintptr_t address, ucontext_t *context)
{
    siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_ADRERR };
    info.si_addr = (void *)address;
    pass_on(SIGBUS, &info, context);
}

static void on_fault(int number, siginfo_t *info, void *context_pointer)
{
    ucontext_t *context = context_pointer;
    uintptr_t program_counter = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
    uintptr_t address = (uintptr_t)info->si_addr;
    int saved = errno;
    enum served served = NOT_SERVED;
    struct window window;

    if (info->si_code == SI_KERNEL && scratch_is_ours(program_counter)) {
        served = scratch_finish(context, &address);
    } else if (info->si_code == SEGV_ACCERR && windows_find(address, &window)
        && window.is_trapped
        && !(context->uc_mcontext.gregs[REG_ERR] & PAGE_FAULT_FETCH)) {
        bool is_write = (context->uc_mcontext.gregs[REG_ERR] & PAGE_FAULT_WRITE) != 0;
        int needed = is_write ? 0x2 /* PROT_WRITE */ : 0x3 /* either */;
        if (window.protection & needed)
            served = registers_serve(&window, address, is_write, context);
    }
    if (served == SERVED_BUS_ERROR)
        pass_on_bus_error(address, context);
    else if (served == NOT_SERVED)
        pass_on(number, info, context);
    errno = saved;
}

/* ---- the program's calls ---------------------------------------------------------------------- */

static int change_program_action(const struct sigaction *action, struct sigaction *previous)
{
    sigset_t all, saved;
    sigfillset(&all);
    real()->pthread_sigmask(SIG_SETMASK, &all, &saved);
    while (atomic_flag_test_and_set(&s_is_changing))
        ;
    struct sigaction before = program_action();
    int result = 0;
    if (action) {
        set_program_action(action);
        result = install_with(action, NULL);
    }
    atomic_flag_clear(&s_is_changing);
    real()->pthread_sigmask(SIG_SETMASK, &saved, NULL);
    if (previous)
        *previous = before;
    return result;
}

EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *previous)
{
    if (number == SIGSEGV && atomic_load(&s_is_installed)) {
        if (link_is_own_process() || !action)
            return change_program_action(action, previous);
        if (previous) /* between vfork and exec: the record is the parent's */
            *previous = program_action();
        return real()->sigaction(number, action, NULL);
    }
    struct sigaction stripped;
    if (action && preload_is_active()) {
        stripped = *action;
        signals_strip(&stripped.sa_mask);
        action = &stripped;
    }
    return real()->sigaction(number, action, previous);
}

static sighandler_t set_simple(int number, sighandler_t handler, int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags }, previous;
    if (handler == SIG_ERR || number < 1 || number >= NSIG) {
        errno = EINVAL;
        return SIG_ERR;
    }
    if (!(flags & SA_NODEFER))
        sigaddset(&action.sa_mask, number);
    return sigaction(number, &action, &previous) == 0 ? previous.sa_handler : SIG_ERR;
}

EXPORT sighandler_t signal(int number, sighandler_t handler)
{
    return set_simple(number, handler, SA_RESTART);
}

EXPORT sighandler_t bsd_signal(int number, sighandler_t handler);

EXPORT sighandler_t bsd_signal(int number, sighandler_t handler)
{
    return set_simple(number, handler, SA_RESTART);
}

EXPORT sighandler_t __sysv_signal(int number, sighandler_t handler)
{
    return set_simple(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

EXPORT sighandler_t sysv_signal(int number, sighandler_t handler)
{
    return set_simple(number, handler, (int)(SA_RESETHAND | SA_NODEFER));
}

/* Masks: a copy without the fault signal. */
static const sigset_t *strip_for(int how, const sigset_t *set, sigset_t *copy)
{
    if (!set || how == SIG_UNBLOCK || !preload_is_active())
        return set;
    *copy = *set;
    signals_strip(copy);
    return copy;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *previous)
{
    sigset_t copy;
    return real()->sigprocmask(how, strip_for(how, set, &copy), previous);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *previous)
{
    sigset_t copy;
    return real()->pthread_sigmask(how, strip_for(how, set, &copy), previous);
}

#endif
