/* What the suites about prompts and exit codes share. */
#ifndef TESTS_CLI_ANSWERS_H
#define TESTS_CLI_ANSWERS_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <beluga/error.h>
#include <beluga/provider/json.h>

#include "../support/scoped.h"
#include "../support/words.h"
#include "expect.h"
#include "served.h"

/* ---- a server and its replies ---------------------------------------------------------------- */

static void reply_with(peer *p, const char *text, const char *reason)
{
    serve_answer(p, text, reason, 12, 34);
}

#endif
