/* Which requests of a browser a server without keys answers, and which it refuses. */
#include "serve/origin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define PEER "127.0.0.1:51234"

static serve_settings keyless(void)
{
    serve_settings settings = {.listen = {"127.0.0.1:4000"}, .n_listen = 1};
    return settings;
}

static void assert_taken(const serve_settings *settings, const char *host, const char *origin)
{
    const char *why = origin_refusal(settings, PEER, host, origin);
    if (why) fail_msg("Host %s, Origin %s: %s", host ? host : "-", origin ? origin : "-", why);
}

static void assert_refused(const serve_settings *settings, const char *host, const char *origin)
{
    if (!origin_refusal(settings, PEER, host, origin))
        fail_msg("Host %s, Origin %s is taken", host ? host : "-", origin ? origin : "-");
}

static void programs_of_this_machine_are_answered(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    static const char *const hosts[] = {"127.0.0.1:4000", "localhost:4000",
                                        "LOCALHOST",      "[::1]:4000",
                                        "[::1]",          "127.0.0.1:5000" /* a tunnel */};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        assert_taken(&settings, hosts[i], NULL);
    assert_taken(&settings, NULL, NULL); /* HTTP/1.0 */
}

static void a_name_that_was_bound_to_this_machine_is_refused(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    static const char *const hosts[] = {
        "evil.example:4000",
        "evil.example",
        "127.0.0.1.evil.example:4000",
        "localhost.evil.example",
        "evil.example:127",
        "[::1].evil.example",
        "127.0.0.1:4000.evil.example",
        "[::1",
        "",
        ":4000",
        "127.0.0.1evil.example",
        "[::2]:4000",
        "localhost@evil.example",
        "evil.example/localhost",
        "0x7f000001:4000",
        "127.1:4000",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        assert_refused(&settings, hosts[i], NULL);
        char origin[128];
        snprintf(origin, sizeof origin, "http://%s", hosts[i]);
        assert_refused(&settings, hosts[i], origin);
    }
}

static void a_page_of_another_site_is_refused(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    static const char *const origins[] = {
        "https://evil.example",
        "null",
        "http://127.0.0.1:8080",
        "http://localhost:4000",
        "http://127.0.0.1:4000.evil",
        "",
        "127.0.0.1:4000",
        "file://",
        "http://evil.example/://127.0.0.1:4000",
    };
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
        assert_refused(&settings, "127.0.0.1:4000", origins[i]);
}

static void the_page_that_the_server_gave_is_answered(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    assert_taken(&settings, "127.0.0.1:4000", "http://127.0.0.1:4000");
    assert_taken(&settings, "localhost:4000", "http://localhost:4000");
    assert_taken(&settings, "[::1]:4000", "http://[::1]:4000");
}

static void an_origin_that_is_configured_is_answered(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    settings.origins = (const char *const[]){"https://chat.example", NULL};
    assert_taken(&settings, "127.0.0.1:4000", "https://chat.example");
    assert_refused(&settings, "127.0.0.1:4000", "https://chat.example.evil.example");
    /* A server that listens only on this machine refuses other host names. */
    assert_refused(&settings, "chat.example", "https://chat.example");
    settings.origins = (const char *const[]){"*", NULL};
    assert_taken(&settings, "127.0.0.1:4000", "https://other.example");
}

static void the_address_that_is_listened_at_is_a_host(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    settings.listen[0] = "127.0.0.2:4000";
    settings.listen[1] = "unix:/run/beluga.sock";
    settings.n_listen = 2;
    assert_taken(&settings, "127.0.0.2:4000", NULL);
    /* An address of this machine that is not in the list: the client may have used a tunnel. */
    assert_taken(&settings, "127.0.0.3:4000", NULL);
    settings.listen[0] = "box.example:4000";
    assert_taken(&settings, "box.example:4000", NULL);
    assert_refused(&settings, "127.0.0.3.example:4000", NULL);
    assert_refused(&settings, "unix:4000", NULL);
}

static void over_a_unix_socket_any_host_is_answered(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    assert_null(origin_refusal(&settings, "unix", "gateway.example", NULL));
    assert_non_null(origin_refusal(&settings, "unix", "gateway.example", "https://evil.example"));
}

static void with_keys_every_name_and_page_is_answered(void **state)
{
    (void)state;
    serve_settings settings = keyless();
    settings.n_keys = 1;
    assert_taken(&settings, "gateway.example", "https://other.example");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_of_this_machine_are_answered),
        cmocka_unit_test(a_name_that_was_bound_to_this_machine_is_refused),
        cmocka_unit_test(a_page_of_another_site_is_refused),
        cmocka_unit_test(the_page_that_the_server_gave_is_answered),
        cmocka_unit_test(an_origin_that_is_configured_is_answered),
        cmocka_unit_test(the_address_that_is_listened_at_is_a_host),
        cmocka_unit_test(over_a_unix_socket_any_host_is_answered),
        cmocka_unit_test(with_keys_every_name_and_page_is_answered),
    };
    return cmocka_run_group_tests_name("origins of requests", tests, NULL, NULL);
}
