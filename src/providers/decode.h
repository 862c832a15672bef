/* What every decoder of JSON begins with, and what it says of a text that is not its own. */
#ifndef BELUGA__PROVIDERS_DECODE_H
#define BELUGA__PROVIDERS_DECODE_H

#include <beluga/provider/provider.h>

/* "" stands for nothing, as a missing member does. */
static inline const char *beluga__filled(const char *text)
{
    return text && *text ? text : NULL;
}

/* Parse the body of a whole answer. Returns 0, or the code of the failure, of one without a byte
 * too. */
int beluga__decode_body(const char *body, size_t length, beluga_emit *emit,
                        const beluga_json **root);
/* The answer is JSON, but not `what`: say so, with its beginning as the cause. Returns the code. */
int beluga__decode_failure(const beluga_json *root, int code, const char *what, beluga_emit *emit);
/* The bytes of a stream's end marker. */
bool beluga__is_done(const beluga_frame *frame);

/* How a service lists its models. */
typedef struct beluga__model_list {
    const char *list; /* the member that is the array, */
    const char *name; /* and that of a model's object which is its name */
    bool bare;        /* some hosts send the array alone */
    bool maybe;       /* no array is an empty one */
    const char *page; /* the member that is the token of the next page, or NULL */
    const char *more; /* it counts only where this one is true; NULL: always */
} beluga__model_list;

/* Emit the names of models. Whether it is an error instead has been looked at. */
int beluga__decode_models(const beluga_json *root, const beluga__model_list *shape,
                          beluga_emit *emit);

#endif
