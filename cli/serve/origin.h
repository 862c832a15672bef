/*
 * Protects a server without keys from web pages. Such a server answers all programs on this
 * machine. One of them is the browser, which runs pages of other sites. Such a page could send a
 * form or a fetch to http://127.0.0.1:4000, or make its own host name point to 127.0.0.1 (DNS
 * rebinding), so that it has the origin of the server. The server recognises both by the headers
 * that browsers send: `Origin`, with each request except GET and HEAD, and `Host`.
 */
#ifndef BELUGA_CLI_SERVE_ORIGIN_H
#define BELUGA_CLI_SERVE_ORIGIN_H

#include "serve/settings.h"

/*
 * Decide whether a request must be refused (403) because a page of another site sent it. Call this
 * for every request, with any method and path, before doing anything else. If keys are configured,
 * nothing is refused, because a browser does not send a key by itself.
 *
 * @param peer          http_peer; over a unix socket the Host is not checked, since a browser can't
 *                      open a unix socket.
 * @param host, origin  The headers; NULL: not sent.
 * @return NULL: answer the request; otherwise a static text for the sender, with the reason and
 * advice.
 */
const char *origin_refusal(const serve_settings *settings, const char *peer, const char *host,
                           const char *origin);
/* Return whether pages of this origin may send requests and read the answers, because the setting
 * `cors` names the origin. */
bool origin_is_allowed(const serve_settings *settings, const char *origin);
/* Return whether only this machine can reach an address ("127.0.0.1:4000", "localhost",
 * "[::1]:4000"). */
bool origin_is_local(const char *authority);

#endif
