#include "model/aws_key.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* What is known so far; a field is filled once, so that what is asked first counts. */
struct key {
    char id[BELUGA__MAX_AWS_FIELD], secret[BELUGA__MAX_AWS_FIELD], token[BELUGA__MAX_AWS_FIELD];
    char region[BELUGA__MAX_AWS_FIELD];
    bool elsewhere; /* the profile says how to get one, by a way that is not gone here */
};

static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && *value ? value : NULL;
}

static void take(char *field, const char *value)
{
    size_t n = value ? strlen(value) : BELUGA__MAX_AWS_FIELD;
    if (!*field && n < BELUGA__MAX_AWS_FIELD) memcpy(field, value, n + 1);
}

/* An id without its secret is none. */
static bool take_environment(struct key *key)
{
    const char *id = variable("AWS_ACCESS_KEY_ID"), *secret = variable("AWS_SECRET_ACCESS_KEY");
    if (!id || !secret) return false;
    take(key->id, id);
    take(key->secret, secret);
    take(key->token, variable("AWS_SESSION_TOKEN"));
    return true;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void take_setting(struct key *key, const char *name, const char *value)
{
    if (strcmp(name, "aws_access_key_id") == 0) take(key->id, value);
    if (strcmp(name, "aws_secret_access_key") == 0) take(key->secret, value);
    if (strcmp(name, "aws_session_token") == 0) take(key->token, value);
    if (strcmp(name, "region") == 0) take(key->region, value);
    if (strcmp(name, "role_arn") == 0 || strcmp(name, "credential_process") == 0 ||
        strncmp(name, "sso_", 4) == 0)
        key->elsewhere = true;
}

/* Cut white space off both ends. */
static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') text++;
    size_t n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1])) n--;
    text[n] = '\0';
    return text;
}

/* "[name]" or "[profile name]"; the second form is of config files. */
static bool is_section(char *line, const char *profile)
{
    char *end = strchr(line, ']'), *name = line + 1;
    if (!end) return false;
    *end = '\0';
    name = trim(name);
    if (strncmp(name, "profile", 7) == 0 && (name[7] == ' ' || name[7] == '\t'))
        name = trim(name + 8);
    return strcmp(name, profile) == 0;
}

/* Lines that are indented belong to settings with parts, of which none matters here. */
static void read_lines(char *text, const char *profile, struct key *key)
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

/* The path of a variable, or else below the home. */
static bool find_path(const char *name, const char *below_home, char *path, size_t size)
{
    const char *given = variable(name), *home = variable("HOME");
    int n = given ? snprintf(path, size, "%s", given)
                  : snprintf(path, size, "%s/%s", home ? home : "", below_home);
    return n < (int)size && (given || home);
}

/* A file that is not there says nothing. */
static int read_file(const char *name, const char *below_home, const char *profile, struct key *key,
                     beluga_error *err)
{
    char path[1024];
    beluga__buf text;
    if (!find_path(name, below_home, path, sizeof path)) return 0;
    beluga__buf_init(&text, beluga_allocator_default(), BELUGA__MAX_CONFIG_BYTES);
    int status = beluga__file_read(path, &text, err);
    if (!status && text.length) read_lines(text.data, profile, key);
    if (!status && text.length) explicit_bzero(text.data, text.length);
    beluga__buf_free(&text);
    return status == BELUGA_ERROR_NOT_FOUND ? 0 : status;
}

static int take_profile(const char *profile, struct key *key, beluga_error *err)
{
    int status = read_file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials", profile, key, err);
    if (status) return status;
    return read_file("AWS_CONFIG_FILE", ".aws/config", profile, key, err);
}

/* ---- all together ---------------------------------------------------------------------------- */

static const char *profile_name(const char *profile)
{
    if (*profile) return profile;
    if ((profile = variable("AWS_PROFILE"))) return profile;
    profile = variable("AWS_DEFAULT_PROFILE");
    return profile ? profile : "default";
}

static int fail(const char *profile, const struct key *key, beluga_error *err)
{
    if (key->elsewhere)
        return beluga_error_set(
            err, BELUGA_ERROR_AUTHENTICATION,
            "the AWS profile %.60s gets its key from a role, single sign-on or a "
            "process, which is not asked here; give api_key as \"command:\" or a "
            "key source",
            profile);
    return beluga_error_set(
        err, BELUGA_ERROR_AUTHENTICATION,
        "no AWS access key: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor "
        "the profile %.60s of ~/.aws/credentials",
        profile);
}

static int find(const char *profile, struct key *key, beluga_error *err)
{
    const char *name = profile_name(profile);
    bool found = !*profile && take_environment(key);
    take(key->region, variable("AWS_REGION"));
    take(key->region, variable("AWS_DEFAULT_REGION"));
    if (found && *key->region) return 0;
    struct key of_profile = {.elsewhere = false};
    int status = take_profile(name, &of_profile, err);
    take(key->region, of_profile.region);
    if (found) status = 0; /* the region alone was wanted */
    if (!status && !found) {
        take(key->id, of_profile.id);
        take(key->secret, of_profile.secret);
        take(key->token, of_profile.token);
        if (!*key->id || !*key->secret) status = fail(name, &of_profile, err);
    }
    explicit_bzero(&of_profile, sizeof of_profile);
    return status;
}

ssize_t beluga__aws_key(const char *profile, char *buffer, size_t size, beluga_error *err)
{
    struct key key = {.elsewhere = false};
    int n = -1;
    if (!find(profile, &key, err))
        n = snprintf(buffer, size, "%s:%s:%s:%s", key.id, key.secret, key.token, key.region);
    explicit_bzero(&key, sizeof key);
    return n < (int)size ? n : -1;
}
