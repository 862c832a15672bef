/* Lists of models, which differ between protocols only in the names of their members. */
#ifndef BELUGA__PROVIDERS_MODEL_LIST_H
#define BELUGA__PROVIDERS_MODEL_LIST_H

#include <beluga/provider/provider.h>

/* The shape of a service's list of models. */
typedef struct beluga__model_list {
    const char *list; /* name of the member with the array of models */
    const char *name; /* the member of a model's object that contains the model's name */
    bool bare;        /* some hosts send only the array */
    bool maybe;       /* a missing array means that there are no models */
    const char *page; /* the member with the token of the next page, or NULL */
    /* the member that says whether there is a next page; NULL if `page` alone shows this */
    const char *more;
    /* Emits the service's own errors; NULL: beluga__fault_emit. */
    int (*emit_fault)(const beluga_json *root, int otherwise, beluga_emit *emit);
} beluga__model_list;

/* Read the facts that an object gives about its model, under any of the names that services use. */
void beluga__read_model_facts(const beluga_json *model, beluga_model_info *info);

/* Emit the names of models, or the error that the body contains instead. */
int beluga__decode_models(const char *body, size_t length, const beluga__model_list *shape,
                          beluga_emit *emit);

#endif
