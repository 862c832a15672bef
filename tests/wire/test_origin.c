/* Which URLs belong to the same server. */
#include "wire/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void scheme_host_and_port_make_an_origin(void **state)
{
    (void)state;
    static const char *const same[][2] = {
        {"https://api.acme.example/v1", "https://api.acme.example"},
        {"https://api.acme.example/v1", "HTTPS://API.ACME.EXAMPLE/other?x=1"},
        {"https://api.acme.example", "https://api.acme.example:443/v1"},
        {"http://127.0.0.1:80", "http://127.0.0.1/v1"},
        {"http://[::1]:8080/v1", "http://[::1]:8080"},
        {"https://name:word@api.acme.example/v1", "https://api.acme.example/v1"},
        {"https://api.acme.example#there", "https://api.acme.example?x"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(beluga__same_origin(same[i][0], same[i][1]));
        assert_true(beluga__same_origin(same[i][1], same[i][0]));
    }
}

static void another_server_is_another_origin(void **state)
{
    (void)state;
    static const char *const others[] = {
        "http://api.acme.example/v1",
        "https://stream.acme.example/v1",
        "https://acme.example/v1",
        "https://api.acme.example.evil.example/v1",
        "https://api.acme.example:8443/v1",
        "https://api.acme.example@evil.example/v1",
        "https://api.acme.example:443@evil.example/v1",
        "https://evil.example/https://api.acme.example/v1",
        "https://evil.example\\@api.acme.example/v1",
        "https://evil.example?@api.acme.example/v1",
        "https://evil.example#@api.acme.example/v1",
        "https://",
        "api.acme.example/v1",
        "",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(beluga__same_origin("https://api.acme.example/v1", others[i]));
        assert_false(beluga__same_origin(others[i], "https://api.acme.example/v1"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_host_and_port_make_an_origin),
        cmocka_unit_test(another_server_is_another_origin),
    };
    return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
