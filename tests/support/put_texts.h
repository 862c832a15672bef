/* Writes the texts of a call for embeddings, for the services that were invented for these tests.
 */
#ifndef TESTS_PUT_TEXTS_H
#define TESTS_PUT_TEXTS_H

#include <beluga/provider/provider.h>

static inline void put_texts(const beluga_call *call, beluga_json_writer *w)
{
    size_t n;
    beluga_json_begin_array(w, "texts");
    for (size_t i = 0; i < beluga_call_input_count(call); i++) {
        const char *text = beluga_call_input(call, i, &n);
        beluga_json_put_string_n(w, NULL, text, n);
    }
    beluga_json_end_array(w);
}

#endif
