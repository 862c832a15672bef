/* Decodes lists of models, which differ between protocols only in the names of their members. */
#ifndef BELUGA__PROVIDERS_MODEL_LIST_H
#define BELUGA__PROVIDERS_MODEL_LIST_H

#include <beluga/provider/provider.h>

/* The shape of a service's list of models. */
typedef struct beluga__model_list {
    const char *list; /* name of the member with the array of models */
    const char *name; /* the member of a model's object that contains the model's name */
    bool bare;        /* the body may also be the array itself, as some hosts send it */
    bool maybe;       /* the array may be missing, which means that there are no models */
    const char *page; /* the member with the token of the next page, or NULL */
    /* the member that says whether there is a next page; NULL if `page` alone shows this */
    const char *more;
    /* Emits errors in the service's own form. If it is NULL, beluga__fault_emit does this. */
    int (*emit_fault)(const beluga_json *root, int otherwise, beluga_emit *emit);
} beluga__model_list;

/* Read the facts about a model from its object. The members may have any of the names that services
 * use. */
void beluga__read_model_facts(const beluga_json *model, beluga_model_info *info);

/* Emit the names of models, or the error that the body contains instead. */
int beluga__decode_models(const char *body, size_t length, const beluga__model_list *shape,
                          beluga_emit *emit);

#endif
