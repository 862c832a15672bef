/* Three texts to embed, and answers in OpenAI's form. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "../support/scene.h"

#include <beluga/embedding.h>

static const char *const three[] = {"a whale", "a dolphin", "a bicycle"};

/* Embed the three texts; returns the status. */
static inline int embed_three(scene *s, beluga_embeddings **out)
{
    return beluga_embed(s->model, s->ctx, three, NULL, 3, out, &s->err);
}

/* Expect that embedding the texts fails with this code and message if the peer answers with
 * `body`. */
static inline void expect_refusal(scene *s, const char *body, int code, const char *message)
{
    beluga_embeddings *e;
    script(s->peer, JSON(body));
    int status = embed_three(s, &e);
    assert_null(e);
    assert_string_equal(s->err.message, message);
    assert_int_equal(status, code);
    assert_string_equal(s->err.operation, "embed");
    assert_string_equal(s->err.provider, "openai");
}

static inline void assert_vector(const beluga_embeddings *e, size_t index, float a, float b)
{
    const float *v = beluga_embeddings_vector(e, index);
    assert_non_null(v);
    assert_true(v[0] == a && v[1] == b);
}

#endif
