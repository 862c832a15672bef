#include "support.h"

#include <stdio.h>
#include <stdlib.h>

void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void must(const char *what, int status, const beluga_error *err)
{
    if (status) give_up(what, err && err->code ? err->message : beluga_error_text(status));
}

size_t number_of(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (end == text || *end || !n || n > 1000000000) give_up("not a number from 1 to 10^9", text);
    return (size_t)n;
}

beluga_client *new_client(const beluga_telemetry_sink *telemetry)
{
    beluga_client_settings settings = {.size = sizeof settings, .telemetry = telemetry};
    beluga_client *client;
    must("client", beluga_client_new(&settings, &client), NULL);
    return client;
}

static beluga_chat_model *open_model(beluga_client *client, const char *provider,
                                     beluga_config *config)
{
    beluga_error err = {0};
    beluga_chat_model *model;
    if (!config) give_up(provider, "no memory");
    int status =
        beluga_registry_open(beluga_client_registry(client), provider, config, &model, &err);
    must(provider, status, &err);
    beluga_config_free(config);
    return model;
}

beluga_chat_model *open_offline(beluga_client *client, const char *provider)
{
    return open_model(client, provider, beluga_config_new(beluga_with_model_name("any")));
}

const char *local_base(int port)
{
    static char base[64];
    snprintf(base, sizeof base, "http://127.0.0.1:%d/v1", port);
    return base;
}

beluga_chat_model *open_openai(beluga_client *client, const char *base)
{
    beluga_config *config = beluga_config_new(
        beluga_with_model_name("any"), beluga_with_base_url(base), beluga_with_api_key(API_KEY),
        beluga_with_max_retries(0), beluga_with_ca_file(getenv("SSL_CERT_FILE")));
    return open_model(client, "openai", config);
}

beluga_messages *new_messages(const char *question)
{
    beluga_messages *messages = beluga_messages_new();
    must("question", beluga_messages_add(messages, beluga_human_message(question)), NULL);
    return messages;
}
