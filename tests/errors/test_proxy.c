/* Faults of a proxy: the error says that the proxy failed, and never contains the proxy's
 * password. */
#include "../support/openai.h"
#include "../support/sockets.h"

#include <stdio.h>
#include <unistd.h>

#define PASSWORD "pr0xy-passw0rd"

/* No request reaches this server, since the connection through the proxy is always refused. */
#define SERVER "https://127.0.0.1:9/v1"

static int ask_through(const char *proxy, const char *url, beluga_error *err)
{
    const beluga_option option = beluga_with_proxy(proxy);
    beluga_chat_model *model = open_at(url, &option, 1);
    int status = ask(model, err);
    beluga_chat_model_unref(model);
    assert_null(strstr(err->message, PASSWORD));
    assert_null(strstr(err->cause, PASSWORD));
    return status;
}

static void write_proxy(char *text, size_t size, int port)
{
    snprintf(text, size, "http://user:" PASSWORD "@127.0.0.1:%d", port);
}

static void answer(peer *p, int status)
{
    static const char page[] = "you said user:" PASSWORD;
    peer_reply *r = peer_reply_new(p);
    peer_step_status(r, status, "Proxy-Authenticate: Basic realm=\"x\"\r\nConnection: close\r\n");
    peer_step_body(r, page, sizeof page - 1);
    peer_step_close(r);
}

/* Call through a proxy that asks for credentials, which must fail, and return the error. */
static beluga_error without_credentials(peer *p, const char *url)
{
    char proxy[128];
    beluga_error err;
    write_proxy(proxy, sizeof proxy, peer_port(p));
    answer(p, 407);
    assert_int_equal(ask_through(proxy, url, &err), BELUGA_ERROR_NETWORK);
    assert_non_null(strstr(err.message, "the proxy requires a user name and a password"));
    assert_false(beluga_error_is_retryable(&err));
    return err;
}

static void a_tunnel_that_wants_credentials_says_so(void **state)
{
    peer *p = *state;
    beluga_error err = without_credentials(p, SERVER);
    assert_non_null(strstr(err.message, "HTTPS_PROXY"));
    assert_string_equal(peer_request_method(p, 0), "CONNECT");
    /* The key must not be sent to the proxy. */
    assert_null(peer_request_header(p, 0, "Authorization"));
}

static void a_plain_request_that_wants_credentials_says_the_same(void **state)
{
    assert_int_equal(without_credentials(*state, "http://127.0.0.1:9/v1").http_status, 407);
}

static void a_tunnel_that_is_refused_has_the_proxys_status(void **state)
{
    static const struct {
        int status;
        bool retryable;
    } rows[] = {{403, false}, {404, false}, {502, true}, {503, true}, {504, true}};
    peer *p = *state;
    char proxy[128], expected[96];
    write_proxy(proxy, sizeof proxy, peer_port(p));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        beluga_error err;
        answer(p, rows[i].status);
        assert_int_equal(ask_through(proxy, SERVER, &err), BELUGA_ERROR_NETWORK);
        snprintf(expected, sizeof expected, "the proxy refused to connect to the server (HTTP %d)",
                 rows[i].status);
        assert_string_equal(err.message, expected);
        assert_int_equal(err.http_status, 0); /* the server has sent no status */
        assert_int_equal(beluga_error_is_retryable(&err), rows[i].retryable);
    }
}

static void a_proxy_that_does_not_run_is_not_told_as_the_server(void **state)
{
    static const char *const urls[] = {SERVER, "http://127.0.0.1:9/v1"};
    char proxy[128];
    int fd;
    (void)state;
    write_proxy(proxy, sizeof proxy, keep_port(&fd));
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        beluga_error err;
        assert_int_equal(ask_through(proxy, urls[i], &err), BELUGA_ERROR_NETWORK);
        assert_non_null(
            strstr(err.message, "the proxy refused the connection: check that it is running"));
    }
    close(fd);
}

static void a_server_that_does_not_run_is_not_told_as_a_proxy(void **state)
{
    char url[64];
    int fd;
    beluga_error err;
    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", keep_port(&fd));
    assert_int_equal(ask_through("", url, &err), BELUGA_ERROR_NETWORK);
    assert_string_equal(err.message, "the server refused the connection (is it running?)");
    close(fd);
}

/* libcurl would apply the variable no_proxy even to a proxy that was set by an option. */
static void a_variable_takes_no_proxy_away_that_was_given(void **state)
{
    char proxy[128];
    int fd;
    beluga_error err;
    (void)state;
    write_proxy(proxy, sizeof proxy, keep_port(&fd));
    setenv("no_proxy", "127.0.0.1", 1);
    assert_int_equal(ask_through(proxy, SERVER, &err), BELUGA_ERROR_NETWORK);
    assert_non_null(strstr(err.message, "the proxy refused the connection"));
    unsetenv("no_proxy");
    close(fd);
}

/* Assert that a call through a proxy from the variable https_proxy fails with this code. */
static void variable_fails(const char *proxy, int code, const char *words)
{
    const beluga_option option = beluga_with_env();
    beluga_error err;
    setenv("https_proxy", proxy, 1);
    beluga_chat_model *model = open_at(SERVER, &option, 1);
    assert_int_equal(ask(model, &err), code);
    assert_non_null(strstr(err.message, words));
    assert_null(strstr(err.cause, PASSWORD));
    beluga_chat_model_unref(model);
    unsetenv("https_proxy");
}

/* libcurl reads the proxy's variables itself; the library must still find out that a proxy was
 * used. */
static void a_proxy_of_a_variable_is_told_as_one(void **state)
{
    char proxy[128];
    int fd;
    (void)state;
    write_proxy(proxy, sizeof proxy, keep_port(&fd));
    variable_fails(proxy, BELUGA_ERROR_NETWORK, "the proxy refused the connection");
    close(fd);
}

static void an_address_of_a_proxy_that_is_none_is_no_secret_told(void **state)
{
    static const char *const bad[] = {"http://user:" PASSWORD "@[bad", "ftp://user:" PASSWORD "@h"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        variable_fails(bad[i], BELUGA_ERROR_INVALID_CONFIG, "the proxy's address");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(a_tunnel_that_wants_credentials_says_so),
        ON_PEER(a_plain_request_that_wants_credentials_says_the_same),
        ON_PEER(a_tunnel_that_is_refused_has_the_proxys_status),
        ON_PEER(a_proxy_that_does_not_run_is_not_told_as_the_server),
        ON_PEER(a_server_that_does_not_run_is_not_told_as_a_proxy),
        ON_PEER(a_variable_takes_no_proxy_away_that_was_given),
        ON_PEER(a_proxy_of_a_variable_is_told_as_one),
        ON_PEER(an_address_of_a_proxy_that_is_none_is_no_secret_told),
    };
    return cmocka_run_group_tests_name("errors of proxies", tests, NULL, NULL);
}
