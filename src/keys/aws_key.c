#include "keys/aws_key.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/secret_memory.h"
#include "base/time.h"
#include "keys/command.h"

#include <beluga/provider/json.h>

#include <stdio.h>
#include <stdlib.h>

/* A key is replaced this many seconds before it expires, so that it does not expire while a request
 * is on its way. */
enum { MARGIN_S = 60 };

/* The fields of an access key that have been found so far. A field that is set is not changed
 * again, so the first source that has it wins. */
typedef struct aws_key {
    char id[BELUGA__MAX_AWS_FIELD], secret[BELUGA__MAX_AWS_FIELD], token[BELUGA__MAX_AWS_FIELD];
    char region[BELUGA__MAX_AWS_FIELD], process[BELUGA__MAX_AWS_FIELD];
    /* The method that the profile names for getting a key, if this library does not support that
     * method. */
    const char *elsewhere;
} aws_key;

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

/* Set a field, unless it is set already. White space around the value, such as a line break at the
 * end of a variable, is removed. */
static void take(char *field, const char *value)
{
    if (!value || *field) return;
    value += strspn(value, " \t\r\n");
    size_t n = strlen(value);
    while (n && strchr(" \t\r\n", value[n - 1])) n--;
    /* the field was all zeros before, so the copy ends in NUL */
    if (n < BELUGA__MAX_AWS_FIELD) memcpy(field, value, n);
}

/* Take the key from environment variables. The id is used only if the secret is set as well. */
static bool take_environment(aws_key *key)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
    if (!id || !secret) return false;
    take(key->id, id);
    take(key->secret, secret);
    take(key->token, variable("AWS_SESSION_TOKEN"));
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

static void take_setting(aws_key *key, const char *name, const char *value)
{
    if (strcasecmp(name, "aws_access_key_id") == 0) take(key->id, value);
    if (strcasecmp(name, "aws_secret_access_key") == 0) take(key->secret, value);
    if (strcasecmp(name, "aws_session_token") == 0) take(key->token, value);
    if (strcasecmp(name, "region") == 0) take(key->region, value);
    if (strcasecmp(name, "credential_process") == 0) take(key->process, value);
    if (strcasecmp(name, "role_arn") == 0) key->elsewhere = "a role (role_arn)";
    if (strncasecmp(name, "sso_", 4) == 0 && !key->elsewhere)
        key->elsewhere = "single sign-on (sso_…)";
}

/* Remove white space at both ends. */
static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    size_t n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1])) n--;
    text[n] = '\0';
    return text;
}

/* Returns whether the line is "[name]" or "[profile name]", the form in config files. */
static bool is_section(char *line, const char *profile)
{
    char *end = strchr(line, ']'), *name = line + 1;
    if (!end) return false;
    *end = '\0';
    name = trim(name);
    if (strncmp(name, "profile", 7) == 0 && (name[7] == ' ' || name[7] == '\t'))
        name = trim(name + 8);
    size_t n = strlen(name);
    if (n > 1 && (*name == '"' || *name == '\'') && name[n - 1] == *name) {
        name[n - 1] = '\0';
        name++;
    }
    return strcmp(name, profile) == 0;
}

/* Read the lines of a profile. Indented lines are nested settings, none of which is needed. */
static void read_lines(char *text, const char *profile, aws_key *key)
{
    bool inside = false;
    for (char *next = text; next;) {
        char *line = next, *equals;
        next = strchr(line, '\n');
        if (next) *next++ = '\0';
        if (*line == '[') inside = is_section(line, profile);
        if (!inside || strchr("[#; \t", *line) || !(equals = strchr(line, '='))) continue;
        *equals = '\0';
        take_setting(key, trim(line), trim(equals + 1));
    }
}

/* Write the path that the environment variable `name` contains, or else the default path below the
 * home folder. Returns false if there is no path. */
static bool find_path(const char *name, const char *below_home, char *path, size_t size)
{
    const char *given = variable(name), *home = variable("HOME");
    int n = given ? snprintf(path, size, "%s", given)
                  : snprintf(path, size, "%s/%s", home ? home : "", below_home);
    return n < (int)size && (given || home);
}

/* Read a profile from a file. A missing file is no error. */
static int read_file(const char *name, const char *below_home, const char *profile, aws_key *key,
                     beluga_error *err)
{
    char path[1024];
    beluga__buf text;
    if (!find_path(name, below_home, path, sizeof path)) return 0;
    beluga__buf_init(&text, beluga__secret_allocator(), BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__file_read(path, &text, err);
    if (!status && text.length) read_lines(text.data, profile, key);
    beluga__buf_free(&text);
    return status == BELUGA_ERROR_NOT_FOUND ? 0 : status;
}

static int take_profile(const char *profile, aws_key *key, beluga_error *err)
{
    int status = read_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", profile, key, err);
    if (status) return status;
    return read_file("AWS_CONFIG_FILE", ".aws/config", profile, key, err);
}

/* --- credential_process ----------------------------------------------------------------------- */

/* Set a field from the output of credential_process. A value with a colon is left out, since it
 * would break the format "ID:SECRET:…". */
static void take_field(char *field, const beluga_json *root, const char *name)
{
    size_t length = 0;
    const char *value = beluga_json_get_string(root, name, &length);
    if (value && strlen(value) == length && !strchr(value, ':')) take(field, value);
}

/* Read
 * {"Version":1,"AccessKeyId":"…","SecretAccessKey":"…","SessionToken":"…","Expiration":"…"}. */
static bool read_output(const char *text, size_t length, aws_key *key, int64_t *expires_s)
{
    beluga_json_doc *doc = NULL;
    if (beluga_json_parse(text, length, &doc, NULL)) return false;
    const beluga_json *root = beluga_json_doc_root(doc);
    bool known = beluga_json_get_int(root, "Version", 0) == 1;
    const char *expiration = beluga_json_get_string(root, "Expiration", NULL);
    *expires_s = INT64_MAX;
    if (expiration && beluga__time_read(expiration, expires_s)) *expires_s -= MARGIN_S;
    if (known) {
        take_field(key->id, root, "AccessKeyId");
        take_field(key->secret, root, "SecretAccessKey");
        take_field(key->token, root, "SessionToken");
    }
    beluga_json_doc_free(doc);
    return known && *key->id && *key->secret;
}

static int take_process(const char *profile, const atomic_bool *unwanted, aws_key *key,
                        int64_t *expires_s, beluga_error *err)
{
    const beluga_allocator *allocator = beluga__secret_allocator();
    char what[128];
    char *output = beluga__alloc(allocator, BELUGA__MAX_KEY_BYTES);
    if (!output) return beluga_error_set(err, BELUGA_ERROR_NO_MEMORY, "no memory for the key");
    snprintf(what, sizeof what, "credential_process of the AWS profile %.60s", profile);
    ssize_t n = beluga__command_read(key->process, what, BELUGA__COMMAND_TIMEOUT_MS, unwanted,
                                     output, BELUGA__MAX_KEY_BYTES, err);
    bool right = n >= 0 && read_output(output, (size_t)n, key, expires_s);
    beluga__release(allocator, output);
    if (n < 0) return BELUGA_ERROR_AUTHENTICATION;
    return right ? 0
                 : beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION,
                                    "%s did not print a key: it must print JSON with Version 1, "
                                    "AccessKeyId and SecretAccessKey",
                                    what);
}

/* --- all sources ------------------------------------------------------------------------------ */

static const char *profile_name(const char *profile)
{
    if (*profile) return profile;
    if ((profile = variable("AWS_PROFILE"))) return profile;
    profile = variable("AWS_DEFAULT_PROFILE");
    return profile ? profile : "default";
}

/* Returns the method that environment variables name for getting a key, if this library does not
 * support that method; else NULL. */
static const char *elsewhere(void)
{
    if (variable("AWS_WEB_IDENTITY_TOKEN_FILE"))
        return "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)";
    if (variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
        variable("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
        return "a container's service (AWS_CONTAINER_CREDENTIALS_…_URI)";
    return NULL;
}

static int fail(const char *profile, const char *way, beluga_error *err)
{
    if (way)
        return beluga_error_set(
            err, BELUGA_ERROR_AUTHENTICATION,
            "the AWS profile %.60s gets its key from %s, which is not supported here: set a "
            "profile's credential_process to \"aws configure export-credentials --profile %.60s\"",
            profile, way, profile);
    way = elsewhere();
    return beluga_error_set(
        err, BELUGA_ERROR_AUTHENTICATION,
        "no AWS access key: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor "
        "the profile %.60s of ~/.aws/credentials%s%s%s",
        profile, way ? "; " : "", way ? way : "", way ? " is not supported here" : "");
}

/* Take the key of a profile. A profile that names a role is refused even if it has keys as well,
 * since AWS's tools would use the role. */
static int take_from_profile(const char *profile, const atomic_bool *unwanted, aws_key *key,
                             aws_key *of_profile, int64_t *expires_s, beluga_error *err)
{
    bool keys = *of_profile->id && *of_profile->secret;
    bool role = of_profile->elsewhere && strstr(of_profile->elsewhere, "role");
    if (role || (!keys && !*of_profile->process)) return fail(profile, of_profile->elsewhere, err);
    if (!keys) {
        *of_profile->id = *of_profile->secret = *of_profile->token = '\0';
        int status = take_process(profile, unwanted, of_profile, expires_s, err);
        if (status) return status;
    }
    take(key->id, of_profile->id);
    take(key->secret, of_profile->secret);
    take(key->token, of_profile->token);
    return 0;
}

static int find(const char *profile, const atomic_bool *unwanted, aws_key *key, int64_t *expires_s,
                beluga_error *err)
{
    const char *name = profile_name(profile);
    bool found = !*profile && take_environment(key);
    take(key->region, variable("AWS_REGION"));
    take(key->region, variable("AWS_DEFAULT_REGION"));
    if (found && *key->region) return 0;
    aws_key of_profile = {.elsewhere = NULL};
    int status = take_profile(name, &of_profile, err);
    take(key->region, of_profile.region);
    /* only the region was missing, so a profile that can't be read is no error */
    if (found) status = 0;
    if (!status && !found)
        status = take_from_profile(name, unwanted, key, &of_profile, expires_s, err);
    explicit_bzero(&of_profile, sizeof of_profile);
    return status;
}

ssize_t beluga__aws_key(const char *profile, const atomic_bool *unwanted, char *buffer, size_t size,
                        int64_t *expires_s, beluga_error *err)
{
    aws_key key = {.elsewhere = NULL};
    int n = -1;
    if (!find(profile, unwanted, &key, expires_s, err))
        n = snprintf(buffer, size, "%s:%s:%s:%s", key.id, key.secret, key.token, key.region);
    explicit_bzero(&key, sizeof key);
    if (n >= 0 && n < (int)size && buffer[strcspn(buffer, "\r\n")]) {
        beluga_error_set(err, BELUGA_ERROR_AUTHENTICATION, "the AWS key has a line break in it");
        n = -1;
    }
    return n < (int)size ? n : -1;
}
