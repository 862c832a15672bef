/* Harmful texts in requests. Each option of each provider is set to each text that would change a
 * request if it were sent unchanged. Either the text is refused before anything is sent, with an
 * error that names the option; or one request arrives at the right path, with the same headers as
 * for a harmless text. */
#include "../support/calls.h"
#include "../support/parts.h"

#include <beluga/provider/provider.h>

#include <stdio.h>

#define MARK "harmless"

typedef struct hostile_text {
    const char *text;
    size_t n;
} hostile_text;
static const hostile_text texts[] = {
#define TEXT(literal) {literal, sizeof literal - 1}
    TEXT("a\rb"),
    TEXT("a\nb"),
    TEXT("a\r\nX-Smuggled: 1"),
    TEXT("a\r\nContent-Length: 0\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nX-Rest: "),
    TEXT("a\0b"),
    TEXT("a\x7f"),
    TEXT("a\x1b[2J"),
    TEXT("a\xc2\x85z"),
    TEXT("a\xffz"),
    TEXT("a\tb"),
    TEXT("a b"),
    TEXT("."),
    TEXT(".."),
    TEXT("../.."),
    TEXT("../../admin"),
    TEXT("m/../../admin"),
    TEXT("%2e%2e"),
    TEXT("%2E%2e/%2e%2e/admin"),
    TEXT("m%2f..%2f..%2fadmin"),
    TEXT("a?b=c"),
    TEXT("a#b"),
    TEXT("..\\.."),
    TEXT("a\\b"),
    TEXT("//host/a"),
    TEXT("/a//b/"),
    TEXT("@host"),
    TEXT("models/../../admin"),
    TEXT("models/a?b=c#d"),
    TEXT("tunedModels/%2e%2e"),
#undef TEXT
};

enum { N_TEXTS = sizeof texts / sizeof *texts };

/* --- one question ----------------------------------------------------------------------------- */

static beluga_option option_of(int key, const char *name, const char *text, size_t n)
{
    beluga_option o = {.key = (uint16_t)key, .type = BELUGA_OPTION_STRING, .name = name};
    if (!name) o.type = (uint16_t)beluga_option_get_info(key)->type;
    o.value.string = text;
    o.length = n;
    return o;
}

/* One attempt: a provider, an option and a text. */
typedef struct question {
    peer *p;
    const beluga_provider *provider;
    beluga_option option;
    const char *name; /* name of the option */
    bool list;
    size_t harmless; /* index of the request that was made with a harmless text */
    bool sent;       /* a request was sent */
    size_t wrong;
} question;

/* Print and count a fault. The test continues, and fails at its end. */
__attribute__((format(printf, 3, 4))) static void complain(question *q, const hostile_text *t,
                                                           const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (q->wrong++ < 200)
        print_message("# %s%s, %s, text %zu: %s\n", q->provider->name, q->list ? " (list)" : "",
                      q->name, (size_t)(t - texts), text);
}

/* Write the base URL. It contains the option's placeholder if the option is part of the provider's
 * URL. */
static void write_url(const question *q, char *out, size_t size)
{
    const beluga_own_option *own = q->provider->options;
    while (own && own->name && (!q->name || strcmp(own->name, q->name) != 0)) own++;
    bool stands = own && own->name && own->flags & BELUGA_OWN_OPTION_IN_URL;
    snprintf(out, size, stands ? "%s/{%s}" : "%s", peer_url(q->p),
             stands ? strchr(own->name, '.') + 1 : "");
}

static beluga_config *config_of(const question *q)
{
    char url[256];
    write_url(q, url, sizeof url);
    beluga_config *config = beluga_config_new(
        beluga_with_base_url(url), beluga_with_api_key("sk-test"),
        beluga_with_model_name(q->option.key == BELUGA_OPTION_MODELS ? "alias" : "model"),
        beluga_with_max_retries(0), beluga_with_timeout_ms(PATIENCE_MS));
    assert_non_null(config);
    assert_int_equal(beluga_config_set_n(config, &q->option, 1), 0);
    return config;
}

/* Open a model with the option, and make a call. Returns the status of the first step that
 * fails. */
static int put(const question *q, beluga_error *err)
{
    beluga_chat_model *model = NULL;
    beluga_response *response = NULL;
    char **names = NULL;
    size_t n;
    beluga_config *config = config_of(q);
    memset(err, 0, sizeof *err);
    int status =
        beluga_registry_open(beluga_registry_default(), q->provider->name, config, &model, err);
    if (!status && q->list)
        status = beluga_list_models(model, NULL, &names, &n, err);
    else if (!status)
        status = beluga_invoke(model, NULL, beluga_input_text("Hi"), &response, err);
    beluga_free(names);
    beluga_response_free(response);
    beluga_chat_model_unref(model);
    beluga_config_free(config);
    return status;
}

/* --- what arrived ----------------------------------------------------------------------------- */

static void encode(char *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c);
        out += sprintf(out, plain ? "%c" : "%%%02X", c);
    }
    *out = '\0';
}

static bool same_but_for(const char *got, const char *expected, const char *text)
{
    char encoded[512], whole[1024];
    const char *mark = strstr(expected, MARK);
    /* A model's name may begin with "models/", which the path has already. */
    if (strstr(expected, "/models/" MARK) && strncmp(text, "models/", 7) == 0) text += 7;
    if (!mark) return strcmp(got, expected) == 0;
    encode(encoded, text);
    snprintf(whole, sizeof whole, "%.*s%s%s", (int)(mark - expected), expected, encoded,
             mark + sizeof MARK - 1);
    return strcmp(got, whole) == 0;
}

static void check_headers(question *q, size_t request, const hostile_text *t)
{
    for (size_t i = 0;; i++) {
        const char *value, *name = peer_request_header_at(q->p, request, i, &value);
        const char *expected = peer_request_header_at(q->p, q->harmless, i, &value);
        if (!name && !expected) return;
        if (name && expected && strcmp(name, expected) == 0) continue;
        complain(q, t, "header %zu is %s instead of %s", i, name ? name : "missing",
                 expected ? expected : "none");
        return;
    }
}

/* Returns whether a path is below "/v1". It must not contain a segment that leads upwards, in
 * whatever way a server reads it. */
static bool is_below(const char *path)
{
    return strncmp(path, "/v1", 3) == 0 && !strstr(path, "/..") && !strstr(path, "/./") &&
           !strcasestr(path, "/%2e") && !strchr(path, '\\');
}

static void check_request(question *q, size_t request, const hostile_text *t)
{
    const char *path = peer_request_path(q->p, request);
    const char *expected = peer_request_path(q->p, q->harmless);
    bool good = q->option.key == BELUGA_OPTION_BASE_URL ? is_below(path)
                                                        : same_but_for(path, expected, t->text);
    if (!good) complain(q, t, "%s arrived instead of %s", path, expected);
    check_headers(q, request, t);
}

/* Check that the error's message is printable ASCII, and contains the option's name without the
 * provider's name. */
static void check_error(question *q, const hostile_text *t, const beluga_error *err)
{
    const char *last = strrchr(q->name, '.'), *name = last ? last + 1 : q->name;
    /* The error has either "model" or "model_name". */
    if (q->option.key == BELUGA_OPTION_MODELS) name = "model";
    bool clean = *err->message != '\0';
    for (const char *at = err->message; *at; at++)
        clean = clean && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f;
    if (!clean || !strstr(err->message, name)) complain(q, t, "the error is \"%s\"", err->message);
}

/* --- one option ------------------------------------------------------------------------------- */

/* Write the option's value: the text, with what some options need before and after it. */
static size_t write_value(const question *q, char *out, size_t size, const char *text, size_t n)
{
    const char *before = "", *after = "";
    switch (q->option.key) {
    case BELUGA_OPTION_BASE_URL: before = peer_url(q->p), after = "/x"; break;
    case BELUGA_OPTION_PROXY: before = peer_url(q->p); break;
    case BELUGA_OPTION_HEADERS:
    case BELUGA_OPTION_EXTRA_HEADERS: before = "X-Test: v"; break;
    case BELUGA_OPTION_MODELS: before = "alias="; break;
    default: break;
    }
    bool url = q->option.key == BELUGA_OPTION_BASE_URL || q->option.key == BELUGA_OPTION_PROXY;
    int begin = snprintf(out, size, "%s%s", before, url ? "/" : "");
    memcpy(out + begin, text, n);
    return (size_t)begin + n + (size_t)sprintf(out + begin + n, "%s", after);
}

static void ask_harmlessly(question *q)
{
    char value[512];
    beluga_error err;
    size_t before = peer_requests(q->p);
    q->option.length = write_value(q, value, sizeof value, MARK, sizeof MARK - 1);
    q->option.value.string = value;
    put(q, &err);
    q->harmless = before;
    q->sent = peer_requests(q->p) > before;
}

static void try_text(question *q, const hostile_text *t)
{
    char value[512];
    beluga_error err;
    size_t before = peer_requests(q->p), connections = peer_connections(q->p);
    q->option.length = write_value(q, value, sizeof value, t->text, t->n);
    q->option.value.string = value;
    int status = put(q, &err);
    size_t arrived = peer_requests(q->p) - before;
    if (arrived > 1) complain(q, t, "%zu requests arrived", arrived);
    if (peer_connections(q->p) > connections + 1) complain(q, t, "it made many connections");
    if (!q->sent && arrived) complain(q, t, "it was sent");
    if (arrived)
        check_request(q, before, t);
    else if (!status)
        complain(q, t, "nothing was sent, and nobody said so");
    else if (q->sent)
        check_error(q, t, &err);
}

static void try_option(question *q, int key, const char *own)
{
    q->name = own ? own : beluga_option_get_info(key)->name;
    q->option = option_of(key, own, "", 0);
    ask_harmlessly(q);
    for (size_t i = 0; i < N_TEXTS; i++) try_text(q, &texts[i]);
}

static void try_provider(question *q)
{
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        bool text = info->type == BELUGA_OPTION_STRING || info->type == BELUGA_OPTION_LIST;
        if (text && key != BELUGA_OPTION_PROVIDER_SPECIFIC) try_option(q, key, NULL);
    }
    for (const beluga_own_option *own = q->provider->options; own && own->name; own++)
        if (own->type == BELUGA_OPTION_STRING)
            try_option(q, BELUGA_OPTION_PROVIDER_SPECIFIC, own->name);
}

static void no_text_of_an_option_changes_more_than_its_place(void **state)
{
    const char *names[128];
    size_t n = beluga_registry_list(beluga_registry_default(), names, 128), wrong = 0;
    assert_true(n < 128);
    for (size_t i = 0; i < n; i++) {
        question q = {.p = *state};
        q.provider = beluga_registry_get(beluga_registry_default(), names[i]);
        if (q.provider->start) continue; /* a full provider makes no HTTP requests */
        try_provider(&q);
        q.list = q.provider->encode_list_models != NULL;
        if (q.list) try_provider(&q);
        wrong += q.wrong;
    }
    assert_int_equal(peer_malformed(*state), 0);
    assert_int_equal(wrong, 0);
}

/* --- a server's text -------------------------------------------------------------------------- */

/* The token of the next page of a list may be any text, since the server chooses it. */
static void a_servers_next_page_stays_in_its_parameter(void **state)
{
    static const struct {
        const char *provider, *page; /* the answer up to the token of the next page */
    } rows[] = {{"anthropic", "{\"data\":[{\"id\":\"a\"}],\"has_more\":true,\"last_id\":"},
                {"cohere", "{\"models\":[{\"name\":\"a\"}],\"next_page_token\":"},
                {"gemini", "{\"models\":[{\"name\":\"models/a\"}],\"nextPageToken\":"}};
    static const char json[] = "\"../..\\r\\nX: y&a=b?c#d e\\u0085%2e\\\\\"";
    static const char encoded[] = "=..%2F..%0D%0AX%3A%20y";
    peer *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[256];
        beluga_error err;
        if (!has_provider(rows[i].provider)) continue;
        size_t before = peer_requests(p);
        question q = {.p = p, .list = true};
        q.provider = beluga_registry_get(beluga_registry_default(), rows[i].provider);
        q.option = beluga_with_user("x");
        snprintf(body, sizeof body, "%s%s}", rows[i].page, json);
        peer_step_json(peer_reply_new(p), 200, body);
        put(&q, &err);
        assert_int_equal(peer_requests(p), before + 2);
        const char *first = peer_request_path(p, before), *next = peer_request_path(p, before + 1);
        assert_int_equal(strncmp(next, first, strlen(first)), 0);
        assert_int_equal(next[strlen(first)], '&');
        assert_int_equal(strncmp(strchr(next + strlen(first), '='), encoded, strlen(encoded)), 0);
        assert_null(strchr(next + strlen(first) + 1, '&'));
        assert_null(strpbrk(next + strlen(first), "/?\\ \r\n"));
    }
    assert_int_equal(peer_malformed(p), 0);
}

/* ---- a careless provider --------------------------------------------------------------------- */

/* Write a request with names that are not checked. */
static int write_carelessly(const beluga_call *call, beluga_http_request *request,
                            beluga_error *err)
{
    char path[512];
    (void)err;
    snprintf(path, sizeof path, "/models/%s/ask", beluga_call_model(call));
    beluga_http_request_set_path(request, path);
    beluga_http_request_set_header(request, "X-Model", beluga_call_model(call));
    beluga_http_request_set_header(request, "X-Place",
                                   beluga_call_get_own_string(call, "careless.place", NULL));
    beluga_json_put_null(beluga_http_request_json(request), NULL);
    return 0;
}

static int read_nothing(void *self, const char *body, size_t length, beluga_emit *emit)
{
    (void)self;
    (void)body;
    (void)length;
    return beluga_emit_finish(emit, BELUGA_FINISH_STOP, NULL);
}

static const beluga_own_option careless_options[] = {
    {.name = "careless.place", .meaning = "a place", .type = BELUGA_OPTION_STRING},
    {.name = NULL},
};

static const beluga_provider careless = {
    BELUGA_PROVIDER_INIT("careless"), .options = careless_options,
    .encode_request = write_carelessly, .decode_response = read_nothing};

static void a_careless_provider_sends_nothing_elsewhere(void **state)
{
    question q = {.p = *state, .provider = &careless, .name = "model"};
    beluga_error err;
    assert_int_equal(beluga_registry_register(beluga_registry_default(), &careless, NULL), 0);
    for (size_t i = 0; i < 2 * N_TEXTS; i++) {
        const hostile_text *t = &texts[i / 2];
        size_t before = peer_requests(q.p);
        q.option = i % 2
                       ? option_of(BELUGA_OPTION_PROVIDER_SPECIFIC, "careless.place", t->text, t->n)
                       : option_of(BELUGA_OPTION_MODEL_NAME, NULL, t->text, t->n);
        int status = put(&q, &err);
        size_t arrived = peer_requests(q.p) - before;
        assert_true(arrived <= 1);
        assert_true(arrived || *err.message);
        assert_true(arrived || status == BELUGA_ERROR_INVALID_CONFIG ||
                    status == BELUGA_ERROR_INVALID_INPUT);
        if (!arrived) continue;
        assert_true(is_below(peer_request_path(q.p, before)));
        assert_int_equal(strncmp(peer_request_path(q.p, before), "/v1/models/", 11), 0);
        assert_null(peer_request_header(q.p, before, "X-Smuggled"));
    }
    assert_int_equal(peer_malformed(q.p), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PEER(no_text_of_an_option_changes_more_than_its_place),
        ON_PEER(a_servers_next_page_stays_in_its_parameter),
        ON_PEER(a_careless_provider_sends_nothing_elsewhere),
    };
    return cmocka_run_group_tests_name("hostile text", tests, NULL, NULL);
}
