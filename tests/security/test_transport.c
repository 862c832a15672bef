/* The security of connections. Servers and proxies must speak TLS 1.2 or later, even if the
 * system's TLS library would accept less. Proxies and passwords come only from where the
 * caller has put them, and not from files such as .netrc. The TLS servers are those of the program
 * openssl. */
#include "../support/folder.h"
#include "../support/scene.h"
#include "../support/sockets.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[FOLDER_BYTES];
static bool has_openssl;

static const char *path_of(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static bool run(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && %s >/dev/null 2>&1 </dev/null", folder, command);
    return system(line) == 0;
}

/* ---- a TLS server ---------------------------------------------------------------------------- */

typedef struct server {
    pid_t pid;
    FILE *says;
    int port, kept; /* the socket that keeps the port */
} server;

static void serve(int port, const char *version, int out)
{
    char accept[32];
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* kill the server when the test ends */
    snprintf(accept, sizeof accept, "127.0.0.1:%d", port);
    if (chdir(folder) || dup2(out, STDOUT_FILENO) < 0 || !freopen("/dev/null", "w", stderr))
        _exit(1);
    execlp("openssl", "openssl", "s_server", "-accept", accept, version, "-www", "-cert",
           "cert.pem", "-key", "key.pem", "-cipher", "ALL:@SECLEVEL=0", (char *)NULL);
    _exit(1);
}

/* Start a server. Returns false if it does not run. */
static bool start_server(server *s, const char *version)
{
    char line[256];
    int ends[2];
    if (!has_openssl) return false;
    s->port = keep_port(&s->kept);
    assert_int_equal(pipe(ends), 0);
    s->pid = fork();
    if (!s->pid) serve(s->port, version, ends[1]);
    close(ends[1]);
    s->says = fdopen(ends[0], "r");
    while (fgets(line, sizeof line, s->says))
        if (strncmp(line, "ACCEPT", 6) == 0) return true;
    return false;
}

static void stop_server(server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    fclose(s->says);
    close(s->kept);
}

static bool answers_openssl(const server *s, const char *version)
{
    char command[256];
    snprintf(command, sizeof command,
             "openssl s_client -connect 127.0.0.1:%d %s -cipher ALL:@SECLEVEL=0", s->port, version);
    return run(command);
}

/* Request the list of models. openssl's server answers with a web page. */
static int list_with(const char *ca_file, const char *url, beluga_error *err, beluga_option option)
{
    char **names = NULL;
    size_t n;
    beluga_chat_model *model = open_at(url, option, beluga_with_ca_file(ca_file));
    int status = beluga_list_models(model, NULL, &names, &n, err);
    beluga_free(names);
    beluga_chat_model_unref(model);
    return status;
}

static int list_at(const char *url, beluga_error *err, beluga_option option)
{
    return list_with(path_of("cert.pem"), url, err, option);
}

static int list_from(const server *s, beluga_error *err)
{
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1", s->port);
    return list_at(url, err, beluga_with_proxy(""));
}

/* List models through a TLS proxy. The option ca_file does not apply to proxies, whose certificates
 * are checked with the system's authorities. */
static int list_through(const server *s, beluga_error *err)
{
    char proxy[64];
    snprintf(proxy, sizeof proxy, "https://127.0.0.1:%d", s->port);
    return list_at("http://127.0.0.1:1/v1", err, beluga_with_proxy(proxy));
}

#define NEEDS(condition, what)         \
    do {                               \
        if (condition) break;          \
        print_message("# " what "\n"); \
        skip();                        \
    } while (0)

typedef int (*list_fn)(const server *s, beluga_error *err);

/* List models through a server that speaks only this version of TLS. */
static int list_by(const char *version, list_fn list, beluga_error *err)
{
    server s;
    NEEDS(start_server(&s, version), "no openssl to serve with");
    bool speaks = answers_openssl(&s, version);
    int status = list(&s, err);
    stop_server(&s);
    NEEDS(speaks, "openssl can't speak this version of TLS here");
    return status;
}

/* libcurl reads the file only after it has connected, so a server has to listen. */
static void a_missing_list_of_authorities_is_an_error_of_the_configuration(void **state)
{
    server s;
    beluga_error err = {0};
    (void)state;
    NEEDS(start_server(&s, "-tls1_2"), "no openssl to serve with");
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/v1", s.port);
    int status = list_with(path_of("missing.pem"), url, &err, beluga_with_proxy(""));
    stop_server(&s);
    assert_int_equal(status, BELUGA_ERROR_INVALID_CONFIG);
    assert_non_null(strstr(err.message, "the list of certificate authorities can't be read"));
    assert_non_null(strstr(err.message, "check the option ca_file"));
}

static void a_server_with_tls_1_2_is_spoken_to(void **state)
{
    beluga_error err = {0};
    (void)state;
    assert_int_equal(list_by("-tls1_2", list_from, &err), BELUGA_ERROR_MALFORMED_RESPONSE);
}

static void refuses_tls_1_1(list_fn list)
{
    beluga_error err = {0};
    assert_int_equal(list_by("-tls1_1", list, &err), BELUGA_ERROR_NETWORK);
    assert_string_equal(err.message, "the TLS handshake failed");
}

static void a_server_with_tls_1_1_alone_is_refused(void **state)
{
    (void)state;
    refuses_tls_1_1(list_from);
}

/* The list of authorities that libcurl uses on Debian. */
#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

static void a_proxy_with_tls_1_1_alone_is_refused(void **state)
{
    (void)state;
    NEEDS(access(AUTHORITIES, R_OK) == 0, "no list of authorities here");
    refuses_tls_1_1(list_through);
}

static void a_proxys_certificate_is_verified(void **state)
{
    beluga_error err = {0};
    (void)state;
    NEEDS(access(AUTHORITIES, R_OK) == 0, "no list of authorities here");
    assert_int_equal(list_by("-tls1_2", list_through, &err), BELUGA_ERROR_NETWORK);
    assert_string_equal(err.message, "the server's certificate can't be verified");
}

/* ---- the environment ------------------------------------------------------------------------- */

#define NOBODY "http://127.0.0.1:1/v1"

static void answer(peer *p)
{
    script(p, ANSWERS("hello"), REPEATS(PEER_FOR_EVER));
}

static int ask_with(const char *url, const beluga_option option)
{
    beluga_chat_model *model = open_at(url, option);
    int status = generate(model, NULL, NULL);
    beluga_chat_model_unref(model);
    return status;
}

static void set_proxy(const char *url)
{
    static const char *const names[] = {"http_proxy", "ALL_PROXY", "all_proxy"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (url)
            setenv(names[i], url, 1);
        else
            unsetenv(names[i]);
}

static void the_environments_proxy_is_not_taken_unasked(scene *s)
{
    answer(s->peer);
    set_proxy(peer_url(s->peer));
    assert_int_equal(ask_with(NOBODY, beluga_with_max_retries(0)), BELUGA_ERROR_NETWORK);
    set_proxy(NULL);
    expect_requests(s, 0);
}

static void the_environments_proxy_is_taken_where_the_environment_is_asked(scene *s)
{
    answer(s->peer);
    set_proxy(peer_url(s->peer));
    assert_int_equal(ask_with(NOBODY, beluga_with_env()), 0);
    set_proxy(NULL);
    expect_requests(s, 1);
}

static void an_option_is_stronger_than_the_environments_proxy(scene *s)
{
    answer(s->peer);
    set_proxy(NOBODY);
    use_model(s, open_at(peer_url(s->peer), beluga_with_env(), beluga_with_proxy(""),
                         beluga_with_max_retries(0)));
    expect_text(s, "hello");
    set_proxy(NULL);
}

/* A cookie from a server is not sent back, and no server gets the password in .netrc. */
static void no_password_of_netrc_and_no_cookie_is_sent(scene *s)
{
    FILE *netrc = fopen(path_of(".netrc"), "w");
    assert_non_null(netrc);
    fputs("machine 127.0.0.1 login me password secret\n", netrc);
    fclose(netrc);
    setenv("HOME", folder, 1);
    peer_reply *r = peer_reply_new(s->peer);
    peer_step_header(r, "Set-Cookie", "a=b");
    peer_step_header(r, "Strict-Transport-Security", "max-age=1000");
    script_more(r, REPEATS(2), ANSWERS("hello"));
    use_model(s, open_at(peer_url(s->peer), beluga_with_env()));
    expect_text(s, "hello");
    expect_text(s, "hello");
    assert_null(strstr(peer_request_header(s->peer, 1, "authorization"), "Basic"));
    assert_null(peer_request_header(s->peer, 1, "cookie"));
}

/* ---------------------------------------------------------------------------------------------- */

/* Configure openssl to allow every version of TLS, so that only the library refuses old versions.
 * The TLS library reads this when it is initialised. */
static bool allow_old_tls(void)
{
    FILE *f = fopen(path_of("openssl.cnf"), "w");
    if (!f) return false;
    fputs("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n"
          "[c]\nMinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n",
          f);
    return fclose(f) == 0 && setenv("OPENSSL_CONF", path_of("openssl.cnf"), 1) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_list_of_authorities_is_an_error_of_the_configuration),
        cmocka_unit_test(a_server_with_tls_1_2_is_spoken_to),
        cmocka_unit_test(a_server_with_tls_1_1_alone_is_refused),
        cmocka_unit_test(a_proxy_with_tls_1_1_alone_is_refused),
        cmocka_unit_test(a_proxys_certificate_is_verified),
        SCENE(the_environments_proxy_is_not_taken_unasked),
        SCENE(the_environments_proxy_is_taken_where_the_environment_is_asked),
        SCENE(an_option_is_stronger_than_the_environments_proxy),
        SCENE(no_password_of_netrc_and_no_cookie_is_sent),
    };
    static const char *const proxies[] = {"no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) unsetenv(proxies[i]);
    set_proxy(NULL);
    if (!folder_make(folder, "tls") || !allow_old_tls()) return 1;
    has_openssl = run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem "
                      "-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
                      "-config /etc/ssl/openssl.cnf");
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    return folder_remove(folder) ? status : 1;
}
