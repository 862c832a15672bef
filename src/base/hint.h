/* Facts about an error that the library's layers pass to each other, in bytes that the error struct
 * reserves for later versions. */
#ifndef BELUGA__HINT_H
#define BELUGA__HINT_H

#include <beluga/error.h>

#include <stdbool.h>

/* The server is on this machine and does not run: its port refuses connections. That seldom changes
 * within seconds. */
static inline void beluga__hint_set_not_running(beluga_error *err, bool set)
{
    err->reserved[0] = set;
}

static inline bool beluga__hint_is_not_running(const beluga_error *err)
{
    return err->reserved[0];
}

/* No byte of the request left this machine, since the server's name was not found or no connection
 * was made. So the server can't have acted on the request. False if this is not known. */
static inline void beluga__hint_set_unsent(beluga_error *err, bool set)
{
    err->reserved[2] = set;
}

static inline bool beluga__hint_is_unsent(const beluga_error *err)
{
    return err->reserved[2];
}

/* A batch job was not created: nothing was sent, or only an upload, or the service refused it.
 * False if this is not known. */
static inline void beluga__hint_set_uncreated(beluga_error *err, bool set)
{
    err->reserved[3] = set;
}

static inline bool beluga__hint_is_uncreated(const beluga_error *err)
{
    return err->reserved[3];
}

/* The rules that a provider must keep when it emits. The message of an error explains the broken
 * rule to people; code, such as the conformance kit, reads the rule here. */
typedef enum beluga__rule {
    BELUGA__RULE_NONE,
    BELUGA__RULE_ENDS,      /* an answer ends with FINISH or an error */
    BELUGA__RULE_ONE_END,   /* no event follows the end */
    BELUGA__RULE_UTF8,      /* all text is UTF-8 */
    BELUGA__RULE_OWN_TURN,  /* the provider emits only in its turn, on the turn's thread */
    BELUGA__RULE_ERROR_CODE /* an error has a code that the library defines */
} beluga__rule;

static inline void beluga__hint_set_rule(beluga_error *err, beluga__rule rule)
{
    err->reserved[1] = (unsigned char)rule;
}

/* Returns the rule that the provider broke, or BELUGA__RULE_NONE. */
static inline beluga__rule beluga__hint_get_rule(const beluga_error *err)
{
    return (beluga__rule)err->reserved[1];
}

#endif
