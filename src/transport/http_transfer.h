/* A loop's libcurl handle and its transfers, shared by these files:
 *
 *   http.c           starts and ends transfers, and runs libcurl in each step
 *   http_setup.c     sets libcurl's options for a connection and a request
 *   http_receive.c   receives headers and bytes from libcurl
 *   http_sockets.c   watches libcurl's sockets
 *   http_failure.c   explains why a transfer failed
 *
 * Each file uses only the files below its own line. No other file includes libcurl's headers. */
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
    bool lost;  /* libcurl ran out of memory, so it may have lost any transfer's socket or timer */
    beluga__timer timer;
    beluga__list transfers; /* transfers in the multi handle */
    beluga__list to_start;  /* transfers that a callback started */
    beluga__list to_end;    /* transfers that a callback cancelled */
    beluga__list to_fail;   /* transfers that fail in the next step */
    beluga__list to_resume; /* transfers that were resumed, or held back until the next step */
    /* For http_sockets.c: a hash table of sockets, with the descriptor as key, and a list of unused
     * structs. */
    beluga__list sockets[BELUGA__SOCKET_BUCKETS];
    beluga__list spare_sockets;
    size_t n_draining;
    beluga__list spare; /* ended transfers, whose handles are reused */
    size_t n_spare;
};

struct beluga__transfer {
    /* These fields keep their values from one request to the next, with the handle. */
    beluga__http *http;
    CURL *easy;
    /* the options that the handle has: its connection's id, and bits that http_setup.c defines */
    uint64_t setup;
    CURLU *url;  /* the parsed URL that the handle has; NULL: the handle has only the text */
    void *lines; /* the list of headers (struct curl_slist) and their text */
    beluga__list node;
    uint32_t lines_size;
    bool answers_long; /* the last answer was longer than the small receive buffer */
    /* The fields from here on belong to one request, and are zeroed before each request. */
    int32_t connect_timeout_ms;
    uint32_t stops; /* the loop's `stops` when the transfer was last added to libcurl */
    /* NULL after the call has ended: then no callback is called. */
    const beluga__transfer_handler *handler;
    void *owner;
    beluga_http_response *response;
    const beluga_http_request *request; /* valid while `handler` is not NULL */
    beluga__buf body;                   /* moved here from the request */
    int64_t start_ns;                   /* start time, from the clock of beluga__loop_active_ns */
    const beluga__connection *connection;
    int no_socket; /* errno if no socket could be opened */
    int tried[2];  /* the last two sockets that the transfer opened (IPv4 and IPv6); -1: none */
    int refusal;   /* code with which this library ended the transfer; 0: libcurl ended it */
    uint32_t drained;
    uint16_t port;    /* port to which the transfer connected last; 0: none */
    bool renamed : 1; /* CURLOPT_CUSTOMREQUEST is set, for a method that libcurl does not know */
    bool streamed : 1;
    bool once : 1;
    bool added : 1; /* the transfer is in the multi handle */
    bool head_told : 1;
    bool paused : 1;
    bool draining : 1;
    bool far : 1;        /* the transfer tried to connect to another machine */
    bool near : 1;       /* the transfer tried to connect to this machine */
    bool head_ended : 1; /* the empty line that ends the headers came */
    bool unwatched : 1;  /* the poller can't watch the transfer's socket */
    beluga__timer drain;
    char errors[CURL_ERROR_SIZE];
};

/* Move a transfer from its list to the end of another. */
static inline void beluga__transfer_move(beluga__transfer *t, beluga__list *to)
{
    beluga__list_remove(&t->node);
    beluga__list_append(to, &t->node);
}

/* Resume the transfer in the next step, unless it is in the list of transfers that fail. */
static inline void beluga__transfer_resume_later(beluga__transfer *t)
{
    if (!t->refusal) beluga__transfer_move(t, &t->http->to_resume);
}

/* --- http_setup.c --- */

/* Start libcurl, once in a process. Returns false if memory runs out; the next call then tries
 * again. */
bool beluga__curl_begin(void);
/* Returns a transfer with a handle, which may be that of an earlier request; NULL without
 * memory. */
beluga__transfer *beluga__transfer_take(beluga__http *http);
/* Keep an ended transfer and its handle for another request. */
void beluga__transfer_keep(beluga__transfer *t);
void beluga__transfers_free_spare(beluga__http *http);
/* Write the request's headers and those of the transport. Returns false if memory runs out. */
bool beluga__transfer_write_headers(beluga__transfer *t, const beluga_http_request *request);
/* Set all options of the transfer's handle. Returns false if memory runs out; the next use of the
 * handle then sets all options again. */
bool beluga__transfer_set_up(beluga__transfer *t);

/* --- http_receive.c: callbacks of libcurl --- */

size_t beluga__transfer_on_header(char *line, size_t size, size_t n, void *transfer);
size_t beluga__transfer_on_body(char *bytes, size_t size, size_t n, void *transfer);
/* Call the handler's `head`, unless it was called before. */
void beluga__transfer_tell_head(beluga__transfer *t);

/* --- http_sockets.c --- */

/* Callbacks of libcurl. */
curl_socket_t beluga__socket_open(void *transfer, curlsocktype purpose,
                                  struct curl_sockaddr *address);
int beluga__socket_close(void *http, curl_socket_t fd);
int beluga__socket_changed(CURL *easy, curl_socket_t fd, int what, void *http, void *socket);

void beluga__sockets_init(beluga__http *http);
void beluga__sockets_free(beluga__http *http);
/* Stop watching the sockets of a transfer that is not connected yet, since libcurl closes such
 * sockets without a callback. */
void beluga__sockets_drop_unconnected(beluga__transfer *t);
/* Let libcurl handle a socket, or its timers (CURL_SOCKET_TIMEOUT). */
void beluga__http_act(beluga__http *http, curl_socket_t fd, int mask);
/* Fail a transfer, but only in the next step, since libcurl may be using it now. */
void beluga__transfer_fail_later(beluga__transfer *t, int refusal);

/* --- http_failure.c --- */

/* Explain why a transfer failed: a code, advice, and the texts of libcurl and the system as the
 * cause. Returns the code, or 0 if the transfer succeeded. */
int beluga__transfer_explain(const beluga__transfer *t, CURLcode code, beluga_error *err);

#endif
