/* Checks a value against a JSON Schema; in the input a NUL separates schema and value. The check
 * ends whatever the schema is, and for a value that does not fit it gives an error of one line. */
#include "base/json.h"
#include "fuzz.h"
#include "schema/json_schema.h"

static void check_one_line(beluga__buf *text)
{
    FUZZ_CHECK(beluga__buf_append(text, "", 1) == 0);
    fuzz_check_line(text->data);
    text->length--;
}

static int check(const beluga_json *schema, const beluga_json *value, beluga__buf *why,
                 beluga__buf *unknown)
{
    int code = beluga__json_schema_check(schema, value, why, unknown);
    FUZZ_CHECK(code == 0 || code == BELUGA_ERROR_INVALID_INPUT ||
               code == BELUGA_ERROR_LIMIT_EXCEEDED);
    if (code == BELUGA_ERROR_INVALID_INPUT) FUZZ_CHECK(why->length);
    check_one_line(why);
    return code;
}

/* The result is the same whether unknown keywords are reported or not. */
static void check_twice(const beluga_json *schema, const beluga_json *value)
{
    beluga__buf why, again, unknown;
    beluga__buf_init(&why, beluga_allocator_default(), 1 << 20);
    beluga__buf_init(&again, beluga_allocator_default(), 1 << 20);
    beluga__buf_init(&unknown, beluga_allocator_default(), 1 << 20);
    FUZZ_CHECK(check(schema, value, &why, &unknown) == check(schema, value, &again, NULL));
    FUZZ_CHECK(why.length == again.length);
    FUZZ_CHECK(!why.length || memcmp(why.data, again.data, why.length) == 0);
    beluga__buf_free(&why);
    beluga__buf_free(&again);
    beluga__buf_free(&unknown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    beluga__json_scratch first, second;
    const beluga_json *schema, *value;
    const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
    if (!end) return 0;
    size_t n = (size_t)(end - data);
    beluga__json_scratch_init(&first, beluga_allocator_default());
    beluga__json_scratch_init(&second, beluga_allocator_default());
    if (!beluga__json_scratch_parse(&first, (const char *)data, n, &schema, NULL) &&
        !beluga__json_scratch_parse(&second, (const char *)end + 1, size - n - 1, &value, NULL))
        check_twice(schema, value);
    beluga__json_scratch_free(&first);
    beluga__json_scratch_free(&second);
    return 0;
}
