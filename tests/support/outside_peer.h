/* A scripted peer in another process, for tests that examine the memory, system calls or
 * descriptors of their own process. The test can't read this peer's log. */
#ifndef TESTS_OUTSIDE_PEER_H
#define TESTS_OUTSIDE_PEER_H

#include "peer/peer.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Serve a peer that is not running yet (peer_new). Returns the process id, or -1. */
static inline pid_t serve_outside(peer *p)
{
    pid_t pid = fork();
    if (pid) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the peer ends with the test */
    _exit(peer_run(p));
}

static inline void end_outside(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif
