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

enum { BELUGA__SPARE_HANDLES = 64, BELUGA__SOCKET_BUCKETS = 32 };

struct beluga__http {
    beluga__network_loop *loop;
    CURLM *multi;
    bool in_curl;
    bool due;   /* libcurl asked to be called at once */
    bool fresh; /* a transfer was added since the last step */
    bool lost;  /* libcurl had no memory: it may have lost any transfer's socket or timer */
    beluga__timer timer;
    beluga__list transfers; /* in the multi handle */
    beluga__list to_start;  /* asked for inside a callback */
    beluga__list to_end;    /* cancelled inside a callback */
    beluga__list to_fail;   /* their socket can't be watched */
    beluga__list to_resume; /* no longer paused, or held until the next step */
    /* Of http_sockets.c; the first are found by their descriptors. */
    beluga__list sockets[BELUGA__SOCKET_BUCKETS];
    beluga__list spare_sockets, dead_sockets;
    size_t n_draining;
    CURL *spare[BELUGA__SPARE_HANDLES];
    uint64_t spare_setup[BELUGA__SPARE_HANDLES]; /* what each was set up for */
    size_t n_spare;
};

struct beluga__transfer {
    beluga__list node;
    beluga__http *http;
    CURL *easy;
    /* what the handle is set up for: a connection's id, and as last bit if it streams */
    uint64_t setup;
    const beluga__transfer_handler *handler; /* NULL: nobody listens any more */
    void *owner;
    beluga_http_response *response;
    size_t size; /* with the headers' lines behind it */
    struct curl_slist *headers;
    const char *url;
    beluga__buf body; /* taken from the request */
    bool has_body;
    int64_t connect_timeout_ms;
    int64_t start_ns; /* of the loop's active clock */
    uint32_t stops;   /* of the loop, when it was added last */
    const beluga__connection *connection;
    bool streamed;
    bool added; /* in the multi handle */
    bool head_told;
    bool paused;
    bool draining;
    bool far;        /* it tried to reach another machine */
    bool near;       /* it tried to reach this machine */
    unsigned port;   /* that it tried to reach last; 0: none */
    bool head_ended; /* the empty line after the headers came */
    bool unwatched;  /* the system can't watch its socket */
    int no_socket;   /* errno, where no socket could be made */
    int tried[2];    /* the sockets that it opened last, to two kinds of addresses; -1: none */
    int refusal;     /* why we, and not libcurl, ended it */
    size_t drained;
    beluga__timer drain;
    char errors[CURL_ERROR_SIZE];
};

/* Take a transfer from the list that it is on, and put it at the end of another. */
static inline void beluga__transfer_move(beluga__transfer *t, beluga__list *to)
{
    beluga__list_remove(&t->node);
    beluga__list_append(to, &t->node);
}

/* --- http_setup.c --- */

/* Let libcurl begin, once in a process. Returns false without memory: then call it again. */
bool beluga__curl_begin(void);
/* Make a transfer, all zeros, with a request's headers behind it. NULL without memory. */
beluga__transfer *beluga__transfer_alloc(beluga__http *http, const beluga__header *headers);
/* Give it an easy handle, one that is spare where there is one. Returns 0 or NO_MEMORY. */
int beluga__transfer_take_handle(beluga__transfer *t);
/* Keep its handle for another transfer. */
void beluga__transfer_keep_handle(beluga__transfer *t);
/* Tell its handle all that it has to know. Returns false without memory; the handle is then set up
 * afresh when it is used next. */
bool beluga__transfer_set_up(beluga__transfer *t);

/* --- http_receive.c: callbacks of libcurl --- */

size_t beluga__transfer_on_header(char *line, size_t size, size_t n, void *transfer);
size_t beluga__transfer_on_body(char *bytes, size_t size, size_t n, void *transfer);
/* Tell the handler that the head is complete, unless it knows. */
void beluga__transfer_tell_head(beluga__transfer *t);

/* --- http_sockets.c --- */

/* Callbacks of libcurl. */
curl_socket_t beluga__socket_open(void *transfer, curlsocktype purpose,
                                  struct curl_sockaddr *address);
int beluga__socket_close(void *http, curl_socket_t fd);
int beluga__socket_changed(CURL *easy, curl_socket_t fd, int what, void *http, void *socket);

void beluga__sockets_init(beluga__http *http);
void beluga__sockets_free(beluga__http *http);
/* No event can point at the sockets any more that were dropped: use them again. */
void beluga__sockets_reuse_dropped(beluga__http *http);
/* Forget the sockets of a transfer that is not connected, since libcurl closes them without a
 * callback. */
void beluga__sockets_drop_unconnected(beluga__transfer *t);
/* Let libcurl look at a socket, or at its timers (CURL_SOCKET_TIMEOUT). */
void beluga__http_act(beluga__http *http, curl_socket_t fd, int mask);
/* Fail a transfer in the next step, since libcurl may be at work with it now. */
void beluga__transfer_fail_later(beluga__transfer *t, int refusal);

/* --- http_failure.c --- */

/* Say why a transfer failed: the code, with what to do about it, and libcurl's and the system's
 * words as the cause. Returns the code, or 0 where it did not fail. */
int beluga__transfer_explain(const beluga__transfer *t, CURLcode code, beluga_error *err);

#endif
