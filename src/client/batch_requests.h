/* The encoded requests of a batch job, one per line. */
#ifndef BELUGA__BATCH_REQUESTS_H
#define BELUGA__BATCH_REQUESTS_H

#include "client/chat_model.h"

#include <beluga/batch_job.h>
#include <beluga/provider/batch_api.h>

struct beluga_batch_requests {
    beluga_chat_model *model; /* a reference */
    beluga__buf lines;        /* the requests, each followed by a newline */
    /* the model of all requests, if the provider allows only one model for each job; owned */
    char *model_name;
    size_t count;
    beluga_kind_of_call kind; /* the kind of all requests, ANSWER or EMBED */
    uint64_t texts;           /* number of texts to embed in all requests */
    char **warnings;          /* warnings of the last request; the array and its texts are owned */
    size_t n_warnings;
};

enum { BELUGA__BATCH_NAME_BYTES = 64 };

/* Returns whether a text can be the id of a request, or the name of a job. */
bool beluga__batch_name_fits(const char *text);
/* Returns the batch API of a model; NULL, with detail in err, if its provider has none. */
const beluga_batch_api *beluga__batch_api_of(const beluga_chat_model *model, beluga_error *err);

#endif
