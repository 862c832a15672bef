/* Addresses of queues, and the keys with which a client signs in. */
#include "queue/nats_address.h"
#include "queue/nats_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nats_address parse(const char *text)
{
    nats_address address;
    beluga_error err = {.code = 0};
    if (nats_address_parse(text, &address, &err) != 0) fail_msg("%s: %s", text, err.message);
    return address;
}

static int forget_variables(void **state)
{
    static const char *const names[] = {"NATS_USER", "NATS_PASSWORD", "NATS_TOKEN", "NATS_CREDS",
                                        "NATS_NKEY", "NATS_CA",       "NATS_CERT",  "NATS_KEY"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unsetenv(names[i]);
    return 0;
}

static void test_hosts_and_a_job(void **state)
{
    (void)state;
    nats_address a = parse("nats://one,two:4223,[::1]:4224/my-job_2");
    assert_int_equal(a.n_servers, 3);
    assert_string_equal(a.servers[0], "nats://one");
    assert_string_equal(a.servers[1], "nats://two:4223");
    assert_string_equal(a.servers[2], "nats://[::1]:4224");
    assert_string_equal(a.job, "my-job_2");
    assert_string_equal(a.where, "nats://one,two:4223,[::1]:4224/my-job_2");
    assert_false(a.tls);
    assert_null(a.user);
    assert_int_equal(a.replicas, 0);
    assert_int_equal(a.ack_wait_ms, NATS_ACK_WAIT_MS);
    nats_address_free(&a);
}

static void test_what_is_secret_stays_out_of_messages(void **state)
{
    (void)state;
    nats_address a = parse("tls://ann%40x:p%2Fw%3a1@one,two/job?creds=/a%20b&replicas=5");
    assert_true(a.tls);
    assert_string_equal(a.user, "ann@x");
    assert_string_equal(a.password, "p/w:1");
    assert_string_equal(a.creds, "/a b");
    assert_string_equal(a.where, "tls://one,two/job");
    assert_string_equal(a.servers[0], "tls://one");
    assert_int_equal(a.replicas, 5);
    nats_address_free(&a);
    a = parse("nats://secret@host/job");
    assert_string_equal(a.token, "secret");
    assert_null(a.user);
    nats_address_free(&a);
}

static void test_numbers_and_files(void **state)
{
    (void)state;
    nats_address a =
        parse("nats://h/j?ack_wait=60&patience=3600&domain=leaf&nkey=n&ca=a&cert=c&key=k");
    assert_int_equal(a.ack_wait_ms, 60000);
    assert_int_equal(a.patience_ms, 3600000);
    assert_string_equal(a.domain, "leaf");
    assert_string_equal(a.where, "nats://h/j?domain=leaf"); /* for the commands in messages */
    assert_string_equal(a.nkey, "n");
    assert_string_equal(a.ca, "a");
    assert_string_equal(a.cert, "c");
    assert_string_equal(a.key, "k");
    nats_address_free(&a);
}

static void test_variables_stand_in(void **state)
{
    (void)state;
    setenv("NATS_USER", "ann", 1);
    setenv("NATS_PASSWORD", "word", 1);
    setenv("NATS_CA", "ca.pem", 1);
    nats_address a = parse("nats://h/j");
    assert_string_equal(a.user, "ann");
    assert_string_equal(a.password, "word");
    assert_string_equal(a.ca, "ca.pem");
    nats_address_free(&a);
    a = parse("nats://token@h/j?ca=other.pem"); /* the address has priority over the variable */
    assert_null(a.user);
    assert_string_equal(a.token, "token");
    assert_string_equal(a.ca, "other.pem");
    nats_address_free(&a);
    setenv("NATS_CREDS", "file.creds", 1);
    a = parse("nats://h/j");
    assert_string_equal(a.creds, "file.creds");
    assert_null(a.user);
    nats_address_free(&a);
}

static void test_wrong_addresses_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } wrong[] = {{"nats://host", "job or bucket"},
                 {"nats://host/", "job or bucket"},
                 {"nats://host/j?domain=a.b", "domain"},
                 {"nats:///job", "host"},
                 {"nats://a,,b/job", "host"},
                 {"nats://a b/job", "host"},
                 {"nats://[::1/job", "host"},
                 {"nats://[]/job", "host"},
                 {"nats://::1/job", "brackets"},
                 {"nats://fe80::1/job", "brackets"},
                 {"nats://[::1]4222/job", "port"},
                 {"nats://host:/job", "port"},
                 {"nats://host:x/job", "port"},
                 {"nats://host:0/job", "port"},
                 {"nats://host:65536/job", "port"},
                 {"nats://host:99999999999999999999/job", "port"},
                 {"nats://h/a.b", "letters"},
                 {"nats://h/a*", "letters"},
                 {"nats://h/j?replicas=0", "1 to 5"},
                 {"nats://h/j?replicas=9", "1 to 5"},
                 {"nats://h/j?ack_wait=x", "seconds"},
                 {"nats://h/j?colour=red", "replicas"},
                 {"nats://u:hidden%zz@h/j", "hexadecimal"},
                 {"nats://u:hidden%0@h/j", "hexadecimal"},
                 {"nats://u:hidden%00@h/j", "hexadecimal"},
                 {"http://h/j", "nats://"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        nats_address a;
        beluga_error err = {.code = 0};
        assert_int_equal(nats_address_parse(wrong[i].text, &a, &err), BELUGA_ERROR_INVALID_CONFIG);
        if (!strstr(err.message, wrong[i].word)) fail_msg("%s: %s", wrong[i].text, err.message);
        assert_null(strstr(err.message, "hidden"));
        nats_address_free(&a);
    }
}

static void test_long_jobs_are_refused(void **state)
{
    (void)state;
    char text[128] = "nats://h/";
    nats_address a;
    beluga_error err;
    memset(text + 9, 'j', 64);
    a = parse(text);
    assert_int_equal(strlen(a.job), 64);
    nats_address_free(&a);
    memset(text + 9, 'j', 65);
    assert_int_equal(nats_address_parse(text, &a, &err), BELUGA_ERROR_INVALID_CONFIG);
    nats_address_free(&a);
}

/* The key pair is from the documentation of NATS ("Authenticating with NKeys"). The README of a
 * client for Dart has the same pair. */
static const char seed[] = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
static const char public_key[] = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

static void test_the_public_key_of_a_seed(void **state)
{
    (void)state;
    char key[NATS_PUBLIC_KEY_BYTES], bad[sizeof seed];
    beluga_error err;
    if (!nats_load(&err)) {
        print_message("# %s\n", err.message);
        skip();
    }
    assert_true(nats_key_public(seed, strlen(seed), key));
    assert_string_equal(key, public_key);
    assert_false(nats_key_public(public_key, strlen(public_key), key));
    assert_false(nats_key_public(seed, strlen(seed) - 1, key));
    memcpy(bad, seed, sizeof bad);
    bad[20] = bad[20] == 'A' ? 'B' : 'A'; /* now the checksum is wrong */
    assert_false(nats_key_public(bad, strlen(bad), key));
    bad[20] = '1';
    assert_false(nats_key_public(bad, strlen(bad), key));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup(name, forget_variables)
    const struct CMUnitTest tests[] = {
        CASE(test_hosts_and_a_job),
        CASE(test_what_is_secret_stays_out_of_messages),
        CASE(test_numbers_and_files),
        CASE(test_variables_stand_in),
        CASE(test_wrong_addresses_are_explained),
        CASE(test_long_jobs_are_refused),
        CASE(test_the_public_key_of_a_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
