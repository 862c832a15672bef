/* Helpers shared by the suites that test the modules of beluga batch without the command. */
#ifndef TESTS_CLI_BATCH_PARTS_H
#define TESTS_CLI_BATCH_PARTS_H

#include "../support/folder.h"
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

static char folder[FOLDER_BYTES], path[128];

static int make_folder(void **state)
{
    (void)state;
    if (!folder_make(folder, "parts")) return -1;
    snprintf(path, sizeof path, "%s/out.jsonl", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return folder_remove(folder) ? 0 : -1;
}

/* ---- progress -------------------------------------------------------------------------------- */

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

#endif
