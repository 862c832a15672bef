/* Makes options from text and from any numbers. Parsing succeeds or fails with a reason, merging
 * keeps types, and checking the options ends. Each line is an option; a line that begins with the
 * byte 1 gives a key, a type and a number. */
#include "fuzz.h"
#include "options/settings.h"
#include "providers/builtin.h"

/* The limit saves time, since the most similar name is searched for each unknown option. */
enum { MAX_OPTIONS = 8 };

static bool is_pointer(int type)
{
    return type == BELUGA_OPTION_STRING || type == BELUGA_OPTION_LIST ||
           type == BELUGA_OPTION_POINTER;
}

/* An option as a caller with another version's header could pass it; its strings are valid strings,
 * though. */
static beluga_option from_numbers(const char *line, size_t n)
{
    beluga_option option = {.key = n > 1 ? (uint8_t)line[1] : 0,
                            .type = n > 2 ? (uint8_t)line[2] : 0};
    if (is_pointer(option.type)) {
        option.value.string = n > 3 ? line + 3 : "";
        option.length = strlen(option.value.string);
    } else if (n > 3) {
        memcpy(&option.value, line + 3, n - 3 < 8 ? n - 3 : 8);
    }
    option.name = option.key == BELUGA_OPTION_PROVIDER_SPECIFIC ? "openai.project" : NULL;
    return option;
}

static size_t read_options(char *text, beluga_option *options)
{
    size_t n = 0;
    for (char *line; n < MAX_OPTIONS && (line = fuzz_line(&text));) {
        beluga_error err;
        if (*line == 1) {
            options[n++] = from_numbers(line, strlen(line));
            continue;
        }
        int code = beluga_option_parse(line, &options[n], &err);
        if (code)
            fuzz_check_error(code, &err);
        else
            n++;
    }
    return n;
}

static void check_slots(const beluga__settings *settings)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga__setting *slot = &settings->known[key];
        const beluga_option_info *info = beluga_option_get_info(key);
        FUZZ_CHECK(info);
        if (!slot->type || slot->type == BELUGA__SETTING_WRONG) continue;
        if (slot->type == BELUGA_OPTION_STRING && key != BELUGA_OPTION_PROVIDER_SPECIFIC)
            FUZZ_CHECK(slot->value.string[slot->length] == '\0');
    }
}

static void check(const beluga__settings *settings, char scope)
{
    beluga_error err;
    int code = beluga__settings_check_all(settings, scope, "openai",
                                          beluga__openai_provider.options, &err);
    if (code) fuzz_check_error(code, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static beluga_option options[MAX_OPTIONS];
    beluga__settings model, call;
    beluga__arena arena;
    beluga_error err;
    char *text = fuzz_text(data, size);
    size_t n = read_options(text, options);
    memset(&model, 0, sizeof model);
    beluga__arena_init(&arena, beluga_allocator_default(), NULL, 0, 1 << 24);
    int code = beluga__settings_apply(&model, &arena, options, n / 2, BELUGA_ORIGIN_MODEL, &err);
    if (code) fuzz_check_error(code, &err);
    call = model;
    code =
        beluga__settings_apply(&call, &arena, options + n / 2, n - n / 2, BELUGA_ORIGIN_CALL, &err);
    if (code) fuzz_check_error(code, &err);
    check_slots(&model);
    check_slots(&call);
    check(&model, 'M');
    check(&call, 'C');
    beluga__arena_free(&arena);
    free(text);
    return 0;
}
