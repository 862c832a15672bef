/* A loop's side of libcurl, and a transfer of it, as these files share them:
 *
 *   http.c          starts transfers, ends them, and lets libcurl act in each step
 *   http_setup.c    tells libcurl what it has to know of a connection and a request
 *   http_receive.c  takes what comes from it: headers and bytes
 *   http_sockets.c  watches its sockets
 *   http_failure.c  says why a transfer failed
 *
 * Each uses only those below it. No other file includes curl. */
#ifndef BELUGA__HTTP_TRANSFER_H
#define BELUGA__HTTP_TRANSFER_H

#include "transport/loop.h"

#include <curl/curl.h>

enum { BELUGA__SOCKET_BUCKETS = 32 };

struct beluga__http {
    beluga__network_loop *loop;
    CURLM *multi;
    bool in_curl;
    bool due;   /* libcurl asked to be called at once */
    bool fresh; /* a transfer was added since the last step */
    bool lost;  /* libcurl had no memory: it may have lost any transfer's socket or timer */
    beluga__timer timer;
    beluga__list transfers; /* transfers in the multi handle */
    beluga__list to_start;  /* transfers that a callback started */
    beluga__list to_end;    /* transfers that a callback cancelled */
    beluga__list to_fail;   /* transfers whose socket can't be watched */
    beluga__list to_resume; /* transfers that were resumed, or held until the next step */
    /* Used by http_sockets.c; `sockets` finds a socket by its descriptor. */
    beluga__list sockets[BELUGA__SOCKET_BUCKETS];
    beluga__list spare_sockets;
    size_t n_draining;
    beluga__list spare; /* transfers that are over, whose handles wait for the next ones */
    size_t n_spare;
};

struct beluga__transfer {
    /* These stay as long as the handle, from one request to the next. */
    beluga__http *http;
    CURL *easy;
    uint64_t setup; /* of the handle: its connection's id, and bits that http_setup.c knows */
    CURLU *url;     /* parts of the URL that the handle has; NULL: it has the text alone */
    void *lines;    /* the list of headers, of struct curl_slist, and their text */
    beluga__list node;
    uint32_t lines_size;
    bool answers_long; /* the last answer was too long for a small buffer */
    /* What follows belongs to one request, and begins as zeros. */
    int32_t connect_timeout_ms;
    uint32_t stops; /* the loop's number of stops when the transfer was added last */
    /* The handler is NULL when the call has ended: its events go nowhere. */
    const beluga__transfer_handler *handler;
    void *owner;
    beluga_http_response *response;
    const beluga_http_request *request; /* as long as there is a handler */
    beluga__buf body;                   /* taken from the request */
    int64_t start_ns;                   /* time of the loop's active clock */
    const beluga__connection *connection;
    int no_socket; /* errno, where no socket could be made */
    int tried[2];  /* the last two sockets that it opened, for two kinds of addresses; -1: none */
    int refusal;   /* code with which this library ended the transfer; 0: libcurl ended it */
    uint32_t drained;
    uint16_t port;    /* port that it tried last; 0: none */
    bool renamed : 1; /* the handle has been told another method than those that libcurl knows */
    bool streamed : 1;
    bool once : 1;
    bool added : 1; /* the transfer is in the multi handle */
    bool head_told : 1;
    bool paused : 1;
    bool draining : 1;
    bool far : 1;        /* it tried to reach another machine */
    bool near : 1;       /* it tried to reach this machine */
    bool head_ended : 1; /* the empty line after the headers came */
    bool unwatched : 1;  /* the system can't watch its socket */
    beluga__timer drain;
    char errors[CURL_ERROR_SIZE];
};

/* Move a transfer from its list to the end of another. */
static inline void beluga__transfer_move(beluga__transfer *t, beluga__list *to)
{
    beluga__list_remove(&t->node);
    beluga__list_append(to, &t->node);
}

/* Let the transfer go on in the next step. One that fails in this step stays in that list. */
static inline void beluga__transfer_resume_later(beluga__transfer *t)
{
    if (!t->refusal) beluga__transfer_move(t, &t->http->to_resume);
}

/* --- http_setup.c --- */

/* Start libcurl, once in a process. Returns false without memory; the next call then tries
 * again. */
bool beluga__curl_begin(void);
/* Returns a transfer with a handle, whose last one may have been for another request; NULL without
 * memory. */
beluga__transfer *beluga__transfer_take(beluga__http *http);
/* Keep a transfer that is over, and its handle, for another request. */
void beluga__transfer_keep(beluga__transfer *t);
void beluga__transfers_free_spare(beluga__http *http);
/* Write the request's headers, and those that the transport sets. Returns false without memory. */
bool beluga__transfer_write_headers(beluga__transfer *t, const beluga_http_request *request);
/* Set all options of the transfer's handle. Returns false without memory; the handle is then set
 * up again at its next use. */
bool beluga__transfer_set_up(beluga__transfer *t);

/* --- http_receive.c: callbacks of libcurl --- */

size_t beluga__transfer_on_header(char *line, size_t size, size_t n, void *transfer);
size_t beluga__transfer_on_body(char *bytes, size_t size, size_t n, void *transfer);
/* Tell the handler that the head is complete, unless it was told before. */
void beluga__transfer_tell_head(beluga__transfer *t);

/* --- http_sockets.c --- */

/* Callbacks of libcurl. */
curl_socket_t beluga__socket_open(void *transfer, curlsocktype purpose,
                                  struct curl_sockaddr *address);
int beluga__socket_close(void *http, curl_socket_t fd);
int beluga__socket_changed(CURL *easy, curl_socket_t fd, int what, void *http, void *socket);

void beluga__sockets_init(beluga__http *http);
void beluga__sockets_free(beluga__http *http);
/* Drop the sockets of a transfer that is not connected, since libcurl closes them without a
 * callback. */
void beluga__sockets_drop_unconnected(beluga__transfer *t);
/* Let libcurl handle a socket, or its timers (CURL_SOCKET_TIMEOUT). */
void beluga__http_act(beluga__http *http, curl_socket_t fd, int mask);
/* Fail a transfer in the next step, since libcurl may be using it now. */
void beluga__transfer_fail_later(beluga__transfer *t, int refusal);

/* --- http_failure.c --- */

/* Explain why a transfer failed: a code, with advice, and the texts of libcurl and the system as
 * the cause. Returns the code, or 0 where the transfer succeeded. */
int beluga__transfer_explain(const beluga__transfer *t, CURLcode code, beluga_error *err);

#endif
