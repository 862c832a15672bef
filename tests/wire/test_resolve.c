/* References in answers, which are resolved against the URL of their request. */
#include "base/limits.h"
#include "wire/resolve.h"

#include <beluga/allocator.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *base, const char *reference, const char *url)
{
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), BELUGA__MAX_URL_BYTES);
    assert_int_equal(beluga__url_resolve(&out, base, reference), 0);
    assert_string_equal(out.data, url);
    beluga__buf_free(&out);
}

/* The examples of RFC 3986, sections 5.4.1 and 5.4.2; the results have no fragments. */
static void references_mean_what_rfc_3986_says(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://x/a/../b", "https://x/b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect("http://a/b/c/d;p?q", rows[i][0], rows[i][1]);
}

static void a_base_may_have_no_path_and_paths_may_have_empty_segments(void **state)
{
    (void)state;
    expect("http://a", "g", "http://a/g");
    expect("http://a?x=1", "g?y", "http://a/g?y");
    expect("http://a:80", "?y", "http://a:80?y");
    expect("http://a/b//c", "d//e", "http://a/b//d//e");
    expect("http://a/", "/", "http://a/");
}

static void a_url_has_a_largest_size(void **state)
{
    (void)state;
    beluga__buf out;
    beluga__buf_init(&out, beluga_allocator_default(), 16);
    assert_int_not_equal(beluga__url_resolve(&out, "http://a.example", "/0123456789"), 0);
    beluga__buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_mean_what_rfc_3986_says),
        cmocka_unit_test(a_base_may_have_no_path_and_paths_may_have_empty_segments),
        cmocka_unit_test(a_url_has_a_largest_size),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
