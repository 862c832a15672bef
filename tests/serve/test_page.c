/* The files of the gateway's page, and the content of /status. */
#include "../support/words.h"
#include "commands/config_stack.h"
#include "serve/page.h"
#include "serve/page/page_bytes.h"

#include <beluga/beluga.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- a replacement of an exchange, which records the answer ---------------------------------- */

struct http_exchange {
    char head[4096];
    int status;
    const char *type;
    char *body;
    size_t length;
};

void http_add_header(http_exchange *x, const char *name, const char *value)
{
    size_t n = strlen(x->head);
    snprintf(x->head + n, sizeof x->head - n, "%s: %s\n", name, value);
}

void http_answer(http_exchange *x, int status, const char *type, const void *bytes, size_t length)
{
    x->status = status;
    x->type = type;
    x->body = malloc(length + 1);
    assert_non_null(x->body);
    memcpy(x->body, bytes, length);
    x->body[length] = '\0';
    x->length = length;
}

/* ---- a server's parts
 * --------------------------------------------------------------------------*/

#define EVIL "<img src=x onerror=alert(1)>\"\\"

static const char *alias = "claude";

const serve_model *serve_models_at(const serve_models *models, size_t index)
{
    static serve_model served[] = {{.provider = "anthropic", .protocol = "anthropic"},
                                   {.name = EVIL, .provider = "openai"}};
    (void)models;
    served[0].name = alias;
    return index < 2 ? &served[index] : NULL;
}

bool serve_access_state(const serve_access *access, size_t index, serve_key_state *out)
{
    (void)access;
    *out = (serve_key_state){.name = "alice",
                             .requests = 3,
                             .tokens = 90,
                             .day = 0.5,
                             .month = 1.5,
                             .budget_per_day = 5,
                             .expires_s = 1900000000};
    return index < 1;
}

void stack_put(beluga_json_writer *w, const char *key, const beluga_config *config)
{
    const char *provider = "";
    beluga_config_get_string(config, BELUGA_OPTION_PROVIDER, &provider);
    beluga_json_put_string(w, key, provider);
}

void serve_observer_state(serve_observer *o, const serve_gauges *gauges, beluga_json_writer *w)
{
    (void)o;
    beluga_json_put_bool(w, "draining", gauges->draining);
}

/* ---- the cases
 * ---------------------------------------------------------------------------------*/

static void the_page_may_run_its_own_code_alone(void **state)
{
    (void)state;
    http_exchange x = {0};
    page_answer(&x);
    assert_int_equal(x.status, 200);
    assert_string_equal(x.type, "text/html; charset=utf-8");
    assert_true(x.length == page_length && x.length < 40960);
    assert_has_all(x.head, "Content-Security-Policy: default-src 'none'; script-src 'sha256-",
                   "style-src 'sha256-", "connect-src 'self'", "frame-ancestors 'none'",
                   "X-Frame-Options: DENY\n", "Cache-Control: no-store\n",
                   "X-Content-Type-Options: nosniff\n", "Referrer-Policy: no-referrer\n");
    assert_has_none(x.head, "unsafe", "http:", "https:", "*");
    assert_has_none(x.body, "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(",
                    "onclick", " src=", "@import", "url(", "https://");
    free(x.body);
}

static void the_status_is_json_whatever_the_names_are(void **state)
{
    (void)state;
    serve_settings settings = {.default_model = "claude"};
    serve_gauges gauges = {.draining = true, .access = (const serve_access *)&settings};
    page_sources from = {.gauges = &gauges, .settings = &settings};
    http_exchange x = {0};
    beluga_json_doc *doc;
    beluga_error err;
    page_answer_status(&x, &from);
    assert_int_equal(x.status, 200);
    assert_string_equal(x.type, "application/json");
    assert_has_all(x.head, "Cache-Control: no-store\n", "nosniff", "same-origin");
    assert_int_equal(beluga_json_parse(x.body, x.length, &doc, &err), 0);
    const beluga_json *root = beluga_json_doc_root(doc);
    const beluga_json *models = beluga_json_get(root, "models");
    assert_int_equal(beluga_json_count(models), 2);
    assert_true(beluga_json_bool(beluga_json_get(beluga_json_at(models, 0), "default"), false));
    assert_string_equal(beluga_json_get_string(beluga_json_at(models, 1), "name", NULL), EVIL);
    assert_true(beluga_json_is_null(beluga_json_get(beluga_json_at(models, 1), "protocol")));
    const beluga_json *key = beluga_json_at(beluga_json_get(root, "keys"), 0);
    assert_int_equal(beluga_json_get_int(key, "expires_ms", 0), 1900000000000);
    assert_null(beluga_json_get(key, "budget_per_month"));
    assert_true(beluga_json_bool(beluga_json_get(root, "draining"), false));
    assert_true(beluga_json_get_int(root, "now_ms", 0) > 1700000000000);
    beluga_json_doc_free(doc);
    free(x.body);
}

static void a_model_has_the_layers_of_its_configuration(void **state)
{
    (void)state;
    beluga_config *config = beluga_config_new(beluga_with_max_retries(2));
    serve_settings settings = {0};
    serve_gauges gauges = {0};
    page_sources from = {.config = config, .gauges = &gauges, .settings = &settings};
    http_exchange x = {0};
    alias = "mock/any";
    page_answer_status(&x, &from);
    alias = "claude";
    assert_has_all(x.body, "\"stack\":\"mock\"");
    beluga_config_free(config);
    free(x.body);
}

static void without_keys_there_are_none(void **state)
{
    (void)state;
    serve_settings settings = {0};
    serve_gauges gauges = {0};
    page_sources from = {.gauges = &gauges, .settings = &settings};
    http_exchange x = {0};
    page_answer_status(&x, &from);
    assert_has_all(x.body, "\"keys\":[]", "\"default\":false");
    free(x.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_may_run_its_own_code_alone),
        cmocka_unit_test(the_status_is_json_whatever_the_names_are),
        cmocka_unit_test(a_model_has_the_layers_of_its_configuration),
        cmocka_unit_test(without_keys_there_are_none),
    };
    return cmocka_run_group_tests_name("the page", tests, NULL, NULL);
}
