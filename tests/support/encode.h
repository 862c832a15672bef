/* A provider's encoder without a network: a call written as text in, the request as text out. */
#ifndef TESTS_ENCODE_H
#define TESTS_ENCODE_H

#include "base/buf.h"

#include <beluga/provider/provider.h>

/*
 * The text has a line an item:
 *
 *   stream | models [PAGE] | count [PAGE]       how it is called; else unstreamed
 *   embed TEXT                 the call embeds this text; again for more
 *   key VARIABLE KEY           what it is authorized with; VARIABLE may be "-"
 *   base_url URL
 *   option NAME=VALUE          as beluga_option_parse reads it; JSON needs no quotes
 *   bool NAME=VALUE            a provider's own option of that type
 *   tool NAME [strict] DESCRIPTION {SCHEMA}
 *   system|human|ai TEXT       a message; TEXT may be missing
 *   result ID TEXT             a tool's message
 *   + text TEXT                a part more of the last message
 *   + image|audio|file URL
 *   + bytes image|audio|file TYPE NAME BYTES    ("-": none)
 *   + reasoning TEXT           signed by "sig"
 *   + signed SIGNATURE TEXT    reasoning that is signed by that
 *   + thought TEXT             reasoning that is not signed
 *   + signature TEXT           reasoning that is nothing but signed
 *   + state PROVIDER JSON      a part that is nothing but that provider's state
 *   + kept PROVIDER JSON       that provider's state of the part before
 *   + call ID NAME ARGUMENTS
 *   + cache SECONDS            marks the last part for the cache
 *   + failed                   marks a tool's message
 *   # comment
 *
 * Out come "METHOD URL", the headers, the warnings, a blank line and the body; or the error.
 */
void encode_call(const beluga_provider *provider, const char *text, beluga__buf *out);

/* The same in steps, so that the middle one, which returns the encoder's code, can be tortured. */
typedef struct encode_script encode_script;
encode_script *encode_read(const char *text);
int encode_run(const beluga_provider *provider, const encode_script *script, beluga__buf *out);
void encode_free(encode_script *script);

/* Take the space out of the body after the first blank line, so that files may be laid out to be
 * read. */
void encode_compact(const char *request, beluga__buf *out);

#endif
