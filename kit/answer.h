/* The section "answer" of a case: the bytes that a service sends back, and how the peer sends
 * them. */
#ifndef BELUGA_KIT_ANSWER_H
#define BELUGA_KIT_ANSWER_H

#include "kit/text.h"
#include "peer/peer.h"

#include <beluga/provider/http.h>

enum { CHECK_MAX_FRAMES = 1024 };

/* A provider's own function that finds the next frame. */
typedef int check_cutter(const char *bytes, size_t length, bool ended, beluga_cut *out);

typedef struct check_answer {
    int status;
    check_text headers; /* complete lines, each with its "\r\n" */
    check_text body;    /* the bytes that are sent */
    /* the content type is that of a stream, so each frame is sent in an HTTP chunk of its own */
    bool streamed;
    uint32_t framing;              /* a beluga_framing; used only for a stream */
    check_cutter *cut;             /* used only with BELUGA_FRAMING_OWN */
    size_t ends[CHECK_MAX_FRAMES]; /* ends of the frames; the last one is the body's length */
    size_t n_frames;
} check_answer;

/* Read an answer as `curl -i` writes it: a status line, headers, a blank line, the body. Lines end
 * with a line feed, or with a carriage return before it. The version of HTTP does not matter. If
 * the text has several heads, the last one is used. Headers that frame the body are left out, since
 * the peer writes its own. AWS frames are raw bytes, or the text that aws_frames reads.
 * @param line Receives the number of the line where the fault is, from 1; may be NULL.
 * @return NULL, or a description of the fault. Free with check_answer_free in either case. */
const char *check_answer_parse(check_answer *answer, const char *text, size_t length, size_t *line);
void check_answer_free(check_answer *answer);
/* Turn an answer whose content type is not that of a stream into a stream. This is for providers
 * with a framing of their own (BELUGA_FRAMING_RAW and OWN). A body without frames is cut into
 * pieces whose sizes do not depend on its content.
 * @return false if it has too many frames. */
bool check_answer_make_stream(check_answer *answer, uint32_t framing, check_cutter *cut);

/* The ways in which an answer can end. */
typedef enum check_end {
    CHECK_END_WHOLE,  /* the complete answer */
    CHECK_END_POLITE, /* a cut answer whose framing says that it is complete */
    CHECK_END_CLOSED, /* the connection is closed before the framing ends */
    CHECK_END_HANGS   /* no more bytes come, and the connection stays open */
} check_end;

/* Append a reply that sends the first `length` bytes of the body, split into the answer's
 * frames. */
void check_answer_play(const check_answer *answer, peer_reply *reply, size_t length, check_end end);

/* Append a reply that sends the whole answer. A stream is sent with one byte in each HTTP chunk, so
 * that the provider receives it byte by byte. */
void check_answer_play_bytes(const check_answer *answer, peer_reply *reply);

/* Make a copy of an answer with `bytes` before each of its frames. */
bool check_answer_interleave(check_answer *out, const check_answer *from, const char *bytes,
                             size_t n);

#endif
