/**
 * @file model_info.h
 * Facts about models from the providers' lists of models.
 */
#ifndef BELUGA_MODEL_INFO_H
#define BELUGA_MODEL_INFO_H

#include <beluga/common.h>
#include <beluga/error.h>

BELUGA_BEGIN_DECLS

/** Kinds of content that a model accepts or produces. */
typedef enum beluga_modality {
    BELUGA_MODALITY_TEXT = 1 << 0,
    BELUGA_MODALITY_IMAGE = 1 << 1,
    BELUGA_MODALITY_AUDIO = 1 << 2,
    BELUGA_MODALITY_VIDEO = 1 << 3,
    BELUGA_MODALITY_FILE = 1 << 4,
    BELUGA_MODALITY_EMBEDDING = 1 << 5 /**< vectors */
} beluga_modality;

/**
 * A model in a list of models. Facts that its provider does not report are -1; `created` and the
 * modalities are then 0.
 */
typedef struct beluga_model_info {
    const char *name; /**< the model's name, one line */
    /** limit for the tokens of a prompt, or of prompt and answer together */
    int64_t context_tokens;
    int64_t max_output_tokens; /**< limit for the tokens of an answer */
    double input_price;        /**< US dollars per million input tokens */
    double output_price;       /**< US dollars per million output tokens */
    int64_t created;           /**< seconds since 1970 */
    uint32_t inputs;           /**< bits of beluga_modality */
    uint32_t outputs;          /**< bits of beluga_modality */
    void *reserved[3];
} beluga_model_info;

/** A model of which only the name is known. */
#define BELUGA_MODEL_INFO_INIT(model_name)     \
    {                                          \
        (model_name), -1, -1, -1, -1, 0, 0, 0, \
        {                                      \
            NULL, NULL, NULL                   \
        }                                      \
    }

/**
 * Ask the provider which models it has, with the facts that it reports about them.
 *
 * Many lists have only names; the facts are then unknown. To compute the cost of answers use
 * price.h, whether the list has prices or not.
 *
 * @param ctx    Borrowed; NULL for none.
 * @param infos  Owned array of n, sorted by name, in one block with its texts (beluga_free). At
 * most 100,000. NULL on failure.
 * @param n      Receives their number.
 * @return as beluga_list_models.
 *
 * Threads: any. Blocks: as beluga_list_models. Since: 0.1
 */
BELUGA_API int beluga_list_model_infos(beluga_chat_model *model, beluga_context *ctx,
                                       beluga_model_info **infos, size_t *n, beluga_error *err);

/**
 * Emit one model of a list with its facts; for providers that know more than the names, which
 * beluga_emit_model emits.
 *
 * @param info  Copied. Its name becomes one line (beluga_text_to_line).
 * @return as beluga_emit_model; BELUGA_ERROR_INVALID_INPUT also if `info` is NULL. Since: 0.1
 */
BELUGA_API int beluga_emit_model_info(beluga_emit *emit, const beluga_model_info *info);

BELUGA_END_DECLS
#endif
