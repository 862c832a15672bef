/* Prints a reference page from the library's own lists: docs/reference/ is what this prints, and a test
 * compares. To renew a page: build/tests/print_tables errors >docs/reference/errors.md */
#include <beluga/beluga.h>
#include <stdio.h>
#include <string.h>

static void print_errors(void)
{
    puts("# Errors\n\nThe list in [`error.h`](../../include/beluga/error.h). *Again* tells whether the same call may "
         "succeed later;\nan error says itself (`retryable`) where its provider knows better.\n\n"
         "| code | value | again | meaning |\n|---|---|---|---|");
    for (int code = -1; code >= -BELUGA_ERROR_COUNT; code--) {
        beluga_error err;
        beluga_error_set(&err, code, "%s", "");
        printf("| `%s` | %d | %s | %s |\n", beluga_error_name(code), code,
               beluga_error_is_retryable(&err) ? "yes" : "", beluga_error_text(code));
    }
}

static const char *type_name(beluga_option_type type)
{
    static const char *const names[] = {"", "true or false", "integer", "number", "text",
                                        "text, may repeat", "duration", "pointer", "one of a list"};
    return names[type];
}

static void print_range(const beluga_option_info *info)
{
    bool number = info->type == BELUGA_OPTION_INT || info->type == BELUGA_OPTION_DOUBLE;
    const char *unit = info->type == BELUGA_OPTION_DURATION ? " ms" : "";
    if (!(number || *unit) || (info->minimum == 0 && info->maximum == 0))
        printf(" |");
    else if (info->maximum == 2147483647)
        printf(" at least %.15g%s |", info->minimum, unit);
    else
        printf(" %.16g to %.16g%s |", info->minimum, info->maximum, unit);
}

static void print_options(void)
{
    puts("# Options\n\nThe list in [`option.h`](../../include/beluga/option.h): each has a constructor there, and the "
         "same name in\nconfiguration files and after the command's `-o`. *For* tells where it may be given: a model, a "
         "call, or both.\n\n| option | type | range | for | meaning |\n|---|---|---|---|---|");
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        printf("| `%s` | %s |", info->name, type_name(info->type));
        print_range(info);
        printf(" %s | %s |\n", info->scope == 'M' ? "model" : info->scope == 'C' ? "call" : "both", info->meaning);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "errors") == 0)
        print_errors();
    else if (argc == 2 && strcmp(argv[1], "options") == 0)
        print_options();
    else
        return fputs("usage: print_tables errors|options\n", stderr), 2;
    return 0;
}
