/* Explains why a transfer failed, and what to do. libcurl's code alone is rarely enough for
 * this. */
#include "base/errno_text.h"
#include "base/hint.h"
#include "base/sockets.h"
#include "transport/http_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- libcurl's codes -------------------------------------------------------------------------- */

static int code_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK: return 0;
    case CURLE_OUT_OF_MEMORY: return BELUGA_ERROR_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT: return BELUGA_ERROR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: return BELUGA_ERROR_INVALID_CONFIG;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return BELUGA_ERROR_INVALID_RESPONSE;
    default: return BELUGA_ERROR_NETWORK;
    }
}

static const char *advice_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return "the host name can't be resolved";
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "the proxy's name can't be resolved: check the option proxy, or the variable "
               "HTTPS_PROXY";
    case CURLE_COULDNT_CONNECT: return "can't connect";
    case CURLE_OPERATION_TIMEDOUT: return "no connection was made in time";
    case CURLE_GOT_NOTHING: return "the server closed the connection without an answer";
    case CURLE_PARTIAL_FILE: return "the server closed the connection in the middle of its answer";
    case CURLE_RECV_ERROR: return "the connection was lost";
    case CURLE_SEND_ERROR: return "the request could not be sent";
    case CURLE_PEER_FAILED_VERIFICATION: return "the server's certificate can't be verified";
    case CURLE_SSL_CONNECT_ERROR: return "the TLS handshake failed";
    case CURLE_SSL_CACERT_BADFILE:
        return "the list of certificate authorities can't be read: check the option ca_file, or "
               "install the package ca-certificates";
    case CURLE_SSL_CERTPROBLEM: return "the client's certificate or key can't be used";
    case CURLE_URL_MALFORMAT: return "base_url is not a URL";
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "the installed libcurl has no TLS: install one that supports https:// addresses";
    case CURLE_PROXY: return "the proxy did not connect to the server";
    default: return curl_easy_strerror(code);
    }
}

/* CURLE_TOO_LARGE as a number, since libcurl may be newer at run time than its headers were at
 * build time. */
enum { CODE_TOO_LARGE = 100 };

/* Returns whether the code may mean that a header line is longer than libcurl's maximum. Before
 * version 8.6 libcurl reports such a line as "out of memory". */
static bool may_be_too_large(CURLcode code)
{
    return (int)code == CODE_TOO_LARGE ||
           (code == CURLE_OUT_OF_MEMORY &&
            curl_version_info(CURLVERSION_NOW)->version_num < 0x080600);
}

/* Set the error code and advice if libcurl's code means something special before the end of the
 * headers. Returns the error code, or 0 if libcurl's code has its usual meaning. */
static int code_of_head(const beluga__transfer *t, CURLcode code, const char **advice)
{
    long sent = 0;
    if (t->easy) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    bool early = sent && !t->head_ended;
    int status = t->refusal;
    if (!status && early && may_be_too_large(code)) status = BELUGA_ERROR_LIMIT_EXCEEDED;
    if (!status && early && code == CURLE_UNSUPPORTED_PROTOCOL)
        status = BELUGA_ERROR_INVALID_RESPONSE;
    if (!status && early && code == CURLE_OK) status = BELUGA_ERROR_NETWORK;
    switch (status) {
    case BELUGA_ERROR_NO_MEMORY: *advice = "no memory for the answer"; break;
    case BELUGA_ERROR_LIMIT_EXCEEDED: *advice = "the answer's headers are too large"; break;
    case BELUGA_ERROR_INVALID_RESPONSE: *advice = "the server's answer is not HTTP"; break;
    default: *advice = "the server closed the connection in the middle of its answer";
    }
    if (status == BELUGA_ERROR_LIMIT_EXCEEDED && code == CURLE_OUT_OF_MEMORY)
        *advice = "the answer's headers are too large, or there is no memory left";
    return status;
}

/* Returns whether no server listens at the address that the transfer tried. */
static bool is_refused(const beluga__transfer *t, CURLcode code)
{
    long error = 0;
    if (code != CURLE_COULDNT_CONNECT || !t->easy) return false;
    curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    return error == ECONNREFUSED || (error == ENOENT && t->connection->unix_socket);
}

/* Returns whether libcurl dropped a complete answer. Older versions drop an answer in one piece if
 * the HTTP/2 stream is reset without an error afterwards (RFC 9113, 8.1). In that case libcurl
 * keeps the connection; it does not if the server closed the connection without an answer. */
static bool was_dropped(const beluga__transfer *t, CURLcode code)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    if (code != CURLE_GOT_NOTHING || !t->easy) return false;
    curl_easy_getinfo(t->easy, CURLINFO_ACTIVESOCKET, &fd);
    return fd != CURL_SOCKET_BAD;
}

/* --- proxies ---------------------------------------------------------------------------------- */

/* Returns the port of a URL, or 0 if it is not known. */
static unsigned port_of(const char *url)
{
    CURLU *parts = curl_url();
    char *text = NULL;
    unsigned port = 0;
    if (parts &&
        !curl_url_set(parts, CURLUPART_URL, url, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) &&
        !curl_url_get(parts, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT))
        port = (unsigned)strtoul(text, NULL, 10);
    curl_free(text);
    curl_url_cleanup(parts);
    return port;
}

/* Returns whether the transfer tried to connect to a proxy. libcurl may take the proxy from an
 * environment variable, or skip it because of another variable, so only the port shows this. */
static bool is_to_proxy(const beluga__transfer *t)
{
    const char *proxy = t->connection->proxy;
    unsigned server = port_of(t->request->url.data);
    if (!t->port || !server || (proxy && !*proxy)) return false;
    return t->port != server || (proxy && port_of(proxy) == server);
}

static const char *advice_of_proxy(CURLcode code, bool refused, bool near)
{
    if (code == CURLE_OPERATION_TIMEDOUT) return "no connection to the proxy was made in time";
    if (!refused) return "can't connect to the proxy";
    return near ? "the proxy refused the connection: check that it is running, and the option "
                  "proxy or the variable HTTPS_PROXY"
                : "the proxy refused the connection: check the option proxy, or the variable "
                  "HTTPS_PROXY";
}

/* Returns the HTTP status with which the proxy refused to open a tunnel; 0 if it opened one or sent
 * no status. */
static long proxy_status(const beluga__transfer *t)
{
    long status = 0;
    if (t->easy) curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status >= 200 && status < 300 ? 0 : status;
}

static int describe_refusal(long proxy_said, beluga_error *err)
{
    if (proxy_said == 407)
        beluga_error_set(err, BELUGA_ERROR_NETWORK, "%s", BELUGA__PROXY_WANTS_CREDENTIALS);
    else
        beluga_error_set(err, BELUGA_ERROR_NETWORK,
                         "the proxy refused to connect to the server (HTTP %ld)", proxy_said);
    /* With a status below 500 the proxy refuses the request; with 500 or more it only failed, so a
     * retry may succeed. */
    if (proxy_said < 500) err->retryable = 0;
    /* no part of the request is sent before the tunnel is open */
    beluga__hint_set_unsent(err, true);
    return BELUGA_ERROR_NETWORK;
}

/* Set the error's cause: libcurl's text and the system's text. libcurl's text is left out if it may
 * contain the name and password of a URL. */
static void set_cause(const beluga__transfer *t, CURLcode code, beluga_error *err)
{
    char cause[sizeof err->cause], words[128];
    const char *said = *t->errors && !strchr(t->errors, '@') ? t->errors : curl_easy_strerror(code);
    long error = 0;
    if (code == CURLE_COULDNT_CONNECT && t->easy)
        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
    if (t->no_socket) error = t->no_socket;
    const char *why = error ? beluga__errno_text((int)error, words, sizeof words) : "";
    int n = snprintf(cause, sizeof cause, "%s%s%s", said, error ? ": " : "", why);
    beluga_error_set_cause(err, cause, (size_t)n < sizeof cause ? (size_t)n : sizeof cause - 1);
}

/* --- the whole error -------------------------------------------------------------------------- */

/* Returns whether the process has no file descriptors left. libcurl reports only that it can't
 * connect or resolve a name, so this tries to open one. */
static bool out_of_descriptors(const beluga__transfer *t, CURLcode code)
{
    if (t->no_socket) return t->no_socket == EMFILE || t->no_socket == ENFILE;
    if (code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST) return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno == EMFILE || errno == ENFILE;
    close(fd);
    return false;
}

/* Returns advice for a connection that could not be made, or NULL if the general advice applies. */
static const char *advice_of_connect(const beluga__transfer *t, CURLcode code)
{
    bool refused = is_refused(t, code), near = t->near && !t->far;
    if (out_of_descriptors(t, code))
        return "can't connect: no file descriptors are left (see ulimit -n)";
    if (t->unwatched) return "the system can't watch more connections (epoll)";
    if ((code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT) && is_to_proxy(t))
        return advice_of_proxy(code, refused, near);
    if (!refused) return NULL;
    return near ? "the server refused the connection (is it running?)"
                : "the server refused the connection";
}

/* Returns whether the code means an invalid URL. Its scheme was checked before, so the server name
 * or the port is invalid. */
static bool is_bad_url(CURLcode code)
{
    return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
}

/* Returns whether libcurl sent no part of the request, since it had no connection yet. */
static bool is_unsent(const beluga__transfer *t, CURLcode code)
{
    long sent = 1;
    if (code == CURLE_OK || t->head_ended || !t->easy) return false;
    return curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent == 0;
}

int beluga__transfer_explain(const beluga__transfer *t, CURLcode code, beluga_error *err)
{
    const char *advice, *connecting;
    /* The handle always has a URL. If newer versions of libcurl have no memory to store the URL,
     * they report "No URL set". */
    if (strstr(t->errors, "No URL set")) code = CURLE_OUT_OF_MEMORY;
    int status = code_of_head(t, code, &advice);
    if (!status) {
        status = code_of(code);
        advice = advice_of(code);
    }
    if (!status) return 0;
    if (t->request->told && status == BELUGA_ERROR_INVALID_CONFIG && is_bad_url(code)) {
        status = BELUGA_ERROR_INVALID_RESPONSE;
        advice = "the service gave a text that is not a URL for the next request";
    }
    long proxy_said = status == BELUGA_ERROR_NETWORK ? proxy_status(t) : 0;
    if (proxy_said) return describe_refusal(proxy_said, err);
    if ((connecting = advice_of_connect(t, code))) advice = connecting;
    if (strstr(t->errors, "nsupported proxy")) {
        status = BELUGA_ERROR_INVALID_CONFIG;
        advice =
            "the proxy's address is not valid: check the option proxy, or the variable HTTPS_PROXY";
    }
    bool dropped = was_dropped(t, code);
    if (dropped)
        advice =
            "the HTTP/2 stream was reset, and libcurl dropped its answer: set http_version to 1.1";
    beluga_error_set(err, status, "%s", advice);
    /* the provider would charge for a retry, too, and libcurl would drop its answer, too */
    if (dropped) err->retryable = 0;
    beluga__hint_set_not_running(err, is_refused(t, code) && t->near && !t->far);
    beluga__hint_set_unsent(err, is_unsent(t, code));
    if (code != CURLE_OK && !t->unwatched) set_cause(t, code, err);
    if (code == CURLE_PEER_FAILED_VERIFICATION) err->retryable = 0;
    return status;
}
