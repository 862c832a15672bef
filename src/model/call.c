#include "model/call.h"

#include "base/clock.h"
#include "base/context.h"
#include "base/line.h"
#include "base/mem.h"
#include "base/sum.h"
#include "schema/message.h"

#include <stdio.h>

beluga__target *beluga__target_ref(beluga__target *target)
{
    atomic_fetch_add_explicit(&target->refs, 1, memory_order_relaxed);
    return target;
}

void beluga__target_unref(beluga__target *target)
{
    if (target && atomic_fetch_sub_explicit(&target->refs, 1, memory_order_acq_rel) == 1)
        target->destroy(target);
}

/* The size of an HTTP call's block in bytes. It is enough for the operation, the stages of the
 * stack, the state of a decoder and the headers of a request. */
enum { HTTP_CALL = 3280 };

static size_t block_bytes(const beluga__target *target)
{
    return target->call_bytes ? target->call_bytes : HTTP_CALL;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Mark the memory from the address `at` on as secret; `at` is the beginning of the arena's free
 * memory. */
static void hold_secrets(beluga_call *call, const char *at)
{
    size_t bytes = block_bytes(call->target), from = (size_t)((uintptr_t)at - (uintptr_t)call);
    if (call->arena.secret) return;
    call->arena.secret = true;
    /* If `at` is in a later block of the arena, no part of the first block is secret. */
    call->secret_from = (uint16_t)(from < bytes ? from : bytes);
}

void beluga__call_holds_secrets(beluga_call *call)
{
    hold_secrets(call, call->arena.at);
}

/* --- the question ----------------------------------------------------------------------------- */

/* If `message` is the result of a tool call that has an earlier result, find that earlier result,
 * which `message` replaces. Only the messages after the model's last answer are searched. */
static beluga_message **find_repeated(beluga_call *call, const beluga_message *message)
{
    const char *id = message->tool_call_id;
    size_t n = call->n_messages,
           first = n > BELUGA__MAX_TOOL_CALLS ? n - BELUGA__MAX_TOOL_CALLS : 0;
    if (message->role != BELUGA_ROLE_TOOL || !id) return NULL;
    while (n-- > first && beluga_message_role(call->messages[n]) != BELUGA_ROLE_AI) {
        const char *other = beluga_message_tool_call_id(call->messages[n]);
        if (other && strcmp(id, other) == 0) return &call->messages[n];
    }
    return NULL;
}

static void take_message(beluga_call *call, beluga_message *message)
{
    beluga_message **repeated = find_repeated(call, message);
    if (repeated) {
        call->has_repeated_results = true;
        beluga_message_unref(*repeated);
        *repeated = beluga_message_ref(message);
    } else
        call->messages[call->n_messages++] = beluga_message_ref(message);
}

static int take_messages(beluga_call *call, const beluga_messages *messages, beluga_error *err)
{
    if (!messages) return 0;
    int status = messages->status;
    size_t n = messages->count;
    if (status) return beluga_error_set(err, status, "%s", beluga_error_text(status));
    if (!n) return 0;
    call->messages = beluga__arena_alloc(&call->arena, n * sizeof *call->messages);
    if (!call->messages)
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for %zu messages", n);
    for (size_t i = 0; i < n; i++) {
        beluga_message *message = messages->items[i];
        status = beluga__message_check(message, i, err);
        if (status) return status;
        take_message(call, message);
    }
    return 0;
}

static int take_inputs(beluga_call *call, const beluga__input *inputs, size_t n, beluga_error *err)
{
    if (!n) return 0;
    beluga__input *copies = beluga__arena_alloc(&call->arena, n * sizeof *copies);
    bool whole = copies;
    for (size_t i = 0; i < n && whole; i++) {
        copies[i].length = inputs[i].length;
        copies[i].text = beluga__arena_copy(&call->arena, inputs[i].text, inputs[i].length);
        whole = copies[i].text;
    }
    if (!whole) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for %zu texts", n);
    call->u.inputs = copies;
    call->n_inputs = (uint32_t)n;
    return 0;
}

static bool has_options(const beluga_option *opts, size_t n)
{
    return opts && n && !(n == BELUGA_OPTIONS_TERMINATED && opts->key == BELUGA_OPTION_END);
}

/* Returns whether the caller gave a header or a provider's own option, since either may contain a
 * key. */
static bool may_be_secret(const beluga__settings *own)
{
    return own->known[BELUGA_OPTION_EXTRA_HEADERS].origin == BELUGA_ORIGIN_CALL ||
           own->known[BELUGA_OPTION_PROVIDER_SPECIFIC].origin == BELUGA_ORIGIN_CALL;
}

static int take_options(beluga_call *call, const beluga_option *opts, size_t n, beluga_error *err)
{
    call->settings = &call->target->settings;
    call->model_name = call->target->model_name;
    if (!has_options(opts, n)) return 0;
    beluga__settings *own = beluga__arena_alloc(&call->arena, sizeof *own);
    if (!own) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for options");
    *own = call->target->settings;
    call->settings = own;
    const char *at = call->arena.at;
    int status = beluga__settings_apply(own, &call->arena, opts, n, BELUGA_ORIGIN_CALL, err);
    if (may_be_secret(own)) hold_secrets(call, at);
    const beluga_provider *provider = call->target->provider;
    if (!status)
        status = beluga__settings_check_all(own, 'C', provider->name, provider->options, err);
    if (status) return status;
    const char *name = beluga__settings_string(own, BELUGA_OPTION_MODEL_NAME);
    if (name) call->model_name = beluga__settings_model(own, name);
    return 0;
}

/* Prepare a call whose body the caller gave (request_body), which replaces messages, tools and the
 * options that would be in the body. Not inlined, since hardly any call has such a body. */
static __attribute__((noinline)) int take_body(beluga_call *call, beluga_error *err)
{
    if (!call->target->provider->encode_request)
        return beluga_error_set(err, BELUGA_ERROR_NOT_SUPPORTED,
                                "request_body: this provider sends no HTTP request");
    if (call->settings->known[BELUGA_OPTION_EXTRA_BODY].origin == BELUGA_ORIGIN_CALL)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT,
                                "extra_body is not merged into request_body: give one of them");
    for (size_t i = 0; i < call->n_messages; i++) beluga_message_unref(call->messages[i]);
    call->n_messages = 0;
    call->has_repeated_results = false;
    call->body_given = true;
    return 0;
}

/* Copy a text into the call's arena; NULL stays NULL. Returns false if memory runs out. */
static bool keep_text(beluga_call *call, const char **text)
{
    return !*text || (*text = beluga__arena_copy(&call->arena, *text, strlen(*text)));
}

static int take_job(beluga_call *call, const beluga__job_question *question, beluga_error *err)
{
    if (!question) return 0;
    beluga__job_question *job = beluga__arena_alloc(&call->arena, sizeof *job);
    if (!job) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    *job = *question;
    if (!keep_text(call, &job->id) || !keep_text(call, &job->name) ||
        !keep_text(call, &job->model_name))
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    if (job->model_name) call->model_name = job->model_name;
    call->u.job = job;
    return 0;
}

/* Copy what a call is about if it is not about messages: inputs to embed, a batch job, or the token
 * of a page. */
static int take_subject(beluga_call *call, const beluga__call_spec *spec, beluga_error *err)
{
    int status = take_inputs(call, spec->inputs, spec->n_inputs, err);
    if (!status) status = take_job(call, spec->job, err);
    if (status || !spec->page) return status;
    call->u.page = beluga__arena_copy(&call->arena, spec->page, strlen(spec->page));
    if (call->u.page) return 0;
    return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
}

static int check_question(beluga_call *call, const beluga__call_spec *spec, beluga_error *err)
{
    if (!beluga__call_is_answer(call) && call->kind != BELUGA_CALL_COUNT) return 0;
    if (beluga__call_is_answer(call) &&
        beluga__settings_has(call->settings, BELUGA_OPTION_REQUEST_BODY) && !spec->answered)
        return take_body(call, err);
    if (call->n_messages || spec->answered) return 0;
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "no messages provided");
}

static int fill(beluga_call *call, const beluga__call_spec *spec, beluga_error *err)
{
    int status = take_messages(call, spec->messages, err);
    if (!status) status = take_options(call, spec->opts, spec->n_opts, err);
    if (!status && !beluga__call_is_answer(call)) status = take_subject(call, spec, err);
    call->any_inputs = spec->answered && call->kind == BELUGA_CALL_EMBED;
    if (!status) status = check_question(call, spec, err);
    if (status) return status;
    if (beluga_context_is_cancelled(spec->context))
        return beluga_error_set(err, BELUGA_ERROR_CONTEXT_CANCELED,
                                "the call was cancelled before it started");
    if (beluga__context_deadline_ns(spec->context) <= call->start_ns)
        return beluga_error_set(err, BELUGA_ERROR_CONTEXT_TIMEOUT,
                                "the deadline passed before the call started");
    call->restartable = spec->restartable ||
                        /* a RESTART can't take back results of a batch job */
                        (!beluga__call_is_of_results(call) &&
                         beluga__settings_int(call->settings, BELUGA_OPTION_RESTART_DELIVERY, 0));
    call->streamed =
        spec->streamed || (beluga__call_is_answer(call) &&
                           beluga__settings_int(call->settings, BELUGA_OPTION_WIRE_STREAMING, 0));
    if (!call->body_given &&
        beluga__settings_int(call->settings, BELUGA_OPTION_ENABLE_TOOL_CALLING, 1)) {
        call->tools = spec->tools;
        call->n_tools = (uint32_t)spec->n_tools; /* at most BELUGA__MAX_TOOLS */
    }
    return 0;
}

/* Allocate a call to a target as one block. Messages, options and tools are not set yet. */
static beluga_call *allocate(beluga__target *target, beluga_loop *loop, beluga_error *err)
{
    const beluga_allocator *allocator = &target->runtime->allocator;
    size_t bytes = block_bytes(target);
    /* A call without a loop is only encoded into a request, and has no loop whose spare block it
     * could reuse. */
    bool own = loop && loop->runtime == target->runtime;
    beluga_call *call = own ? beluga__loop_take_spare(loop, bytes) : NULL;
    if (!call) call = beluga__alloc(allocator, bytes);
    if (!call) {
        beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
        return NULL;
    }
    memset(call, 0, sizeof *call);
    atomic_init(&call->refs, 1);
    beluga__arena_init(&call->arena, allocator, call->first, bytes - sizeof(beluga_call),
                       BELUGA__MAX_CALL_BYTES);
    call->target = beluga__target_ref(target);
    call->loop = loop;
    return call;
}

int beluga__call_new(const beluga__call_spec *spec, beluga_call **out, beluga_error *err)
{
    beluga_call *call = allocate(spec->target, spec->loop, err);
    *out = NULL;
    if (!call) return BELUGA_ERROR_NO_MEMORY;
    call->operation = spec->operation;
    call->kind = (uint8_t)spec->kind;
    call->start_ns = spec->start_ns;
    call->folded = spec->folded;
    call->span = spec->parent_span;
    int status = fill(call, spec, err);
    if (status) {
        beluga__call_locate(call, err);
        beluga__call_unref(call);
        return status;
    }
    call->context = beluga_context_ref(spec->context);
    call->holder = spec->holder;
    call->release_holder = spec->release_holder;
    *out = call;
    return 0;
}

/* --- derived calls ---------------------------------------------------------------------------- */

static int derive_messages(beluga_call *call, const beluga_call *from)
{
    call->messages =
        beluga__arena_alloc(&call->arena, (from->n_messages + 1) * sizeof *call->messages);
    if (!call->messages) return BELUGA_ERROR_NO_MEMORY;
    for (; call->n_messages < from->n_messages; call->n_messages++)
        call->messages[call->n_messages] = beluga_message_ref(from->messages[call->n_messages]);
    call->has_repeated_results = from->has_repeated_results;
    return 0;
}

/* Use the target's settings, with the options that the caller gave on top. The model's name and the
 * provider's own options are not copied, since they make sense for one target only. */
static int derive_settings(beluga_call *call, const beluga_call *from)
{
    call->settings = &call->target->settings;
    call->model_name = call->target->model_name;
    if (from->settings == &from->target->settings) return 0;
    beluga__settings *own = beluga__arena_alloc(&call->arena, sizeof *own);
    if (!own) return BELUGA_ERROR_NO_MEMORY;
    *own = call->target->settings;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        bool everywhere = key != BELUGA_OPTION_MODEL_NAME && key != BELUGA_OPTION_PROVIDER_SPECIFIC;
        if (everywhere && from->settings->known[key].origin == BELUGA_ORIGIN_CALL)
            own->known[key] = from->settings->known[key];
    }
    call->settings = own;
    return 0;
}

int beluga__call_derive(beluga_call *from, beluga__target *target, beluga_call **out,
                        beluga_error *err)
{
    if (from->stands_in) from = from->origin;
    beluga_call *call = allocate(target, from->loop, err);
    *out = NULL;
    if (!call) return BELUGA_ERROR_NO_MEMORY;
    call->operation = from->operation;
    call->start_ns = from->start_ns;
    call->streamed = from->streamed;
    call->restartable = from->restartable;
    call->stands_in = true;
    call->body_given = from->body_given;
    call->tools = from->tools;
    call->n_tools = from->n_tools;
    call->context = beluga_context_ref(from->context);
    call->span = from->span;
    if (derive_messages(call, from) || derive_settings(call, from)) {
        beluga__call_unref(call);
        return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the call");
    }
    call->origin = from;
    call->next = from->derived;
    from->derived = *out = call;
    return 0;
}

beluga_call *beluga__call_ref(beluga_call *call)
{
    atomic_fetch_add_explicit(&call->refs, 1, memory_order_relaxed);
    return call;
}

/* Free a call. `loop` keeps its block for the next call; if `loop` is NULL, the block is
 * released. */
static void destroy(beluga_call *call, beluga_loop *loop)
{
    for (beluga_call *next, *d = call->stands_in ? NULL : call->derived; d; d = next) {
        next = d->next;
        beluga__call_unref(d);
    }
    for (size_t i = 0; i < call->n_messages; i++) beluga_message_unref(call->messages[i]);
    if (call->release_holder) call->release_holder(call->holder);
    beluga_context_unref(call->context);
    beluga__target *target = call->target;
    const beluga_allocator *allocator = call->arena.allocator;
    beluga__arena_free(&call->arena);
    if (call->arena.secret)
        explicit_bzero((char *)call + call->secret_from, block_bytes(target) - call->secret_from);
    /* The allocator belongs to the client, and the target may hold the last reference to the
     * client, so it is released last. */
    if (loop && loop->runtime == target->runtime)
        beluga__loop_keep(loop, call, block_bytes(target));
    else
        beluga__release(allocator, call);
    beluga__target_unref(target);
}

static bool is_last(beluga_call *call)
{
    return atomic_fetch_sub_explicit(&call->refs, 1, memory_order_acq_rel) == 1;
}

void beluga__call_unref(beluga_call *call)
{
    if (call && is_last(call)) destroy(call, NULL);
}

void beluga__call_unref_on_loop(beluga_call *call)
{
    if (is_last(call)) destroy(call, call->loop);
}

int64_t beluga__call_estimate_tokens(const beluga_call *call)
{
    enum { BYTES_A_TOKEN = 4 };
    if (call->body_given)
        return call->settings->known[BELUGA_OPTION_REQUEST_BODY].length / BYTES_A_TOKEN;
    int64_t tokens = 0;
    for (size_t i = 0; i < call->n_messages; i++) {
        int64_t more = beluga_message_estimate_tokens(call->messages[i]);
        tokens = beluga__add(tokens, more);
    }
    for (size_t i = 0; i < call->n_inputs; i++)
        tokens += (int64_t)(call->u.inputs[i].length / BYTES_A_TOKEN) + 1;
    return tokens;
}

void beluga__call_locate(const beluga_call *call, beluga_error *err)
{
    if (!err) return;
    const char *model = call->model_name ? call->model_name : call->target->model_name;
    /* the provider may have written the error, so it may contain any bytes */
    beluga__error_clean(err);
    if (!*err->operation) beluga__error_label(err, operation, call->operation);
    if (!*err->provider) beluga__error_label(err, provider, call->target->provider->name);
    if (!*err->model) beluga__error_label(err, model, model);
}

const beluga_provider *beluga_call_provider(const beluga_call *call)
{
    const beluga__target *target = call->target;
    return target->given ? target->given : target->protocol;
}

void *beluga_call_self(const beluga_call *call)
{
    return call->target->self;
}

const char *beluga_call_model(const beluga_call *call)
{
    return call->model_name;
}

beluga_kind_of_call beluga_call_kind(const beluga_call *call)
{
    return (beluga_kind_of_call)call->kind;
}

size_t beluga_call_input_count(const beluga_call *call)
{
    return call->n_inputs;
}

const char *beluga_call_input(const beluga_call *call, size_t index, size_t *length)
{
    if (index >= call->n_inputs) return NULL;
    if (length) *length = call->u.inputs[index].length;
    return call->u.inputs[index].text;
}

bool beluga_call_is_streamed(const beluga_call *call)
{
    return call->streamed;
}

size_t beluga_call_message_count(const beluga_call *call)
{
    return call->n_messages;
}

const beluga_message *beluga_call_message(const beluga_call *call, size_t index)
{
    return index < call->n_messages ? call->messages[index] : NULL;
}

size_t beluga_call_tool_count(const beluga_call *call)
{
    beluga__call_note_read(call, 0);
    return call->n_tools;
}

const beluga_tool *beluga_call_tool(const beluga_call *call, size_t index)
{
    return index < call->n_tools ? call->tools[index] : NULL;
}

const char *beluga_call_get_state(const beluga_call *call, const beluga_part *part, size_t *length)
{
    bool own = part && part->state && part->state_provider &&
               strcmp(part->state_provider, call->target->provider->name) == 0;
    if (length) *length = own ? part->state_length : 0;
    return own ? part->state : NULL;
}

const char *beluga_call_page(const beluga_call *call)
{
    return call->n_inputs || beluga__call_job(call) ? NULL : call->u.page;
}

beluga_context *beluga_call_context(const beluga_call *call)
{
    return call->context;
}

/* Returns the setting of an option, or NULL. Always inlined, since providers and telemetry look up
 * about thirty options for each call. */
static inline __attribute__((always_inline)) const beluga__setting *look_up(const beluga_call *call,
                                                                            int key)
{
    if (key <= 0 || key >= BELUGA_OPTION_COUNT || call->body_given) return NULL;
    beluga__call_note_read(call, key);
    return &call->settings->known[key];
}

static inline __attribute__((always_inline)) const beluga__setting *setting(const beluga_call *call,
                                                                            int key, int type)
{
    const beluga__setting *s = look_up(call, key);
    return s && s->type == type ? s : NULL;
}

bool beluga_call_has(const beluga_call *call, int key)
{
    if (key <= 0 || key >= BELUGA_OPTION_COUNT || key == BELUGA_OPTION_API_KEY) return false;
    beluga__call_note_read(call, key);
    return call->settings->known[key].type != 0;
}

bool beluga_call_get_double(const beluga_call *call, int key, double *value)
{
    const beluga__setting *s = setting(call, key, BELUGA_OPTION_DOUBLE);
    if (s) *value = s->value.number;
    return s;
}

bool beluga_call_get_int(const beluga_call *call, int key, int64_t *value)
{
    const beluga__setting *s = look_up(call, key);
    bool found = s && (s->type == BELUGA_OPTION_INT || s->type == BELUGA_OPTION_DURATION ||
                       s->type == BELUGA_OPTION_ENUM);
    if (found) *value = s->value.integer;
    return found;
}

bool beluga_call_get_bool(const beluga_call *call, int key, bool *value)
{
    const beluga__setting *s = setting(call, key, BELUGA_OPTION_BOOL);
    if (s) *value = s->value.integer;
    return s;
}

const char *beluga_call_get_string(const beluga_call *call, int key, size_t *length)
{
    const beluga__setting *s = setting(call, key, BELUGA_OPTION_STRING);
    /* other functions of a provider than `authorize` don't get keys */
    if (key == BELUGA_OPTION_API_KEY || !s) return NULL;
    if (length) *length = s->length;
    return s->value.string;
}

const char *beluga_call_get_item(const beluga_call *call, int key, size_t index, size_t *length)
{
    const beluga__setting *s = setting(call, key, BELUGA_OPTION_LIST);
    const beluga__item *item = s ? s->value.items : NULL;
    while (item && index--) item = item->next;
    if (item && length) *length = item->length;
    return item ? item->value.string : NULL;
}

bool beluga_call_has_own(const beluga_call *call)
{
    return call->settings->known[BELUGA_OPTION_PROVIDER_SPECIFIC].type != 0;
}

/* Find a provider's own option. Values from a file or the command line are texts, and are converted
 * to the type that the caller asks for. */

static const beluga__item *own(const beluga_call *call, const char *name)
{
    return beluga__settings_own(call->settings, name);
}

const char *beluga_call_get_own_string(const beluga_call *call, const char *name, size_t *length)
{
    const beluga__item *item = own(call, name);
    if (!item || item->type != BELUGA_OPTION_STRING) return NULL;
    if (length) *length = item->length;
    return item->value.string;
}

bool beluga_call_get_own_int(const beluga_call *call, const char *name, int64_t *value)
{
    return beluga__item_int(own(call, name), value);
}

bool beluga_call_get_own_double(const beluga_call *call, const char *name, double *value)
{
    return beluga__item_double(own(call, name), value);
}

bool beluga_call_get_own_bool(const beluga_call *call, const char *name, bool *value)
{
    return beluga__item_bool(own(call, name), value);
}
