/* beluga serve: a gateway for clients of three protocols. */
#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "serve/run.h"

static int run(const cli_args *args)
{
    return serve_run(args);
}

const cli_command cmd_serve = {
    .name = "serve",
    .operands = "",
    .summary = "Serve models to clients of Chat Completions, Responses and Messages.",
    .takes = ARG_SET(ARG_LISTEN, ARG_MODEL, ARG_NEW_KEY, ARG_CALLS),
    .max_operands = 0,
    .run = run,
    .details =
        "Clients that speak the protocols of OpenAI and Anthropic can use any provider through "
        "this server, with the retries, fallbacks, limits and budgets of the configuration. It "
        "listens at 127.0.0.1:4000, unless --listen or the section serve of the configuration "
        "names another address: HOST:PORT, or unix:PATH. It listens at an address that other "
        "machines can reach only if clients have keys.\n\n"
        "The server offers the aliases of the configuration. If there are none, it offers mock and "
        "each provider that has a key. A client names an alias, PROVIDER/MODEL of a provider that "
        "is served, or a model of such a provider that is known. If it names anything else, the "
        "model of -m, or default_model of the section, is asked.\n\n"
        "POST /v1/chat/completions, /v1/responses and /v1/messages answer as a stream or in one "
        "piece. If the provider speaks the client's protocol, the request body is passed on "
        "unchanged. There are also /v1/embeddings, /v1/messages/count_tokens, /v1/models, /health, "
        "/ready, /metrics, /status and, for a browser, the page at /.\n\n"
        "SIGHUP makes the server read the configuration again; if the new one has a mistake, it is "
        "reported, and the old one stays in use. SIGTERM and Ctrl-C end the server when all "
        "requests are answered, and at once when they are sent twice.\n\n"
        "--new-key NAME prints a key for a client, once, and the lines of the configuration that "
        "allow it. If keys_from of the section serve names a bucket of NATS (nats://HOST/BUCKET), "
        "the hash of the key is stored there instead, and all gateways that take keys from it "
        "accept the client within seconds.",
};
