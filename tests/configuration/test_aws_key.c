/* Access keys of AWS from the environment and from profiles. The library must find the same key as
 * AWS's own tools. */
#include "../support/files.h"
#include "../support/folder.h"
#include "keys/aws_key.h"

#include <string.h>
#include <sys/stat.h>

static char folder[FOLDER_BYTES];
static char credentials[64], config[64];

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",  "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_PROFILE",        "AWS_DEFAULT_PROFILE",   "AWS_REGION",
    "AWS_DEFAULT_REGION",
};

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
    setenv("AWS_SHARED_CREDENTIALS_FILE", credentials, 1);
    setenv("AWS_CONFIG_FILE", config, 1);
    unlink(credentials);
    unlink(config);
    return 0;
}

static int64_t expires_s;

static void gives(const char *profile, const char *key)
{
    char buffer[1024];
    beluga_error err = {0};
    expires_s = 1;
    ssize_t n = beluga__aws_key(profile, NULL, buffer, sizeof buffer, &expires_s, &err);
    if (n < 0) fail_msg("%s", err.message);
    assert_string_equal(buffer, key);
    assert_int_equal(n, strlen(key));
}

static void fails(const char *profile, const char *text)
{
    char buffer[1024];
    beluga_error err = {0};
    assert_int_equal(beluga__aws_key(profile, NULL, buffer, sizeof buffer, &expires_s, &err), -1);
    assert_int_equal(err.code, BELUGA_ERROR_AUTHENTICATION);
    assert_non_null(strstr(err.message, text));
    assert_null(strstr(err.message, "secret"));
    assert_null(strstr(err.cause, "secret"));
}

static void set_each(const char *const *pairs)
{
    for (; *pairs; pairs++) {
        char name[64];
        size_t n = strcspn(*pairs, "=");
        snprintf(name, sizeof name, "%.*s", (int)n, *pairs);
        setenv(name, *pairs + n + 1, 1);
    }
}

/* Set variables of the environment; each argument is "NAME=VALUE". */
#define set(...) set_each((const char *const[]){__VA_ARGS__, NULL})

static const char two_profiles[] = "# keys\n"
                                   "[default]\n"
                                   "aws_access_key_id = AKDEFAULT\n"
                                   "aws_secret_access_key = secret/default+=\n"
                                   "\n"
                                   "[work]\r\n"
                                   "aws_access_key_id=AKWORK\r\n"
                                   "aws_secret_access_key=secret-work\r\n"
                                   "aws_session_token = token-work\r\n";

static void the_environment_comes_first(void **state)
{
    (void)state;
    write_file(credentials, two_profiles);
    set("AWS_ACCESS_KEY_ID=AKENV", "AWS_SECRET_ACCESS_KEY=secret-env");
    gives("", "AKENV:secret-env::");
    set("AWS_SESSION_TOKEN=token-env", "AWS_REGION=eu-west-1");
    gives("", "AKENV:secret-env:token-env:eu-west-1");
    gives("work", "AKWORK:secret-work:token-work:eu-west-1");
}

static void a_line_break_ends_a_variable_and_is_refused_within_one(void **state)
{
    (void)state;
    set("AWS_ACCESS_KEY_ID=AKENV\r\n", "AWS_SECRET_ACCESS_KEY= secret-env\n",
        "AWS_SESSION_TOKEN=token-env\n", "AWS_REGION=eu-west-1\n");
    gives("", "AKENV:secret-env:token-env:eu-west-1");
    setenv("AWS_SESSION_TOKEN", "token\r\nX: y", 1);
    fails("", "line break");
}

static void half_a_key_of_the_environment_is_none(void **state)
{
    (void)state;
    write_file(credentials, two_profiles);
    setenv("AWS_ACCESS_KEY_ID", "AKENV", 1);
    gives("", "AKDEFAULT:secret/default+=::");
}

static void a_profile_is_found_by_name_or_variable(void **state)
{
    (void)state;
    write_file(credentials, two_profiles);
    gives("", "AKDEFAULT:secret/default+=::");
    gives("work", "AKWORK:secret-work:token-work:");
    setenv("AWS_DEFAULT_PROFILE", "work", 1);
    gives("", "AKWORK:secret-work:token-work:");
    setenv("AWS_PROFILE", "default", 1);
    gives("", "AKDEFAULT:secret/default+=::");
}

static void a_config_file_tells_the_region_or_all(void **state)
{
    (void)state;
    write_file(credentials, two_profiles);
    write_file(config,
               "[default]\nregion = us-west-2\n"
               "[profile work]\nregion=eu-central-1\ns3 =\n  region = nowhere\n"
               "[profile  whole ]\naws_access_key_id = AKWHOLE\n; no\naws_secret_access_key = s\n");
    gives("", "AKDEFAULT:secret/default+=::us-west-2");
    gives("work", "AKWORK:secret-work:token-work:eu-central-1");
    gives("whole", "AKWHOLE:s::");
    setenv("AWS_DEFAULT_REGION", "ap-south-1", 1);
    gives("work", "AKWORK:secret-work:token-work:ap-south-1");
    setenv("AWS_REGION", "ap-south-2", 1);
    gives("work", "AKWORK:secret-work:token-work:ap-south-2");
}

static void a_key_of_the_environment_may_have_its_region_from_a_profile(void **state)
{
    (void)state;
    set("AWS_ACCESS_KEY_ID=AKENV", "AWS_SECRET_ACCESS_KEY=secret-env");
    write_file(config, "[default]\nregion = us-west-2\n");
    gives("", "AKENV:secret-env::us-west-2");
}

static void without_variables_it_looks_below_the_home(void **state)
{
    char place[sizeof folder + 8], path[sizeof folder + 32];
    (void)state;
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    unsetenv("AWS_CONFIG_FILE");
    setenv("HOME", folder, 1);
    fails("", "~/.aws/credentials");
    snprintf(place, sizeof place, "%s/.aws", folder);
    snprintf(path, sizeof path, "%s/.aws/credentials", folder);
    assert_int_equal(mkdir(place, 0700), 0);
    write_file(path, two_profiles);
    gives("", "AKDEFAULT:secret/default+=::");
    unlink(path);
    rmdir(place);
    unsetenv("HOME");
    fails("", "~/.aws/credentials");
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    fails("", "the profile default");
    write_file(credentials, "[work]\naws_access_key_id = AKWORK\n");
    fails("work", "the profile work");
    write_file(credentials,
               "aws_access_key_id = A\naws_secret_access_key = s\n[wor\naws_access_key_id = A\n");
    fails("wor", "the profile wor");
}

static void ways_that_are_not_gone_are_told(void **state)
{
    (void)state;
    write_file(
        config,
        "[profile sso]\nsso_session = mine\n[profile role]\nrole_arn = arn:aws:iam::1:role/r\n"
        "[profile both]\nrole_arn = arn:aws:iam::1:role/r\naws_access_key_id = A\n"
        "aws_secret_access_key = s\n");
    fails("sso", "single sign-on");
    fails("sso", "export-credentials --profile sso");
    fails("role", "a role");
    fails("both", "a role");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/tmp/token", 1);
    fails("", "web identity");
    unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials", 1);
    fails("", "container");
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

static void a_process_gives_a_key_and_says_how_long_it_is_good(void **state)
{
    (void)state;
    write_file(config, "[profile \"with time\"]\nregion = eu-west-1\n"
                       "credential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AKP\", "
                       "\"SecretAccessKey\": \"s/p\", \"SessionToken\": \"t=\", "
                       "\"Expiration\": \"2030-01-02T03:04:05Z\"}'\n"
                       "[profile without]\n"
                       "credential_process = echo '{\"Version\":1,\"AccessKeyId\":\"AKP\","
                       "\"SecretAccessKey\":\"s\"}'\n");
    gives("with time", "AKP:s/p:t=:eu-west-1");
    assert_int_equal(expires_s, 1893553445 - 60);
    gives("without", "AKP:s::");
    assert_true(expires_s == INT64_MAX);
    setenv("AWS_PROFILE", "without", 1);
    gives("", "AKP:s::");
}

static void keys_of_a_profile_come_before_its_process(void **state)
{
    (void)state;
    write_file(credentials, two_profiles);
    write_file(config, "[profile work]\ncredential_process = exit 1\n");
    gives("work", "AKWORK:secret-work:token-work:");
    assert_int_equal(expires_s, 1);
}

static void a_process_that_gives_no_key_is_told(void **state)
{
    (void)state;
    write_file(config,
               "[profile fails]\ncredential_process = echo secret; exit 1\n"
               "[profile html]\ncredential_process = echo '<html>secret'\n"
               "[profile later]\ncredential_process = echo '{\"Version\":2,\"AccessKeyId\":\"A\","
               "\"SecretAccessKey\":\"secret\"}'\n"
               "[profile half]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"A\"}'\n"
               "[profile colon]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":\"A:B\","
               "\"SecretAccessKey\":\"secret\"}'\n"
               "[profile numbers]\ncredential_process = echo '{\"Version\":1,\"AccessKeyId\":7,"
               "\"SecretAccessKey\":[]}'\n"
               "[profile nothing]\ncredential_process = true\n");
    fails("fails", "credential_process of the AWS profile fails failed");
    fails("nothing", "credential_process of the AWS profile nothing printed nothing");
    static const char *const names[] = {"html", "later", "half", "colon", "numbers"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fails(names[i], "did not print a key");
        fails(names[i], names[i]);
    }
}

static void a_value_that_is_too_long_is_none(void **state)
{
    static char text[8192];
    (void)state;
    int n =
        snprintf(text, sizeof text, "[default]\naws_access_key_id = A\naws_secret_access_key = ");
    memset(text + n, 'x', 5000);
    write_file(credentials, text);
    fails("", "the profile default");
}

static void a_file_that_can_not_be_read_is_an_error(void **state)
{
    char buffer[64];
    beluga_error err = {0};
    (void)state;
    setenv("AWS_SHARED_CREDENTIALS_FILE", folder, 1);
    assert_int_equal(beluga__aws_key("", NULL, buffer, sizeof buffer, &expires_s, &err), -1);
    assert_int_equal(err.code, BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(err.message, folder));
}

static void a_buffer_that_is_too_small_is_not_filled_by_halves(void **state)
{
    char buffer[8];
    beluga_error err = {0};
    (void)state;
    write_file(credentials, two_profiles);
    assert_int_equal(beluga__aws_key("", NULL, buffer, sizeof buffer, &expires_s, &err), -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_environment_comes_first, set_up),
        cmocka_unit_test_setup(a_line_break_ends_a_variable_and_is_refused_within_one, set_up),
        cmocka_unit_test_setup(half_a_key_of_the_environment_is_none, set_up),
        cmocka_unit_test_setup(a_profile_is_found_by_name_or_variable, set_up),
        cmocka_unit_test_setup(a_config_file_tells_the_region_or_all, set_up),
        cmocka_unit_test_setup(a_key_of_the_environment_may_have_its_region_from_a_profile, set_up),
        cmocka_unit_test_setup(without_variables_it_looks_below_the_home, set_up),
        cmocka_unit_test_setup(what_is_not_there_is_named, set_up),
        cmocka_unit_test_setup(ways_that_are_not_gone_are_told, set_up),
        cmocka_unit_test_setup(a_process_gives_a_key_and_says_how_long_it_is_good, set_up),
        cmocka_unit_test_setup(keys_of_a_profile_come_before_its_process, set_up),
        cmocka_unit_test_setup(a_process_that_gives_no_key_is_told, set_up),
        cmocka_unit_test_setup(a_value_that_is_too_long_is_none, set_up),
        cmocka_unit_test_setup(a_file_that_can_not_be_read_is_an_error, set_up),
        cmocka_unit_test_setup(a_buffer_that_is_too_small_is_not_filled_by_halves, set_up),
    };
    if (!folder_make(folder, "aws")) return 1;
    snprintf(credentials, sizeof credentials, "%s/credentials", folder);
    snprintf(config, sizeof config, "%s/config", folder);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return folder_remove(folder) ? failed : 1;
}
