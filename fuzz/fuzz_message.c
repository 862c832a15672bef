/* Reads and writes the parts of a message in the format of the logbook, and attaches a file. The
 * first byte is the message's role. */
#include "fuzz.h"
#include "logbook/message.h"

#include <beluga/message.h>

static void check_parts(const beluga_message *message)
{
    for (size_t i = 0; i < beluga_message_count(message); i++)
        FUZZ_CHECK(beluga_message_part(message, i));
    FUZZ_CHECK(beluga_message_estimate_tokens(message) >= 0);
}

static char *write_parts(const beluga_message *message)
{
    beluga_json_writer *w = beluga_json_writer_new();
    const char *text = NULL;
    size_t n = 0;
    FUZZ_CHECK(w);
    logbook_message_put(w, NULL, message);
    int code = beluga_json_writer_text(w, &text, &n);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT); /* not UTF-8 */
    char *copy = code ? NULL : fuzz_text((const uint8_t *)text, n);
    beluga_json_writer_free(w);
    return copy;
}

/* Parts that were read and written read back as the same. */
static void read_parts(beluga_role role, const char *json)
{
    bool left_out = false;
    beluga_message *message = logbook_message_read(role, json, NULL, &left_out);
    if (!message) return;
    check_parts(message);
    char *once = write_parts(message);
    beluga_message *again = once ? logbook_message_read(role, once, NULL, &left_out) : NULL;
    if (again) {
        char *twice = write_parts(again);
        FUZZ_CHECK(twice && strcmp(once, twice) == 0);
        free(twice);
    }
    FUZZ_CHECK(!once || again);
    free(once);
    beluga_message_unref(again);
    beluga_message_unref(message);
}

static void attach(const uint8_t *data, size_t size)
{
    beluga_message *message = beluga_message_new(BELUGA_ROLE_HUMAN);
    beluga_error err = {0};
    FUZZ_CHECK(message);
    int code = beluga_message_add_file(message, fuzz_file(data, size), &err);
    if (code)
        fuzz_check_error(code, &err);
    else
        FUZZ_CHECK(beluga_message_count(message) == 1);
    check_parts(message);
    beluga_message_unref(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const beluga_role roles[] = {BELUGA_ROLE_SYSTEM, BELUGA_ROLE_HUMAN, BELUGA_ROLE_AI,
                                        BELUGA_ROLE_TOOL};
    beluga_role role = roles[fuzz_byte(&data, &size) % 4];
    char *json = fuzz_text(data, size);
    read_parts(role, json);
    attach(data, size);
    free(json);
    return 0;
}
