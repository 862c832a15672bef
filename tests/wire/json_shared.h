/* Helpers shared by the suites about JSON. */
#ifndef TESTS_WIRE_JSON_SHARED_H
#define TESTS_WIRE_JSON_SHARED_H

#include "base/json.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- reading --------------------------------------------------------------------------------- */

static beluga__json_scratch scratch;

static int set_up(void **state)
{
    (void)state;
    beluga__json_scratch_init(&scratch, beluga_allocator_default());
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    beluga__json_scratch_free(&scratch);
    return 0;
}

/* Parse a copy of the text whose memory ends where the text ends, so that a sanitizer sees a read
 * past the end. */
static int parse_n(const char *text, size_t n, const beluga_json **root, beluga_error *err)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    int code = beluga__json_scratch_parse(&scratch, copy, n, root, err);
    free(copy);
    return code;
}

static const beluga_json *parse(const char *text)
{
    const beluga_json *root;
    beluga_error err;
    assert_int_equal(parse_n(text, strlen(text), &root, &err), 0);
    assert_non_null(root);
    return root;
}

static void assert_refused(const char *text, int code, const char *message)
{
    const beluga_json *root = (const beluga_json *)text;
    beluga_error err;
    assert_int_equal(parse_n(text, strlen(text), &root, &err), code);
    assert_null(root);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, message)) assert_string_equal(err.message, message);
}

static char *nested(size_t depth, size_t padding)
{
    char *text = malloc(2 * depth + padding + 1);
    assert_non_null(text);
    memset(text, '[', depth);
    memset(text + depth, ' ', padding);
    memset(text + depth + padding, ']', depth);
    text[2 * depth + padding] = '\0';
    return text;
}

/* ---- merging --------------------------------------------------------------------------------- */

#define READING(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
