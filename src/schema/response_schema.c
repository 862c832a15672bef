#include "schema/json_schema.h"

#include <beluga/allocator.h>
#include <beluga/provider/json.h>
#include <beluga/response.h>

static int read_schema(const char *text, size_t length, beluga_json_doc **doc, beluga_error *err)
{
    beluga_error why = {.message = ""};
    int status = beluga_json_parse(text, length, doc, &why);
    if (status != BELUGA_ERROR_MALFORMED_RESPONSE) {
        if (status) beluga_error_set(err, status, "the schema: %s", why.message);
        return status;
    }
    return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the schema is not JSON: %s",
                            why.message);
}

static int check(const beluga_json *schema, const beluga_json *value, beluga_error *err)
{
    beluga__buf why;
    beluga__buf_init(&why, beluga_allocator_default(), sizeof err->message);
    int status = beluga__json_schema_check(schema, value, &why, NULL);
    if (status == BELUGA_ERROR_INVALID_INPUT) status = BELUGA_ERROR_INVALID_RESPONSE;
    if (status)
        beluga_error_set(err, status, "%s", why.length ? why.data : beluga_error_text(status));
    beluga__buf_free(&why);
    return status;
}

int beluga_response_check_schema(const beluga_response *response, const char *schema, size_t length,
                                 beluga_error *err)
{
    beluga_json_doc *wanted = NULL, *answer = NULL;
    size_t n;
    if (!response || !schema)
        return beluga_error_set(err, BELUGA_ERROR_INVALID_INPUT, "the response or schema is NULL");
    const char *text = beluga_response_text(response, &n);
    int status = read_schema(schema, length, &wanted, err);
    if (!status) status = beluga_json_parse(text, n, &answer, err);
    if (!status) status = check(beluga_json_doc_root(wanted), beluga_json_doc_root(answer), err);
    beluga_json_doc_free(answer);
    beluga_json_doc_free(wanted);
    return status;
}
