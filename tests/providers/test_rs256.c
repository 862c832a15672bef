/* RSA signatures: the example of RFC 7515, and keys that can't sign. */
#include "../support/rfc_key.h"
#include "../support/torture.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rs256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int sign(const char *pem, beluga__buf *out, const char **wrong)
{
    *wrong = NULL;
    beluga__buf_init(out, beluga_allocator_default(), BELUGA__RS256_MOST + 1);
    return beluga__rs256_sign(pem, RFC_SIGNED, sizeof RFC_SIGNED - 1, out, wrong);
}

static void signs(const char *pem)
{
    beluga__buf out, expected;
    const char *wrong;
    beluga__buf_init(&expected, beluga_allocator_default(), BELUGA__RS256_MOST + 1);
    assert_int_equal(beluga__base64_decode(&expected, RFC_SIGNATURE, sizeof RFC_SIGNATURE - 1), 0);
    assert_int_equal(sign(pem, &out, &wrong), 0);
    assert_int_equal(out.length, expected.length);
    assert_memory_equal(out.data, expected.data, out.length);
    beluga__buf_free(&out);
    beluga__buf_free(&expected);
}

static void refuses(const char *pem, const char *text)
{
    beluga__buf out;
    const char *wrong;
    assert_int_equal(sign(pem, &out, &wrong), BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(wrong);
    if (!strstr(wrong, text)) fail_msg("want \"%s\", got \"%s\"", text, wrong);
    assert_int_equal(out.length, 0);
    beluga__buf_free(&out);
}

#define PEM(label, body) "-----BEGIN " label "-----\n" body "-----END " label "-----\n"

static void the_example_of_the_rfc_is_signed(void **state)
{
    (void)state;
    signs(RFC_KEY);
}

static void lines_may_end_in_any_way_and_text_may_stand_around(void **state)
{
    (void)state;
    signs("Bag Attributes\r\n" RFC_KEY_BEGIN "\r\n" RFC_KEY_LINES("\r\n") RFC_KEY_END
          "\r\nthe end");
    signs(RFC_KEY_BEGIN RFC_KEY_LINES("") RFC_KEY_END);
    signs(RFC_KEY_BEGIN " " RFC_KEY_LINES("\t") RFC_KEY_END);
}

static void what_is_no_rsa_key_is_named(void **state)
{
    (void)state;
    refuses("", "is not in PEM");
    refuses("{}", "is not in PEM");
    refuses(PEM("EC PRIVATE KEY", "MHcC\n"), "is not an RSA key");
    refuses(PEM("PUBLIC KEY", "MHcC\n"), "is a public key: use the private key");
    refuses(PEM("RSA PUBLIC KEY", "MHcC\n"), "is a public key: use the private key");
    refuses(PEM("CERTIFICATE", "MHcC\n"), "is a certificate: use the private key");
    refuses(PEM("ENCRYPTED PRIVATE KEY", "MHcC\n"), "is encrypted");
    /* keys for P-256 and for Ed25519, made for this test */
    refuses(PEM("PRIVATE KEY", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL4BOPUNgTX4O94h7\n"
                               "xZ5uthzkvr91RKtqeYURPYiwV9ahRANCAASGTtSqBVjG47fJnmdprO40J4DgF2wx\n"
                               "Wyn264LslKRhMSz3a/xFzm8MLu4ECys7Ts6q2WGAcGWLOK5Z+uFy5Z5A\n"),
            "is not an RSA key");
    refuses(
        PEM("PRIVATE KEY", "MC4CAQAwBQYDK2VwBCIEIJYMH7+dDiFmvyYxlfEZ3Pj+OoPPAoIaQiQjOGdqbVlB\n"),
        "is not an RSA key");
}

static void a_key_that_was_cut_off_is_told(void **state)
{
    char pem[] = RFC_KEY;
    (void)state;
    for (size_t n = sizeof pem - 1; n > 60; n -= 37) {
        pem[n - sizeof RFC_KEY_END] = '\0';
        refuses(pem, "is cut off");
    }
}

/* Bytes at the end of the key are missing, although the last line of the file is there. */
static void a_key_without_some_of_its_bytes_is_damaged(void **state)
{
    static const char lines[] = RFC_KEY_LINES("");
    char pem[sizeof lines + 128];
    (void)state;
    for (size_t n = 0; n < sizeof lines - 1; n += 4) {
        snprintf(pem, sizeof pem, RFC_KEY_BEGIN "%.*s" RFC_KEY_END, (int)n, lines);
        refuses(pem, "is ");
    }
    refuses(RFC_KEY_BEGIN "M!!!" RFC_KEY_END, "not base64");
}

/* If a byte of the key is changed, there must be no crash and no wrong signature. */
static void a_key_with_a_wrong_byte_signs_nothing_or_the_same(void **state)
{
    static const char lines[] = RFC_KEY_LINES("");
    (void)state;
    for (size_t i = 0; i < 860; i += i < 60 ? 1 : 31) {
        char changed[] = RFC_KEY_BEGIN RFC_KEY_LINES("") RFC_KEY_END;
        char *at = changed + sizeof RFC_KEY_BEGIN - 1 + i;
        beluga__buf out;
        const char *wrong;
        *at = *at == 'A' ? 'z' : 'A';
        int status = sign(changed, &out, &wrong);
        assert_true(status == 0 || status == BELUGA_ERROR_INVALID_INPUT);
        if (status == 0) assert_int_equal(out.length, 256);
        beluga__buf_free(&out);
    }
    assert_true(sizeof lines > 860);
}

static void a_key_of_1000_bits_is_too_small(void **state)
{
    (void)state;
    /* A key made for this test: a version, a modulus of 125 bytes of 0xff, and two exponents. The
     * modulus is too short. */
    refuses(PEM("RSA PRIVATE KEY",
                "MIGJAgEAAn4A////////////////////////////////////////////////////"
                "////////////////////////////////////////////////////////////////"
                "//////////////////////////////////////////////////8CAQMCAQM=\n"),
            "1024 to 4096 bits");
}

static int sign_once(void *argument)
{
    beluga__buf out;
    const char *wrong;
    (void)argument;
    int status = sign(RFC_KEY, &out, &wrong);
    beluga__buf_free(&out);
    return status;
}

static void signing_survives_without_memory(void **state)
{
    (void)state;
    assert_true(torture_run(sign_once, NULL) > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_signed),
        cmocka_unit_test(lines_may_end_in_any_way_and_text_may_stand_around),
        cmocka_unit_test(what_is_no_rsa_key_is_named),
        cmocka_unit_test(a_key_that_was_cut_off_is_told),
        cmocka_unit_test(a_key_without_some_of_its_bytes_is_damaged),
        cmocka_unit_test(a_key_with_a_wrong_byte_signs_nothing_or_the_same),
        cmocka_unit_test(a_key_of_1000_bits_is_too_small),
        cmocka_unit_test(signing_survives_without_memory),
    };
    return cmocka_run_group_tests_name("rs256", tests, NULL, NULL);
}
