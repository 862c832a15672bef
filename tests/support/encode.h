/* Runs a provider's encoder without a network: it reads a call from a text, and writes the request
 * as text. */
#ifndef TESTS_ENCODE_H
#define TESTS_ENCODE_H

#include "base/buf.h"

#include <beluga/provider/provider.h>

/*
 * The text has one item on each line:
 *
 *   stream | models [PAGE] | count [PAGE]       the kind of call; else one without a stream
 *   embed TEXT                 the call embeds this text; repeat for more texts
 *   key VARIABLE KEY           the key for the call; VARIABLE may be "-"
 *   base_url URL
 *   option NAME=VALUE          as beluga_option_parse reads it; JSON needs no quotes
 *   bool NAME=VALUE            a provider's own option of that type
 *   tool NAME [strict] DESCRIPTION {SCHEMA}
 *   system|human|ai TEXT       a message; TEXT may be missing
 *   result ID TEXT             a tool's message
 *   + text TEXT                another part of the last message
 *   + image|audio|file URL
 *   + bytes image|audio|file TYPE NAME BYTES    ("-": none)
 *   + reasoning TEXT           signed by "sig"
 *   + signed SIGNATURE TEXT    reasoning that is signed by SIGNATURE
 *   + thought TEXT             reasoning that is not signed
 *   + signature TEXT           reasoning that has only a signature
 *   + state PROVIDER JSON      a part that has only this state of the provider
 *   + kept PROVIDER JSON       adds this state of the provider to the last part
 *   + call ID NAME ARGUMENTS
 *   + cache SECONDS            marks the last part for the cache
 *   + failed                   marks a tool's message
 *   # comment
 *
 * The output is "METHOD URL", the headers, the warnings, a blank line and the body; or the error.
 */
void encode_call(const beluga_provider *provider, const char *text, beluga__buf *out);

/* The steps of encode_call. encode_run returns the code of the provider's encoder, and can run
 * while allocations fail (torture.h). */
typedef struct encode_script encode_script;
encode_script *encode_read(const char *text);
int encode_run(const beluga_provider *provider, const encode_script *script, beluga__buf *out);
void encode_free(encode_script *script);

/* Remove white space from the body after the first blank line, so that files may be formatted for
 * reading. */
void encode_compact(const char *request, beluga__buf *out);

#endif
