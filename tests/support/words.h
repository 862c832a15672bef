/* Asserts that a text contains some texts and lacks others. A failure names the text that was
 * expected or forbidden. */
#ifndef TESTS_WORDS_H
#define TESTS_WORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static inline void assert_words(const char *text, const char *const *words, int there)
{
    assert_non_null(text);
    for (; *words; words++)
        if (!strstr(text, *words) == !!there)
            fail_msg("\"%s\" is %sin \"%s\"", *words, there ? "not " : "", text);
}

#define assert_has_all(text, ...)  assert_words(text, (const char *const[]){__VA_ARGS__, NULL}, 1)
#define assert_has_none(text, ...) assert_words(text, (const char *const[]){__VA_ARGS__, NULL}, 0)

#endif
