#include "logbook/logbook.h"

#include "base/clock.h"
#include "base/new_file.h"
#include "exit.h"
#include "folders.h"
#include "logbook/message.h"
#include "logbook/options.h"
#include "logbook/steps.h"
#include "observe.h"
#include "output.h"

#include <beluga/price.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files of the log. The log is on while the file SWITCH exists beside the database. */
enum { SWITCH, DATABASE };
#define TRACE_ID           32
#define LOGBOOK_NAME_BYTES 100
#define NS_PER_MS          1e6

/* ---- paths and the switch -------------------------------------------------------------------- */

/* Returns the path of a file of the log. It is in static memory, since a failed allocation would
 * look as if the log were turned off. Returns NULL if there is no home, or its path is too long. */
static char *path_of(int which)
{
    static char paths[2][PATH_MAX];
    const char *base = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    const char *name = which == SWITCH ? "logs-on" : "logs.db";
    int n = -1;
    if (base && base[0] == '/')
        n = snprintf(paths[which], PATH_MAX, "%s/beluga/%s", base, name);
    else if (home && *home)
        n = snprintf(paths[which], PATH_MAX, "%s/.local/share/beluga/%s", home, name);
    return n > 0 && n < PATH_MAX ? paths[which] : NULL;
}

char *logbook_path(void)
{
    return path_of(DATABASE);
}

bool logbook_is_on(void)
{
    const char *path = path_of(SWITCH);
    return path && access(path, F_OK) == 0;
}

static int switch_on(char *path)
{
    if (folders_make(path) != 0) return -1;
    int fd = beluga__file_open(path, O_WRONLY | O_NONBLOCK, BELUGA__PRIVATE_MODE);
    return fd < 0 ? -1 : close(fd);
}

int logbook_switch(bool on, char *why)
{
    char *path = path_of(SWITCH), text[128];
    int rc = -1;
    if (!path) {
        snprintf(why, LOGBOOK_WHY_BYTES,
                 "there is no place for the log: neither XDG_DATA_HOME nor HOME is set");
        return -1;
    }
    rc = on ? switch_on(path) : unlink(path);
    if (rc != 0 && !on && errno == ENOENT) rc = 0;
    if (rc != 0)
        snprintf(why, LOGBOOK_WHY_BYTES, "%.300s: %s", path,
                 beluga__file_explain(errno, text, sizeof text));
    return rc;
}

static void set_all_unknown(logbook_entry *entry)
{
    entry->id = -1;
#define UNKNOWN_INT    -1
#define UNKNOWN_REAL   -1
#define UNKNOWN_TEXT   NULL
#define XX(type, name) entry->name = UNKNOWN_##type;
    LOGBOOK_MAP(XX)
#undef XX
}

/* ---- facts about a call ---------------------------------------------------------------------- */

static double cost_of(const cli_session *session, const beluga_response *r)
{
    const char *path = NULL, *provider = beluga_response_provider(r);
    beluga_prices *prices = NULL;
    beluga_price price;
    beluga_error err;
    double cost = -1;
    if (beluga_response_is_cached(r)) return 0;
    if (!*provider) provider = beluga_provider_name(session->model);
    beluga_config_get_string(session->config, BELUGA_OPTION_PRICES, &path);
    int status = beluga_prices_load(path, &prices, &err);
    if (status == BELUGA_ERROR_NO_MEMORY)
        out_note("the log does not record the cost of this call: %s", err.message);
    if (status != 0) return -1;
    bool own = strcmp(provider, beluga_provider_name(session->model)) == 0;
    if (beluga_prices_find(prices, provider, beluga_response_model(r), &price) ||
        (own && beluga_prices_find(prices, provider, beluga_model_name(session->model), &price)))
        cost = beluga_price_cost(&price, beluga_response_usage(r));
    beluga_prices_free(prices);
    return cost;
}

static const char *known(const char *text)
{
    return *text ? text : NULL;
}

static void fill_times(logbook_entry *e, const beluga_response *r)
{
    int64_t ns = r ? beluga_response_duration_ns(r) : -1;
    int64_t first_ns = r ? beluga_response_first_content_ns(r) : -1;
    e->time_ms = beluga__clock_ns(CLOCK_REALTIME) / BELUGA__NS_PER_MS;
    if (ns >= 0) e->time_ms -= ns / 1000000;
    if (ns >= 0) e->duration_ms = (double)ns / NS_PER_MS;
    if (first_ns >= 0) e->first_content_ms = (double)first_ns / NS_PER_MS;
}

static void fill_response(logbook_entry *e, const beluga_response *r)
{
    const beluga_usage *usage = beluga_response_usage(r);
    e->answer = beluga_response_text(r, NULL);
    if (known(beluga_response_provider(r))) e->provider = beluga_response_provider(r);
    if (known(beluga_response_model(r))) e->model = beluga_response_model(r);
    bool ended = beluga_response_finish_reason(r) != BELUGA_FINISH_UNKNOWN;
    if (ended || beluga_response_is_complete(r))
        e->finish_reason = beluga_finish_reason_name(beluga_response_finish_reason(r));
    e->input_tokens = usage->input_total;
    e->input_cache_read = usage->input_cache_read;
    e->input_cache_write = usage->input_cache_write;
    e->output_tokens = usage->output_total;
    e->output_reasoning = usage->output_reasoning;
    e->cached = beluga_response_is_cached(r);
    e->response_id = known(beluga_response_id(r));
    e->request_id = known(beluga_response_request_id(r));
}

/* Find the trace id in W3C's traceparent: 00-<32 hexadecimal digits>-… */
static const char *trace_of_environment(char text[TRACE_ID + 1])
{
    beluga_context *context = observe_context(NULL);
    const char *parent = context ? beluga_context_traceparent(context) : NULL;
    if (parent) snprintf(text, TRACE_ID + 1, "%.*s", TRACE_ID, parent + 3);
    beluga_context_unref(context);
    return parent ? text : NULL;
}

static void fill_error(logbook_entry *e, const cli_answer *answer)
{
    if (!answer->status) return;
    e->error = beluga_error_name(answer->status);
    e->error_message = known(answer->error.message);
    if (!e->request_id) e->request_id = known(answer->error.request_id);
}

/* ---- writing it down ------------------------------------------------------------------------- */

static int write_entry(logbook_entry *entry, char *why)
{
    logbook_store *store = NULL;
    char *path = logbook_path();
    if (!path) {
        snprintf(why, LOGBOOK_WHY_BYTES, "there is no place for the log");
        return -1;
    }
    int rc = logbook_store_open(path, true, &store, why);
    if (rc == 0) rc = logbook_store_add(store, entry, why);
    logbook_store_close(store);
    return rc;
}

/* Write a message as JSON, or set *json to NULL if it is plain text. @return 0, or -1. */
static int put_message(beluga_json_writer *w, const beluga_message *message, const char **json)
{
    *json = NULL;
    if (!message || logbook_message_is_plain(message)) return 0;
    logbook_message_put(w, NULL, message);
    return beluga_json_writer_text(w, json, NULL) ? -1 : 0;
}

/* Write the messages of a call between the prompt and the answer as JSON, if there are any. @return
 * 0, or -1. */
static int put_steps(beluga_json_writer *w, const logbook_call *call, const char **json)
{
    *json = NULL;
    if (beluga_messages_count(call->messages) <= call->first) return 0;
    logbook_steps_put(w, call->messages, call->first);
    return beluga_json_writer_text(w, json, NULL) ? -1 : 0;
}

static int add(const logbook_call *call, logbook_entry *e, beluga_message *ai, char *why)
{
    beluga_json_writer *human_json = beluga_json_writer_new(), *ai_json = beluga_json_writer_new();
    beluga_json_writer *steps_json = beluga_json_writer_new();
    char trace[TRACE_ID + 1];
    int rc = human_json && ai_json && steps_json ? 0 : -1;
    e->trace_id = trace_of_environment(trace);
    if (rc == 0) rc = put_message(human_json, call->human, &e->human);
    if (rc == 0) rc = put_message(ai_json, ai, &e->ai);
    if (rc == 0) rc = put_steps(steps_json, call, &e->steps);
    if (rc == 0)
        rc = write_entry(e, why);
    else
        snprintf(why, LOGBOOK_WHY_BYTES, "the messages can't be written as JSON");
    beluga_json_writer_free(human_json);
    beluga_json_writer_free(ai_json);
    beluga_json_writer_free(steps_json);
    return rc;
}

static int fill_thread(logbook_entry *e, const cli_args *args, const logbook_call *call,
                       cli_text *options)
{
    const logbook_thread *thread = call->thread;
    if (logbook_options_make(args, thread ? thread->options : NULL, options) != 0) return -1;
    if (options->length) e->options = options->data;
    if (thread && thread->name) e->name = thread->name;
    e->schema = call->schema;
    return 0;
}

int64_t logbook_add(const cli_args *args, const logbook_call *call)
{
    const cli_answer *answer = call->answer;
    const beluga_response *r = answer->response;
    logbook_entry entry;
    cli_text options = {0};
    char why[LOGBOOK_WHY_BYTES] = "";
    if (args->no_log || !logbook_is_on()) return 0;
    set_all_unknown(&entry);
    if (call->parent > 0) entry.parent = call->parent;
    entry.reference = call->session->opened;
    entry.provider = beluga_provider_name(call->session->model);
    entry.model = beluga_model_name(call->session->model);
    entry.system = call->system;
    entry.prompt = beluga_message_text(call->human, NULL);
    if (r) fill_response(&entry, r);
    if (r) entry.cost = cost_of(call->session, r);
    fill_times(&entry, r);
    fill_error(&entry, answer);
    int rc = fill_thread(&entry, args, call, &options);
    beluga_message *ai = r && !answer->status ? beluga_response_message(r) : NULL;
    if (rc == 0)
        rc = add(call, &entry, ai, why);
    else
        snprintf(why, sizeof why, "out of memory");
    beluga_message_unref(ai);
    text_free(&options);
    if (rc == 0) return entry.id;
    out_note("this call was not written into the log: %s", why);
    return 0;
}

/* ---- going on -------------------------------------------------------------------------------- */

typedef struct continuation {
    const cli_args *args;
    cli_conversation *conversation;
    logbook_thread *thread;
    bool left_out, failed, cut, ends_in_error;
} continuation;

static int add_step(void *payload, beluga_message *message)
{
    return conversation_add_message(payload, message);
}

/* Replace a text with a copy of another text. */
static int keep(char **kept, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) return -1;
    free(*kept);
    *kept = copy;
    return 0;
}

static int add_turn(void *payload, const logbook_entry *e)
{
    continuation *c = payload;
    /* the first entry that still exists continued an earlier one, which was deleted */
    if (!c->conversation->count) c->cut = e->parent > 0;
    c->ends_in_error = e->error != NULL;
    if (e->error) return 0;
    beluga_message *human =
        logbook_message_read(BELUGA_ROLE_HUMAN, e->human, e->prompt, &c->left_out);
    beluga_message *ai = logbook_message_read(BELUGA_ROLE_AI, e->ai, e->answer, &c->left_out);
    c->failed = conversation_add_message(c->conversation, human) != 0 ||
                logbook_steps_each(e->steps, add_step, c->conversation) != 0 ||
                conversation_add_message(c->conversation, ai) != 0;
    beluga_message_unref(human);
    beluga_message_unref(ai);
    c->failed = c->failed || keep(&c->thread->reference, e->reference) != 0 ||
                keep(&c->thread->options, e->options) != 0 ||
                keep(&c->thread->schema, e->schema) != 0 || keep(&c->thread->name, e->name) != 0;
    c->thread->last = e->id;
    c->thread->before = e->parent > 0 ? e->parent : 0;
    if (!c->failed && !c->args->system && conversation_set_system(c->conversation, e->system) != 0)
        c->failed = true;
    return c->failed;
}

static int take_id(void *payload, const logbook_entry *e)
{
    *(int64_t *)payload = e->id;
    return 0;
}

static int begin_thread(const continuation *c)
{
    if (!c->args->name) {
        out_note("the log has no conversation to continue, so this begins a new one");
        return 0;
    }
    out_note("this begins the conversation %s", c->args->name);
    return keep(&c->thread->name, c->args->name) ? out_no_memory() : 0;
}

/* Check the conversation to continue, and report if it is missing or can't be continued. @return 0,
 * or an exit code. */
static int judge_thread(const continuation *c, int64_t id)
{
    if (c->ends_in_error)
        out_error("entry %lld of the log failed, so there is no answer to continue from",
                  (long long)id);
    else if (c->thread->last)
        return 0;
    else if (c->args->cid)
        out_error("there is no entry %s in the log, and no conversation of that name (beluga logs "
                  "names lists the names)",
                  c->args->cid);
    else if (!logbook_is_on())
        out_error("there is no conversation to continue: the log is off (turn it on with: beluga "
                  "logs on)");
    else
        return begin_thread(c);
    return CLI_EXIT_USAGE;
}

static int read_thread(logbook_store *store, continuation *c, char *why)
{
    int64_t id = 0;
    int rc = 0;
    const char *name = c->args->cid ? c->args->cid : c->args->name;
    if (c->args->cid && logbook_read_number(c->args->cid, &id)) name = NULL;
    if (name && store) id = logbook_store_find(store, name, why);
    if (!id && !name && store)
        rc = logbook_store_each(store, LOGBOOK_COMPLETE, 0, 1, take_id, &id, why);
    if (id < 0) rc = -1;
    if (rc == 0 && store && id)
        rc = logbook_store_each(store, LOGBOOK_THREAD, id, 0, add_turn, c, why);
    if (!c->failed && rc == 0) return judge_thread(c, id);
    if (c->failed)
        out_error("entry %lld of the log can't be read", (long long)id);
    else
        out_error("%s", why);
    return CLI_EXIT_OTHER;
}

int logbook_check_name(const char *name)
{
    int64_t number;
    if (!*name || logbook_read_number(name, &number))
        return out_usage("a conversation's name can't be empty or a number: %s", name);
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f || at - name >= LOGBOOK_NAME_BYTES)
            return out_usage("a conversation's name must be one line of at most %d bytes",
                             LOGBOOK_NAME_BYTES);
    return 0;
}

static int check_options(const cli_args *args)
{
    if (args->go_on + (args->cid != NULL) + (args->name != NULL) > 1)
        return out_usage("--continue, --cid and --name exclude each other: give only one");
    return args->name ? logbook_check_name(args->name) : 0;
}

int logbook_continue(const cli_args *args, beluga_config *config, cli_conversation *conversation,
                     logbook_thread *thread)
{
    continuation c = {.args = args, .conversation = conversation, .thread = thread};
    logbook_store *store = NULL;
    char why[LOGBOOK_WHY_BYTES] = "";
    if (!args->go_on && !args->cid && !args->name) return 0;
    char *path = logbook_path();
    int rc = check_options(args);
    if (rc != 0) return rc;
    rc = path ? logbook_store_open(path, false, &store, why) : 0;
    if (rc != 0)
        rc = (out_error("%s", why), CLI_EXIT_OTHER);
    else
        rc = read_thread(store, &c, why);
    logbook_store_close(store);
    if (rc == 0) rc = logbook_options_apply(args, thread->options, config);
    if (rc == 0 && c.cut) out_note("earlier turns of this conversation were deleted");
    if (rc == 0 && c.left_out)
        out_note(
            "the attachments of this conversation were too large for the log, and are left out");
    if (rc == 0 && !logbook_is_on() && !args->no_log)
        out_note(
            "the log is off, so it does not record this turn (turn it on with: beluga logs on)");
    return rc;
}

void logbook_thread_free(logbook_thread *thread)
{
    free(thread->reference);
    free(thread->options);
    free(thread->schema);
    free(thread->name);
    *thread = (logbook_thread){0};
}

bool logbook_read_number(const char *text, int64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && !errno;
}
