/* The section answer of a case: what a provider sends back, and how the peer is told to send it. */
#ifndef BELUGA_KIT_ANSWER_H
#define BELUGA_KIT_ANSWER_H

#include "kit/text.h"
#include "peer/peer.h"

#include <beluga/provider/http.h>

enum { CHECK_MAX_FRAMES = 1024 };

typedef struct check_answer {
    int status;
    check_text headers; /* whole lines, each with its "\r\n" */
    check_text body;    /* as it goes over the wire */
    bool streamed;      /* its type is that of a stream: it goes in chunks, a frame each */
    uint32_t framing;   /* beluga_framing, when it is streamed */
    size_t ends[CHECK_MAX_FRAMES]; /* where its frames end, the last being the body's length */
    size_t n_frames;
} check_answer;

/* Read the text of the section. AWS frames are written in it as aws_frames reads them.
 * @return NULL, or what is wrong with it. Free with check_answer_free in either case. */
const char *check_answer_parse(check_answer *answer, const char *text);
void check_answer_free(check_answer *answer);

/* The ends that an answer can have. */
typedef enum check_end {
    CHECK_END_WHOLE,  /* as it should */
    CHECK_END_POLITE, /* its framing says that it is complete: the end of a cut one is as good */
    CHECK_END_CLOSED, /* the connection is closed before the framing says so */
    CHECK_END_HANGS   /* nothing more comes */
} check_end;

/* Append a reply that sends the first `length` bytes of the body, cut into the answer's frames. */
void check_answer_play(const check_answer *answer, peer_reply *reply, size_t length, check_end end);

/* Make an answer of another with `bytes` put before each of its frames. */
bool check_answer_interleave(check_answer *out, const check_answer *from, const char *bytes,
                             size_t n);

#endif
