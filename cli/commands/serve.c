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
        "Clients of OpenAI's and Anthropic's protocols ask any provider through it, with retries, "
        "fallbacks, limits and budgets as the configuration says. It listens at 127.0.0.1:4000 "
        "where neither --listen nor the section serve of the configuration names another address: "
        "HOST:PORT, or unix:PATH. It listens where other machines reach it only if clients have "
        "keys.\n\n"
        "Served are the aliases of the configuration. Without any, mock and each provider that has "
        "a key are served. A client names an alias, PROVIDER/MODEL of a provider that is served, "
        "or a model of one that is known. -m, or default_model of the section, is asked where it "
        "names another.\n\n"
        "POST /v1/chat/completions, /v1/responses and /v1/messages answer, streamed or whole; "
        "where the provider speaks the client's protocol, the body goes out as it came. There are "
        "/v1/embeddings, /v1/messages/count_tokens, /v1/models, /health, /ready, /metrics, "
        "/status and, for a browser, the page at /, too.\n\n"
        "SIGHUP reads the configuration anew; a bad one is told, and the old one stays. SIGTERM "
        "and Ctrl-C end it when all requests are answered, and at once when they come twice.\n\n"
        "--new-key NAME prints a key for a client, once, and the lines of the configuration that "
        "let it in. Where keys_from of the section serve names a bucket of NATS "
        "(nats://HOST/BUCKET), the key's hash is put there instead, and all gateways that take "
        "keys from it let the client in within seconds.",
};
