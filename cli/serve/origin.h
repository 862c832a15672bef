/*
 * A server without keys answers whoever reaches it, and only this machine's programs do. One of
 * them is the browser, which runs pages of others: such a page could send a form or a fetch to
 * http://127.0.0.1:4000, or have its own name point to 127.0.0.1 (DNS rebinding) and so be of the
 * server's own origin. A browser tells both: in `Origin`, which goes with each request but a GET
 * or HEAD, and in `Host`.
 */
#ifndef BELUGA_CLI_SERVE_ORIGIN_H
#define BELUGA_CLI_SERVE_ORIGIN_H

#include "serve/settings.h"

/*
 * Whether a request must be refused (403) because a page of another site sent it. Ask it for every
 * request, whatever its method and path, before anything else is done. With keys configured nothing
 * is refused, for no browser knows a key by itself.
 *
 * @param peer          http_peer: over a UNIX socket the Host is not looked at, as no browser can
 * open one.
 * @param host, origin  the headers; NULL: not sent.
 * @return NULL: answer it; else why not and what to do, for its sender: static.
 */
const char *origin_refusal(const serve_settings *settings, const char *peer, const char *host,
                           const char *origin);
/* Whether pages of an origin may ask, and read the answers: `cors` of the settings names it. */
bool origin_is_allowed(const serve_settings *settings, const char *origin);
/* Whether an address ("127.0.0.1:4000", "localhost", "[::1]:4000") is one that this machine alone
 * reaches. */
bool origin_is_local(const char *authority);

#endif
