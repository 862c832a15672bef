#include "providers/builtin.h"
#include "providers/gemini/gemini.h"
#include "providers/table.h"

/* Set the key or token. Projects of Vertex AI need an OAuth token instead of an API key. */
static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    const char *url = beluga_http_request_url(request);
    bool token = url && beluga__gemini_takes_token(url, credential->key);
    (void)now;
    return beluga__set_key(request, credential, "x-goog-api-key", "gemini.bearer", token, err);
}

const beluga_provider beluga__gemini_provider = {
    BELUGA__OVER_HTTP("gemini", "Gemini generateContent", gemini, BELUGA_FRAMING_SSE),
    BELUGA__ENCODES_AND_LISTS(gemini),
    BELUGA__EMBEDS(gemini),
    BELUGA__COUNTS(gemini),
    .max_inputs = 100,
    .base_url = "https://generativelanguage.googleapis.com",
    .default_model = "gemini-flash-latest",
    .key_variables = BELUGA__TEXTS(
        "GOOGLE_API_KEY",
        "GEMINI_API_KEY"), /* in the order in which Google's clients read these variables */
    .url_variables = BELUGA__TEXTS("GOOGLE_GEMINI_BASE_URL"),
    .capabilities = BELUGA__TALKS_AND_CALLS_TOOLS | BELUGA_CAPABILITY_IMAGES |
                    BELUGA_CAPABILITY_AUDIO | BELUGA_CAPABILITY_FILES | BELUGA_CAPABILITY_SCHEMA |
                    BELUGA_CAPABILITY_MODELS | BELUGA__CAN_EMBED | BELUGA__CAN_COUNT,
    .decode_error = beluga__gemini_decode_error,
    .batch = BELUGA__IF_BATCH_JOBS(&beluga__gemini_batch),
    .authorize = authorize,
    .options = BELUGA__OWN_OPTIONS(BELUGA__OWN_BOOL("gemini.bearer", "the key is an OAuth token")),
    .notes =
        BELUGA__TEXTS("Tool calls without an id get one from the library.",
                      "Can't be told to call one tool at a time; accepts no user.",
                      "A batch job is made from a file that is uploaded first; the API deletes "
                      "files after 48 hours, and the file of results can't be deleted before.",
                      "On Vertex AI some models embed one text in a request: max_inputs sets how "
                      "many are sent.")};
