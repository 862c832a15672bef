/* Runs a provider's decoders without a network: it takes bytes, and writes the events as lines of
 * text. */
#ifndef TESTS_DECODE_H
#define TESTS_DECODE_H

#include "base/buf.h"

#include <beluga/provider/provider.h>

/* Decode a streamed body that arrives in pieces: `ends` are the offsets at which the pieces end,
 * and the last of them is the length. The output also has the events that the adapter adds at the
 * end. Appends to `out`. */
void decode_stream(const beluga_provider *provider, const char *bytes, const size_t *ends,
                   size_t n_ends, beluga__buf *out);
/* Decode the whole answer to a call of this kind. A call for embeddings has DECODE_INPUTS
 * inputs. */
enum { DECODE_INPUTS = 3 };
void decode_body(const beluga_provider *provider, const char *bytes, size_t length,
                 beluga_kind_of_call kind, beluga__buf *out);
/* Decode an error: a status line, headers, a blank line, a body. */
void decode_error(const beluga_provider *provider, const char *text, size_t length,
                  beluga__buf *out);

/* Write an event as a line of text. */
void decode_print(beluga__buf *out, const beluga_event *event);

#endif
