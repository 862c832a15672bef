/* Prints a page of the documentation from the library's own lists. docs/reference/ and
 * docs/providers.md are output of this program, and a test compares them. To write a page
 * again:
 *
 *     build/tests/print_tables errors >docs/reference/errors.md */
#include <beluga/beluga.h>
#include <beluga/provider/provider.h>

#include <stdio.h>
#include <string.h>

static void print_errors(void)
{
    puts("# Errors\n\nThe list in [`error.h`](../../include/beluga/error.h). *Again* tells whether "
         "the same call may "
         "succeed later;\nan error says itself (`retryable`) where its provider knows better.\n\n"
         "| code | value | again | meaning |\n|---|---|---|---|");
    for (int code = -1; code >= -BELUGA_ERROR_COUNT; code--) {
        beluga_error err;
        beluga_error_set(&err, code, "%s", "");
        printf("| `%s` | %d | %s | %s |\n", beluga_error_name(code), code,
               beluga_error_is_retryable(&err) ? "yes" : "", beluga_error_text(code));
    }
}

static const char *type_name(beluga_option_type type)
{
    static const char *const names[] = {"",         "true or false", "integer",
                                        "number",   "text",          "text, may repeat",
                                        "duration", "pointer",       "one of a list"};
    return names[type];
}

static void print_range(const beluga_option_info *info)
{
    bool number = info->type == BELUGA_OPTION_INT || info->type == BELUGA_OPTION_DOUBLE;
    const char *unit = info->type == BELUGA_OPTION_DURATION ? " ms" : "";
    if (!(number || *unit) || (info->minimum == 0 && info->maximum == 0))
        printf(" |");
    else if (info->maximum == 2147483647)
        printf(" at least %.15g%s |", info->minimum, unit);
    else
        printf(" %.16g to %.16g%s |", info->minimum, info->maximum, unit);
}

static void print_options(void)
{
    puts("# Options\n\nThe list in [`option.h`](../../include/beluga/option.h): each has a "
         "constructor there, and the "
         "same name in\nconfiguration files and after the command's `-o`. *For* tells where it may "
         "be given: a model, a "
         "call, or both.\nA duration is a number and a unit, `ms`, `s`, `m` or `h`, or several of "
         "them: `500ms`, "
         "`30s`, `1.5s`, `1m30s`, `24h`. In code it is\na number of milliseconds.\n\n| option | "
         "type | range | for | meaning |\n|---|---|---|---|---|");
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        printf("| `%s` | %s |", info->name, type_name(info->type));
        print_range(info);
        printf(" %s | %s |\n",
               info->scope == 'M'   ? "model"
               : info->scope == 'C' ? "call"
                                    : "both",
               info->meaning);
    }
}

static void print_metrics(void)
{
    beluga_metric_info m;
    puts("## Metrics\n\nA name in brackets is the one of the newer conventions. `…` stands for the "
         "provider's metric "
         "prefix, such as\n`beluga.openai`.\n\n| metric | type | unit | meaning "
         "|\n|---|---|---|---|");
    for (size_t i = 0; beluga_metric_get_info(i, &m); i++) {
        const char *name = m.name ? m.name : m.latest_name;
        bool prefixed = strncmp(name, "%s", 2) == 0;
        printf("| %s`%s%s`%s", m.name ? "" : "(", prefixed ? "…" : "", prefixed ? name + 2 : name,
               m.name ? "" : ")");
        if (m.name && m.latest_name && strcmp(m.name, m.latest_name) != 0)
            printf(" (`%s`)", m.latest_name);
        printf(" | %s | `%s` | %s |\n", m.type, m.unit, m.meaning);
    }
}

static void print_telemetry(void)
{
    beluga_attribute_info a;
    puts("# What telemetry emits\n\nThe lists in [`names.h`](../../src/telemetry/names.h). "
         "[The guide](../guides/observability-tracing.md) says how it gets\nwhere it is read.\n");
    print_metrics();
    puts("\n## Attributes of spans\n\n| attribute | spans | meaning |\n|---|---|---|");
    for (size_t i = 0; beluga_attribute_get_info(i, &a); i++) {
        printf("| `%s`", a.name);
        if (strcmp(a.name, a.latest_name) != 0) printf(" (`%s`)", a.latest_name);
        printf(" | %s | %s |\n", a.spans, a.meaning);
    }
}

/* --- providers -------------------------------------------------------------------------------- */

enum { MAX_PROVIDERS = 256 };

static void print_head(void)
{
    const char *name;
    puts("# Providers\n\nWhat each can do, from the same tables as `beluga providers`, which also "
         "says whose key is set. "
         "`PROVIDER/MODEL`\nnames a model; where an example says `MODEL`, `beluga models PROVIDER` "
         "lists what may stand "
         "there. *Parallel tools*\nare several calls in one answer, *cache* takes marks for a "
         "prompt cache, *models* can "
         "be listed. A cross is what\na protocol can carry: whether a model looks at pictures or "
         "reasons is its own "
         "matter, and what can't be sent is\nsaid by a warning event. *Batch jobs* go by the "
         "provider's own batch API, which answers within a day or so, for less.\n");
    printf("| provider |");
    for (uint64_t bit = 1; (name = beluga_capability_name(bit)); bit <<= 1) {
        size_t first = strcspn(name, "_");
        printf(" %.*s%s%s |", (int)first, name, name[first] ? " " : "",
               name[first] ? name + first + 1 : "");
    }
    printf(" batch jobs |\n|---|---|");
    for (uint64_t bit = 1; beluga_capability_name(bit); bit <<= 1) printf("---|");
    puts("");
}

static void print_row(const beluga_provider *p)
{
    printf("| [%s](#%s) |", p->name, p->name);
    for (uint64_t bit = 1; beluga_capability_name(bit); bit <<= 1)
        printf(p->capabilities & bit ? " x |" : " |");
    puts(p->batch ? " x |" : " |");
}

static void print_variables(const char *title, const char *const *names)
{
    if (!names || !*names) return;
    printf("%s ", title);
    for (const char *const *name = names; *name; name++)
        printf("%s`%s`", name == names ? "" : ", ", *name);
    puts("");
}

static void print_own_options(const beluga_own_option *option)
{
    if (!option || !option->name) return;
    puts("\n| option | type | variable | meaning |\n|---|---|---|---|");
    for (; option->name; option++) {
        printf("| `%s` | ", option->name);
        for (const char *const *word = option->words; word && *word; word++)
            printf("%s`%s`", word == option->words ? "" : ", ", *word);
        if (!option->words) printf("%s", type_name(option->type));
        if (option->minimum < option->maximum)
            printf(", %.16g to %.16g", option->minimum, option->maximum);
        if (option->variable)
            printf(" | `%s` |", option->variable);
        else
            printf(" | |");
        printf(" %s |\n", option->meaning);
    }
}

/* Print a call of the command with the settings that a user must give for this provider. */
static void print_example(const beluga_provider *p)
{
    bool needs_key =
        p->key_variables && *p->key_variables && !(p->capabilities & BELUGA_CAPABILITY_NO_KEY);
    const char *model = p->default_model ? p->default_model : "MODEL";
    if (p->capabilities & BELUGA_CAPABILITY_LOCAL) model = "any";
    printf("\n<!-- with services -->\n```sh\n");
    if (!p->base_url && p->url_variables && *p->url_variables)
        printf("%s=https://… ", *p->url_variables);
    if (needs_key) printf("%s=… ", *p->key_variables);
    printf("beluga -m %s/%s \"Why is the sky blue?\"\n```\n", p->name, model);
}

/* A limit of 0 means that the service accepts any number or any size. */
static void print_batch_api(const beluga_batch_api *api)
{
    if (!api) return;
    printf("- batch jobs: ");
    if (api->max_requests) printf("up to %llu requests, ", (unsigned long long)api->max_requests);
    if (api->max_bytes) printf("up to %llu MB, ", (unsigned long long)api->max_bytes / 1000000);
    if (api->price_factor < 1)
        printf("at %.0f %% of the price", api->price_factor * 100);
    else
        printf("mostly at the same price");
    printf("%s", api->one_model ? ", for one model" : "");
    if (api->max_inputs) printf("; embeddings, too");
    if (api->max_inputs && api->max_inputs != UINT64_MAX)
        printf(", of up to %llu texts", (unsigned long long)api->max_inputs);
    puts("");
}

static void print_provider(const beluga_provider *p)
{
    printf("\n## %s\n\n", p->name);
    printf("- protocol: %s\n", p->protocol ? p->protocol : "none");
    if (p->default_model) printf("- default model: `%s`\n", p->default_model);
    if (p->base_url) printf("- base URL: <%s>\n", p->base_url);
    print_variables("- base URL from:", p->url_variables);
    print_variables("- key from:", p->key_variables);
    if (p->key_reference) printf("- key else from: `api_key: %s`\n", p->key_reference);
    print_batch_api(p->batch);
    for (const char *const *note = p->notes; note && *note; note++)
        if (**note) printf("- %s\n", *note);
    print_example(p);
    print_own_options(p->options);
}

static int print_providers(void)
{
    const char *names[MAX_PROVIDERS];
    beluga_registry *registry = beluga_registry_default();
    size_t n = registry ? beluga_registry_list(registry, names, MAX_PROVIDERS) : 0;
    if (!n || n > MAX_PROVIDERS) {
        fputs("print_tables: no providers, or too many\n", stderr);
        return 1;
    }
    print_head();
    for (size_t i = 0; i < n; i++) print_row(beluga_registry_get(registry, names[i]));
    for (size_t i = 0; i < n; i++) print_provider(beluga_registry_get(registry, names[i]));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "errors") == 0)
        print_errors();
    else if (argc == 2 && strcmp(argv[1], "options") == 0)
        print_options();
    else if (argc == 2 && strcmp(argv[1], "telemetry") == 0)
        print_telemetry();
    else if (argc == 2 && strcmp(argv[1], "providers") == 0)
        return print_providers();
    else {
        fputs("usage: print_tables errors|options|telemetry|providers\n", stderr);
        return 2;
    }
    return 0;
}
