/* A scripted peer in another process, for tests to whose own memory, calls of the system or
 * descriptors it must not belong. Its log stays there, too. */
#ifndef TESTS_OUTSIDE_PEER_H
#define TESTS_OUTSIDE_PEER_H

#include "peer/peer.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Serve a scripted peer that is not running (peer_new). Returns the process, or -1. */
static inline pid_t serve_outside(peer *p)
{
    pid_t pid = fork();
    if (pid) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with the test */
    _exit(peer_run(p));
}

static inline void end_outside(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif
