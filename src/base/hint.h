/* The layers pass each other further facts about an error in the bytes that the error reserves for
 * later versions. */
#ifndef BELUGA__HINT_H
#define BELUGA__HINT_H

#include <beluga/error.h>

#include <stdbool.h>

/* A local server does not run, since its port refuses connections. That seldom changes within
 * seconds. */
static inline void beluga__hint_set_not_running(beluga_error *err, bool set)
{
    err->reserved[0] = set;
}

static inline bool beluga__hint_is_not_running(const beluga_error *err)
{
    return err->reserved[0];
}

/* Nothing of the request left this machine, so that the server can't have done what it asks: the
 * name was not found, or no connection came about. False where that is not known. */
static inline void beluga__hint_set_unsent(beluga_error *err, bool set)
{
    err->reserved[2] = set;
}

static inline bool beluga__hint_is_unsent(const beluga_error *err)
{
    return err->reserved[2];
}

/* The rules that a provider must keep when it emits. The message explains a broken rule to people;
 * code that has to know the rule asks here. */
typedef enum beluga__rule {
    BELUGA__RULE_NONE,
    BELUGA__RULE_ENDS,      /* an answer has an end */
    BELUGA__RULE_ONE_END,   /* no event comes after the end */
    BELUGA__RULE_UTF8,      /* all text is UTF-8 */
    BELUGA__RULE_OWN_TURN,  /* the provider emits in its turn, on its thread */
    BELUGA__RULE_ERROR_CODE /* an error has a code */
} beluga__rule;

static inline void beluga__hint_set_rule(beluga_error *err, beluga__rule rule)
{
    err->reserved[1] = (unsigned char)rule;
}

/* Returns the rule that was broken, or BELUGA__RULE_NONE. */
static inline beluga__rule beluga__hint_get_rule(const beluga_error *err)
{
    return (beluga__rule)err->reserved[1];
}

#endif
