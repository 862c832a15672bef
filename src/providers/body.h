/* The body of a request, merged with the caller's extra_body. */
#ifndef BELUGA__PROVIDERS_BODY_H
#define BELUGA__PROVIDERS_BODY_H

#include <beluga/provider/provider.h>

enum { BELUGA__BODY_OBJECTS = 8 };

/* The body of a request, an object into which the caller's extra_body is merged: a member of
 * extra_body replaces the provider's own field of the same name, or removes it if the member is
 * null. */
typedef struct beluga__body {
    beluga_http_request *request;
    beluga_json_writer *writer;
    struct beluga__body *outer; /* the body that contains this object, or NULL */
    beluga_json_doc *doc;       /* extra_body, owned by the outermost body; NULL: there is none */
    const beluga_json *extra;   /* the root of extra_body, or its member for this object */
    const char *object;         /* name of an object that is not begun yet, else NULL */
    bool closed;                /* extra_body replaces the whole object, so no field is written */
    const char *merged[BELUGA__BODY_OBJECTS]; /* objects whose extra members are already written */
    size_t n_merged;
} beluga__body;

/* Begin the body's object. Returns 0, or INVALID_INPUT if extra_body is not a JSON object; then the
 * body must not be used. */
int beluga__body_begin(beluga__body *body, const beluga_call *call, beluga_http_request *request,
                       beluga_error *err);
/* Write the remaining extra members, end the object, and free the document. Returns 0 or
 * NO_MEMORY. */
int beluga__body_end(beluga__body *body, beluga_error *err);
/* Returns whether the provider should write its own field `name`, since extra_body does not replace
 * it. If so, this also begins the body's object, unless it is begun already. */
bool beluga__body_wants(beluga__body *body, const char *name);

/* Begin the object `name` (a static string) inside the body. It is merged with the object of that
 * name in extra_body. An object without members is left out. Until the object is ended, write only
 * to `object`, not to `body`. */
void beluga__body_begin_object(beluga__body *body, const char *name, beluga__body *object);
/* End an object. Returns 0 or NO_MEMORY. */
int beluga__body_end_object(beluga__body *object);

/* Write the options of a table, like beluga_http_request_put_options, but only those whose field
 * extra_body does not replace. Names in the table are members of this object and have no dots. */
void beluga__body_put_options(beluga__body *body, const beluga_call *call,
                              const beluga_option_field *fields);
/* Write one option as the field `name`, if it is set and extra_body does not replace the field. */
void beluga__body_put(beluga__body *body, const char *name, const beluga_call *call, int key);

/* Write the stop sequences, except those that consist of white space, which Anthropic's models
 * refuse. */
void beluga__body_put_stops(beluga__body *body, const char *name, const beluga_call *call,
                            beluga_http_request *request);

#endif
