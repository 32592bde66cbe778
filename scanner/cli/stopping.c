/* stopping.c - blocks signals and waits for them. */
#include "cli/stopping.h"

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#define WAKE SIGUSR1

sigset_t sg_stopping_begin(sigset_t *before)
{
    static const int known[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction now;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, WAKE);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        /* An ignored signal that is blocked would be waited for all the same. */
        if (sigaction(known[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, known[i]);
    }
    pthread_sigmask(SIG_BLOCK, &set, before);
    return set;
}

void sg_stopping_end(const sigset_t *before)
{
    sigset_t mask = *before;

    /* A thread may yet send it. */
    sigaddset(&mask, WAKE);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

int sg_stopping_wait(const sigset_t *signals, long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    int signal = sigtimedwait(signals, NULL, &time);

    return signal > 0 && signal != WAKE ? signal : 0;
}

void sg_stopping_wake(pthread_t thread)
{
    pthread_kill(thread, WAKE);
}

const char *sg_stopping_name(int signal)
{
    return signal == SIGINT ? "SIGINT" : signal == SIGHUP ? "SIGHUP" : "SIGTERM";
}

_Noreturn void sg_stopping_die(int signal_number)
{
    sigset_t only;

    signal(signal_number, SIG_DFL);
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    raise(signal_number); /* comes when it is no longer blocked */
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    _Exit(128 + signal_number);
}
