/* Helpers shared by the suites about prompts and exit codes. */
#ifndef TESTS_CLI_ANSWERS_H
#define TESTS_CLI_ANSWERS_H

#include "expect.h"
#include "served.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>

/* ---- a server and its replies ---------------------------------------------------------------- */

static void reply_with(peer *p, const char *text, const char *reason)
{
    serve_answer(p, text, reason, 12, 34);
}

#endif
