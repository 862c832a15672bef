/* A key must not be in the library's memory when it is no longer needed. While it is needed, it
 * must be in pages that core dumps leave out. In this test the library allocates from a pool whose
 * memory is never reused, so that the test can search each byte that the library has ever used.
 * libcurl allocates its own memory, which is not searched. */
#include "../support/broker.h"
#include "../support/calls.h"
#include "../support/outside_peer.h"
#include "../support/parts.h"
#include "../support/script.h"

#include <beluga/provider/http.h>
#include <beluga/telemetry.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A larger mapping that core dumps leave out belongs to a sanitizer. */
enum { POOL = 64 << 20, MOST_KEPT_OUT = 1 << 20, SECRET = 40, ROOM = 4096 };

/* ---- a pool whose memory is never reused ----------------------------------------------------- */

static char *pool;
static atomic_size_t pool_used;

static void *take(void *payload, size_t size)
{
    (void)payload;
    size_t at = atomic_fetch_add(&pool_used, (size + 15) & ~(size_t)15);
    return at + size > POOL ? NULL : pool + at;
}

static void *take_more(void *payload, void *pointer, size_t old_size, size_t size)
{
    void *more = take(payload, size);
    if (more && pointer) memcpy(more, pointer, old_size < size ? old_size : size);
    return more;
}

static void keep(void *payload, void *pointer)
{
    (void)payload;
    (void)pointer;
}

static const beluga_allocator from_pool = {take, take_more, keep, NULL};

/* ---- the key and texts that contain it, in a mapping that is not searched -------------------- */

typedef struct key_vault {
    char key[SECRET + 1];
    char texts[8][512];
} key_vault;
static key_vault *vault;

/* The key is generated, so that the program itself does not contain it. It is different for each
 * test, and has no ASCII pattern. */
static void make_key(void)
{
    static unsigned number;
    unsigned x = ((unsigned)getpid() + number++) * 2654435761u | 1;
    for (int i = 0; i < SECRET; i++) {
        x = x * 1664525u + 1013904223u;
        vault->key[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789ab"[x >> 26];
    }
}

static const char *text(int i, const char *format)
{
    char *at = vault->texts[i];
    const char *hole = strstr(format, "KEY");
    size_t n = (size_t)(hole - format);
    memcpy(at, format, n);
    memcpy(at + n, vault->key, SECRET);
    strcpy(at + n + SECRET, hole + 3);
    return at;
}

/* ---- finding the key ------------------------------------------------------------------------- */

typedef struct found {
    size_t pool, stack, data; /* occurrences of the key in memory that a core dump contains */
    size_t kept_out;          /* occurrences in pages that a core dump leaves out */
} found;

/* The search also reads memory that is not allocated, so a sanitizer must not check this function.
 * It calls no libc functions, which a sanitizer would replace and check. */
__attribute__((noinline, no_sanitize_address, no_sanitize_thread)) static size_t
count(const char *at, const char *end)
{
    const char *key = vault->key;
    size_t n = 0;
    for (; end - at >= SECRET; at++) {
        int same = 0;
        while (same < SECRET && at[same] == key[same]) same++;
        n += same == SECRET;
    }
    return n;
}

static void add(found *f, char *start, char *end, bool writable, const char *name, bool dumped)
{
    if (!writable || start == (char *)vault) return;
    if (start <= pool && pool < end)
        f->pool += count(pool, pool + atomic_load(&pool_used));
    else if (!dumped && end - start <= MOST_KEPT_OUT)
        f->kept_out += count(start, end);
    else if (strcmp(name, "[stack]") == 0)
        /* The range includes memory below the stack pointer, where functions that have returned
         * left data. */
        f->stack += count(start, end);
    else if (strstr(name, "/test_"))
        f->data += count(start, end);
}

/* In smaps a mapping begins with the line that has its addresses, and ends with the line of its
 * flags. */
static found search(void)
{
    found f = {0};
    char line[ROOM], name[ROOM] = "", perms[8] = "";
    void *start = NULL, *end = NULL;
    FILE *maps = fopen("/proc/self/smaps", "r");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        void *a, *b;
        if (sscanf(line, "%p-%p %7s %*s %*s %*s %4095s", &a, &b, perms, name) >= 3) {
            start = a;
            end = b;
            if (!strchr(line, '/') && !strchr(line, '[')) *name = '\0';
        }
        if (strncmp(line, "VmFlags:", 8) == 0)
            add(&f, start, end, perms[1] == 'w', name, !strstr(line, " dd"));
    }
    fclose(maps);
    return f;
}

static void assert_only_kept_out(const char *when)
{
    found f = search();
    if (f.pool || f.stack || f.data)
        fail_msg("%s: %zu in the pool, %zu on the stack, %zu in data", when, f.pool, f.stack,
                 f.data);
}

static void assert_nowhere(const char *when)
{
    assert_only_kept_out(when);
    size_t n = search().kept_out;
    if (n) fail_msg("%s: %zu in pages for keys", when, n);
}

/* ---- a server in another process ------------------------------------------------------------- */

typedef struct bench {
    peer *peer;
    pid_t server;
    beluga_client *client;
} bench;

static int set_up(void **state)
{
    static bench b;
    const peer_config config = {.port = 0};
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &from_pool};
    make_key();
    atomic_store(&pool_used, 0);
    b.peer = peer_new(&config);
    script(b.peer, MATCHES("/token"), FOR_EVER, JSON(text(7, "{\"token\":\"KEY\"}")));
    script(b.peer, MATCHES("refuse"), FOR_EVER, HEAD(401, ""), BODY("no"));
    script(b.peer, MATCHES_STREAMED, FOR_EVER, STREAMS("hello"));
    script(b.peer, FOR_EVER, ANSWERS("hello"));
    b.server = serve_outside(b.peer);
    beluga_allocator_set_default(&from_pool);
    *state = &b;
    return beluga_client_new(&settings, &b.client);
}

static int tear_down(void **state)
{
    bench *b = *state;
    beluga_allocator_set_default(NULL);
    end_outside(b->server);
    peer_stop(b->peer);
    memset(pool, 0, atomic_load(&pool_used));
    return 0;
}

static void end_client(bench *b)
{
    beluga_error err = {0};
    assert_int_equal(beluga_client_close(b->client, PATIENCE_MS, &err), 0);
}

static beluga_chat_model *open_with_n(bench *b, const char *provider, const beluga_option *opts)
{
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    beluga_config *config =
        beluga_config_new(beluga_with_model_name("any"), beluga_with_base_url(peer_url(b->peer)),
                          beluga_with_max_retries(1), beluga_with_retry_delay_ms(100),
                          beluga_with_timeout_ms(PATIENCE_MS));
    assert_int_equal(beluga_config_set_n(config, opts, BELUGA_OPTIONS_TERMINATED), 0);
    if (beluga_registry_open(beluga_client_registry(b->client), provider, config, &model, &err))
        fail_msg("open: %s", err.message);
    beluga_config_free(config);
    return model;
}

#define open_with(b, provider, ...) \
    open_with_n(b, provider, (const beluga_option[]){__VA_ARGS__, BELUGA_OPTIONS_END})

/* Assert that after calls the key is only in secret memory, and that it is nowhere after everything
 * was freed. */
static void let_go(bench *b, beluga_chat_model *model)
{
    assert_only_kept_out("after calls");
    beluga_chat_model_unref(model);
    end_client(b);
    assert_nowhere("at the end");
}

static void ask_all_ways(beluga_chat_model *model)
{
    beluga_error err = {0};
    record r;
    assert_int_equal(generate(model, "hello", &err), 0);
    record_clear(&r);
    assert_int_equal(stream_whole(model, &r), 0);
    beluga_input inputs[2] = {beluga_input_text("Hi"), beluga_input_text("Ho")};
    beluga_batch_result results[2];
    assert_int_equal(beluga_batch(model, NULL, inputs, 2, results, &err), 0);
    beluga_batch_results_clear(results, 2);
}

/* For a key in options: assert that calls leave no copy of the key, and that it is nowhere at the
 * end. */
static void nothing_left_of(bench *b, beluga_chat_model *model)
{
    assert_only_kept_out("open");
    assert_true(search().kept_out > 0);
    ask_all_ways(model);
    let_go(b, model);
}

#define NOTHING_LEFT_OF(b, ...) nothing_left_of(b, open_with(b, "openai", __VA_ARGS__))

static void a_key_that_was_given_is_forgotten(void **state)
{
    NOTHING_LEFT_OF(*state, beluga_with_api_key(vault->key));
}

static void a_key_of_the_environment_is_forgotten(void **state)
{
    /* setenv would copy the key to the stack and elsewhere. */
    putenv((char *)(uintptr_t)text(0, "A_SECRET_FOR_A_TEST=KEY"));
    NOTHING_LEFT_OF(*state, beluga_with_api_key("env:A_SECRET_FOR_A_TEST"));
    unsetenv("A_SECRET_FOR_A_TEST");
}

static void a_header_that_was_given_is_forgotten(void **state)
{
    NOTHING_LEFT_OF(*state, beluga_with_header(text(0, "X-Secret: KEY")),
                    beluga_with_extra_header(text(1, "X-Other: KEY")));
}

static void a_header_that_a_call_was_given_is_forgotten(void **state)
{
    bench *b = *state;
    const beluga_option header = beluga_with_extra_header(text(0, "X-Other: KEY"));
    beluga_error err = {0};
    beluga_response *response = NULL;
    beluga_chat_model *model = open_with(b, "openai", beluga_with_api_key("x"));
    int status =
        beluga_invoke_n(model, NULL, beluga_input_text("hello"), &response, &err, &header, 1);
    assert_int_equal(status, 0);
    beluga_response_free(response);
    let_go(b, model);
}

/* Return an address of the peer with a user name and the key in it. */
static const char *address_with_key(const bench *b, const char *path)
{
    char format[256];
    snprintf(format, sizeof format, "http://me:KEY@127.0.0.1:%d%s", peer_port(b->peer), path);
    return text(0, format);
}

static void a_password_of_a_url_is_forgotten(void **state)
{
    NOTHING_LEFT_OF(*state, beluga_with_base_url(address_with_key(*state, "/v1")),
                    beluga_with_api_key("x"));
}

static void a_password_of_a_proxy_is_forgotten(void **state)
{
    NOTHING_LEFT_OF(*state, beluga_with_proxy(address_with_key(*state, "")),
                    beluga_with_api_key("x"));
}

/* For a key that is fetched: it is in memory only after the first call. */
static void nothing_left_of_fetched(bench *b, const beluga_option option)
{
    beluga_chat_model *model = open_with(b, "openai", option);
    ask_all_ways(model);
    assert_true(search().kept_out > 0);
    let_go(b, model);
}

/* Write a file without a buffer of the C library, in which the key would remain. */
static void write_new_file(char *path, const char *content)
{
    int fd = mkstemp(path);
    size_t n = strlen(content);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, n), (ssize_t)n);
    close(fd);
}

/* For a key in a file. `format` is the beginning of the reference, before the file's path. */
static void nothing_left_of_file(bench *b, const char *format)
{
    char path[] = "/tmp/beluga-key-XXXXXX", reference[64];
    write_new_file(path, vault->key);
    snprintf(reference, sizeof reference, "%s%s", format, path);
    nothing_left_of_fetched(b, beluga_with_api_key(reference));
    unlink(path);
}

static void a_key_of_a_file_is_forgotten(void **state)
{
    nothing_left_of_file(*state, "file:");
}

static void a_key_of_a_command_is_forgotten(void **state)
{
    nothing_left_of_file(*state, "command:cat ");
}

static int give(void *payload, char *buffer, size_t n, int64_t *expires_s, beluga_error *err)
{
    (void)payload;
    (void)expires_s;
    (void)err;
    assert_true(n > SECRET);
    memcpy(buffer, vault->key, SECRET + 1);
    return 0;
}

static void a_key_of_a_function_is_forgotten(void **state)
{
    static const beluga_key_source source = {sizeof source, give, NULL};
    nothing_left_of_fetched(*state, beluga_with_key_source(&source));
}

static void a_key_of_a_configuration_file_is_forgotten(void **state)
{
    bench *b = *state;
    needs_part("yaml");
    char path[] = "/tmp/beluga-key-XXXXXX";
    beluga_error err = {0};
    beluga_chat_model *model = NULL;
    write_new_file(path, text(0, "providers:\n  openai:\n    api_key: KEY\n"));
    beluga_config *config = beluga_config_new(beluga_with_base_url(peer_url(b->peer))), *resolved;
    beluga_registry *registry = beluga_client_registry(b->client);
    assert_int_equal(beluga_config_load_file(config, path, &err), 0);
    assert_only_kept_out("loaded");
    assert_int_equal(beluga_config_resolve(config, registry, "openai/any", &resolved, &err), 0);
    assert_int_equal(beluga_registry_open(registry, NULL, resolved, &model, &err), 0);
    beluga_config_free(config);
    beluga_config_free(resolved);
    assert_true(search().kept_out > 0);
    ask_all_ways(model);
    let_go(b, model);
    unlink(path);
}

static void a_secret_that_signs_is_forgotten(void **state)
{
    bench *b = *state;
    needs_provider("bedrock");
    beluga_chat_model *model =
        open_with(b, "bedrock", beluga_with_api_key(text(0, "AKIDEXAMPLE:KEY::us-east-1")));
    beluga_error err = {0};
    beluga_response *response = NULL;
    beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, &err);
    beluga_response_free(response);
    let_go(b, model);
}

/* The token that the peer returns is the same text as the key. */
static void a_key_that_is_exchanged_is_forgotten_and_so_is_its_token(void **state)
{
    bench *b = *state;
    needs_part("token_exchange");
    broker_register(beluga_client_registry(b->client));
    nothing_left_of(b, open_with(b, "own_broker", beluga_with_api_key(vault->key)));
}

static void a_key_that_is_refused_is_forgotten(void **state)
{
    bench *b = *state;
    char url[128];
    snprintf(url, sizeof url, "%s/refuse", peer_url(b->peer));
    beluga_chat_model *model =
        open_with(b, "openai", beluga_with_base_url(url), beluga_with_api_key(vault->key));
    assert_int_equal(generate(model, NULL, NULL), BELUGA_ERROR_AUTHENTICATION);
    let_go(b, model);
}

static void a_header_of_telemetry_is_forgotten(void **state)
{
    bench *b = *state;
    needs_part("telemetry");
    char endpoint[128];
    beluga_error err = {0};
    beluga_telemetry *telemetry = NULL;
    snprintf(endpoint, sizeof endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT=%s", peer_url(b->peer));
    const char *const variables[] = {endpoint, text(0, "OTEL_EXPORTER_OTLP_HEADERS=x-key=KEY"),
                                     NULL};
    const beluga_telemetry_settings settings = {
        .size = sizeof settings, .variables = variables, .without_environment = true};
    assert_int_equal(beluga_telemetry_init(b->client, &settings, &telemetry, &err), 0);
    assert_only_kept_out("made");
    beluga_chat_model *model = open_with(b, "openai", beluga_with_api_key("x"));
    ask_all_ways(model);
    beluga_chat_model_unref(model);
    end_client(b);
    beluga_telemetry_shutdown(telemetry, PATIENCE_MS);
    beluga_telemetry_unref(telemetry);
    assert_nowhere("at the end");
}

/* Check the search itself: it must find a key in plain memory. */
static void a_key_in_plain_memory_would_be_found(void **state)
{
    bench *b = *state;
    char *plain = take(NULL, SECRET + 1);
    memcpy(plain, vault->key, SECRET + 1);
    assert_int_equal(search().pool, 1);
    explicit_bzero(plain, SECRET);
    end_client(b);
}

#define IN_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const struct CMUnitTest tests[] = {
        IN_BENCH(a_key_in_plain_memory_would_be_found),
        IN_BENCH(a_key_that_was_given_is_forgotten),
        IN_BENCH(a_key_of_the_environment_is_forgotten),
        IN_BENCH(a_header_that_was_given_is_forgotten),
        IN_BENCH(a_header_that_a_call_was_given_is_forgotten),
        IN_BENCH(a_password_of_a_url_is_forgotten),
        IN_BENCH(a_password_of_a_proxy_is_forgotten),
        IN_BENCH(a_key_of_a_file_is_forgotten),
        IN_BENCH(a_key_of_a_command_is_forgotten),
        IN_BENCH(a_key_of_a_function_is_forgotten),
        IN_BENCH(a_key_of_a_configuration_file_is_forgotten),
        IN_BENCH(a_secret_that_signs_is_forgotten),
        IN_BENCH(a_key_that_is_exchanged_is_forgotten_and_so_is_its_token),
        IN_BENCH(a_key_that_is_refused_is_forgotten),
        IN_BENCH(a_header_of_telemetry_is_forgotten),
    };
    pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE, anonymous, -1, 0);
    /* These flags differ from those of the neighbouring mappings, so that the kernel does not merge
     * them. */
    vault = mmap(NULL, sizeof *vault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (pool == MAP_FAILED || vault == MAP_FAILED) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
