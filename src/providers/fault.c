#include "providers/fault.h"

#include <stdio.h>
#include <string.h>

struct fault {
    const char *message, *code, *type;
    const char *inner; /* Azure's: what is behind the code */
    size_t n_message;
    bool flagged;   /* OpenRouter's moderation, which has no word of its own */
    int64_t status; /* some hosts put the HTTP status where the code belongs; 0: none */
};

/* A code may be a word, a number, or a number in a string. */
static void read_code(struct fault *fault, const beluga_json *value)
{
    const char *word = beluga_json_string(value, NULL);
    fault->status = beluga_json_int(value, 0);
    if (word && *word >= '1' && *word <= '9' && strlen(word) == 3) {
        fault->status = (*word - '0') * 100;
        for (int i = 1, unit = 10; i < 3; i++, unit = 1)
            if (word[i] >= '0' && word[i] <= '9') fault->status += (word[i] - '0') * unit;
    } else if (word && *word) {
        fault->code = word;
    }
}

static void read_message(struct fault *fault, const beluga_json *value)
{
    size_t n = 0;
    const char *text = beluga_json_string(value, &n);
    if (!n) return;
    fault->message = text;
    fault->n_message = n;
}

static void read_object(struct fault *fault, const beluga_json *object)
{
    const char *type = beluga_json_get_string(object, "type", NULL);
    if (type && *type) fault->type = type;
    const beluga_json *metadata = beluga_json_get(object, "metadata");
    fault->flagged |= beluga_json_get(metadata, "flagged_input") != NULL;
    const beluga_json *inner = beluga_json_get(object, "innererror");
    if (inner) fault->inner = beluga_json_get_string(inner, "code", NULL);
    read_code(fault, beluga_json_get(beluga_json_get(object, "details"), "error_code"));
    read_code(fault, beluga_json_get(object, "code"));
    read_message(fault, beluga_json_get(object, "message"));
    /* OpenRouter's: what the host behind it said, where it says no more than that it did. */
    bool bare = fault->message && strcmp(fault->message, "Provider returned error") == 0;
    if (bare) read_message(fault, beluga_json_get(beluga_json_get(object, "metadata"), "raw"));
}

/* FastAPI's {"detail":"…"} or {"detail":[{"loc":[…],"msg":"…"}]}; Mistral wraps it in "message". */
static void read_detail(struct fault *fault, const beluga_json *root)
{
    const beluga_json *detail = beluga_json_get(root, "detail");
    if (!detail) detail = beluga_json_get(beluga_json_get(root, "message"), "detail");
    read_message(fault, detail);
    read_message(fault, beluga_json_get(detail, "error")); /* DeepInfra's */
    read_message(fault, beluga_json_get(beluga_json_at(detail, 0), "msg"));
}

static bool is_set(const beluga_json *value)
{
    return value && !beluga_json_is_null(value) &&
           (!beluga_json_is_string(value) || *beluga_json_string(value, NULL));
}

static struct fault read_fault(const beluga_json *root)
{
    struct fault fault = {0};
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    const beluga_json *error = beluga_json_get(root, "error");
    read_message(&fault, root);
    read_object(&fault, root);
    read_detail(&fault, root);
    if (beluga_json_is_object(error))
        read_object(&fault, error);
    else
        read_message(&fault, error);
    return fault;
}

/* ---- what it means --------------------------------------------------------------------------- */

static int code_of_word(const char *word)
{
    static const struct {
        const char *word;
        int code;
    } words[] = {
        {"insufficient_quota", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"credit_balance_exhausted", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"billing_hard_limit_reached", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"billing_not_active", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"billing_error", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"contract_spend_limit_reached", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"enforced_spend_limit_reached", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"linked_organization_spend_limit_reached", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"exceeded_current_quota_error", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"budget_exceeded", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"Arrearage", BELUGA_ERROR_QUOTA_EXCEEDED},
        {"rate_limit_exceeded", BELUGA_ERROR_RATE_LIMIT},
        {"rate_limit_error", BELUGA_ERROR_RATE_LIMIT},
        {"slow_down", BELUGA_ERROR_RATE_LIMIT},
        {"context_length_exceeded", BELUGA_ERROR_CONTEXT_LENGTH},
        {"exceed_context_size_error", BELUGA_ERROR_CONTEXT_LENGTH},
        {"content_policy_violation", BELUGA_ERROR_CONTENT_FILTER},
        {"content_filter", BELUGA_ERROR_CONTENT_FILTER},
        {"ResponsibleAIPolicyViolation", BELUGA_ERROR_CONTENT_FILTER},
        {"moderation_blocked", BELUGA_ERROR_CONTENT_FILTER},
        {"data_inspection_failed", BELUGA_ERROR_CONTENT_FILTER},
        {"invalid_prompt", BELUGA_ERROR_CONTENT_FILTER},
        {"image_content_policy_violation", BELUGA_ERROR_CONTENT_FILTER},
        {"model_not_found", BELUGA_ERROR_INVALID_MODEL},
        {"invalid_model", BELUGA_ERROR_INVALID_MODEL},
        {"model_decommissioned", BELUGA_ERROR_INVALID_MODEL},
        {"ModelDeprecated", BELUGA_ERROR_INVALID_MODEL},
        {"DeploymentNotFound", BELUGA_ERROR_INVALID_MODEL},
        {"invalid_api_key", BELUGA_ERROR_AUTHENTICATION},
        {"authentication_error", BELUGA_ERROR_AUTHENTICATION},
        {"permission_error", BELUGA_ERROR_AUTHORIZATION},
        {"permission_denied", BELUGA_ERROR_AUTHORIZATION},
        {"overloaded_error", BELUGA_ERROR_OVERLOADED},
        {"server_overloaded", BELUGA_ERROR_OVERLOADED},
        {"server_is_overloaded", BELUGA_ERROR_OVERLOADED},
        {"engine_overloaded_error", BELUGA_ERROR_OVERLOADED},
        {"service_unavailable_error", BELUGA_ERROR_OVERLOADED},
        {"capacity_exceeded", BELUGA_ERROR_OVERLOADED},
        {"no_capacity", BELUGA_ERROR_OVERLOADED},
        {"unavailable_error", BELUGA_ERROR_MODEL_NOT_AVAILABLE},
        {"request_too_large", BELUGA_ERROR_LIMIT_EXCEEDED},
        {"api_error", BELUGA_ERROR_INTERNAL},
        {"server_error", BELUGA_ERROR_INTERNAL},
        {"internal_server_error", BELUGA_ERROR_INTERNAL},
        {"timeout", BELUGA_ERROR_TIMEOUT},
        {"timeout_error", BELUGA_ERROR_TIMEOUT},
        {"vector_store_timeout", BELUGA_ERROR_TIMEOUT},
        {"invalid_base64_image", BELUGA_ERROR_INVALID_REQUEST},
        {"unsupported_image_media_type", BELUGA_ERROR_INVALID_REQUEST},
        {"empty_image_file", BELUGA_ERROR_INVALID_REQUEST},
        {"failed_to_download_image", BELUGA_ERROR_INVALID_REQUEST},
        {"invalid_request_error", BELUGA_ERROR_INVALID_REQUEST},
        {"not_found_error", BELUGA_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0) return words[i].code;
    bool image =
        word && (strncmp(word, "invalid_image", 13) == 0 || strncmp(word, "image_", 6) == 0);
    return image ? BELUGA_ERROR_INVALID_REQUEST : 0; /* of OpenAI's dozen words for a bad one */
}

/* For what has no word of its own: what a message says of a request that was refused. */
static const struct phrase {
    const char *text;
    int code;
} phrases[] = {
    {"context length", BELUGA_ERROR_CONTEXT_LENGTH},
    {"context window", BELUGA_ERROR_CONTEXT_LENGTH},
    {"context size", BELUGA_ERROR_CONTEXT_LENGTH},
    {"context limit", BELUGA_ERROR_CONTEXT_LENGTH},
    {"maximum context", BELUGA_ERROR_CONTEXT_LENGTH},
    {"ContextWindowExceeded", BELUGA_ERROR_CONTEXT_LENGTH},
    {"model token limit", BELUGA_ERROR_CONTEXT_LENGTH},
    {"prompt is too long", BELUGA_ERROR_CONTEXT_LENGTH},
    {"range of input length", BELUGA_ERROR_CONTEXT_LENGTH},
    {"`inputs` tokens", BELUGA_ERROR_CONTEXT_LENGTH},
    {"credit balance is too low", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"API usage limits", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"unpaid invoice", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"insufficient balance", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"any credits yet", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"all available credits", BELUGA_ERROR_QUOTA_EXCEEDED},
    {"content filtering policy", BELUGA_ERROR_CONTENT_FILTER},
    {"organization has been disabled", BELUGA_ERROR_AUTHORIZATION},
    {"incorrect API key", BELUGA_ERROR_AUTHENTICATION},
    {"API key not valid", BELUGA_ERROR_AUTHENTICATION},
    {"not a valid model", BELUGA_ERROR_INVALID_MODEL},
    {"invalid model", BELUGA_ERROR_INVALID_MODEL},
};

static bool says(const char *message, const char *text)
{
    return message && strcasestr(message, text);
}

/* That credit is used up may come as a limit that was passed, or as a thing that is not allowed. */
static int code_of_message(const char *message, int code)
{
    bool refused = code == BELUGA_ERROR_INVALID_REQUEST || code == BELUGA_ERROR_LIMIT_EXCEEDED;
    bool limited = code == BELUGA_ERROR_RATE_LIMIT || code == BELUGA_ERROR_AUTHORIZATION;
    for (size_t i = 0; (refused || limited) && i < sizeof phrases / sizeof *phrases; i++)
        if ((refused || phrases[i].code == BELUGA_ERROR_QUOTA_EXCEEDED) &&
            says(message, phrases[i].text))
            return phrases[i].code;
    bool unknown = refused && says(message, "model") && says(message, "does not exist");
    if (code == BELUGA_ERROR_NOT_FOUND) unknown = says(message, "model");
    return unknown ? BELUGA_ERROR_INVALID_MODEL : code;
}

/* The word says more than the status, but "invalid_request_error" and "server_error" come with
 * nearly every one; and a request that is too large for a limit will be tomorrow. */
static int meaning(const struct fault *fault, int otherwise)
{
    int code = fault->flagged ? BELUGA_ERROR_CONTENT_FILTER : code_of_word(fault->inner);
    if (!code) code = code_of_word(fault->code);
    if (!code) code = code_of_word(fault->type);
    bool passing = otherwise == BELUGA_ERROR_OVERLOADED || otherwise == BELUGA_ERROR_TIMEOUT;
    bool large = otherwise == BELUGA_ERROR_LIMIT_EXCEEDED && code == BELUGA_ERROR_RATE_LIMIT;
    bool vague = code == 0 || code == BELUGA_ERROR_INVALID_REQUEST || large ||
                 code == BELUGA_ERROR_NOT_FOUND || (code == BELUGA_ERROR_INTERNAL && passing);
    return code_of_message(fault->message, vague && otherwise ? otherwise : code);
}

static void describe(const struct fault *fault, beluga_error *err)
{
    const char *word = fault->code ? fault->code : fault->inner ? fault->inner : fault->type;
    char number[24];
    if (!word && fault->status > 0) {
        snprintf(number, sizeof number, "%lld", (long long)fault->status);
        word = number;
    }
    if (word) beluga_error_set_provider_code(err, word, strlen(word));
    if (fault->message) beluga_error_set_cause(err, fault->message, fault->n_message);
}

void beluga__fault_decode_error(const beluga_http_response *response, beluga_error *err)
{
    size_t length;
    const char *body = beluga_http_response_body(response, &length);
    beluga_json_doc *doc;
    if (beluga_json_parse(body, length, &doc, NULL)) return;
    struct fault fault = read_fault(beluga_json_doc_root(doc));
    beluga__error_refine(err, meaning(&fault, err->code));
    describe(&fault, err);
    beluga_json_doc_free(doc);
}

/* ---- inside an answer of status 200 ---------------------------------------------------------- */

/* The members of an error without the object around them, as Cerebras sends it. */
static bool is_bare(const beluga_json *root)
{
    const char *message = beluga_json_get_string(root, "message", NULL);
    const char *type = beluga_json_get_string(root, "type", NULL);
    bool typed = type && strstr(type, "error");
    return message && *message && (typed || is_set(beluga_json_get(root, "code")));
}

bool beluga__fault_is(const beluga_json *root, bool certain)
{
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    if (is_set(beluga_json_get(root, "error"))) return true;
    if (certain) return false;
    const char *object = beluga_json_get_string(root, "object", NULL);
    return (object && strcmp(object, "error") == 0) || is_set(beluga_json_get(root, "detail")) ||
           is_bare(root);
}

int beluga__fault_emit(const beluga_json *root, int otherwise, beluga_emit *emit)
{
    struct fault fault = read_fault(root);
    beluga_error err;
    int code = meaning(&fault, 0);
    bool is_status = fault.status >= 400 && fault.status < 600;
    if (is_status) code = meaning(&fault, beluga_error_from_http((int)fault.status));
    if (!code) code = otherwise;
    beluga_error_set(&err, code, "%s%s", beluga_error_text(code),
                     code == otherwise ? "" : " (so it says inside an answer of status 200)");
    describe(&fault, &err);
    return beluga_emit_error(emit, &err);
}
