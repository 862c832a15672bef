#include "batch/signals.h"

static volatile sig_atomic_t count;

static const int watched[BATCH_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number)
{
    if (count++ == 0) return;
    signal(number, SIG_DFL);
    raise(number);
}

void batch_signals_watch(batch_signals *signals)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    count = 0;
    for (int i = 0; i < BATCH_SIGNALS; i++) {
        sigaction(watched[i], NULL, &signals->before[i]);
        /* nohup ignores the signal, and its user wants the run to go on. */
        if (signals->before[i].sa_handler != SIG_IGN) sigaction(watched[i], &action, NULL);
    }
}

void batch_signals_unwatch(const batch_signals *signals)
{
    for (int i = 0; i < BATCH_SIGNALS; i++) sigaction(watched[i], &signals->before[i], NULL);
}

bool batch_signals_came(void)
{
    return count != 0;
}
