#include "torture.h"

#include "base/secret_memory.h"
#include "scarce.h"

#include <beluga/client.h>
#include <beluga/error.h>
#include <beluga/registry.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX_ALLOCATIONS = 100000, REST_MS = 60000 };

/* A thread of the default client may still wipe the key of an ended call, and then free it with the
 * current allocator, so wait for that thread. */
static void wait_for_rest(void)
{
    assert_int_equal(beluga_client_close(beluga_client_default(), REST_MS, NULL), 0);
    /* Make the registry before the run, because no body frees it. */
    assert_non_null(beluga_registry_default());
}

static int run(int (*body)(void *), void *argument, size_t first, size_t last)
{
    scarce_between(first, last);
    beluga_allocator_set_default(&scarce_memory);
    beluga__secret_allocator_set(&scarce_memory);
    int status = body(argument);
    beluga__secret_allocator_set(NULL);
    beluga_allocator_set_default(NULL);
    assert_int_equal(scarce_live(), 0);
    return status;
}

size_t torture_count(int (*body)(void *), void *argument)
{
    wait_for_rest();
    assert_int_equal(run(body, argument, SIZE_MAX, SIZE_MAX), 0);
    return scarce_asked();
}

/* Run the body while these allocations fail. Returns how many allocations failed. */
static size_t run_failing(int (*body)(void *), void *argument, size_t first, size_t last)
{
    int status = run(body, argument, first, last);
    if (status != 0) assert_int_equal(status, BELUGA_ERROR_NO_MEMORY);
    size_t asked = scarce_asked();
    return asked > first ? asked - first : 0;
}

size_t torture_run(int (*body)(void *), void *argument)
{
    size_t whole = torture_count(body, argument);
    for (size_t i = 0; i < MAX_ALLOCATIONS && run_failing(body, argument, i, i); i++)
        run_failing(body, argument, i, SIZE_MAX - 1);
    return whole;
}
