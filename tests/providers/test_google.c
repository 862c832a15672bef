/* Credentials of Google that are exchanged for tokens: service accounts and users' logins, the
 * places where credentials are found, and the errors of bad credentials. */
#include "../support/files.h"
#include "../support/folder.h"
#include "../support/own_time.h"
#include "../support/rfc_key.h"
#include "../support/scene.h"
#include "../support/threads.h"
#include "base/json.h"
#include "base/rs256.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the scene -------------------------------------------------------------------------------- */

#define EMAIL   "beluga@my-project.iam.gserviceaccount.com"
#define REFRESH "1//0gRefreshTokenOfAUser-abc"
#define SECRET  "d-SecretOfTheClient"
/* the key in the form that Google's files have */
#define KEY RFC_KEY_BEGIN "\\n" RFC_KEY_LINES("\\n") RFC_KEY_END "\\n"

#define PATIENT beluga_with_timeout_ms(PATIENCE_MS), beluga_with_retry_delay_ms(100)

static int try_vertex(scene *s, const char *key, beluga_chat_model **model)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", peer_port(s->peer));
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key(key), beluga_with_model_name("m"), PATIENT,
        beluga_with_max_retries(1), beluga_with_provider_specific("vertex.project", "p"));
    int status = beluga_registry_open(beluga_registry_default(), "vertex", config, model, &s->err);
    beluga_config_free(config);
    return status;
}

static void open_vertex(scene *s, const char *key)
{
    beluga_chat_model *model = NULL;
    if (try_vertex(s, key, &model)) fail_msg("open: %s", s->err.message);
    use_model(s, model);
}

/* Return the credentials of a service account whose token_uri is at the peer. */
static const char *account(const scene *s, const char *key)
{
    static char text[8192];
    snprintf(text, sizeof text,
             "{\n  \"type\": \"service_account\",\n  \"project_id\": \"my-project\",\n"
             "  \"private_key_id\": \"0123abcd\",\n  \"private_key\": \"%s\",\n"
             "  \"client_email\": \"" EMAIL "\",\n"
             "  \"token_uri\": \"http://127.0.0.1:%d/token\",\n"
             "  \"universe_domain\": \"googleapis.com\"\n}\n",
             key, peer_port(s->peer));
    return text;
}

static const char *login(const scene *s)
{
    static char text[1024];
    snprintf(text, sizeof text,
             "{\"account\": \"\", \"client_id\": \"764.apps.googleusercontent.com\", "
             "\"client_secret\": \"" SECRET "\", \"refresh_token\": \"" REFRESH "\", "
             "\"token_uri\": \"http://localhost:%d/token\", \"type\": \"authorized_user\"}",
             peer_port(s->peer));
    return text;
}

#define TOKEN(text)   "{\"access_token\":\"" text "\",\"expires_in\":3599,\"token_type\":\"Bearer\"}"
#define GIVES(s, ...) script(s->peer, MATCHES("/token"), __VA_ARGS__)
#define HELLO                                                                \
    JSON("{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hello\"}]}," \
         "\"finishReason\":\"STOP\"}]}")
#define ANSWERS_ALL(s) script(s->peer, FOR_EVER, HELLO)

static void assert_sent(const scene *s, size_t i, const char *authorization)
{
    const char *sent = peer_request_header(s->peer, i, "Authorization");
    assert_string_equal(sent ? sent : "", authorization);
}

/* --- a service account ------------------------------------------------------------------------ */

static void decode(beluga__buf *out, const char *text, size_t n)
{
    beluga__buf_init(out, beluga_allocator_default(), 4096);
    assert_int_equal(beluga__base64_decode(out, text, n), 0);
}

/* Assert that the third part of a token is a valid signature of the first two parts. */
static void assert_signed(const char *token)
{
    const char *last = strrchr(token, '.'), *wrong;
    beluga__buf given, made;
    decode(&given, last + 1, strcspn(last + 1, "&"));
    beluga__buf_init(&made, beluga_allocator_default(), 4096);
    assert_int_equal(beluga__rs256_sign(RFC_KEY, token, (size_t)(last - token), &made, &wrong), 0);
    assert_int_equal(given.length, made.length);
    assert_memory_equal(given.data, made.data, made.length);
    beluga__buf_free(&given);
    beluga__buf_free(&made);
}

static void a_service_account_signs_what_it_wants_and_gets_a_token(scene *s)
{
    static const char form[] =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    char expected[512];
    beluga__buf part;
    time_t before = time(NULL);
    open_vertex(s, account(s, KEY));
    GIVES(s, JSON(TOKEN("ya29.c.one")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    assert_string_equal(peer_request_method(s->peer, 0), "POST");
    assert_string_equal(peer_request_path(s->peer, 0), "/token");
    assert_string_equal(peer_request_header(s->peer, 0, "Content-Type"),
                        "application/x-www-form-urlencoded");
    assert_null(peer_request_header(s->peer, 0, "Authorization"));
    const char *token = peer_request_body(s->peer, 0, NULL);
    assert_memory_equal(token, form, sizeof form - 1);
    token += sizeof form - 1;

    decode(&part, token, strcspn(token, "."));
    assert_string_equal(part.data, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"0123abcd\"}");
    beluga__buf_free(&part);
    const char *claims = strchr(token, '.') + 1;
    decode(&part, claims, strcspn(claims, "."));
    const char *issued = strstr(part.data, "\"iat\":");
    assert_non_null(issued);
    long long at = strtoll(issued + 6, NULL, 10);
    assert_in_range(at, before - 10, time(NULL) - 10);
    snprintf(expected, sizeof expected,
             "{\"iss\":\"" EMAIL "\",\"scope\":\"https://www.googleapis.com/auth/cloud-platform\","
             "\"aud\":\"http://127.0.0.1:%d/token\",\"iat\":%lld,\"exp\":%lld}",
             peer_port(s->peer), at, at + 3600);
    assert_string_equal(part.data, expected);
    beluga__buf_free(&part);
    assert_signed(token);

    assert_sent(s, 1, "Bearer ya29.c.one");
    assert_string_equal(peer_request_path(s->peer, 1),
                        "/v1/projects/p/locations/global/publishers/google/models/m:"
                        "generateContent");
}

static void *generate_once(void *argument)
{
    return generate(argument, "Hello", NULL) ? argument : NULL;
}

static void many_calls_that_wait_share_one_exchange(scene *s)
{
    enum { CALLS = 12 };
    threads t;
    open_vertex(s, account(s, KEY));
    GIVES(s, WAITS_AT(0), JSON(TOKEN("ya29.c.one")));
    ANSWERS_ALL(s);
    threads_start(&t, CALLS, generate_once, s->model);
    assert_int_equal(peer_wait_requests(s->peer, 1, PATIENCE_MS), 0);
    peer_open_gate(s->peer, 0);
    threads_join(&t);
    expect_requests(s, CALLS + 1);
    for (size_t i = 1; i <= CALLS; i++) assert_sent(s, i, "Bearer ya29.c.one");
}

static void a_token_is_replaced_before_its_hour_is_over(scene *s)
{
    open_vertex(s, account(s, KEY));
    GIVES(s, JSON(TOKEN("ya29.c.one")));
    GIVES(s, JSON(TOKEN("ya29.c.two")));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    ahead_s = 3599 - 300 - 20;
    expect_text(s, "Hello");
    ahead_s = 3599 - 300 + 1;
    expect_text(s, "Hello");
    expect_requests(s, 5);
    assert_sent(s, 2, "Bearer ya29.c.one");
    assert_sent(s, 4, "Bearer ya29.c.two");
}

#define REFUSED                                                                           \
    HEAD(401, "Content-Type: application/json\r\n"),                                      \
        BODY("{\"error\":{\"code\":401,\"message\":\"Request had invalid authentication " \
             "credentials.\",\"status\":\"UNAUTHENTICATED\"}}")

static void a_token_that_is_refused_is_replaced_once(scene *s)
{
    open_vertex(s, account(s, KEY));
    GIVES(s, JSON(TOKEN("ya29.c.one")));
    GIVES(s, JSON(TOKEN("ya29.c.two")));
    script(s->peer, HELLO);
    script(s->peer, REFUSED);
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    expect_text(s, "Hello");
    expect_requests(s, 5);
    assert_sent(s, 2, "Bearer ya29.c.one");
    assert_sent(s, 4, "Bearer ya29.c.two");
}

static void a_new_token_that_is_refused_is_the_calls_error(scene *s)
{
    open_vertex(s, account(s, KEY));
    GIVES(s, FOR_EVER, JSON(TOKEN("ya29.c.one")));
    script(s->peer, FOR_EVER, REFUSED);
    expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    assert_string_equal(s->err.provider_code, "UNAUTHENTICATED");
    expect_requests(s, 2);
}

/* --- a user's login --------------------------------------------------------------------------- */

static void the_refresh_token_of_a_login_is_exchanged(scene *s)
{
    open_vertex(s, login(s));
    GIVES(s, JSON("{\"access_token\":\"ya29.user\",\"expires_in\":\"3599\",\"scope\":\"a b\","
                  "\"token_type\":\"Bearer\",\"id_token\":\"e30.e30.\"}"));
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "grant_type=refresh_token&client_id=764.apps.googleusercontent.com&"
                        "client_secret=" SECRET "&refresh_token=1%2F%2F0gRefreshTokenOfAUser-abc");
    assert_sent(s, 1, "Bearer ya29.user");
}

/* ---- tokens and keys that are sent unchanged ------------------------------------------------- */

static void a_token_is_used_as_it_is(scene *s)
{
    open_vertex(s, "ya29.a0AfB_byC");
    ANSWERS_ALL(s);
    expect_text(s, "Hello");
    open_vertex(s, "command:echo ya29.command");
    expect_text(s, "Hello");
    expect_requests(s, 2);
    assert_sent(s, 0, "Bearer ya29.a0AfB_byC");
    assert_sent(s, 1, "Bearer ya29.command");
}

/* ---- places where credentials are found ------------------------------------------------------ */

static char folder[FOLDER_BYTES];

static const char *in_folder(const char *name)
{
    return path_below(folder, name);
}

static void finds(scene *s, const char *key)
{
    size_t n = peer_requests(s->peer);
    open_vertex(s, key);
    if (generate_under(s->model, NULL, "Hello", &s->err)) fail_msg("%s: %s", key, s->err.message);
    assert_string_equal(peer_request_path(s->peer, n), "/token");
    assert_sent(s, n + 1, "Bearer ya29.found");
}

static void credentials_are_found_where_googles_tools_find_them(scene *s)
{
    char reference[160];
    GIVES(s, FOR_EVER, JSON(TOKEN("ya29.found")));
    ANSWERS_ALL(s);
    write_file(in_folder("key.json"), account(s, KEY));
    snprintf(reference, sizeof reference, "file:%s", in_folder("key.json"));
    finds(s, reference);
    snprintf(reference, sizeof reference, "command:cat %s", in_folder("key.json"));
    finds(s, reference);
    setenv("GOOGLE_APPLICATION_CREDENTIALS", in_folder("key.json"), 1);
    finds(s, "google:");
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    setenv("BELUGA_TEST_KEY", account(s, KEY), 1);
    finds(s, "env:BELUGA_TEST_KEY");
    unsetenv("BELUGA_TEST_KEY");

    setenv("HOME", folder, 1);
    assert_int_equal(mkdir(in_folder(".config"), 0700), 0);
    assert_int_equal(mkdir(in_folder(".config/gcloud"), 0700), 0);
    write_file(in_folder(".config/gcloud/application_default_credentials.json"), login(s));
    finds(s, "google:");
    write_file(in_folder("application_default_credentials.json"), login(s));
    remove(in_folder(".config/gcloud/application_default_credentials.json"));
    setenv("CLOUDSDK_CONFIG", folder, 1);
    finds(s, "google:");
    unsetenv("CLOUDSDK_CONFIG");
}

static void fails(scene *s, const char *key, const char *text)
{
    char line[2048];
    beluga_chat_model *model = NULL;
    int status = try_vertex(s, key, &model);
    if (status == 0) {
        use_model(s, model);
        expect_failure(s, BELUGA_ERROR_AUTHENTICATION);
    } else
        assert_int_equal(status, BELUGA_ERROR_AUTHENTICATION);
    beluga_error_format(&s->err, line, sizeof line);
    if (!strstr(line, text)) fail_msg("want \"%s\", got \"%s\"", text, line);
    assert_null(strstr(line, "MIIEv"));
    assert_null(strstr(line, SECRET));
    assert_null(strstr(line, REFRESH));
}

static void credentials_that_are_nowhere_are_told_with_what_to_do(scene *s)
{
    setenv("HOME", in_folder("nobody"), 1);
    fails(s, "google:", "run \"gcloud auth application-default login\", which writes ");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", in_folder("missing.json"), 1);
    fails(s, "google:", "GOOGLE_APPLICATION_CREDENTIALS: ");
    fails(s, "google:", "missing.json: No such file");
    write_file(in_folder("key.json"), "ya29.a-token\n");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", in_folder("key.json"), 1);
    fails(s, "google:", "is not a file with Google credentials");
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    fails(s, "/etc/key.json", "api_key is a path: write file:PATH");
    fails(s, "key.json", "api_key is a path: write file:PATH");
    expect_requests(s, 0);
}

static void a_huge_file_is_refused(scene *s)
{
    char reference[160];
    FILE *f = fopen(in_folder("key.json"), "w");
    fputs("{\"type\": \"service_account\"", f);
    for (int i = 0; i < 70000; i++) putc(i % 64 ? ' ' : '\n', f);
    fputs("}\n", f);
    fclose(f);
    snprintf(reference, sizeof reference, "file:%s", in_folder("key.json"));
    fails(s, reference, "File too large");
    setenv("GOOGLE_APPLICATION_CREDENTIALS", in_folder("key.json"), 1);
    fails(s, "google:", "larger than 65535 bytes");
    unsetenv("GOOGLE_APPLICATION_CREDENTIALS");
    expect_requests(s, 0);
}

/* ---- bad credentials ------------------------------------------------------------------------- */

static void credentials_that_are_not_whole_are_told_before_anything_is_sent(scene *s)
{
    char url[256];
    fails(s, "{\"type\": \"service_account\"", "are not JSON");
    fails(s, "{}", "have no \"type\"");
    fails(s, "{\"installed\":{\"client_id\":\"a\"}}", "have no \"type\"");
    fails(s, "{\"type\":\"service_account\"}", "have no \"client_email\"");
    fails(s, "{\"type\":\"service_account\",\"client_email\":\"a\"}", "have no \"private_key\"");
    fails(s, "{\"type\":\"service_account\",\"client_email\":\"a\\u0000b\"}", "\"client_email\"");
    fails(s, "{\"type\":\"authorized_user\",\"client_id\":\"a\"}", "have no \"client_secret\"");
    fails(s, "{\"type\":\"external_account\"}", "of the type external_account, which only");
    fails(s, account(s, RFC_KEY_BEGIN "\\n" RFC_KEY_LINES("\\n")), "the private_key is cut off");
    fails(s, account(s, "-----BEGIN EC PRIVATE KEY-----\\nMHcC\\n-----END EC PRIVATE KEY-----\\n"),
          "the private_key is not an RSA key");
    static const char *const unsafe[] = {"http://evil.example/token", "http://127.0.0.1.evil/token",
                                         "http://localhost@evil/", "ftp://a/", ""};
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
        snprintf(url, sizeof url, "{\"type\":\"authorized_user\",\"token_uri\":\"%s\"}", unsafe[i]);
        fails(s, url, *unsafe[i] ? "a token_uri that is not https" : "have no \"token_uri\"");
    }
    expect_requests(s, 0);
}

#define REFUSES(word, text) \
    HEAD(400, NULL), BODY("{\"error\":\"" word "\",\"error_description\":\"" text "\"}")
#define CAN_T "the key can't be exchanged for a token (HTTP 400): "

static void a_key_that_was_deleted_is_told_with_what_to_do(scene *s)
{
    GIVES(s, REFUSES("invalid_grant", "Invalid JWT Signature."));
    fails(s, account(s, KEY),
          CAN_T "the key has expired or was revoked: log in again, or create a new one");
    assert_string_equal(s->err.provider_code, "invalid_grant");
    assert_string_equal(s->err.cause, "Invalid JWT Signature.");
    assert_false(beluga_error_is_retryable(&s->err));
    GIVES(s, REFUSES("invalid_grant", "Token has been expired or revoked."));
    fails(s, login(s), CAN_T "the key has expired");
    GIVES(s, REFUSES("unauthorized_client", "Unauthorized"));
    fails(s, login(s), CAN_T "the client is not allowed to use this kind of grant");
    expect_requests(s, 3);
}

static void refuse_at(scene *s, const char *date)
{
    char head[96];
    snprintf(head, sizeof head, "Date: %s\r\n", date);
    GIVES(s, HEAD(400, head),
          BODY("{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT: Token must be a "
               "short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and "
               "exp values in the JWT claim.\"}"));
}

static void a_wrong_clock_is_told_as_such(scene *s)
{
    char date[64];
    time_t now = time(NULL), hour = now + 3600;
    struct tm utc;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&hour, &utc));
    refuse_at(s, date);
    fails(s, account(s, KEY), " s behind the service's clock");
    hour = now - 3600;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&hour, &utc));
    refuse_at(s, date);
    fails(s, account(s, KEY), " s ahead of the service's clock");
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    refuse_at(s, date);
    fails(s, account(s, KEY), CAN_T "the key has expired");
    refuse_at(s, "yesterday");
    fails(s, account(s, KEY), CAN_T "the key has expired");
}

/* The error page of a proxy may repeat the request. The clock stands still here, so that the same
 * assertion is signed again and can be searched. */
static void what_was_sent_for_the_key_is_in_no_error(scene *s)
{
    char page[2048];
    GIVES(s, HEAD(403, NULL), BODY("Refused: " SECRET " and " REFRESH));
    fails(s, login(s), "Refused: *******************");
    frozen_s = time(NULL);
    GIVES(s, HEAD(403, NULL), BODY("Refused"));
    fails(s, account(s, KEY), "Refused");
    const char *assertion = strstr(peer_request_body(s->peer, 1, NULL), "assertion=") + 10;
    snprintf(page, sizeof page, "Refused: %s", assertion);
    GIVES(s, HEAD(403, NULL), BODY(page));
    fails(s, account(s, KEY), "Refused: ***");
    assert_string_equal(peer_request_body(s->peer, 1, NULL), peer_request_body(s->peer, 2, NULL));
    assert_null(strstr(s->err.cause, "eyJ"));
}

/* --- the table -------------------------------------------------------------------------------- */

static int set_google(void **state)
{
    assert_int_equal(set_scene(state), 0);
    assert_true(folder_make(folder, "google"));
    ahead_s = frozen_s = 0;
    return 0;
}

static int strike_google(void **state)
{
    assert_true(folder_remove(folder));
    return strike_scene(state);
}

#define WITH(test) SCENE_WITH(test, set_google, strike_google)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(a_service_account_signs_what_it_wants_and_gets_a_token),
        WITH(many_calls_that_wait_share_one_exchange),
        WITH(a_token_is_replaced_before_its_hour_is_over),
        WITH(a_token_that_is_refused_is_replaced_once),
        WITH(a_new_token_that_is_refused_is_the_calls_error),
        WITH(the_refresh_token_of_a_login_is_exchanged),
        WITH(a_token_is_used_as_it_is),
        WITH(credentials_are_found_where_googles_tools_find_them),
        WITH(credentials_that_are_nowhere_are_told_with_what_to_do),
        WITH(a_huge_file_is_refused),
        WITH(credentials_that_are_not_whole_are_told_before_anything_is_sent),
        WITH(a_key_that_was_deleted_is_told_with_what_to_do),
        WITH(a_wrong_clock_is_told_as_such),
        WITH(what_was_sent_for_the_key_is_in_no_error),
    };
    return cmocka_run_group_tests_name("google", tests, NULL, NULL);
}
