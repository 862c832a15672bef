#include "providers/fault.h"

#include "providers/decode.h"
#include "providers/finish_words.h"

#include <stdio.h>
#include <string.h>

/* The members of an error that a server sent. */
typedef struct json_fault {
    const char *message, *code, *type;
    const char *inner; /* the code in Azure's "innererror", which is more exact */
    size_t n_message;
    bool flagged;   /* OpenRouter's moderation flagged the input; it sends no error word */
    int64_t status; /* the HTTP status that some hosts send instead of the code; 0: none */
    int64_t http;   /* the HTTP status in the member "status"; 0: none */
    int number;     /* the error code that MiniMax's number means; 0: none */
} json_fault;

/* ---- distinguishing errors from answers ------------------------------------------------------ */

/* Returns whether a member of an error has a value. Good answers may contain such members without
 * one: null, false, 0, "", {}, or objects of these. */
static bool is_set(const beluga_json *value, int depth)
{
    if (beluga_json_is_string(value)) return *beluga_json_string(value, NULL);
    if (beluga_json_is_number(value)) return beluga_json_double(value, 0) != 0;
    if (!beluga_json_is_object(value) && !beluga_json_is_array(value))
        return beluga_json_bool(value, false);
    for (const beluga_json *v = beluga_json_first(value); v && depth;
         v = beluga_json_next(value, v))
        if (is_set(v, depth - 1)) return true;
    return false;
}

enum { DEPTH = 3 }; /* levels of a value that are checked: {"errors":[{"message":"…"}]} */

static bool is_error_code(const beluga_json *value)
{
    static const char *const fine[] = {"0", "200", "ok", "success"};
    const char *word = beluga_json_string(value, NULL);
    for (size_t i = 0; word && i < sizeof fine / sizeof *fine; i++)
        if (beluga__same_word(word, fine[i])) return false;
    int64_t number = beluga_json_int(value, 0);
    return word ? *word : number != 0 && number != 200;
}

static __attribute__((noinline)) bool tells_fault(const beluga_json *const *values)
{
    bool denied = values[BELUGA__FAULT_CODE] && !is_error_code(values[BELUGA__FAULT_CODE]);
    const beluga_json *minimax = beluga_json_get(values[BELUGA__FAULT_BASE_RESP], "status_code");
    if (is_set(values[BELUGA__FAULT_ERROR], DEPTH) || is_set(values[BELUGA__FAULT_ERRORS], DEPTH))
        return true;
    if (beluga_json_int(minimax, 0)) return true;
    if (denied) return false;
    return values[BELUGA__FAULT_CODE] || is_set(values[BELUGA__FAULT_MESSAGE], 0) ||
           is_set(values[BELUGA__FAULT_MSG], 0);
}

bool beluga__fault_among(const beluga_json *const values[BELUGA__FAULT_MEMBERS])
{
    /* the fast path: nearly all answers have no such member */
    if (!values[BELUGA__FAULT_ERROR] && !values[BELUGA__FAULT_ERRORS] &&
        !values[BELUGA__FAULT_CODE] && !values[BELUGA__FAULT_MESSAGE] &&
        !values[BELUGA__FAULT_MSG] && !values[BELUGA__FAULT_BASE_RESP])
        return false;
    return tells_fault(values);
}

/* Returns whether the members of an error are at the top level, where Cerebras, gateways and
 * servers that follow RFC 9457 send them. */
static bool is_bare(const beluga_json *root)
{
    static const char *const texts[] = {"message", "msg", "title", "error_description"};
    const char *type = beluga_json_get_string(root, "type", NULL);
    bool typed = (type && strstr(type, "error")) || is_error_code(beluga_json_get(root, "code")) ||
                 beluga_json_get_int(root, "status", 0) >= 400 ||
                 !beluga_json_bool(beluga_json_get(root, "success"), true);
    for (size_t i = 0; typed && i < sizeof texts / sizeof *texts; i++)
        if (is_set(beluga_json_get(root, texts[i]), 0)) return true;
    return false;
}

bool beluga__fault_is(const beluga_json *root, bool certain)
{
    static const beluga_json_name names[] = {BELUGA__FAULT_NAMES};
    const beluga_json *values[BELUGA__FAULT_MEMBERS];
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    beluga_json_pick(root, names, BELUGA__FAULT_MEMBERS, values);
    if (beluga__fault_among(values)) return true;
    if (certain) return false;
    const char *object = beluga_json_get_string(root, "object", NULL);
    return (object && strcmp(object, "error") == 0) ||
           is_set(beluga_json_get(root, "detail"), DEPTH) || is_bare(root);
}

/* ---- reading an error ------------------------------------------------------------------------ */

/* Read the code of an error, which may be a word, a number, or a number in a string. */
static void read_code(json_fault *fault, const beluga_json *value)
{
    const char *word = beluga_json_string(value, NULL);
    int64_t number = beluga_json_int(value, 0);
    if (number) fault->status = number;
    if (word && *word >= '1' && *word <= '9' && strlen(word) == 3) {
        fault->status = (*word - '0') * 100;
        for (int i = 1, unit = 10; i < 3; i++, unit = 1)
            if (word[i] >= '0' && word[i] <= '9') fault->status += (word[i] - '0') * unit;
    } else if (word && *word) {
        fault->code = word;
    }
}

static void read_message(json_fault *fault, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (!n) return;
    fault->message = text;
    fault->n_message = n;
}

/* Read the type of an error. In RFC 9457 the type is a URL, which is not used as the name of the
 * error. */
static void read_type(json_fault *fault, const beluga_json *value)
{
    const char *type = beluga__filled(beluga_json_string(value, NULL));
    if (type && !strchr(type, ':')) fault->type = type;
}

static void read_object(json_fault *fault, const beluga_json *object)
{
    read_type(fault, beluga_json_get(object, "type"));
    const beluga_json *metadata = beluga_json_get(object, "metadata");
    fault->flagged |= beluga_json_get(metadata, "flagged_input") != NULL;
    const beluga_json *inner = beluga_json_get(object, "innererror");
    if (inner) fault->inner = beluga_json_get_string(inner, "code", NULL);
    read_code(fault, beluga_json_get(beluga_json_get(object, "details"), "error_code"));
    read_code(fault, beluga_json_get(object, "code"));
    read_message(fault, beluga_json_get(object, "msg"));
    const beluga_json *message = beluga_json_get(object, "message");
    read_message(fault, message);
    /* the form that Inception sends */
    read_message(fault, beluga_json_get(beluga_json_at(message, 0), "msg"));
    /* If OpenRouter's message is only this text, the message of the host behind it is in "raw". */
    bool bare = fault->message && strcmp(fault->message, "Provider returned error") == 0;
    if (bare) read_message(fault, beluga_json_get(beluga_json_get(object, "metadata"), "raw"));
}

/* Read FastAPI's {"detail":"…"} or {"detail":[{"loc":[…],"msg":"…"}]}, which Mistral sends inside
 * of "message". */
static void read_detail(json_fault *fault, const beluga_json *root)
{
    const beluga_json *detail = beluga_json_get(root, "detail");
    if (!detail) detail = beluga_json_get(beluga_json_get(root, "message"), "detail");
    read_message(fault, detail);
    read_message(fault, beluga_json_get(detail, "error")); /* the form that DeepInfra sends */
    read_message(fault, beluga_json_get(beluga_json_at(detail, 0), "msg"));
}

/* Read MiniMax's {"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}, which a
 * body contains instead of an answer or together with one. */
static void read_base_resp(json_fault *fault, const beluga_json *base)
{
    static const struct {
        int number, code;
    } numbers[] = {
        {1001, BELUGA_ERROR_TIMEOUT},        {1002, BELUGA_ERROR_RATE_LIMIT},
        {1004, BELUGA_ERROR_AUTHENTICATION}, {1008, BELUGA_ERROR_QUOTA_EXCEEDED},
        {1026, BELUGA_ERROR_CONTENT_FILTER}, {1027, BELUGA_ERROR_CONTENT_FILTER},
        {1039, BELUGA_ERROR_RATE_LIMIT},     {2013, BELUGA_ERROR_INVALID_REQUEST},
        {2049, BELUGA_ERROR_AUTHENTICATION},
    };
    int64_t number = beluga_json_get_int(base, "status_code", 0);
    if (!number) return;
    fault->status = number;
    read_message(fault, beluga_json_get(base, "status_msg"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (number == numbers[i].number) fault->number = numbers[i].code;
}

/* Read members that appear only at the top level: RFC 9457's title, OAuth's description, Baidu's
 * error_code and error_msg, vLLM's error_type and error_message. */
static void read_members(json_fault *fault, const beluga_json *root)
{
    static const char *const messages[] = {"title", "error_description", "Message", "error_msg",
                                           "error_message"};
    int64_t status = beluga_json_get_int(root, "status", 0);
    if (status >= 400 && status < 600) fault->http = status;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        read_message(fault, beluga_json_get(root, messages[i]));
    read_type(fault, beluga_json_get(root, "error_type"));
    read_code(fault, beluga_json_get(root, "error_code"));
}

static void read_error(json_fault *fault, const beluga_json *error)
{
    if (beluga_json_is_object(error))
        read_object(fault, error);
    else
        read_message(fault, error);
}

/* Read an error in any of the known forms. Members that are read later override earlier ones. */
static json_fault read_fault(const beluga_json *root)
{
    json_fault fault = {0};
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    read_message(&fault, root);
    read_base_resp(&fault, beluga_json_get(root, "base_resp"));
    read_object(&fault, root);
    read_members(&fault, root);
    read_detail(&fault, root);
    const beluga_json *errors = beluga_json_get(root, "errors"); /* Cloudflare's form */
    read_error(&fault, beluga_json_is_array(errors) ? beluga_json_at(errors, 0) : errors);
    read_error(&fault, beluga_json_get(root, "error"));
    return fault;
}

/* ---- the code of an error -------------------------------------------------------------------- */

/* A code, and the texts that mean it, each of which is followed by a NUL. */
typedef struct row {
    int code;
    const char *texts;
} row;

static int code_of_word(const char *word)
{
    static const row rows[] = {
        {BELUGA_ERROR_QUOTA_EXCEEDED,
         "insufficient_quota\0insufficient_user_quota\0insufficient_balance\0"
         "insufficient_balance_error\0insufficient_credits\0quota_exceeded\0"
         "payment_required\0budget_exceeded_error\0credit_balance_exhausted\0"
         "billing_hard_limit_reached\0billing_not_active\0billing_error\0"
         "contract_spend_limit_reached\0enforced_spend_limit_reached\0"
         "linked_organization_spend_limit_reached\0exceeded_current_quota_error\0"
         "budget_exceeded\0Arrearage\0"},
        {BELUGA_ERROR_RATE_LIMIT, "rate_limit_exceeded\0rate_limit_error\0slow_down\0"},
        {BELUGA_ERROR_CONTEXT_LENGTH, "context_length_exceeded\0exceed_context_size_error\0"
                                      "context_window_exceeded_error\0"},
        {BELUGA_ERROR_CONTENT_FILTER,
         "content_policy_violation\0content_policy_violation_error\0content_filter\0"
         "ResponsibleAIPolicyViolation\0moderation_blocked\0data_inspection_failed\0"
         "invalid_prompt\0image_content_policy_violation\0"},
        {BELUGA_ERROR_INVALID_MODEL,
         "model_not_found\0invalid_model\0model_decommissioned\0ModelDeprecated\0"
         "DeploymentNotFound\0"},
        {BELUGA_ERROR_AUTHENTICATION, "invalid_api_key\0authentication_error\0"},
        {BELUGA_ERROR_AUTHORIZATION,
         "permission_error\0permission_denied\0permission_denied_error\0"},
        {BELUGA_ERROR_OVERLOADED,
         "overloaded_error\0server_overloaded\0server_is_overloaded\0"
         "engine_overloaded_error\0service_unavailable_error\0capacity_exceeded\0"
         "no_capacity\0"},
        {BELUGA_ERROR_MODEL_NOT_AVAILABLE, "unavailable_error\0"},
        {BELUGA_ERROR_LIMIT_EXCEEDED, "request_too_large\0"},
        {BELUGA_ERROR_INTERNAL, "api_error\0server_error\0internal_server_error\0"},
        {BELUGA_ERROR_TIMEOUT, "timeout\0timeout_error\0request_timeout\0vector_store_timeout\0"},
        {BELUGA_ERROR_INVALID_REQUEST,
         "invalid_base64_image\0unsupported_image_media_type\0empty_image_file\0"
         "failed_to_download_image\0invalid_request_error\0bad_request_error\0"
         "unprocessable_entity_error\0batch_client_error\0"},
        {BELUGA_ERROR_NOT_FOUND, "not_found_error\0"},
    };
    for (size_t i = 0; word && i < sizeof rows / sizeof *rows; i++)
        if (beluga__is_among(rows[i].texts, word, beluga__same_word)) return rows[i].code;
    bool image =
        word && (strncmp(word, "invalid_image", 13) == 0 || strncmp(word, "image_", 6) == 0);
    return image ? BELUGA_ERROR_INVALID_REQUEST : 0; /* OpenAI has a dozen words for bad images */
}

/* Phrases in the messages of errors that have no known error word. The two Chinese phrases mean
 * that the balance or the quota is insufficient. */
static const row phrases[] = {
    {BELUGA_ERROR_CONTEXT_LENGTH,
     "context length\0context window\0context size\0context limit\0maximum context\0"
     "ContextWindowExceeded\0model token limit\0prompt is too long\0"
     "range of input length\0`inputs` tokens\0"},
    {BELUGA_ERROR_QUOTA_EXCEEDED,
     "credit balance is too low\0API usage limits\0monthly spend limit\0unpaid invoice\0"
     "insufficient balance\0any credits yet\0all available credits\0"
     "exceeded your current quota\0insufficient credit\0insufficient quota\0"
     "insufficient account balance\0余额不足\0额度不足\0"},
    {BELUGA_ERROR_CONTENT_FILTER, "content filtering policy\0includes sensitive content\0"},
    {BELUGA_ERROR_RATE_LIMIT, "enqueued token\0"}, /* OpenAI's and Google's queues of batch jobs */
    {BELUGA_ERROR_AUTHORIZATION, "organization has been disabled\0"},
    {BELUGA_ERROR_AUTHENTICATION, "incorrect API key\0API key not valid\0"},
    {BELUGA_ERROR_INVALID_MODEL,
     "not a valid model\0invalid model\0unknown model\0model not found\0"
     "model must be one of\0"},
};

static bool says(const char *message, const char *text)
{
    return strcasestr(message, text);
}

/* Returns the code that the message of an error suggests, or `code`. Servers may report exhausted
 * credit as an exceeded limit or as a forbidden request, and gateways report errors of the service
 * behind them as their own. */
static int code_of_message(const char *message, int code)
{
    if (!message) return code;
    bool refused = code == BELUGA_ERROR_INVALID_REQUEST || code == BELUGA_ERROR_LIMIT_EXCEEDED ||
                   code == BELUGA_ERROR_INTERNAL || !code;
    bool limited = code == BELUGA_ERROR_RATE_LIMIT || code == BELUGA_ERROR_AUTHORIZATION ||
                   code == BELUGA_ERROR_OVERLOADED;
    for (size_t i = 0; (refused || limited) && i < sizeof phrases / sizeof *phrases; i++)
        if ((refused || phrases[i].code == BELUGA_ERROR_QUOTA_EXCEEDED) &&
            beluga__is_among(phrases[i].texts, message, says))
            return phrases[i].code;
    bool unknown = refused && says(message, "model") && says(message, "does not exist");
    if (code == BELUGA_ERROR_NOT_FOUND) unknown = says(message, "model");
    return unknown ? BELUGA_ERROR_INVALID_MODEL : code;
}

/* Returns the code of an error. The error's word is more exact than the HTTP status, except
 * "invalid_request_error" and "server_error", which servers send with nearly every status. A
 * request that is too large for a rate limit would also be too large in a retry. */
static int meaning(const json_fault *fault, int otherwise)
{
    int code = fault->flagged ? BELUGA_ERROR_CONTENT_FILTER : code_of_word(fault->inner);
    if (!code) code = fault->number;
    if (!code) code = code_of_word(fault->code);
    if (!code) code = code_of_word(fault->type);
    bool passing = otherwise == BELUGA_ERROR_OVERLOADED || otherwise == BELUGA_ERROR_TIMEOUT;
    bool large = otherwise == BELUGA_ERROR_LIMIT_EXCEEDED && code == BELUGA_ERROR_RATE_LIMIT;
    bool vague = code == 0 || code == BELUGA_ERROR_INVALID_REQUEST || large ||
                 code == BELUGA_ERROR_NOT_FOUND || (code == BELUGA_ERROR_INTERNAL && passing);
    return code_of_message(fault->message, vague && otherwise ? otherwise : code);
}

static void describe(const json_fault *fault, beluga_error *err)
{
    const char *word = fault->code ? fault->code : fault->inner ? fault->inner : fault->type;
    int64_t number = fault->status > 0 ? fault->status : 0;
    beluga__error_describe(err, word, number, fault->message, fault->n_message);
}

void beluga__fault_decode_error(const beluga_call *call, const beluga_http_response *response,
                                beluga_error *err)
{
    (void)call;
    size_t length;
    const char *body = beluga_http_response_body(response, &length);
    beluga_json_doc *doc;
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    json_fault fault = read_fault(beluga_json_doc_root(doc));
    beluga__error_refine(err, meaning(&fault, err->code));
    describe(&fault, err);
    beluga_json_doc_free(doc);
}

/* ---- errors inside of answers with status 200 ------------------------------------------------ */

void beluga__fault_read(const beluga_json *root, int otherwise, beluga_error *err)
{
    json_fault fault = read_fault(root);
    int code = meaning(&fault, 0);
    bool is_status = fault.status >= 400 && fault.status < 600;
    int64_t http = is_status ? fault.status : fault.http;
    if (http) code = meaning(&fault, beluga_error_from_http((int)http));
    if (!code) code = otherwise;
    beluga__error_set_inside(err, code, otherwise);
    describe(&fault, err);
}

int beluga__fault_emit(const beluga_json *root, int otherwise, beluga_emit *emit)
{
    beluga_error err;
    beluga__fault_read(root, otherwise, &err);
    return beluga_emit_error(emit, &err);
}

int beluga__fault_or_failure(const beluga_json *root, const char *what, beluga_emit *emit)
{
    if (beluga__fault_is(root, false)) return beluga__fault_emit(root, BELUGA_ERROR_INTERNAL, emit);
    return beluga__decode_failure(root, BELUGA_ERROR_INVALID_RESPONSE, what, emit);
}

/* ---- batch jobs that failed as a whole ------------------------------------------------------- */

/* Phrases in the errors of jobs that may succeed later. Errors of single requests that will pass
 * have an HTTP status which says so; the error of a job has none. */
static const row passing[] = {
    {BELUGA_ERROR_RATE_LIMIT, "token_limit\0rate limit\0rate_limit\0"},
    {BELUGA_ERROR_OVERLOADED, "overloaded\0try again\0temporar\0"},
    {BELUGA_ERROR_INTERNAL, "internal error\0internal_error\0server error\0server_error\0"},
};

int beluga__fault_of_job(const beluga_json *error)
{
    json_fault fault = read_fault(error);
    int code = meaning(&fault, 0);
    if (beluga__is(fault.code, "token_limit_exceeded")) return BELUGA_ERROR_RATE_LIMIT;
    if (code && code != BELUGA_ERROR_INVALID_REQUEST) return code;
    for (size_t i = 0; fault.message && i < sizeof passing / sizeof *passing; i++)
        if (beluga__is_among(passing[i].texts, fault.message, says)) return passing[i].code;
    return code;
}
