#include "provider_face.h"

#include <string.h>

static void assert_variables(const char *const *names, const char *const *expected)
{
    size_t i = 0;
    for (; i < FACE_MAX_VARIABLES && expected[i]; i++) {
        assert_non_null(names[i]);
        assert_string_equal(names[i], expected[i]);
    }
    assert_null(names[i]);
}

static void the_provider_says_what_it_is(void **state)
{
    const provider_face *face = *state;
    const beluga_provider *p = face->provider;
    assert_string_equal(p->name, face->name);
    assert_string_equal(p->base_url, face->base_url);
    assert_variables(p->key_variables, face->key_variables);
    assert_variables(p->url_variables, face->url_variables);
    assert_int_equal(p->framing, face->framing);
    assert_int_equal(p->capabilities & face->can, face->can);
    assert_int_equal(p->default_model == NULL, face->needs_a_model);
    assert_true(p->state_size <= 65536);
}

int provider_face_run(const provider_face *face, const char *const *torture,
                      const struct CMUnitTest *other)
{
    const provider_suite suite = {face->provider, NULL, torture};
    struct CMUnitTest tests[2] = {
        {"the_provider_says_what_it_is", the_provider_says_what_it_is, NULL, NULL, (void *)face}};
    if (other) tests[1] = *other;
    return provider_suite_run(face->name, &suite, 1, tests, other ? 2 : 1);
}
