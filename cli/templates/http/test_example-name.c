/* Checks the plug-in like `beluga check`, with the cases in fixtures/check/. Prints TAP. */
#include <beluga/provider/check.h>

#include <stdio.h>

static void print_remarks(const char *text)
{
    printf("# ");
    for (; *text; text++) printf(*text == '\n' && text[1] ? "\n# " : "%c", *text);
}

static void tell(void *payload, const beluga_check_result *result)
{
    int *count = payload, failed = result->status == BELUGA_CHECK_FAILED;
    printf("%sok %d - %s: %s%s\n", failed ? "not " : "", ++*count, result->check, result->proves,
           result->status == BELUGA_CHECK_SKIPPED ? " # SKIP" : "");
    if (failed) print_remarks(result->detail);
}

/* Usage: test PLUGIN [FIXTURES]. */
int main(int argc, char **argv)
{
    int count = 0;
    beluga_error err = {0};
    const beluga_check check = {.size = sizeof check,
                                .provider = "example-name",
                                .plugin = argc > 1 ? argv[1] : "./example-name.so",
                                .fixtures = argc > 2 ? argv[2] : NULL,
                                .tell = tell,
                                .payload = &count};
    int status = beluga_check_run(&check, &err);
    if (status && status != BELUGA_ERROR_INVALID_RESPONSE) printf("Bail out! %s\n", err.message);
    printf("1..%d\n", count);
    return status != 0;
}
