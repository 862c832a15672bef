/* Makes token requests with OAuth's client credentials. */
#include "base/json.h"
#include "base/limits.h"
#include "base/sized.h"
#include "wire/http.h"

#include <string.h>

static void put_field(beluga_http_request *request, const char *name, const char *value)
{
    beluga_http_request_add_form_field(request, name, value, strlen(value));
}

/* Add the client's id and secret as Basic authorization. Each is encoded as in a form before they
 * are joined (RFC 6749, section 2.3.1). */
static void put_basic(beluga_http_request *request, const beluga_client_credentials *client)
{
    beluga__buf pair, value;
    beluga__buf_init(&pair, request->body.allocator, BELUGA__MAX_KEY_BYTES);
    beluga__buf_init(&value, request->body.allocator, 2 * BELUGA__MAX_KEY_BYTES);
    beluga__put_form_text(&pair, client->id, strlen(client->id));
    beluga__buf_putc(&pair, ':');
    beluga__put_form_text(&pair, client->secret, strlen(client->secret));
    beluga__buf_puts(&value, "Basic ");
    beluga__base64_encode(&value, pair.data, pair.length);
    int status = pair.status ? pair.status : value.status;
    if (status)
        beluga__http_request_fail(request, status, "the client's id or secret is too long");
    else
        beluga_http_request_set_header(request, "Authorization", value.data);
    beluga__buf_free(&value);
    beluga__buf_free(&pair);
}

void beluga_http_request_set_client_credentials(beluga_http_request *request,
                                                const beluga_client_credentials *given)
{
    beluga_client_credentials client;
    bool read = !beluga__sized_read(&client, given, sizeof client, false);
    if (!read || !client.url || !client.id || !client.secret) {
        beluga__http_request_refuse(request, "client credentials lack url, id or secret");
        return;
    }
    beluga_http_request_set_url(request, client.url);
    put_field(request, "grant_type", "client_credentials");
    if (client.in_header) {
        put_basic(request, &client);
    } else {
        put_field(request, "client_id", client.id);
        put_field(request, "client_secret", client.secret);
    }
    if (client.scope) put_field(request, "scope", client.scope);
}
