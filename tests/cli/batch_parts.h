/* What the suites about parts of beluga batch share. */
#ifndef TESTS_CLI_BATCH_PARTS_H
#define TESTS_CLI_BATCH_PARTS_H

#include "args.h"
#include "base/utf8.h"
#include "batch/ids.h"
#include "batch/item.h"
#include "batch/progress.h"
#include "batch/reader.h"
#include "batch/results.h"
#include "batch/sidecar.h"
#include "exit.h"
#include "output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char folder[64], path[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/beluga-parts-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/out.jsonl", folder);
    return 0;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* ---- progress -------------------------------------------------------------------------------- */

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
