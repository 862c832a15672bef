#include "providers/fault.h"

#include <stdio.h>
#include <string.h>

struct fault {
    const char *message, *code, *type;
    const char *inner; /* Azure's: what is behind the code */
    size_t n_message;
    bool flagged; /* OpenRouter's moderation, which has no word of its own */
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
        {"model_not_found", BELUGA_ERROR_INVALID_MODEL},
        {"DeploymentNotFound", BELUGA_ERROR_INVALID_MODEL},
        {"invalid_api_key", BELUGA_ERROR_AUTHENTICATION},
        {"authentication_error", BELUGA_ERROR_AUTHENTICATION},
        {"permission_error", BELUGA_ERROR_AUTHORIZATION},
        {"permission_denied", BELUGA_ERROR_AUTHORIZATION},
        {"overloaded_error", BELUGA_ERROR_OVERLOADED},
        {"server_overloaded", BELUGA_ERROR_OVERLOADED},
        {"unavailable_error", BELUGA_ERROR_MODEL_NOT_AVAILABLE},
        {"request_too_large", BELUGA_ERROR_LIMIT_EXCEEDED},
        {"api_error", BELUGA_ERROR_INTERNAL},
        {"server_error", BELUGA_ERROR_INTERNAL},
        {"internal_server_error", BELUGA_ERROR_INTERNAL},
        {"timeout", BELUGA_ERROR_TIMEOUT},
        {"timeout_error", BELUGA_ERROR_TIMEOUT},
        {"invalid_request_error", BELUGA_ERROR_INVALID_REQUEST},
        {"not_found_error", BELUGA_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i].word) == 0) return words[i].code;
    return 0;
}

static bool says(const char *message, const char *const *phrases)
{
    for (; message && *phrases; phrases++)
        if (strcasestr(message, *phrases)) return true;
    return false;
}

/* For what has no word of its own. */
static int code_of_message(const char *message, int code)
{
    static const char *const too_long[] = {"context length", "context window",     "context size",
                                           "context limit",  "prompt is too long", NULL};
    static const char *const spent[] = {"credit balance is too low", "API usage limits", NULL};
    static const char *const filtered[] = {"content filtering policy", NULL};
    static const char *const shut_out[] = {"organization has been disabled", NULL};
    static const char *const model[] = {"model", NULL};
    bool refused = code == BELUGA_ERROR_INVALID_REQUEST || code == BELUGA_ERROR_LIMIT_EXCEEDED;
    if (refused && says(message, too_long)) return BELUGA_ERROR_CONTEXT_LENGTH;
    if (refused && says(message, spent)) return BELUGA_ERROR_QUOTA_EXCEEDED;
    if (refused && says(message, filtered)) return BELUGA_ERROR_CONTENT_FILTER;
    if (refused && says(message, shut_out)) return BELUGA_ERROR_AUTHORIZATION;
    if (code == BELUGA_ERROR_NOT_FOUND && says(message, model)) return BELUGA_ERROR_INVALID_MODEL;
    return code;
}

/* The word says more than the status, but "invalid_request_error" and "server_error" come with
 * nearly every one. */
static int meaning(const struct fault *fault, int otherwise)
{
    int code = fault->flagged ? BELUGA_ERROR_CONTENT_FILTER : code_of_word(fault->inner);
    if (!code) code = code_of_word(fault->code);
    if (!code) code = code_of_word(fault->type);
    bool passing = otherwise == BELUGA_ERROR_OVERLOADED || otherwise == BELUGA_ERROR_TIMEOUT;
    bool vague = code == 0 || code == BELUGA_ERROR_INVALID_REQUEST ||
                 code == BELUGA_ERROR_NOT_FOUND || (code == BELUGA_ERROR_INTERNAL && passing);
    return code_of_message(fault->message, vague && otherwise ? otherwise : code);
}

static void describe(const struct fault *fault, beluga_error *err)
{
    const char *word = fault->code ? fault->code : fault->inner ? fault->inner : fault->type;
    char number[24];
    if (!word && fault->status) {
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

bool beluga__fault_is(const beluga_json *root, bool certain)
{
    if (beluga_json_is_array(root)) root = beluga_json_at(root, 0);
    if (is_set(beluga_json_get(root, "error"))) return true;
    if (certain) return false;
    const char *object = beluga_json_get_string(root, "object", NULL);
    return (object && strcmp(object, "error") == 0) || is_set(beluga_json_get(root, "detail"));
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
